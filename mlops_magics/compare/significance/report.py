"""What a comparison looks like: the sentence, a table of metrics, slices, folds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.significance.estimate import Estimate
from mlops_magics.compare.significance.power import rough
from mlops_magics.compare.significance.verdicts import TONES
from mlops_magics.look import Column, Fold, Line, Mark, Table, Tone
from mlops_magics.look.numbers import count, number, percent

if TYPE_CHECKING:
    from mlops_magics.compare.significance.comparison import (
        Comparison,
        Disagreement,
        MetricComparison,
    )

MOST_OPEN = 10
"""Metrics in a table that is not folded."""

MOST_SLICES = 12
"""Shown; :attr:`Comparison.slices` has them all."""


def blocks(found: Comparison) -> Iterator[Any]:
    """Everything but the title, so that it can be shown below another one: the sentence, and folded what is behind."""
    if found.is_same:
        yield Line(found.sentence, tone="quiet")
    else:
        yield from _of_rows(found)
    if found.folds:
        yield metrics_table(found.folds, found.names, level=found.level, caption="Cross-validation")
        yield methods(found.folds, adjusted="Benjamini-Hochberg")


def _of_rows(found: Comparison) -> Iterator[Any]:
    if found.sentence:
        tone: Tone = TONES[found.verdict] if found.verdict else "quiet" if found.hint else "unknown"
        yield Line(found.sentence, tone=tone)
    notes = [Line(f"{name} is not compared: {why}.", tone="quiet") for name, why in found.notes.items()]
    if found.metrics:
        title = f"{count(len(found.metrics), 'metric')} on the same {count(found.rows, 'row')} of {found.split}"
        is_short = len(found.metrics) <= MOST_OPEN
        table = metrics_table(found.metrics, found.names, level=found.level)
        yield Fold(title, table, methods(found.metrics, adjusted="Benjamini-Hochberg"), *notes, open=is_short)
    else:
        yield from notes
    if found.disagreement:
        yield from _disagreement(found.disagreement, found.names, found.task)
    if found.slices:
        yield _slices_fold(found)


def metrics_table(
    metrics: tuple[MetricComparison, ...], names: tuple[str, str], *, level: float, caption: str = ""
) -> Table:
    """A row per metric: both values, the difference with its interval, and the verdict on the right side."""
    rows = [comparison_row(found.metric, found) for found in metrics]
    return Table(metric_columns("metric", names, level=level), rows, caption=caption)


def metric_columns(what: str, names: tuple[str, str], *, level: float) -> list[str | Column]:
    """The columns of :func:`comparison_row`."""
    return [
        what, *(Column(name, align="right") for name in names), Column("difference", align="right"),
        Column(f"{percent(level)} interval", align="right"), Column("p adjusted", align="right"),
        Column(f"P({names[1]} is better)", align="right"), Column("more rows needed", align="right"),
    ]


def comparison_row(name: str, found: MetricComparison) -> tuple[Any, ...]:
    """What was found, as the cells of a row; the sign at the difference is the verdict on the right side."""
    return (
        name, found.estimate.left, found.estimate.right,
        Mark(number(found.estimate.difference, sign=True), TONES[found.verdict]), _interval(found.estimate),
        _p_text(found.adjusted_p), _chance_text(found.chance_right_is_better),
        rough(found.more_rows) if found.more_rows and found.verdict == "not told apart" else None,
    )


def methods(found: Iterable[MetricComparison], *, adjusted: str) -> Line:
    """Which tests these were, and how their p-values were adjusted for being several."""
    by_method: dict[str, list[str]] = {}
    for one in found:
        by_method.setdefault(one.estimate.method, []).append(one.metric)
    told = "; ".join(f"{method}: {', '.join(dict.fromkeys(metrics))}" for method, metrics in by_method.items())
    return Line(f"{told}. p-values adjusted by {adjusted}.", tone="quiet")


def _slices_fold(found: Comparison) -> Fold:
    """Where the loser wins comes first, then what is surest."""
    lost = found.where_loser_wins
    ranked = sorted(found.slices, key=lambda piece: (piece not in lost, piece.comparison.adjusted_p, piece.name))
    rows = [
        (
            piece.name, piece.rows, piece.comparison.metric, number(piece.comparison.estimate.difference, sign=True),
            _interval(piece.comparison.estimate), _p_text(piece.comparison.adjusted_p),
            Mark(piece.comparison.verdict, TONES[piece.comparison.verdict]),
        )
        for piece in ranked[:MOST_SLICES]
    ]
    columns: list[str | Column] = [
        "slice", "rows", "metric", Column("difference", align="right"), Column("interval", align="right"),
        Column("p adjusted", align="right"), f"{found.names[1]} is",
    ]
    title = count(len(found.slices), "slice")
    if lost:
        loser = found.names[0] if found.telling[0].verdict == "better" else found.names[1]
        title += f": {loser} wins on {len(lost)} of them"
    if len(ranked) > MOST_SLICES:
        title += f"; {MOST_SLICES} shown"
    return Fold(title, Table(columns, rows), open=bool(lost))


def _disagreement(found: Disagreement, names: tuple[str, str], task: str | None) -> Iterator[Any]:
    share = percent(found.rows / found.of_rows)
    what = "is closer in" if task == "regression" else "is right in"
    sentence = (
        f"They answer differently in {count(found.rows, 'row')} ({share}): {names[0]} {what} "
        f"{number(found.only_left)} of them, {names[1]} in {number(found.only_right)}."
    )
    if not found.examples:
        yield Line(sentence, tone="quiet")
        return
    rows = [(row, *said) for row, said in zip(found.examples, found.answers, strict=True)]
    columns: list[str | Column] = [Column("row", align="right"), "truth", *names]
    yield Fold(sentence, Table(columns, rows, caption="The rows on which they are furthest apart, counted from 0"))


def _interval(estimate: Estimate) -> str:
    return f"[{number(estimate.low, sign=True)}, {number(estimate.high, sign=True)}]"


def _p_text(p_value: float) -> str:
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _chance_text(chance: float) -> str:
    return ">99.9%" if chance > 0.999 else percent(chance)
