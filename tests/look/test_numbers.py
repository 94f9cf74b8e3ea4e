"""Numbers read the same everywhere, and never as something they are not."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_magics.look import Column, Mark, Table
from mlops_magics.look.cells import read_columns
from mlops_magics.look.numbers import ago, count, duration, number, percent, size, time


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.72134, "0.7213"), (0.05, "0.05"), (1.0, "1"), (0.0, "0"), (-0.0, "0"), (12.3456, "12.35"), (1234.56, "1235"),
        (327346, "327,346"), (327346.0, "327,346"), (2013, "2013"), (-54321.4, "-54,321"), (0.00123456, "0.00123"),
        (1.2e-9, "1.2e-9"), (1e-5, "1e-5"), (1e20, "1e20"), (10**400, "~1e400"), (-(10**400), "-~1e400"),
        (9.99999, "10"), (0.99999, "1"), (math.inf, "∞"), (-math.inf, "-∞"), (math.nan, "NaN"), (5e-324, "4.9e-324"),
    ],
)  # fmt: skip
def test_numbers_read(value: float, text: str) -> None:
    assert number(value) == text


def test_digits_hide_nothing() -> None:
    assert number(0.7, digits=4) == "0.7000"
    assert number(0.00002, digits=3) == "2e-5"
    assert number(0.0002, digits=3) == "2e-4"
    assert number(-0.00001, digits=2) == "-1e-5"
    assert number(0.0123, sign=True) == "+0.0123"
    assert number(-0.0123, sign=True) == "-0.0123"
    assert number(0.0, sign=True) == "0"


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_what_is_read_is_near_what_is_meant(value: float) -> None:
    read = float(number(value).replace(",", ""))
    assert math.isclose(read, value, rel_tol=0.06, abs_tol=0)
    if 1e-2 <= abs(value) < 1e15:
        assert math.isclose(read, value, rel_tol=6e-3)


@given(st.integers())
def test_whole_numbers_are_exact_while_they_fit(value: int) -> None:
    if abs(value) < 10**15:
        assert int(number(value).replace(",", "")) == value
    else:
        assert len(number(value)) < 12


def test_sizes_and_durations_read() -> None:
    assert [size(value) for value in (0, 1, 999, 1000, 999_949, 12_400_000, 3e12)] == [
        "0 B", "1 B", "999 B", "1.0 kB", "1.0 MB", "12.4 MB", "3.0 TB",
    ]  # fmt: skip
    assert [duration(value) for value in (0, 0.5, 1, 59.99, 60, 3600, 86400 * 3, -5)] == [
        "0 s", "500 ms", "1.0 s", "1 min", "1 min", "1 h", "3 d", "-5.0 s",
    ]  # fmt: skip
    assert duration(math.nan) == "NaN"


def test_relative_times_read() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    told = [ago(now - timedelta(seconds=seconds), now=now) for seconds in (1, 30, 200, 7300, 90_000, 9e6)]
    assert told == ["just now", "30 s ago", "3 min ago", "2 h ago", "1 d ago", "2025-11-17"]
    assert ago(now + timedelta(hours=1), now=now) == time(now + timedelta(hours=1)) == "2026-03-01 13:00"


def test_shares_and_counts_read() -> None:
    shares = [percent(value) for value in (0, 0.5, 0.72134, 1, 1e-6, math.nan)]
    assert shares == ["0%", "50%", "72.1%", "100%", "<0.1%", "NaN"]
    assert [count(many, "run") for many in (0, 1, 12_000)] == ["0 runs", "1 run", "12,000 runs"]


def read(column: str | Column, values: list[object]) -> list[str]:
    (only,) = read_columns(Table([column], [[value] for value in values]))
    return [cell.text for cell in only.cells]


def test_a_column_agrees_with_itself() -> None:
    assert read("rate", [0.05, 0.1, None]) == ["0.05", "0.10", "–"]
    assert read("rows", [80789, 900, 1500]) == ["80,789", "900", "1,500"]
    assert read("year", [2012, 2013]) == ["2012", "2013"]
    assert read("mixed", [0.0123, 54321.5]) == ["0.0123", "54,322"]
    assert read(Column("change", sign=True, digits=2), [1.0, -1.0, 0.0]) == ["+1.00", "-1.00", "0.00"]
    assert read("verdict", [Mark("pass", "good"), True, math.nan]) == ["✓ pass", "True", "NaN"]


@pytest.mark.parametrize(
    ("values", "side"), [([1, None], "right"), ([None], "left"), (["a", 1], "left"), ([True], "left"), ([], "left")]
)
def test_numbers_stand_right(values: list[object], side: str) -> None:
    (column,) = read_columns(Table(["x"], [[value] for value in values]))
    assert column.align == side
