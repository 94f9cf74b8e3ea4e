"""How surprising it would be without drift that two sets of counts lie as far apart as they do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mlops_magics.data.distance import Counts

ZERO_SHARE = 1e-4
"""What the population stability index puts in place of an empty share. The index depends on it; this is the field's
most common choice."""


def chi_square_p(reference: Counts, current: Counts) -> float:
    """P-value of the two-sample chi-square test: both sides are samples, neither is taken as exact.

    As ``scipy.stats.chi2_contingency([reference, current], correction=False)``; bins empty on both sides are left
    out. 1.0 with fewer than two filled bins or an empty side. Pool sparse bins first.
    """
    from scipy.special import gammaincc

    n, m = sum(reference), sum(current)
    filled = [(left, right) for left, right in zip(reference, current, strict=True) if left or right]
    if len(filled) < 2 or not n or not m:
        return 1.0
    statistic = 0.0
    for left, right in filled:
        expected = (left + right) * (n / (n + m))
        # Both cells of a bin are off by the same amount from what they expect.
        statistic += (left - expected) ** 2 * (1 / expected + 1 / (left + right - expected))
    return float(gammaincc((len(filled) - 1) / 2, statistic / 2))


def widest_gap(reference: Counts, current: Counts) -> tuple[int, float]:
    """Kolmogorov-Smirnov distance of two sets of counts in the same ordered bins: the bin after whose end the shares
    below differ most, and by how much, 0 to 1.

    As ``scipy.stats.ks_2samp`` where every bin is one value; else at most that, since values within a bin count as
    equal.

    >>> widest_gap([2, 2, 0], [0, 2, 2])
    (0, 0.5)
    """
    n, m = sum(reference), sum(current)
    below = current_below = 0
    place, widest = 0, 0.0
    for index, (left, right) in enumerate(zip(reference, current, strict=True)):
        below, current_below = below + left, current_below + right
        gap = abs(below / n - current_below / m)
        if gap > widest + 1e-12:
            place, widest = index, gap
    return place, widest


def kolmogorov_smirnov_p(gap: float, n: int, m: int) -> float:
    """P-value of the two-sample Kolmogorov-Smirnov test that n and m rows lie as far apart as ``gap``.

    The limit distribution (Kolmogorov 1933, Smirnov 1939) of √(nm / (n + m)) × gap. From 50 rows on it is above the
    exact p-value of values without ties or 1 % below it at most; ties and bins make the true one smaller still.
    """
    from scipy.special import kolmogorov

    return float(kolmogorov(math.sqrt(n * m / (n + m)) * gap))


def fisher_p(hits: int, rows: int, current_hits: int, current_rows: int) -> float:
    """Two-sided p-value of Fisher's exact test that a share is the same on both sides.

    As ``scipy.stats.fisher_exact``. For shares of so few rows that chi-square does not hold.
    """
    import numpy as np
    from scipy.special import gammaln

    def log_choose(total: Any, chosen: Any) -> Any:
        return gammaln(total + 1.0) - gammaln(chosen + 1.0) - gammaln(total - chosen + 1.0)

    pooled = hits + current_hits
    possible = np.arange(max(0, pooled - rows), min(pooled, current_rows) + 1)
    logs = log_choose(current_rows, possible) + log_choose(rows, pooled - possible) - log_choose(
        rows + current_rows, pooled
    )
    seen = logs[current_hits - possible[0]]
    return float(min(np.exp(logs[logs <= seen + 1e-7]).sum(), 1.0))


def share_p(hits: int, rows: int, current_hits: int, current_rows: int) -> float:
    """P-value that a share is the same on both sides: chi-square, or Fisher's exact test where a cell expects fewer
    than five rows.
    """
    pooled, total = hits + current_hits, rows + current_rows
    if not rows or not current_rows or pooled in (0, total):
        return 1.0
    if min(pooled, total - pooled) * min(rows, current_rows) / total < 5:
        return fisher_p(hits, rows, current_hits, current_rows)
    return chi_square_p((hits, rows - hits), (current_hits, current_rows - current_hits))


def one_sided_chance(group: int, inside: int, outside: int) -> float:
    """Probability that a group of ``group`` rows falls wholly among ``inside`` rows when all ``inside + outside``
    rows are shuffled: how surprising it is that a value was seen on one side only. Exact, for any distribution.
    """
    if group > inside:
        return 0.0
    total = inside + outside
    chosen = math.lgamma(inside + 1) - math.lgamma(inside - group + 1)
    return min(math.exp(chosen - math.lgamma(total + 1) + math.lgamma(total - group + 1)), 1.0)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for being many: calling all those below q drift makes at most a share q of the calls false.

    Benjamini & Hochberg (1995), as ``scipy.stats.false_discovery_control``.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    adjusted, least = [1.0] * len(p_values), 1.0
    for rank, index in zip(range(len(order), 0, -1), order, strict=True):
        least = min(least, p_values[index] * len(order) / rank)
        adjusted[index] = least
    return adjusted


def population_stability_index(reference: Counts, current: Counts) -> float:
    """PSI: Σ (q - p) ln(q / p) over bins, with 1e-4 in place of an empty share and no normalising after.

    By convention below 0.1 is stable and from 0.25 on shifted. Without drift it expects (k - 1)(1/n + 1/m), which
    nothing is subtracted for.
    """
    n, m = sum(reference), sum(current)
    if not n or not m:
        return math.nan
    shares = [(left / n or ZERO_SHARE, right / m or ZERO_SHARE) for left, right in zip(reference, current, strict=True)]
    return sum((q - p) * math.log(q / p) for p, q in shares)
