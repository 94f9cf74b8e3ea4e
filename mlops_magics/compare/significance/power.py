"""How many more rows it would take to tell two models apart."""

from __future__ import annotations

import math

from mlops_magics.compare.significance.estimate import LEVEL, POWER, normal_quantile


def more_rows(
    difference: float, standard_error: float, *, rows: int, level: float = LEVEL, power: float = POWER
) -> int | None:
    """The rows to add until a difference of the size seen is told apart with the given power; 0 if it is now.

    The standard error shrinks with the root of the rows, so n · ((z₁₋α/₂ + z_power) · se / |difference|)² of them are
    needed (Cohen 1988, ch. 2, for a two-sided z test). The difference seen is itself uncertain: where it is not told
    apart, this is an order of magnitude, not a plan.

    Parameters
    ----------
    difference, standard_error
        As seen.
    rows
        On how many.
    level
        Of the interval that shall exclude 0.
    power
        The share of repetitions in which it shall.

    Returns
    -------
    int or None
        None where no number of rows would do, since no difference was seen.

    Examples
    --------
    >>> more_rows(0.01, 0.01, rows=1000)
    6849
    >>> more_rows(0.0, 0.01, rows=1000) is None
    True
    """
    if not difference or not math.isfinite(difference) or not math.isfinite(standard_error):
        return None
    effect = normal_quantile((1 + level) / 2) + normal_quantile(power)
    needed = rows * (effect * standard_error / abs(difference)) ** 2
    return max(0, math.ceil(needed) - rows) if math.isfinite(needed) else None


def rough(rows: int) -> str:
    """Two digits of a number of rows: an estimate of it is worth no more.

    >>> rough(6849), rough(0)
    ('6,900', '0')
    """
    size: int = 10 ** max(0, math.floor(math.log10(max(rows, 1))) - 1)
    return f"{math.ceil(rows / size) * size:,}"
