"""What every test here answers: a difference, how sure it is, and how it was told."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any

LEVEL = 0.95
"""Of intervals, where nothing else is asked for."""

POWER = 0.8
"""With which a difference of the size seen would be told apart, when asking how many rows that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A difference, right minus left, with its uncertainty.

    Attributes
    ----------
    left, right
        The metric of each side.
    low, high
        The interval of the difference, at the level asked for.
    p_value
        Two-sided, of there being no difference.
    chance_greater
        How far the test's confidence lies above 0, 0 to 1: that the right side truly has the greater value. As a
        probability it takes every difference for equally likely beforehand.
    standard_error
        Of the difference.
    method
        The test, in the field's words.
    """

    left: float
    right: float
    low: float
    high: float
    p_value: float
    chance_greater: float
    standard_error: float
    method: str

    @property
    def difference(self) -> float:
        """Right minus left."""
        return self.right - self.left

    @property
    def has_zero(self) -> bool:
        """Whether no difference at all lies in the interval."""
        return self.low <= 0 <= self.high

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, and the difference; JSON-ready."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "difference": self.difference}


def normal_estimate(  # noqa: PLR0913 - what an estimate is made of
    left: float, right: float, *, standard_error: float, rows: int, method: str, level: float = LEVEL
) -> Estimate:
    """An estimate from a difference that is normally distributed around the true one.

    >>> found = normal_estimate(0.70, 0.75, standard_error=0.02, rows=500, method="z")
    >>> round(found.p_value, 4), round(found.low, 4), round(found.high, 4)
    (0.0124, 0.0108, 0.0892)
    """
    difference = right - left
    if not standard_error > 0:
        return certain_estimate(left, right, rows=rows, method=method)
    z = difference / standard_error
    half = normal_quantile((1 + level) / 2) * standard_error
    return Estimate(
        left=left, right=right, low=difference - half, high=difference + half, p_value=math.erfc(abs(z) / math.sqrt(2)),
        chance_greater=math.erfc(-z / math.sqrt(2)) / 2, standard_error=standard_error, method=method,
    )


def certain_estimate(left: float, right: float, *, rows: int, method: str) -> Estimate:
    """An estimate where the rows leave no spread: all say the same difference, or that there is none.

    A test that measures spread would be sure after two rows. The p-value is that of the sign-flip test instead: rows
    that all agree do so by chance once in 2^(rows - 1).

    >>> certain_estimate(0.5, 0.5, rows=9, method="z").p_value, certain_estimate(0.5, 1.0, rows=5, method="z").p_value
    (1.0, 0.0625)
    """
    difference = right - left
    p_value = min(1.0, math.ldexp(1.0, 1 - min(rows, 1000))) if difference else 1.0
    return Estimate(
        left=left, right=right, low=difference, high=difference, p_value=p_value, standard_error=0.0, method=method,
        chance_greater=0.5 if not difference else 1 - p_value / 2 if difference > 0 else p_value / 2,
    )


def normal_quantile(share: float) -> float:
    """The value that a standard normal variable stays below in ``share`` of cases; 0 < share < 1."""
    return NormalDist().inv_cdf(share)


def normal_share(value: float) -> float:
    """The share of cases in which a standard normal variable stays below a value.

    >>> round(normal_share(1.96), 4)
    0.975
    """
    return math.erfc(-value / math.sqrt(2)) / 2
