"""How often each row of a sample is in each resample of it: seeded, and drawn in blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Counts = np.ndarray[Any, np.dtype[np.uint8]]

LARGEST_BLOCK = 1_000_000
"""Counts held at a time."""

ENOUGH_ROWS = 1000
"""From so many rows on, counts are drawn at once and not row by row."""

_STEPS = 1 << 16


def drawn(rows: int, *, seed: int, many: int) -> Iterator[Counts]:
    """Draw ``many`` resamples of ``rows`` rows each, with replacement: blocks of resamples × rows.

    The same seed gives the same resamples, whatever the size of the blocks.

    >>> [block.sum(axis=1).tolist() for block in drawn(5, seed=0, many=3)]
    [[5, 5, 5]]
    """
    random = np.random.default_rng(seed)
    size = max(1, min(many, LARGEST_BLOCK // rows))
    thresholds = _thresholds(rows)
    for first in range(0, many, size):
        counts = np.empty((min(size, many - first), rows), dtype=np.uint8)
        for count in counts:
            if rows < ENOUGH_ROWS:
                count[:] = np.bincount(random.integers(0, rows, rows), minlength=rows)
            else:
                _draw(count, random, thresholds)
        yield counts


def _draw(count: Counts, random: np.random.Generator, thresholds: list[np.uint16]) -> None:
    """Fill one resample, several times as fast as by drawing its rows one by one.

    Poisson counts whose sum is given are multinomial. So each row gets one with a mean a little below 1, and what is
    missing in all is drawn row by row; sums that are too great, five standard deviations away, are drawn again.
    """
    rows, is_over = len(count), np.empty(len(count), dtype=np.bool_)
    missing = -1
    while missing < 0:
        uniform = random.bit_generator.random_raw((rows + 3) // 4).view(np.uint16)[:rows]
        count.fill(0)
        for threshold in thresholds:
            np.greater_equal(uniform, threshold, out=is_over)
            np.add(count, is_over.view(np.uint8), out=count)
        missing = rows - int(count.sum(dtype=np.int64))
    np.add.at(count, random.integers(0, rows, missing), np.uint8(1))


def _thresholds(rows: int) -> list[np.uint16]:
    """Where the Poisson distribution steps, in parts of 65,536; that it has no finer ones changes no variance by more
    than a thousandth.
    """
    mean = 1 - 5 / math.sqrt(max(rows, ENOUGH_ROWS))
    share, total, steps = math.exp(-mean), 0.0, []
    for many in range(1, 20):
        total += share
        share *= mean / many
        steps.append(round(total * _STEPS))
    return [np.uint16(step) for step in steps if step < _STEPS]
