"""Metrics as statistics of rows: of the sample, of resamples of it, and of the sample without each of its rows.

The bootstrap asks for a metric of a thousand resamples. Here a resample is how often each row is in it, so that a mean
is one product of matrices, and a ranking is sorted once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Counts = np.ndarray[Any, np.dtype[np.integer[Any]]]


CACHED = 60_000
"""Counts that are summed up at a time."""

FEW_CELLS = 16
"""Up to so many are counted by one product of matrices."""


class Resamples:
    """Some resamples: a row for each, which says how often each row of the sample is in it.

    Metrics share what they are made of, so means are worked out once for all of them.
    """

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self._means: dict[int, tuple[Means, Floats]] = {}

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def weights(self) -> Floats:
        """The counts as products of matrices take them."""
        return self.counts.astype(np.float64)

    def pieces(self) -> Iterator[tuple[slice, Counts]]:
        """The counts in pieces that stay in the processor's cache, and which resamples they are of."""
        size = max(1, CACHED // self.counts.shape[1])
        for first in range(0, len(self), size):
            block = slice(first, first + size)
            yield block, self.counts[block]

    def means(self, of: Means) -> Floats:
        """The means of some quantities in each resample."""
        if id(of) not in self._means:
            self._means[id(of)] = of, of.resampled(self)
        return self._means[id(of)][1]


class Statistic(Protocol):
    """A metric of some rows. NaN where it is undefined."""

    def resampled(self, resamples: Resamples) -> Floats:
        """Its value in each resample."""

    def without_each(self) -> Floats:
        """Its value without the first row, without the second, …: the jackknife."""


class Means(Protocol):
    """Several quantities per row, of which only the means matter."""

    @property
    def rows(self) -> int:
        """Of the sample."""

    def resampled(self, resamples: Resamples) -> Floats:
        """Their means in each resample, resamples × quantities."""

    def without_each(self) -> Iterator[tuple[Any, Floats]]:
        """Which rows, and the means without each of them, rows × quantities; block by block."""


@dataclass(frozen=True, eq=False)
class Quantities:
    """Quantities as a matrix: ``values`` is rows × quantities."""

    values: Floats

    @property
    def rows(self) -> int:
        """Of the sample."""
        return len(self.values)

    def resampled(self, resamples: Resamples) -> Floats:
        """Their means in each resample."""
        means: Floats = resamples.weights @ self.values / len(self.values)
        return means

    def without_each(self) -> Iterator[tuple[Any, Floats]]:
        """All rows in one block."""
        yield slice(None), (self.values.sum(axis=0) - self.values) / (len(self.values) - 1)


@dataclass(frozen=True, eq=False)
class Tallies:
    """For labels true and answered: the share of rows that are each label, are called each label, and are both.

    ``cells`` numbers the pairs (truth, answer) that occur, one per row; ``truth`` and ``answer`` are the codes of each
    cell. The 3 × ``labels`` quantities are the shares of truths, of answers, and of hits.
    """

    cells: Ints
    truth: Ints
    answer: Ints
    labels: int

    @classmethod
    def of(cls, truth: Ints, answer: Ints, *, labels: int) -> Tallies:
        """Of one code per row on either side, below ``labels``."""
        pairs, cells = np.unique(truth * labels + answer, return_inverse=True)
        return cls(cells.reshape(-1), pairs // labels, pairs % labels, labels)

    @property
    def rows(self) -> int:
        """Of the sample."""
        return len(self.cells)

    def resampled(self, resamples: Resamples) -> Floats:
        """Their means in each resample."""
        size = len(self.truth)
        if size <= FEW_CELLS:
            by_cell = resamples.weights @ self._is_cell
        else:
            by_cell = np.stack([np.bincount(self.cells, weights=row, minlength=size) for row in resamples.weights])
        return self._quantities(by_cell / len(self.cells))

    def without_each(self) -> Iterator[tuple[Any, Floats]]:
        """Rows of one cell have one value, which is worked out once."""
        rows, by_cell = len(self.cells), np.bincount(self.cells, minlength=len(self.truth))
        order, ends = np.argsort(self.cells, kind="stable"), np.cumsum(by_cell)
        whole = self._quantities(by_cell[None, :].astype(np.float64))[0]
        for cell, end in enumerate(ends):
            one = whole.copy()
            one[self.truth[cell]] -= 1
            one[self.labels + self.answer[cell]] -= 1
            one[2 * self.labels + self.truth[cell]] -= self.truth[cell] == self.answer[cell]
            yield order[end - by_cell[cell] : end], one[None, :] / (rows - 1)

    @cached_property
    def _is_cell(self) -> Floats:
        is_cell: Floats = (self.cells[:, None] == np.arange(len(self.truth))).astype(np.float64)
        return is_cell

    def _quantities(self, by_cell: Floats) -> Floats:
        found = np.zeros((len(by_cell), 3 * self.labels))
        is_hit = self.truth == self.answer
        for first, codes, weights in (
            (0, self.truth, by_cell),
            (self.labels, self.answer, by_cell),
            (2 * self.labels, self.truth, by_cell * is_hit),
        ):
            np.add.at(found.T, first + codes, weights.T)
        return found


@dataclass(frozen=True, eq=False)
class OfMeans:
    """A metric that is worked out from means: ``value`` takes samples × quantities and gives one number per sample."""

    means: Means
    value: Callable[[Floats], Floats]

    def resampled(self, resamples: Resamples) -> Floats:
        """Its value in each resample."""
        return self.value(resamples.means(self.means))

    def without_each(self) -> Floats:
        """Its value without each row."""
        found = np.empty(self.means.rows)
        for rows, means in self.means.without_each():
            found[rows] = self.value(means)
        return found


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """Sum of precision times the step in recall, without interpolation; ties of scores are one step."""

    is_positive: Bools
    scores: Floats

    @cached_property
    def _sorted(self) -> tuple[Ints, Ints, Bools]:
        """Rows from the highest score down, the last position of each distinct score, and which are positive."""
        order = np.argsort(-self.scores, kind="stable")
        ordered = self.scores[order]
        return order, np.r_[np.flatnonzero(np.diff(ordered)), len(ordered) - 1], self.is_positive[order]

    def resampled(self, resamples: Resamples) -> Floats:
        """Its value in each resample; NaN in one without positives."""
        order, last_of_ties, is_positive = self._sorted
        ends = np.cumsum(is_positive)[last_of_ties]
        # Only where positives are is there a step.
        has_step = np.diff(ends, prepend=0) > 0
        last, ends_of_positives, positives = last_of_ties[has_step], ends[has_step] - 1, order[is_positive]
        found = np.full(len(resamples), np.nan)
        if not len(last):
            return found
        for block, counts in resamples.pieces():
            # Whole numbers are summed up four times as fast as floats.
            called = np.cumsum(counts.take(order, axis=1), axis=1, dtype=np.int32).take(last, axis=1)
            hits = np.cumsum(counts.take(positives, axis=1), axis=1, dtype=np.int32).take(ends_of_positives, axis=1)
            # Above the first row of a resample nothing is called positive, and there is no step either.
            precision = hits / np.maximum(called, 1, out=called)
            total = hits[:, -1].copy()
            hits[:, 1:] -= hits[:, :-1].copy()
            np.divide(np.einsum("ij,ij->i", hits, precision), total, out=found[block], where=total > 0)
        return found

    def without_each(self) -> Floats:
        """Its value without each row, all of them in one pass over the ranking."""
        order, last, is_positive = self._sorted
        hits, called = np.cumsum(is_positive)[last].astype(np.float64), last + 1.0
        steps = np.diff(hits, prepend=0.0)
        terms = steps * hits / called
        before = np.cumsum(terms) - terms
        block = np.repeat(np.arange(len(last)), np.diff(last, prepend=-1))
        found = np.empty(len(order))
        for is_hit in (False, True):
            gone = float(is_hit)
            fewer = np.maximum(called - 1, 1.0)
            lower = steps * (hits - gone) / fewer
            after = lower[::-1].cumsum()[::-1] - lower
            own = (steps - gone) * (hits - gone) / fewer
            total = hits[-1] - gone
            values = (before + own + after) / total if total else np.full(len(last), np.nan)
            rows = is_positive == is_hit
            found[order[rows]] = values[block[rows]]
        return found


@dataclass(frozen=True, eq=False)
class Median:
    """The median of one number per row."""

    values: Floats

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.values, kind="stable")

    def resampled(self, resamples: Resamples) -> Floats:
        """Its value in each resample."""
        order, rows = self._order, len(self.values)
        ordered, found = self.values[order], np.empty(len(resamples))
        low, high = (rows - 1) // 2, rows // 2
        for block, counts in resamples.pieces():
            up_to = np.cumsum(counts.take(order, axis=1), axis=1, dtype=np.int32)
            first, second = ((up_to <= middle).sum(axis=1) for middle in (low, high))
            found[block] = (ordered[first] + ordered[second]) / 2
        return found

    def without_each(self) -> Floats:
        """Its value without each row: one of three."""
        order, rows = self._order, len(self.values)
        ordered, rank = self.values[order], np.empty(rows, dtype=np.intp)
        rank[order] = np.arange(rows)
        low, high = (rows - 2) // 2, (rows - 1) // 2
        middle: Floats = (ordered[low + (rank <= low)] + ordered[high + (rank <= high)]) / 2
        return middle
