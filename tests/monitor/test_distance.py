import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops_magics.data.distance import excess, jensen_shannon, noise_floor
from mlops_magics.monitor.distance import (
    benjamini_hochberg,
    chi_square_p,
    fisher_p,
    one_sided_chance,
    population_stability_index,
    share_p,
)

counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=30).filter(
    lambda pairs: all(map(sum, zip(*pairs, strict=True)))
)


@settings(deadline=None)
@given(counts)
def test_jensen_shannon_and_chi_square_agree_with_scipy(pairs: list[tuple[int, int]]) -> None:
    left, right = zip(*pairs, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert jensen_shannon(left, right) == pytest.approx(jensenshannon(left, right, base=2), abs=1e-6)
    filled = np.array([pair for pair in pairs if sum(pair)]).T
    if filled.shape[1] > 1:
        expected = stats.chi2_contingency(filled, correction=False).pvalue
        assert chi_square_p(left, right) == pytest.approx(expected, rel=1e-6)
    assert jensen_shannon(left, right) == pytest.approx(jensen_shannon(right, left), abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 40), st.integers(1, 2_000))
def test_fisher_agrees_with_scipy(hits: int, rest: int, now: int, now_rest: int) -> None:
    expected = stats.fisher_exact([[hits, rest], [now, now_rest]]).pvalue
    assert fisher_p(hits, hits + rest, now, now + now_rest) == pytest.approx(expected, rel=1e-6)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_benjamini_hochberg_agrees_with_scipy(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values).tolist())


def test_the_noise_floor_is_the_mean_distance_without_drift() -> None:
    random = np.random.default_rng(5)
    for bins, n, m in ((102, 100_000, 100_000), (12, 100, 100), (64, 10_000, 1_000), (20, 10**7, 10**6)):
        share = random.dirichlet(np.full(bins, 20.0))
        seen = [jensen_shannon(random.multinomial(n, share), random.multinomial(m, share)) for _ in range(60)]
        assert np.mean(seen) == pytest.approx(noise_floor(bins, n, m), rel=0.1)
    assert noise_floor(102, 100_000, 100_000) == pytest.approx(0.0191, abs=5e-5)
    assert excess(0.01, 0.02) == 0.0
    assert excess(0.05, 0.03) == pytest.approx(0.04)


def test_the_chance_of_being_on_one_side_is_a_count_of_choices() -> None:
    assert one_sided_chance(2, 3, 2) == pytest.approx(math.comb(3, 2) / math.comb(5, 2))
    assert one_sided_chance(0, 3, 2) == pytest.approx(1.0)
    assert one_sided_chance(4, 3, 2) == 0.0
    assert one_sided_chance(5, 10**7, 10**7) == pytest.approx(2.0**-5, rel=1e-5)


def test_population_stability_index_says_what_it_puts_for_nothing() -> None:
    assert population_stability_index([50, 50], [50, 50]) == 0
    assert population_stability_index([50, 50], [60, 40]) == pytest.approx(0.1 * math.log(1.2) - 0.1 * math.log(0.8))
    assert population_stability_index([100, 0], [90, 10]) == pytest.approx(
        -0.1 * math.log(0.9) + (0.1 - 1e-4) * math.log(0.1 / 1e-4)
    )


def test_rare_shares_are_tested_exactly() -> None:
    assert share_p(0, 100, 1, 100) == pytest.approx(1.0)
    assert share_p(500, 10_000, 2_000, 10_000) < 1e-100
    assert share_p(0, 10, 0, 20) == 1.0
    assert math.isnan(jensen_shannon([0, 0], [1, 2]))
