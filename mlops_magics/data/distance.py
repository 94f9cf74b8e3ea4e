"""How far two sets of counts in the same bins lie apart, and how much of it is chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Counts: TypeAlias = Sequence[int]


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance with base 2 between two sets of counts in the same bins, 0 (equal) to 1 (disjoint).

    The square root of the divergence, as ``scipy.spatial.distance.jensenshannon(p, q, base=2)``. With the natural
    logarithm it would be √ln 2 = 0.83 times as large. An empty side gives NaN.

    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    """
    n, m = sum(reference), sum(current)
    if not n or not m:
        return math.nan
    divergence = 0.0
    for left, right in zip(reference, current, strict=True):
        p, q = left / n, right / m
        middle = (p + q) / 2
        divergence += sum(share * math.log2(share / middle) for share in (p, q) if share) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def noise_floor(bins: int, n: int, m: int) -> float:
    """Jensen-Shannon distance (base 2) to expect of two samples of n and m rows of one distribution in ``bins`` bins.

    √((k - 1)(1/n + 1/m) / (8 ln 2)): 8 ln 2 times the squared distance is, to second order, the two-sample
    chi-square statistic over (1/n + 1/m), and that has mean k - 1. Holds where bins expect five rows or more.

    >>> round(noise_floor(102, 100_000, 100_000), 4)
    0.0191
    """
    if not n or not m:
        return math.nan
    return math.sqrt(max(bins - 1, 0) * (1 / n + 1 / m) / (8 * math.log(2)))


def split_floor(n: int, m: int) -> float:
    """Jensen-Shannon distance (base 2) to expect without drift in two bins, when they are split where the shares below
    differ most.

    √(π² (1/n + 1/m) / (24 ln 2)), which is π/√3 times the floor of two bins fixed beforehand: the mean square of the
    greatest difference is π²/12 (1/n + 1/m) (Kolmogorov's distribution), that of the difference at the median a quarter
    of (1/n + 1/m).

    >>> round(split_floor(100, 100) / noise_floor(2, 100, 100), 3)
    1.814
    """
    return noise_floor(2, n, m) * math.pi / math.sqrt(3)


def excess(distance: float, floor: float) -> float:
    """What of a distance its floor does not explain: √(distance² - floor²), or 0 below the floor."""
    return math.sqrt(max(distance * distance - floor * floor, 0.0))
