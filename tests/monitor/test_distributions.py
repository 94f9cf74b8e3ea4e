"""Distributions are drawn as what they are, whatever bins they were counted in."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from mlops_magics.data.bins import Bins, common_bins, estimated_bins
from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.frames import open_table
from mlops_magics.look import Chart
from mlops_magics.monitor.distributions import NARROWEST, overlaid
from mlops_magics.monitor.drift import drift


def counted(reference, current, *, is_same_grid: bool = True) -> Bins:
    """The bins of one column."""
    first = profile_table(open_table(pd.DataFrame({"x": reference})))
    second = profile_table(open_table(pd.DataFrame({"x": current})), edges=first if is_same_grid else None)
    left, right = first.columns["x"], second.columns["x"]
    found = common_bins(left, right) if left.grid == right.grid else estimated_bins(left, right)
    assert found is not None
    return found


def drawn(reference, current, **asked) -> Chart:
    chart = overlaid("x", counted(reference, current, **asked), ("reference", "new"))
    for side in chart.series:
        bars = list(zip(side.y, pairwise(side.x), strict=True))
        assert sum(height * (end - start) for height, (start, end) in bars) == pytest.approx(1), "all of the values"
        span = side.x[-1] - side.x[0]
        assert all(end - start >= span / NARROWEST * 0.999 for _, (start, end) in bars)
    return chart


RANDOM = np.random.default_rng(0)
NORMAL = RANDOM.normal(size=20_000)


@pytest.mark.parametrize("is_same_grid", [True, False])
def test_a_normal_distribution_has_the_shape_of_one(is_same_grid: bool) -> None:
    chart = drawn(NORMAL, RANDOM.normal(1, 1, 20_000), is_same_grid=is_same_grid)
    for mean, side in enumerate(chart.series):
        for height, (start, end) in zip(side.y, pairwise(side.x), strict=True):
            expected = (math.erf((end - mean) / 2**0.5) - math.erf((start - mean) / 2**0.5)) / 2 / (end - start)
            assert height == pytest.approx(expected, abs=0.035)
    assert chart.y_label == "density: share of values per unit"


def test_one_stray_value_does_not_squeeze_the_others() -> None:
    (reference, _) = drawn(NORMAL, np.append(NORMAL[1:], 1e9)).series
    assert reference.x[-1] < 10
    assert max(reference.y) > 0.3


def test_a_value_that_many_rows_have_leaves_the_others_a_height() -> None:
    values = np.where(RANDOM.random(20_000) < 0.5, 0.0, RANDOM.uniform(-10, 10, 20_000))
    (reference, _) = drawn(values, values[::-1]).series
    assert max(reference.y) < 30 * np.median(reference.y)


def test_whole_numbers_have_the_room_up_to_the_next_one() -> None:
    hours = RANDOM.integers(0, 24, 20_000)
    (reference, _) = drawn(hours, hours[::-1]).series
    assert reference.x == tuple(range(25))
    assert np.allclose(reference.y, 1 / 24, atol=0.005)


def test_a_number_that_is_new_stands_beside_the_others() -> None:
    bins = counted(np.arange(600) % 3, np.arange(600) % 4)
    assert {label for label, *_ in bins.movers(9)} == {"below 3", "3 and above"}
    (reference, new) = overlaid("x", bins, ("reference", "new")).series
    assert reference.x == (0, 1, 2, 3, 4)
    assert reference.y == pytest.approx((1 / 3, 1 / 3, 1 / 3, 0))
    assert new.y == pytest.approx((1 / 4,) * 4)
    (few, _) = drawn(np.arange(600) % 3, np.arange(600)[::-1] % 3).series
    assert few.x == (0, 1, 2, 3)


@pytest.mark.parametrize("value", [0.0, 1.0, -1e-9, 1e12, 7])
def test_one_value_is_drawn(value: float) -> None:
    drawn([value] * 100, [value] * 100)


def test_times_are_counted_in_days_and_hours() -> None:
    start, seconds = pd.Timestamp("2024-01-31 07:30"), RANDOM.integers(0, 10**6, 20_000)
    days = drawn(start + pd.to_timedelta(seconds, unit="s"), start + pd.to_timedelta(seconds // 2, unit="s"))
    assert (days.x_label, days.y_label) == ("days from 2024-01-31", "density: share of values per day")
    assert 0 < days.series[0].x[0] < 1 < 11 < days.series[0].x[-1] < 13
    hours = drawn(*[start + pd.to_timedelta(seconds // 100, unit="s")] * 2)
    assert (hours.x_label, hours.y_label) == ("hours from 2024-01-31 07:00", "density: share of values per hour")


def test_levels_keep_their_shares() -> None:
    bins = counted(["Oslo"] * 300 + ["Rome"] * 100, ["Oslo"] * 100 + ["Rome"] * 100)
    chart = overlaid("x", bins, ("reference", "new"))
    assert [side.y for side in chart.series] == [(0.75, 0.25), (0.5, 0.5)]
    assert chart.y_label == "share of values"


def test_a_report_of_drift_draws_them() -> None:
    report = drift(pd.DataFrame({"x": NORMAL + 1}), pd.DataFrame({"x": NORMAL}))
    assert report.chart("x").y_label.startswith("density")
