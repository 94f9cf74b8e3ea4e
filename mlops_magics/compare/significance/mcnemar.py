"""The accuracies of two classifiers on the same rows: McNemar's test, and Tango's interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from mlops_magics.compare.significance.estimate import LEVEL, Estimate, certain_estimate, normal_quantile

FEW = 25
"""With fewer rows that only one side has right, the p-value is exact."""


def mcnemar(only_left: int, only_right: int, *, both: int, rows: int, level: float = LEVEL) -> Estimate:
    """Compare two accuracies by the rows that only one side has right.

    With less than 25 of them, the exact binomial test (McNemar 1947), which errs on the safe side. From there on the
    asymptotic test without a continuity correction: Fagerland, Lydersen & Laake (2013) found the corrected one to
    be needlessly conservative in every scenario. The interval is Tango's (1998), which excludes 0 exactly where the
    asymptotic test is significant, and stays in [-1, 1].

    Parameters
    ----------
    only_left, only_right
        Rows that only this side has right.
    both
        Rows that both have right.
    rows
        All rows.
    level
        Of the interval.

    Examples
    --------
    >>> found = mcnemar(1, 7, both=1, rows=21)
    >>> round(found.p_value, 4), round(found.difference, 4)
    (0.0703, 0.2857)
    """
    discordant = only_left + only_right
    is_exact = discordant < FEW
    method = "McNemar, exact" if is_exact else "McNemar"
    left, right = (both + only_left) / rows, (both + only_right) / rows
    low, high = tango(only_left, only_right, rows=rows, level=level)
    if not discordant:
        return replace(certain_estimate(left, right, rows=rows, method=method), low=low, high=high)
    p_value, chance = (_exact if is_exact else _asymptotic)(only_left, only_right)
    spread = discordant - (only_right - only_left) ** 2 / rows
    return Estimate(
        left=left, right=right, low=low, high=high, p_value=p_value, chance_greater=chance,
        standard_error=math.sqrt(max(spread, 0.0)) / rows, method=method,
    )


def tango(only_left: int, only_right: int, *, rows: int, level: float = LEVEL) -> tuple[float, float]:
    """The score interval of the difference of two paired proportions, right minus left (Tango 1998).

    >>> [round(end, 3) for end in tango(1, 7, rows=21)]
    [0.026, 0.517]
    """
    z = normal_quantile((1 + level) / 2)
    middle = (only_right - only_left) / rows

    def score(shift: float) -> float:
        return _score(only_left, only_right, rows, shift)

    return _crossing(lambda shift: score(shift) - z, -1.0, middle), _crossing(lambda s: score(s) + z, middle, 1.0)


def _score(only_left: int, only_right: int, rows: int, shift: float) -> float:
    """How many standard errors the difference seen lies above ``shift``, were that the true one."""
    distance = only_right - only_left - rows * shift
    # The most likely share that only the left side has right, given the shift: the greater root of a quadratic.
    b = -only_right - only_left + (2 * rows - only_right + only_left) * shift
    c = -only_left * shift * (1 - shift)
    share = (math.sqrt(max(b * b - 8 * rows * c, 0.0)) - b) / (4 * rows)
    variance = rows * (2 * share + shift * (1 - shift))
    if variance <= 1e-15:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses 0 between ``low`` and ``high``, to the last bits; an end where it does not."""
    if function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def _exact(only_left: int, only_right: int) -> tuple[float, float]:
    discordant, fewer = only_left + only_right, min(only_left, only_right)
    ways = [math.comb(discordant, count) for count in range(discordant + 1)]
    p_value = min(1.0, 2 * sum(ways[: fewer + 1]) / 2**discordant)
    # Half of the tie, so that swapped sides share one certainty.
    chance = (sum(ways[:only_right]) + ways[only_right] / 2) / 2**discordant
    return p_value, chance


def _asymptotic(only_left: int, only_right: int) -> tuple[float, float]:
    z = (only_right - only_left) / math.sqrt(only_left + only_right)
    return math.erfc(abs(z) / math.sqrt(2)), math.erfc(-z / math.sqrt(2)) / 2
