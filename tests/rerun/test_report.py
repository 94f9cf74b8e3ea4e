"""What a replay says of itself."""

from datetime import datetime
from pathlib import Path

import pytest

from mlops_magics.records import Run
from mlops_magics.rerun.deviation import Deviation
from mlops_magics.rerun.facts import Facts, Point
from mlops_magics.rerun.report import Replay

RUN = Run(id="0192", experiment="flights", name="baseline", status="finished", started=datetime(2026, 3, 4, 5, 6))


def replay(outcome, **fields) -> Replay:
    known = {"cells": 3, "executed": 4, "seconds": 2.0, **fields}
    return Replay(run=RUN, outcome=outcome, path=Path("a.ipynb"), **known)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (replay("written", cells=1, executed=1), "1 of 1 cell is in a.ipynb; nothing was executed."),
        (replay("written"), "3 of 4 cells are in a.ipynb; nothing was executed."),
        (replay("same", compared={"auc": 0.7}), "The metric came out the same, exactly: 3 of 4 cells ran, in 2.0 s."),
        (replay("same", compared={"auc": 0.7}, tolerance=1.0),
         "The metric came out the same, within 100 % of its size: 3 of 4 cells ran, in 2.0 s."),
        (replay("same", compared={"a": 1.0, "b": 2.0}, tolerance=1e-7),
         "All 2 metrics came out the same, within 0.00001 % of their size: 3 of 4 cells ran, in 2.0 s."),
        (replay("differs", compared={"auc": 0.7}, deviations=(Deviation("metric", "auc", 0.7, 0.8),)),
         "1 of 1 metric came out differently."),
        (replay("differs", compared={"auc": 0.7}, deviations=(Deviation("param", "C", 1, 2),)),
         "Every metric came out the same, but not all that they stand on."),
    ],
)  # fmt: skip
def test_the_answer(made, said) -> None:
    assert made.sentence == said


def test_what_was_not_compared_is_said() -> None:
    made = replay("same", compared={"auc": 0.7}, ignored=("fit_seconds", "memory"))
    assert "Not compared: fit_seconds, memory." in repr(made)
    assert made.to_dict()["ignored"] == ["fit_seconds", "memory"]
    assert "compared:" not in repr(replay("same", compared={"auc": 0.7}))


def test_metrics_are_left_out_by_pattern() -> None:
    point = (Point(1.0, datetime(2026, 1, 1)),)
    names = [("metric", "time/fit"), ("metric", "time/score"), ("metric", "auc"), ("param", "time/limit")]
    facts = Facts(dict.fromkeys(names, point), ())
    assert list(facts.without_metrics(["time/*"]).series) == names[2:]
    assert list(facts.without_metrics(["au?", "time/fit"]).series) == [names[1], names[3]]
    assert list(facts.without_metrics([]).series) == names
