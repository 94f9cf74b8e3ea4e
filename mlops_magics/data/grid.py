"""Where the bins of a number column lie: frozen once, on the reference, and the same for all data compared with it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_CELLS = 1_022
"""Cells of the fine grid a scan counts in: sixteen to a bin. More make a scan slower, since each is a group."""

MOST_BINS = 64
"""Bins kept of the fine grid, each holding about the same share of the reference (up to twice as many when single
values hold a share alone)."""

_JUST_BELOW_ONE = 1.0 - 2.0**-40


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Bins of about equal reference share, as runs of cells of an equally spaced grid.

    A value x lies in cell ``floor((x - low) * inverse_width)``; with ``spread`` set, x is first replaced by
    ``(x - center) / (spread + |x - center|)``, which is between -1 and 1 and keeps the bulk of a heavy-tailed column
    apart (an infinity of either sign then lies beyond the last cell, as NaN always does). Cells below 0 are the
    outside bin on the left, cells from ``cells`` on the one on the right, so a bin never needs a search and the
    same exact arithmetic gives the same counts in every SQL engine. The grid spans the reference from minimum to
    maximum: what lies outside was never seen. With a spread the ends are blurred: a value counts as outside when it is
    further from the center than the end by about 2e-12 of that distance times its ratio to the spread.
    """

    low: float
    inverse_width: float
    cells: int
    cuts: tuple[int, ...] = (0,)
    """First cell of each bin, ascending from 0."""
    center: float = 0.0
    spread: float | None = None

    @classmethod
    def spanning(
        cls, low: float, high: float, *, integral: bool = False, center: float = 0.0, spread: float | None = None
    ) -> Grid:
        """The uncut grid from ``low`` to ``high``, both inside; one cell per integer when they are few enough."""
        if spread is not None:
            low, high = ((end - center) / (spread + abs(end - center)) for end in (low, high))
        elif integral and high - low < MOST_CELLS:
            return cls(low=low, inverse_width=1.0, cells=int(high - low) + 1)
        if high == low:
            return cls(low=low, inverse_width=1e9 / max(abs(low), 1.0), cells=1)
        width = high / MOST_CELLS - low / MOST_CELLS
        inverse = min(_JUST_BELOW_ONE / width if width else math.inf, 1e300)
        return cls(low=low, inverse_width=inverse, cells=MOST_CELLS, center=center, spread=spread)

    def cut(self, cell_counts: Mapping[int, int]) -> Grid:
        """Return the grid with bins of about one 64th of ``cell_counts`` each; a cell with more is a bin alone."""
        filled = sorted(cell for cell, count in cell_counts.items() if count and 0 <= cell < self.cells)
        if len(filled) <= MOST_BINS:
            cuts = filled
        else:
            share = sum(cell_counts[cell] for cell in filled) / MOST_BINS
            cuts, held = [], share
            for cell in filled:
                if held >= share or cell_counts[cell] >= share:
                    cuts.append(cell)
                    held = 0
                held += cell_counts[cell]
        return Grid(
            low=self.low, inverse_width=self.inverse_width, cells=self.cells, cuts=(0, *cuts[1:]),
            center=self.center, spread=self.spread,
        )

    @property
    def bins(self) -> int:
        """Number of bins, without the two outside ones."""
        return len(self.cuts)

    @property
    def is_one_cell_per_bin(self) -> bool:
        """Whether every bin is one cell, so that a count of filled bins is a count of distinct integers."""
        return self.inverse_width == 1.0 and self.cuts == tuple(range(self.cells))

    def counts(self, cell_counts: Mapping[int, int]) -> tuple[int, ...]:
        """Counts per bin, the outside bins first and last."""
        totals = [0] * (self.bins + 2)
        for cell, count in cell_counts.items():
            if cell >= self.cells:
                totals[-1] += count
            else:
                totals[0 if cell < 0 else bisect_right(self.cuts, cell)] += count
        return tuple(totals)

    @property
    def edges(self) -> tuple[float, ...]:
        """The ``bins + 1`` values between the bins, for people and charts; the last one is the reference maximum."""
        return (*map(self._value, self.cuts), self._last())

    def _last(self) -> float:
        return self._value(self.cells - 1) if self.inverse_width == 1.0 else self._value(self.cells)

    def _value(self, cell: int) -> float:
        position = self.low + cell / self.inverse_width
        if self.spread is None:
            return position
        position = max(min(position, _JUST_BELOW_ONE), -_JUST_BELOW_ONE)
        return self.center + self.spread * position / (1 - abs(position))

    def to_dict(self) -> dict[str, Any]:
        """The numbers of this grid, JSON-ready."""
        told = {"low": self.low, "inverse_width": self.inverse_width, "cells": self.cells, "cuts": list(self.cuts)}
        return told if self.spread is None else {**told, "center": self.center, "spread": self.spread}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Grid:
        """Read what :meth:`to_dict` wrote."""
        cuts: Sequence[int] = told["cuts"]
        return cls(**{**told, "cuts": tuple(cuts)})
