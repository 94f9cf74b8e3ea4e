"""What a run recorded, read back in the order it did."""

import math
import time
from datetime import UTC, datetime, timedelta

import pytest

from mlops_magics import open_store
from mlops_magics.capture.numbers import metric_value
from mlops_magics.records import Cell, Dataset, Param, Run, RunRevision, Text
from mlops_magics.rerun.facts import facts_of
from mlops_magics.store.queries import Store


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(tmp_path / ".mlops")


@pytest.fixture
def run(store) -> Run:
    """Two cells: the first logs a parameter and a table, the second a curve; something is added when it is over."""
    identity = store.new_run_id()
    journal = store.open_journal(identity)
    journal.record(RunRevision(experiment="flights", name="baseline", status="running"))
    text = Text.of("x = 1")
    journal.record(text)
    first = now()
    journal.record(Param(key="loss", value="<function f at 0x7f3c2a>"))
    journal.record(Param(key="depth", value=3))
    journal.record(Dataset(name="X", role="fit", fingerprint="abcd", rows=3, columns={}))
    journal.record(Dataset(name="Y", role="test", fingerprint="", rows=3, columns={}))
    journal.record(Cell(position=2, source=text.sha256, status="ok", started=first, seconds=0.1))
    time.sleep(0.002)
    began = time.perf_counter()
    # As it is where nobody observed when it ran.
    journal.record(Cell(position=1, source=text.sha256, status="ok", is_before=True))
    for step, value in enumerate([0.5, math.nan, math.inf]):
        journal.metrics({"loss": metric_value("loss", value), "system/cpu_percent": 9.0}, step)
    journal.metrics({"auc": 0.7}, None)
    journal.record(Param(key="depth", value=4))
    # As older versions wrote it: without its start.
    journal.record(Cell(position=3, source=text.sha256, status="ok", seconds=time.perf_counter() - began))
    journal.record(RunRevision(status="finished"))
    journal.close()
    store.record(identity, Param(key="depth", value=99))
    return store.find(identity)


def test_values_come_back_in_the_order_they_were_recorded(store, run) -> None:
    facts = facts_of(store, run)
    keys = {"metric": ["auc", "loss"], "param": ["depth", "loss"], "data": ["fit"]}
    assert set(facts.series) == {(kind, key) for kind in keys for key in keys[kind]}
    curve = [(point.step, repr(point.value)) for point in facts.series["metric", "loss"]]
    assert curve == [(0, "0.5"), (1, "nan"), (2, "inf")]
    assert [point.step for point in facts.series["metric", "auc"]] == [None]
    assert [point.value for point in facts.series["param", "depth"]] == [3, 4]
    assert [point.value for point in facts.series["param", "loss"]] == ["<function f>"]


def test_each_has_its_cell(store, run) -> None:
    facts = facts_of(store, run)
    cells = {name: [facts.cell_at(point.time) for point in points] for name, points in facts.series.items()}
    assert cells == {
        ("param", "loss"): [2], ("data", "fit"): [2], ("param", "depth"): [2, 3],
        ("metric", "loss"): [3, 3, 3], ("metric", "auc"): [3],
    }  # fmt: skip
    assert facts.cell_at(facts.began[0][0] - timedelta(seconds=1)) is None


def test_given_beginnings_are_used(store, run) -> None:
    facts = facts_of(store, run, [(now() + timedelta(days=1), 1), (datetime(2000, 1, 1), 0)])
    assert {facts.cell_at(point.time) for points in facts.series.values() for point in points} == {0}


def test_a_run_that_recorded_nothing(store) -> None:
    identity = store.new_run_id()
    store.record(identity, RunRevision(experiment="flights", name="empty", status="finished"))
    assert dict(facts_of(store, store.find(identity)).series) == {}
