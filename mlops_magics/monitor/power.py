"""What so many rows can show: the smallest change that a test would have seen, and how many rows would see less."""

from __future__ import annotations

import math
from dataclasses import dataclass

POWER = 0.8
"""Chance that a change is seen from which on it counts as one that would have been (Cohen 1988)."""

SMALL_EFFECT = 0.085
"""Jensen-Shannon distance of what Cohen (1988) calls a small effect: a mean moved by 0.2 standard deviations, or counts
that differ by w = 0.1. Where as much would not have been seen, nothing seen is no answer."""

ORDER_SHARE = 0.8
"""Share of the level of significance that the test of the order gets where there are two: shifts are what happens most.
"""

TO_STANDARD_DEVIATIONS = math.sqrt(8 * math.log(2))
"""Standard deviations by which a mean moved, over the distance that makes for normal values; to second order."""


@dataclass(frozen=True, slots=True)
class Power:
    """What a test of two samples has to see with: the rows of both sides; chi-square's degrees of freedom, or None
    where the order of the values is looked at too, by Kolmogorov-Smirnov.
    """

    n: int
    m: int
    freedom: int | None = 1

    def detectable(self, alpha: float) -> float:
        """The minimum detectable effect: the Jensen-Shannon distance (base 2) that gives a p-value of at most
        ``alpha`` with a chance of 80 %.

        Chi-square: 8 ln 2 × distance² over (1/n + 1/m) is the statistic's noncentrality, to second order.
        Kolmogorov-Smirnov: a normal mean moved by d standard deviations makes a gap of d / √(2π) at the middle, which
        is measured to ½ √(1/n + 1/m), and has the distance d / √(8 ln 2); it has its share of ``alpha``.
        """
        from scipy.special import chdtri, chndtrinc, kolmogi, ndtri

        noise = math.sqrt(1 / self.n + 1 / self.m)
        if self.freedom is None:
            moved = (kolmogi(alpha * ORDER_SHARE) + ndtri(POWER) / 2) * noise * math.sqrt(2 * math.pi)
            return float(moved / TO_STANDARD_DEVIATIONS)
        needed = chndtrinc(chdtri(self.freedom, alpha), self.freedom, 1 - POWER)
        return float(math.sqrt(needed / (8 * math.log(2))) * noise)


def pictured(effect: float, *, is_mean: bool) -> str:
    """A change of this Jensen-Shannon distance as one can picture it.

    >>> pictured(0.085, is_mean=True), pictured(0.085, is_mean=False)
    ('a mean moved by 0.2 standard deviations', 'a share moved by 10 percentage points')
    """
    if is_mean:
        return f"a mean moved by {effect * TO_STANDARD_DEVIATIONS:.2g} standard deviations"
    # Shares p and q around a half lie at distance |p - q| / √(2 ln 2).
    return f"a share moved by {min(effect * math.sqrt(2 * math.log(2)), 1.0) * 100:.0f} percentage points"


def enough_rows(n: int, m: int, *, detectable: float, wanted: float) -> tuple[int, bool]:
    """About how many rows would show an effect of ``wanted`` where n and m rows show ``detectable``: of the current
    data alone, or, and then True comes with it, of either side.
    """
    noise = (1 / n + 1 / m) * (wanted / detectable) ** 2
    if 1 / n <= noise / 2:
        return _rounded_up(1 / (noise - 1 / n)), False
    return _rounded_up(2 / noise), True


def _rounded_up(rows: float) -> int:
    step: int = 10 ** max(math.floor(math.log10(rows)) - 1, 0)
    return math.ceil(rows / step) * step
