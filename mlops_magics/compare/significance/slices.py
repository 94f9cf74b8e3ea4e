"""Where two models disagree, and on which slices of the rows the loser wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mlops_magics.compare.significance.adjust import benjamini_hochberg
from mlops_magics.compare.significance.comparison import Disagreement, MetricComparison, SliceComparison
from mlops_magics.compare.significance.estimate import LEVEL, Estimate
from mlops_magics.compare.significance.power import more_rows
from mlops_magics.compare.significance.rows import SameRows
from mlops_magics.compare.significance.testing import estimates
from mlops_magics.errors import DataError
from mlops_magics.model.slices import ENOUGH_ROWS, groups_by

EXAMPLES = 10
RESAMPLES = 2000
"""Of a slice. The p-value of a bootstrap is never below 2 / (resamples + 1), and there are many slices."""


def disagreement(rows: SameRows) -> Disagreement:
    """The rows on which the two sides answer differently, and who is right there.

    The examples are the rows in which the answers are furthest apart: by the size of a regression's errors, by the
    distance of scores where both sides have one per row, else the first ones.
    """
    left, right, truth = rows.left.answer, rows.right.answer, rows.truth
    differs = left != right
    if rows.task == "regression":
        advantage = np.abs(left - truth) - np.abs(right - truth)
        only_left, only_right, distance = advantage < 0, advantage > 0, np.abs(advantage)
    else:
        only_left, only_right = differs & (left == truth), differs & (right == truth)
        distance = _score_distance(rows)
    places = np.flatnonzero(differs)
    ranked = places[np.argsort(-distance[places], kind="stable")][:EXAMPLES]
    return Disagreement(
        rows=int(differs.sum()), of_rows=len(rows), only_left=int(only_left.sum()), only_right=int(only_right.sum()),
        examples=tuple(ranked.tolist()), answers=tuple(_answers(rows, ranked)),
    )


def _answers(rows: SameRows, places: Any) -> Iterator[tuple[Any, Any, Any]]:
    for place in places:
        truth, left, right = (side[place].item() for side in (rows.truth, rows.left.answer, rows.right.answer))
        is_number = rows.task == "regression"
        yield (truth, left, right) if is_number else (rows.labels[truth], rows.labels[left], rows.labels[right])


def _score_distance(rows: SameRows) -> Any:
    left, right = rows.left.scores, rows.right.scores
    is_comparable = "log_loss" in rows.left.metrics and "log_loss" in rows.right.metrics
    if left is None or right is None or left.ndim != 1 or right.ndim != 1 or not is_comparable:
        return np.zeros(len(rows))
    return np.abs(left - right)


def compare_slices(  # noqa: PLR0913 - the metric, and the settings of its test
    rows: SameRows, metric: str, columns: Mapping[str, Any], *, is_lower_better: bool, seed: int = 0,
    level: float = LEVEL,
) -> tuple[SliceComparison, ...]:
    """Compare one metric on every level of every column, with p-values adjusted for all of them together.

    Parameters
    ----------
    rows
        What both sides answered.
    metric
        One that both sides have. Where a slice leaves it undefined, as an area under a ROC curve with one class, the
        slice is left out.
    columns
        Values by name, one per row of ``rows`` each; those with more than 20 levels are grouped: numbers into
        quarters, others into the 19 most frequent levels and the rest.
    is_lower_better
        Whether a smaller value of the metric is the better one.
    seed
        Of the bootstrap.
    level
        Of the intervals.

    Returns
    -------
    tuple
        Slices of at least 30 rows, in the order of columns and levels. With Benjamini-Hochberg, at most one in twenty
        of those told apart (1 - level) is expected to be by chance.

    Raises
    ------
    DataError
        A column has not one value per row.
    """
    found = [
        (column, name, places, estimate)
        for column, name, places in _groups(rows, columns)
        for estimate in _estimate(rows.take(places), metric, seed=seed, level=level)
    ]
    adjusted = benjamini_hochberg([estimate.p_value for *_, estimate in found])
    return tuple(
        SliceComparison(
            column=column, level=name, rows=len(places),
            comparison=MetricComparison(
                metric=metric, is_lower_better=is_lower_better, estimate=estimate, adjusted_p=p_value, level=level,
                more_rows=more_rows(estimate.difference, estimate.standard_error, rows=len(places), level=level),
            ),
        )
        for (column, name, places, estimate), p_value in zip(found, adjusted, strict=True)
    )


def _groups(rows: SameRows, columns: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for column, values in columns.items():
        if len(values) != len(rows):
            raise DataError(
                f"{column!r} has {len(values):,} values for {len(rows):,} rows of {rows.split}",
                hint="Give one value per row that was evaluated, in the same order",
            )
        yield from (
            (str(column), name, places) for name, places in groups_by(values, values) if len(places) >= ENOUGH_ROWS
        )


def _estimate(rows: SameRows, metric: str, *, seed: int, level: float) -> Iterator[Estimate]:
    yield from estimates(rows, [metric], seed=seed, level=level, resamples=RESAMPLES)[0].values()
