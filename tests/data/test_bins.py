"""Bins that two profiles did not have in common: what is estimated is near what counting again would give."""

import numpy
import pandas
import pytest

from mlops_magics.data.bins import common_bins, estimated_bins
from mlops_magics.data.distance import jensen_shannon, noise_floor
from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.frames import open_table
from mlops_magics.data.profile import ColumnProfile

RANDOM = numpy.random.default_rng(0)
DRAWN = {
    "normal": lambda rows, shift: RANDOM.normal(shift, 1, rows),
    "exponential": lambda rows, shift: RANDOM.exponential(1 + shift, rows),
    "often zero": lambda rows, shift: numpy.where(RANDOM.random(rows) < 0.6 - shift / 5, 0, RANDOM.random(rows)),
    "counts": lambda rows, shift: RANDOM.poisson(5 + shift, rows),
    "large counts": lambda rows, shift: RANDOM.poisson(5000 + 100 * shift, rows),
    "rounded": lambda rows, shift: numpy.round(RANDOM.normal(20 + 5 * shift, 5, rows), 1),
}


def column(values, edges=None) -> ColumnProfile:
    profile = profile_table(open_table(pandas.DataFrame({"x": values})), **({"edges": edges} if edges else {}))
    return profile.columns["x"]


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_an_estimate_is_near_the_distance_in_common_bins(kind, shift) -> None:
    before, after = DRAWN[kind](4_000, 0.0), DRAWN[kind](2_500, shift)
    reference = profile_table(open_table(pandas.DataFrame({"x": before})))
    left, right, again = reference.columns["x"], column(after), column(after, reference)
    assert left.grid != right.grid or kind == "counts"
    estimate = estimated_bins(left, right)
    exact = common_bins(left, again)
    assert (sum(estimate.reference), sum(estimate.current)) == pytest.approx((4_000, 2_500), abs=20)
    chance = noise_floor(len(exact), 4_000, 2_500)
    distances = [jensen_shannon(bins.reference, bins.current) for bins in (estimate, exact)]
    assert distances[0] == pytest.approx(distances[1], abs=max(chance, 0.1 * distances[1]))
    assert estimated_bins(right, left).reference == estimate.current, "the same both ways"


def test_whole_numbers_counted_one_by_one_are_exact() -> None:
    left, right = column([1, 1, 2, 3] * 10), column([2, 3, 3, 4] * 10)
    bins = estimated_bins(left, right)
    assert dict(zip(bins.edges, zip(bins.reference, bins.current, strict=True), strict=False)) == {
        1.0: (20, 0), 2.0: (10, 10), 3.0: (10, 20), 4.0: (0, 10),
    }  # fmt: skip


def test_single_values_are_never_divided() -> None:
    left, right = column([1.5] * 50 + [7.25] * 50), column([1.5] * 50 + [7.25] * 49 + [9.75])
    bins = estimated_bins(left, right)
    assert jensen_shannon(bins.reference, bins.current) < 0.1, "one row in a hundred moved, and not half of them"
    assert estimated_bins(column([3.0] * 9), column([3.3] * 9)) is None
