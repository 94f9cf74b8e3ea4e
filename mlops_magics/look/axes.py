"""Where the ticks of an axis stand and what they read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

LARGEST = 1e300
"""Values from here up, infinity included, are left out: sums of them would overflow."""
SMALLEST = 1e-290
"""Distances up to here are none: parts of them would vanish."""


@dataclass(frozen=True)
class Axis:
    """A numeric axis: the data range it covers, and its ticks inside that range."""

    low: float
    high: float
    ticks: tuple[float, ...]
    step: float

    def share(self, value: float) -> float:
        """Where a value stands between the ends of the axis, 0 to 1 for values inside."""
        return (value - self.low) / (self.high - self.low)

    def label(self, tick: float) -> str:
        """What a tick reads, with as many decimals as the distance between ticks needs."""
        return tick_label(tick, step=self.step)


def axis_over(values: Iterable[float], *, ticks: int, is_rounded: bool, includes_zero: bool = False) -> Axis:
    """An axis over the values smaller than LARGEST, with about so many ticks at 1, 2, 2.5 or 5 times a power of ten.

    ``is_rounded`` moves the ends out to the next tick; otherwise the ends are the data's own. Without any
    value the axis covers 0 to 1; over a single value it opens a little around it.
    """
    finite = [value for value in values if abs(value) < LARGEST]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if includes_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    low, high = _opened(low, high)
    step = nice_step((high - low) / max(1, ticks))
    if is_rounded:
        low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # A step below the resolution of the values would repeat one tick for ever.
    places = tuple(dict.fromkeys(step * index for index in range(first, min(last, first + 50) + 1)))
    return Axis(low, high, places, step)


def nice_step(rough: float) -> float:
    """The smallest 1, 2, 2.5 or 5 times a power of ten that is at least ``rough``.

    >>> [nice_step(rough) for rough in (0.07, 0.21, 3, 12)]
    [0.1, 0.25, 5.0, 20.0]
    """
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9)))


def tick_label(tick: float, *, step: float) -> str:
    """A short number: ``0.25``, ``300k``, ``1.5M``, ``2e-7``.

    >>> tick_label(0.5, step=0.25), tick_label(300_000, step=50_000), tick_label(2e-7, step=1e-7)
    ('0.50', '300k', '2e-7')
    """
    if abs(tick) < step / 1e6:
        return "0"
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if 1e12 > abs(tick) >= size and step >= size / 1e3 and (size > 1e3 or abs(tick) >= 1e4):
            return f"{_fixed(tick / size, step / size)}{unit}"
    if abs(tick) >= 1e12 or step < 1e-4:
        mantissa, _, exponent = f"{tick:.6g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return _fixed(tick, step)


def _fixed(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    needs_more = abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6
    return f"{value:.{decimals + needs_more}f}"


def _opened(low: float, high: float) -> tuple[float, float]:
    """A range that has an inside, whatever the values are."""
    if high - low > max(SMALLEST, max(abs(low), abs(high)) * 1e-9):
        return low, high
    middle = (low + high) / 2
    margin = abs(middle) * 0.05 if abs(middle) > SMALLEST else 0.5
    return middle - margin, middle + margin
