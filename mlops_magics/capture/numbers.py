"""What counts as the value and the step of a metric."""

from __future__ import annotations

import math
from typing import Any

from mlops_magics.errors import ValueNotRecorded

NAME_LIMIT = 500
STEP_LIMIT = 1 << 63


def metric_value(name: str, value: Any) -> float | str:
    """Turn ``value`` into a float, or into the word JSON needs for one that is not finite.

    Anything that says it is one number is taken: int, bool, NumPy and tensor scalars, Decimal, Fraction.

    Raises
    ------
    ValueNotRecorded
        It is not one number; or the name is not text of at most 500 characters.
    """
    if not isinstance(name, str) or not name or len(name) > NAME_LIMIT:
        raise ValueNotRecorded(f"a metric's name is text of 1 to {NAME_LIMIT} characters, not {shown_value(name)}")
    number = _float(name, value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def metric_step(step: Any) -> int | None:
    """Turn ``step`` into an int.

    Raises
    ------
    ValueNotRecorded
        It is not a whole number of at most 63 bits.
    """
    if step is None:
        return None
    try:
        whole = int(step)
        if whole == step and -STEP_LIMIT <= whole < STEP_LIMIT:
            return whole
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueNotRecorded(f"a step is a whole number, not {shown_value(step)}", hint="Count steps: step=0, 1, 2, …")


def _float(name: str, value: Any) -> float:
    try:
        if not isinstance(value, str | bytes):
            return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        pass
    raise ValueNotRecorded(
        f"metric {name!r} is one number, not {shown_value(value)}",
        hint="Text and structures go to params, notes or tags",
    )


def shown_value(value: Any) -> str:
    """The type and the beginning of a value, for a message."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:59] + '…'}"
