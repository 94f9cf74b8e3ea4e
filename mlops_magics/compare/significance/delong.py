"""The areas under two ROC curves on the same rows: DeLong's test, in O(n log n)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_magics.compare.significance.estimate import LEVEL, Estimate, normal_estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Placements:
    """The area under a ROC curve, and what each row says about it.

    ``of_positives`` is for each positive the share of negatives scored below it, ``of_negatives`` for each negative
    the share of positives scored above it; ties count half. The mean of each is ``area``.
    """

    area: float
    of_positives: Floats
    of_negatives: Floats


def midranks(values: Floats) -> Floats:
    """Ranks from 1, where equal values share the mean of theirs; as ``scipy.stats.rankdata``.

    >>> midranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    last = np.r_[first[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((first + 1 + last) / 2, last - first)
    return ranks


def placements(is_positive: Bools, scores: Floats) -> Placements:
    """Place every row among those of the other class, by midranks (Sun & Xu 2014, eq. 7 to 9).

    Both classes must occur.
    """
    positives, negatives = scores[is_positive], scores[~is_positive]
    ranks = midranks(scores)
    below = (ranks[is_positive] - midranks(positives)) / len(negatives)
    above = 1 - (ranks[~is_positive] - midranks(negatives)) / len(positives)
    return Placements(float(below.mean()), below, above)


def delong(is_positive: Bools, left: Floats, right: Floats, *, level: float = LEVEL) -> Estimate:
    """Compare the areas under the ROC curves of two scores of the same rows.

    DeLong, DeLong & Clarke-Pearson (1988), computed as by Sun & Xu (2014): the interval and the two-sided p-value
    are those of a normal distribution. It holds from some tens of rows of either class on.

    Parameters
    ----------
    is_positive
        One boolean per row; each class has two rows at least.
    left, right
        One score per row, the higher the more likely positive; of any scale.
    level
        Of the interval.

    Raises
    ------
    ValueError
        A class has fewer than two rows: there is no spread to measure.

    Examples
    --------
    >>> late = np.array([False, False, False, True, True, True])
    >>> found = delong(late, np.array([1.0, 4, 2, 3, 5, 0]), np.array([1.0, 2, 3, 4, 5, 6]))
    >>> round(found.left, 4), found.right, round(found.p_value, 4)
    (0.5556, 1.0, 0.1573)
    """
    return delong_mean([is_positive], [left], [right], level=level, method="DeLong")


def delong_mean(
    labels: Sequence[Bools], left: Sequence[Floats], right: Sequence[Floats], *, level: float = LEVEL,
    method: str = "DeLong, mean over labels",
) -> Estimate:
    """Compare the mean areas over several labels, each against the rest.

    The areas of the labels stand on the same rows, so what a row says about each is summed up before its spread is
    taken. With one label this is DeLong's test.

    Parameters
    ----------
    labels
        For each label one boolean per row.
    left, right
        For each label one score per row.
    level
        Of the interval.
    method
        What the estimate calls it.

    Raises
    ------
    ValueError
        A label has fewer than two rows, or all but one.
    """
    rows = len(labels[0])
    said, areas = np.zeros(rows), np.zeros(2)
    for is_label, one, other in zip(labels, left, right, strict=True):
        if not 2 <= is_label.sum() <= rows - 2:
            raise ValueError(f"{int(is_label.sum())} of {rows} rows have the label; two of either kind are needed")
        first, second = placements(is_label, one), placements(is_label, other)
        areas += first.area, second.area
        said[is_label] += _shares(second.of_positives - first.of_positives)
        said[~is_label] += _shares(second.of_negatives - first.of_negatives)
    many = len(labels)
    left_area, right_area = (float(area) for area in areas / many)
    error = float(np.sqrt((said**2).sum())) / many
    return normal_estimate(
        left_area, right_area, standard_error=error if error > 1e-12 else 0.0, rows=rows, method=method, level=level
    )


def _shares(values: Floats) -> Floats:
    """Deviations from the mean, so that the sum of their squares is the variance of the mean."""
    many = len(values)
    scaled: Floats = (values - values.mean()) / np.sqrt(many * (many - 1))
    return scaled
