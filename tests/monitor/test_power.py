import math

import numpy as np
import pytest
from scipy import stats

from mlops_magics.data.distance import jensen_shannon, noise_floor, split_floor
from mlops_magics.monitor.distance import kolmogorov_smirnov_p, widest_gap
from mlops_magics.monitor.power import POWER, Power, enough_rows


def test_the_widest_gap_is_scipys_statistic_where_each_value_is_a_bin() -> None:
    random = np.random.default_rng(0)
    for n, m in ((50, 70), (200, 3_000), (4_000, 4_000)):
        left, right = random.integers(0, 40, n), random.integers(2, 42, m)
        counts = [np.bincount(side, minlength=42).tolist() for side in (left, right)]
        place, gap = widest_gap(*counts)
        assert gap == pytest.approx(stats.ks_2samp(left, right, method="asymp").statistic)
        assert abs(np.mean(left <= place) - np.mean(right <= place)) == pytest.approx(gap)
    assert widest_gap([1, 2], [2, 4]) == (0, 0.0)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (60, 100), (50, 5_000), (300, 300)])
def test_the_p_value_of_a_gap_is_not_below_the_exact_one(n: int, m: int) -> None:
    random = np.random.default_rng(n)
    for shift in (0.2, 0.4, 0.6):
        exact = stats.ks_2samp(random.normal(size=n), random.normal(shift, size=m), method="exact")
        assert kolmogorov_smirnov_p(exact.statistic, n, m) >= exact.pvalue * 0.98


def test_the_floor_of_a_chosen_split_is_what_it_gives_without_drift() -> None:
    random, squares = np.random.default_rng(1), []
    for _ in range(400):
        left, right = (np.sort(random.random(2_000)) for _ in range(2))
        gap = stats.ks_2samp(left, right, method="asymp")
        hits = [int(np.searchsorted(side, gap.statistic_location, side="right")) for side in (left, right)]
        squares.append(jensen_shannon((hits[0], 2_000 - hits[0]), (hits[1], 2_000 - hits[1])) ** 2)
    # A gap away from the middle weighs more.
    assert 1.0 <= math.sqrt(np.mean(squares)) / split_floor(2_000, 2_000) < 1.15
    assert split_floor(10, 10) > noise_floor(4, 10, 10)


@pytest.mark.parametrize("freedom", [1, 5, 63])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_chi_square_sees_what_it_is_said_to_see(freedom: int, alpha: float) -> None:
    effect = Power(2_000, 5_000, freedom).detectable(alpha)
    noncentrality = effect**2 * 8 * math.log(2) / (1 / 2_000 + 1 / 5_000)
    assert stats.ncx2.sf(stats.chi2.isf(alpha, freedom), freedom, noncentrality) == pytest.approx(POWER, abs=1e-6)


def test_enough_rows_are_just_enough() -> None:
    for n, m in ((10_000, 200), (300, 300), (100, 100_000)):
        detectable = Power(n, m, None).detectable(0.01)
        rows, is_either = enough_rows(n, m, detectable=detectable, wanted=0.085)
        assert is_either == (n != 10_000)
        assert 0.08 < Power(rows if is_either else n, rows, None).detectable(0.01) <= 0.085
