"""Each test against its closed form, a brute-force computation or published numbers."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlops_magics.compare.significance.adjust import benjamini_hochberg, holm
from mlops_magics.compare.significance.cross_validation import corrected_t_test
from mlops_magics.compare.significance.delong import delong, delong_mean, midranks
from mlops_magics.compare.significance.estimate import Estimate, certain_estimate
from mlops_magics.compare.significance.mcnemar import mcnemar, tango
from mlops_magics.compare.significance.power import more_rows
from mlops_magics.compare.significance.rows import Answers, SameRows
from mlops_magics.compare.significance.testing import estimates

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def mirrored(found: Estimate, other: Estimate) -> bool:
    """Whether one is the other with its sides swapped."""
    return (
        (found.left, found.right, found.method) == (other.right, other.left, other.method)
        and found.low == pytest.approx(-other.high, abs=1e-9)
        and found.high == pytest.approx(-other.low, abs=1e-9)
        and found.p_value == pytest.approx(other.p_value)
        and found.chance_greater == pytest.approx(1 - other.chance_greater)
        and found.standard_error == pytest.approx(other.standard_error)
    )


# -- DeLong --------------------------------------------------------------------------------------------------------


def brute_force(is_positive: np.ndarray, left: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    """Both areas and the variance of their difference, from every pair (DeLong et al. 1988, eq. 1 to 6)."""
    kernels = []
    for scores in (left, right):
        above = scores[is_positive][:, None] - scores[~is_positive][None, :]
        kernels.append((above > 0) + (above == 0) / 2)
    first, second = kernels
    of_positives = np.cov(first.mean(axis=1), second.mean(axis=1))
    of_negatives = np.cov(first.mean(axis=0), second.mean(axis=0))
    spread = of_positives / first.shape[0] + of_negatives / first.shape[1]
    return first.mean(), second.mean(), spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]


@given(st.integers(0, 10_000), st.integers(5, 60), st.integers(2, 12))
@settings(deadline=None, max_examples=60)
def test_delong_is_what_all_pairs_say(seed, rows, levels) -> None:
    random = np.random.default_rng(seed)
    is_positive = random.permutation(np.arange(rows) < random.integers(2, rows - 1))
    left, right = (random.integers(0, levels, rows) + is_positive * random.integers(0, 3) for _ in range(2))
    found = delong(is_positive, left.astype(float), right.astype(float))
    first, second, variance = brute_force(is_positive, left, right)
    assert (found.left, found.right) == pytest.approx((first, second))
    assert found.standard_error == pytest.approx(math.sqrt(max(variance, 0)), abs=1e-9)
    if variance > 1e-12:
        assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(second - first) / math.sqrt(variance)), rel=1e-6)
        half = stats.norm.isf(0.025) * math.sqrt(variance)
        assert (found.low, found.high) == pytest.approx((second - first - half, second - first + half))
    assert mirrored(found, delong(is_positive, right.astype(float), left.astype(float)))
    # Only the order of scores counts, and calling the other class positive turns both areas round.
    assert delong(is_positive, np.exp(left / 3), right.astype(float)).difference == pytest.approx(found.difference)
    assert delong(~is_positive, -left.astype(float), -right.astype(float)).p_value == pytest.approx(found.p_value)


def test_midranks() -> None:
    values = np.array([3.0, 1, 3, 2, 2, 2, 7])
    assert (midranks(values) == stats.rankdata(values)).all()


def test_areas_over_several_labels() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 400)
    left, right = (random.normal(size=(400, 3)) + np.eye(3)[truth] * size for size in (1.0, 1.5))
    one = [truth == code for code in range(3)], list(left.T), list(right.T)
    found = delong_mean(*one)
    areas = [delong(truth == code, left[:, code], right[:, code]) for code in range(3)]
    assert found.difference == pytest.approx(np.mean([area.difference for area in areas]))
    # Against resampling, of which the labels' counts vary too.
    draws = []
    for _ in range(400):
        rows = random.integers(0, 400, 400)
        again = [delong(truth[rows] == code, left[rows, code], right[rows, code]).difference for code in range(3)]
        draws.append(np.mean(again))
    assert found.standard_error == pytest.approx(np.std(draws), rel=0.12)
    assert mirrored(found, delong_mean(one[0], one[2], one[1]))
    with pytest.raises(ValueError, match="1 of 400 rows have the label"):
        delong(np.arange(400) == 0, left[:, 0], right[:, 0])


# -- McNemar -------------------------------------------------------------------------------------------------------


def test_published_numbers_of_paired_proportions() -> None:
    """Airway hyper-responsiveness before and after a transplantation, 1 / 1 / 7 / 12 of 21 children: Bentur et al.
    (2009) as worked out by Fagerland, Lydersen & Laake (2013, table 2): exact conditional p = 0.070; and (2014,
    table VII): Tango's interval -0.517 to -0.026.
    """
    found = mcnemar(1, 7, both=1, rows=21)
    assert found.p_value == pytest.approx(0.0703, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((0.026, 0.517), abs=5e-4)
    assert found.method == "McNemar, exact"


def test_mcnemar_is_the_binomial_test_when_few_and_chi_square_when_many() -> None:
    for only_left, only_right in product(range(13), range(12)):
        found = mcnemar(only_left, only_right, both=30, rows=80)
        many = only_left + only_right
        exact = stats.binomtest(only_left, many).pvalue if many else 1.0
        assert found.p_value == pytest.approx(exact)
        assert mirrored(found, mcnemar(only_right, only_left, both=30, rows=80))
    for only_left, only_right in ((20, 5), (60, 80), (1000, 1100)):
        found = mcnemar(only_left, only_right, both=3000, rows=6000)
        statistic = (only_left - only_right) ** 2 / (only_left + only_right)
        assert found.p_value == pytest.approx(stats.chi2.sf(statistic, 1))
        assert found.has_zero == (found.p_value >= 0.05)
        assert mirrored(found, mcnemar(only_right, only_left, both=3000, rows=6000))


def test_the_ends_of_tango_are_where_its_score_is_the_quantile() -> None:
    """Tango (1998, eq. 10), with the shares found by maximising the likelihood on a grid instead of by its formula."""
    only_left, only_right, rows = 9, 21, 120
    shares = np.linspace(1e-6, 1, 400_001)
    for end, quantile in zip(tango(only_left, only_right, rows=rows), (1.959964, -1.959964), strict=True):
        possible = shares[(shares + end > 0) & (2 * shares + end < 1)]
        likelihood = (
            only_left * np.log(possible) + only_right * np.log(possible + end)
            + (rows - only_left - only_right) * np.log(1 - 2 * possible - end)
        )
        share = possible[likelihood.argmax()]
        score = (only_right - only_left - rows * end) / math.sqrt(rows * (2 * share + end * (1 - end)))
        assert score == pytest.approx(quantile, abs=1e-3)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_an_interval_holds_the_difference_and_stays_in_range(only_left, only_right, both, neither) -> None:
    rows = max(1, only_left + only_right + both + neither)
    found = mcnemar(only_left, only_right, both=both, rows=rows)
    assert -1 <= found.low <= found.difference + 1e-12 <= found.high + 2e-12 <= 1 + 2e-12
    assert 0 <= found.p_value <= 1


# -- folds, adjustment, power --------------------------------------------------------------------------------------


def test_the_corrected_t_test_by_hand() -> None:
    """Nadeau & Bengio (2003): the usual paired t, made smaller by the overlap of training sets."""
    random = np.random.default_rng(1)
    left, right = random.normal(0.80, 0.02, 10), random.normal(0.82, 0.02, 10)
    found = corrected_t_test(left.tolist(), right.tolist())
    usual = stats.ttest_rel(right, left)
    t = usual.statistic * math.sqrt((1 / 10) / (1 / 10 + 1 / 9))
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), 9))
    assert (found.low + found.high) / 2 == pytest.approx(found.difference)
    assert found.standard_error == pytest.approx(found.difference / t)
    assert mirrored(found, corrected_t_test(right.tolist(), left.tolist()))
    assert corrected_t_test(left.tolist(), right.tolist(), test_share=0.2).p_value > found.p_value
    assert corrected_t_test([0.5, 0.6, 0.7], [0.5, 0.6, 0.7]).p_value == 1.0
    for wrong in (([1.0], [2.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(ValueError, match="at least two"):
            corrected_t_test(*wrong)
    with pytest.raises(ValueError, match="between 0 and 1"):
        corrected_t_test([1.0, 2.0], [1.0, 3.0], test_share=1.0)


@given(P_VALUES)
def test_benjamini_hochberg_is_that_of_scipy(p_values) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(list(stats.false_discovery_control(p_values)))


@given(P_VALUES)
def test_holm_rejects_step_by_step(p_values) -> None:
    adjusted = holm(p_values)
    for alpha in (0.01, 0.05, 0.2):
        rejected: set[int] = set()
        for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[index] * (len(p_values) - rank) > alpha:
                break
            rejected.add(index)
        assert {index for index, p_value in enumerate(adjusted) if p_value <= alpha} == rejected
    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))


def test_holm_of_its_paper() -> None:
    """Holm (1979), section 3: p-values 0.01, 0.02, 0.04 of three are 0.03, 0.04, 0.04."""
    assert holm([0.02, 0.04, 0.01]) == pytest.approx((0.04, 0.04, 0.03))
    assert holm([]) == benjamini_hochberg([]) == ()


def test_so_many_rows_tell_two_apart_in_four_of_five() -> None:
    """A difference of 0.2 standard deviations takes 197 pairs (Cohen 1988, table 2.4.1, two-sided, power 0.80)."""
    assert more_rows(0.2, 1 / math.sqrt(50), rows=50) == 197 - 50
    assert more_rows(0.2, 0.01, rows=5000) == 0
    assert more_rows(0.0, 0.01, rows=50) is None
    random = np.random.default_rng(0)
    means = random.normal(0.2, 1, size=(4000, 197)).mean(axis=1)
    assert (np.abs(means) * math.sqrt(197) > 1.959964).mean() == pytest.approx(0.8, abs=0.02)


def test_rows_without_spread_are_not_more_certain_than_their_number() -> None:
    assert certain_estimate(0.5, 1.0, rows=3, method="").p_value == 0.25
    assert certain_estimate(0.5, 0.5, rows=3, method="").chance_greater == 0.5
    perfect, useless = np.array([0.0] * 3 + [1.0] * 3), np.zeros(6)
    found = delong(np.arange(6) > 2, useless, perfect)
    assert (found.difference, found.p_value) == (0.5, 1 / 32)


# -- coverage ------------------------------------------------------------------------------------------------------


def test_intervals_of_areas_cover_the_truth() -> None:
    """95 % intervals of DeLong hold the true difference in at least 93 % of 2,000 samples of 60 and 140 rows."""
    random = np.random.default_rng(7)
    # Two normal scores of equal spread: the area is the distribution function at distance / √2.
    truth = stats.norm.cdf(1.3 / math.sqrt(2)) - stats.norm.cdf(1.0 / math.sqrt(2))
    is_positive = np.arange(200) < 60
    hits, wrong = 0, 0
    for _ in range(2000):
        shared = random.normal(size=200) * math.sqrt(0.5)
        left, right, same = (
            shared + random.normal(size=200) * math.sqrt(0.5) + distance * is_positive for distance in (1.0, 1.3, 1.0)
        )
        found = delong(is_positive, left, right)
        hits += found.low <= truth <= found.high
        wrong += delong(is_positive, left, same).p_value < 0.05
    assert 0.93 <= hits / 2000 <= 0.97, hits
    assert wrong / 2000 <= 0.07, wrong


@pytest.mark.parametrize(("only_left", "only_right", "rows"), [(0.10, 0.15, 150), (0.02, 0.06, 80), (0.2, 0.2, 400)])
def test_intervals_of_accuracies_cover_the_truth(only_left, only_right, rows) -> None:
    """Those of Tango hold the true difference in at least 93 % of 2,000 samples; the test is wrong at most in 6 %."""
    random = np.random.default_rng(8)
    shares = [only_left, only_right, 0.5, 0.5 - only_left - only_right]
    drawn = random.multinomial(rows, shares, size=2000)
    found = [mcnemar(int(left), int(right), both=int(both), rows=rows) for left, right, both, _ in drawn]
    hits = np.mean([one.low <= only_right - only_left <= one.high for one in found])
    assert 0.93 <= hits <= 0.99, hits
    if only_left == only_right:
        assert np.mean([one.p_value < 0.05 for one in found]) <= 0.06


def answered(truth, left, right) -> SameRows:
    return SameRows("test", "binary", ("no", "yes"), truth, Answers(left, None, {}), Answers(right, None, {}))


OF_ANSWERS = ("recall", "precision", "f1", "balanced_accuracy")


def test_five_rows_of_one_opinion_are_no_proof() -> None:
    truth = (np.arange(1000) < 315).astype(np.intp)
    left = np.where(np.arange(1000) % 5 > 0, truth, 1 - truth)
    right = left.copy()
    right[[0, 5, 10, 15, 20]] = 1
    found, notes = estimates(answered(truth, left, right), OF_ANSWERS)
    assert list(found) == ["recall"]
    assert found["recall"].p_value == 0.0625
    assert found["recall"].difference == pytest.approx(5 / 315)
    assert notes == dict.fromkeys(OF_ANSWERS[1:], "only 5 rows decide, too few to resample")
    # Hundreds of rows differ, but the four of the rare label say nearly all there is to say of the mean of recalls.
    rare = (np.arange(1000) < 30).astype(np.intp)
    right[400::2] ^= 1
    notes = estimates(answered(rare, left, right), ["balanced_accuracy"])[1]
    assert notes["balanced_accuracy"].startswith("only about ")
    same, notes = estimates(answered(truth, left, left), OF_ANSWERS)
    assert (list(same), same["recall"].p_value) == (["recall"], 1.0)
    assert set(notes.values()) == {"both answer the same in every row"}
    assert "recall" not in estimates(answered(truth * 0, left, right), ["recall"])[0]


@pytest.mark.slow
@pytest.mark.parametrize(("positive", "differ"), [(100, (14, 14)), (100, (3, 6)), (40, (4, 200)), (40, (15, 60))])
def test_few_rows_raise_no_false_alarm(positive, differ) -> None:
    """Of two sides that are equally good, at most 7 in 100 samples are told apart by any one metric."""
    random = np.random.default_rng(9)
    truth = (np.arange(600) < positive).astype(np.intp)
    wrong = dict.fromkeys(OF_ANSWERS, 0)
    for _ in range(300):
        left = np.where(random.random(600) < 0.8, truth, 1 - truth)
        rows = np.concatenate([
            random.permutation(np.flatnonzero(truth == label))[: random.poisson(mean)]
            for label, mean in zip((1, 0), differ, strict=True)
        ])
        left[rows] = random.integers(0, 2, len(rows))
        right = left.copy()
        right[rows] ^= 1
        for name, found in estimates(answered(truth, left, right), OF_ANSWERS, resamples=1000)[0].items():
            wrong[name] += found.p_value < 0.05 and not found.has_zero
    assert max(wrong.values()) <= 0.07 * 300, wrong
