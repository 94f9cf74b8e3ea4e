"""How numbers read: the one place where every table, chart and sentence agrees on it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

MISSING = "–"
SMALLEST_PLAIN = 1e-4
LARGEST_PLAIN = 1e15
GROUPED_FROM = 10_000
TIME_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def number(
    value: float, *, digits: int | None = None, sign: bool = False, grouped: bool | None = None
) -> str:
    """Write a number as a person reads it: ``0.7213``, ``1.2e-9``, ``327,346``.

    Parameters
    ----------
    value
        An int or a float, of any size.
    digits
        Decimals of a float, trailing zeros kept; None gives four significant digits, trailing zeros dropped.
        A value that so many decimals would hide is written with an exponent.
    sign
        Write a plus before a positive number.
    grouped
        Part the thousands. None does so from 10,000 up: four digits stay together, so that a year reads as one.

    Examples
    --------
    >>> [number(value) for value in (0.72134, 0.05, 12.3456, 327346, 1.2e-9, float("nan"))]
    ['0.7213', '0.05', '12.35', '327,346', '1.2e-9', 'NaN']
    >>> number(0.7, digits=4), number(0.0123, sign=True)
    ('0.7000', '+0.0123')
    """
    if isinstance(value, int):
        text = _whole(value, grouped=grouped)
    elif math.isnan(value):
        return "NaN"
    elif math.isinf(value):
        text = "∞" if value > 0 else "-∞"
    else:
        text = _real(value, digits=digits, grouped=grouped)
    return f"+{text}" if sign and value > 0 else text


def count(many: int, noun: str, plural: str | None = None) -> str:
    """``1 run``, ``6 runs``, ``2 boxes``: a number with its noun.

    >>> count(1, "run"), count(12000, "row"), count(2, "entry", "entries")
    ('1 run', '12,000 rows', '2 entries')
    """
    return f"{_whole(many)} {noun if many == 1 else plural or noun + 's'}"


def percent(share: float, *, digits: int = 1) -> str:
    """A share of 1 as per cent; a share too small to show is not shown as none.

    >>> percent(0.7213), percent(0.00001), percent(1.0)
    ('72.1%', '<0.1%', '100%')
    """
    if not math.isfinite(share):
        return number(share)
    smallest = 10.0**-digits
    if 0 < abs(share) * 100 < smallest / 2:
        return f"<{smallest:g}%" if share > 0 else f">-{smallest:g}%"
    text = f"{share * 100:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text and float(text).is_integer() else text}%"


def size(size_bytes: float) -> str:
    """A number of bytes, in units of 1,000.

    >>> size(0), size(999), size(12_400_000)
    ('0 B', '999 B', '12.4 MB')
    """
    amount, units = float(size_bytes), ["B", "kB", "MB", "GB", "TB", "PB"]
    while abs(amount) >= 999.5 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    text = f"{amount:.0f}" if units[0] == "B" or abs(amount) >= 99.95 else f"{amount:.1f}"
    return f"{text} {units[0]}"


def duration(seconds: float) -> str:
    """How long something took, in its two largest units.

    >>> [duration(value) for value in (0.0004, 0.012, 4.26, 192, 7530, 190_000)]
    ['0.4 ms', '12 ms', '4.3 s', '3 min 12 s', '2 h 5 min', '2 d 4 h']
    """
    if not math.isfinite(seconds):
        return number(seconds)
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 1:
        return "0 s" if seconds == 0 else f"{seconds * 1000:.2g} ms" if seconds < 0.0995 else f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return _units(round(seconds), most=2)


def ago(moment: datetime, *, now: datetime) -> str:
    """How long before ``now`` a moment was; both with a time zone, or both without.

    >>> noon = datetime(2026, 3, 1, 12)
    >>> ago(datetime(2026, 3, 1, 11, 57), now=noon), ago(datetime(2026, 2, 1), now=noon)
    ('3 min ago', '2026-02-01')
    """
    elapsed = now - moment
    if elapsed < timedelta(0):
        return time(moment)
    if elapsed < timedelta(seconds=10):
        return "just now"
    if elapsed >= timedelta(days=7):
        return moment.date().isoformat()
    return f"{_units(int(elapsed.total_seconds()), most=1)} ago"


def time(moment: datetime) -> str:
    """A moment to the second where seconds matter, as it is given: its own time zone, or none.

    >>> time(datetime(2026, 3, 1, 9, 5)), time(datetime(2026, 3, 1, 9, 5, 7))
    ('2026-03-01 09:05', '2026-03-01 09:05:07')
    """
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def timestamp(moment: datetime) -> str:
    """A moment for programs, as RFC 3339 writes it; without a time zone it is UTC, as the store keeps it.

    >>> timestamp(datetime(2026, 3, 1, 9, 5))
    '2026-03-01T09:05:00Z'
    """
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat().replace("+00:00", "Z")


def common_digits(values: Iterable[float]) -> int | None:
    """Decimals that let the floats of one column line up, or None when their sizes are too different for it.

    >>> common_digits([0.05, 0.1, 0.3]), common_digits([0.7213, 0.7]), common_digits([1234.5, 0.01])
    (2, 4, None)
    """
    plain = [value for value in values if value == 0 or SMALLEST_PLAIN <= abs(value) < LARGEST_PLAIN]
    sizes = [abs(value) for value in plain if value]
    if not sizes or max(sizes) / min(sizes) > 1000:
        return None
    return max(len(number(value).partition(".")[2]) for value in plain)


def _whole(value: int, *, grouped: bool | None = None) -> str:
    if abs(value) >= LARGEST_PLAIN:
        # A float cannot hold every int, and Python refuses to write very long ones.
        exponent = math.floor(abs(value).bit_length() * math.log10(2) + 1e-9)
        return _exponent(float(value)) if exponent < 300 else f"{'-' if value < 0 else ''}~1e{exponent}"
    return f"{value:,}" if _is_grouped(abs(value), grouped) else str(int(value))


def _is_grouped(magnitude: float, grouped: bool | None) -> bool:
    return magnitude >= GROUPED_FROM if grouped is None else grouped


def _real(value: float, *, digits: int | None, grouped: bool | None) -> str:
    magnitude = abs(value)
    if magnitude and not SMALLEST_PLAIN <= magnitude < LARGEST_PLAIN:
        return _exponent(value)
    if digits is not None:
        hidden = magnitude and magnitude < 0.5 * 10.0**-digits
        if hidden:
            return _exponent(value)
    text = f"{value:.{_decimals(magnitude) if digits is None else digits}f}"
    if digits is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return _parted(text, is_grouped=_is_grouped(magnitude, grouped))


def _decimals(magnitude: float) -> int:
    """Four significant digits from 1 up; four decimals below, and at least three significant digits."""
    if magnitude >= 1:
        return max(0, 3 - math.floor(math.log10(magnitude)))
    return 4 if magnitude >= 0.01 or magnitude == 0 else 2 - math.floor(math.log10(magnitude))


def _parted(text: str, *, is_grouped: bool) -> str:
    """The decimal text with its thousands apart where wanted, and without a minus before zero."""
    digits = text.removeprefix("-")
    whole, point, rest = digits.partition(".")
    minus = "-" if digits != text and digits.strip("0.") else ""
    return f"{minus}{f'{int(whole):,}' if is_grouped else whole}{point}{rest}"


def _exponent(value: float) -> str:
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def _units(seconds: int, *, most: int) -> str:
    """The largest unit that fits, and the next ones below it, without the empty ones."""
    first = next((index for index, (_, length) in enumerate(TIME_UNITS) if seconds >= length), len(TIME_UNITS) - 1)
    parts: list[str] = []
    for name, length in TIME_UNITS[first : first + most]:
        many, seconds = divmod(seconds, length)
        if many or not parts:
            parts.append(f"{_whole(many)} {name}")
    return " ".join(parts)
