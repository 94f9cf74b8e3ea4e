"""The bootstrap against definitions: resamples and jackknives one by one, scikit-learn's metrics, scipy's BCa."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from mlops_magics.compare.significance.bootstrap import Paired, bca, bootstrap, resamples_for
from mlops_magics.compare.significance.measures import measures
from mlops_magics.compare.significance.rows import Answers, SameRows
from mlops_magics.compare.significance.statistics import AveragePrecision, Median, OfMeans, Quantities, Resamples

TINY = np.finfo(np.float64).eps


def balanced(truth, answer) -> float:
    return float(np.mean([(answer[truth == label] == label).mean() for label in np.unique(truth)]))


BY_NUMBER = {
    "mae": metrics.mean_absolute_error,
    "rmse": metrics.root_mean_squared_error,
    "median_ae": metrics.median_absolute_error,
    "r2": metrics.r2_score,
    "mape": metrics.mean_absolute_percentage_error,
    "bias": lambda truth, answer: abs((answer - truth).mean()),
    "explained_variance": metrics.explained_variance_score,
}
BY_SCORE = {
    "average_precision": metrics.average_precision_score,
    "brier": metrics.brier_score_loss,
    "log_loss": metrics.log_loss,
}
BY_ANSWER = {
    "f1": metrics.f1_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "balanced_accuracy": balanced,
}
BY_LABEL = {
    "f1_macro": lambda truth, answer: metrics.f1_score(truth, answer, average="macro"),
    "f1_weighted": lambda truth, answer: metrics.f1_score(truth, answer, average="weighted"),
    "balanced_accuracy": balanced,
}


def numbers(random, rows=60) -> SameRows:
    truth = random.normal(5, 2, rows)
    sides = (Answers(truth + random.normal(0.1, size, rows).round(1), None, {}) for size in (1.0, 1.2))
    return SameRows("test", "regression", (), truth, *sides)


def binary(random, rows=60) -> SameRows:
    truth = random.permutation(np.arange(rows) % 3 == 0).astype(np.intp)
    sides = []
    for _ in range(2):
        score = (random.random(rows) * 0.7 + truth * 0.2).round(1) + 0.05
        loss = metrics.log_loss(truth, score)
        sides.append(Answers((score > 0.5).astype(np.intp), score, {"log_loss": loss}))
    return SameRows("test", "binary", ("no", "yes"), truth, *sides)


def several(random, rows=60) -> SameRows:
    truth = random.permutation(np.arange(rows) % 4).astype(np.intp)
    sides = []
    for _ in range(2):
        score = random.dirichlet(np.ones(4), rows)
        loss = metrics.log_loss(truth, score)
        answer = np.where(random.random(rows) < 0.5, truth, score.argmax(axis=1))
        sides.append(Answers(answer, score, {"log_loss": loss}))
    return SameRows("test", "multiclass", tuple("abcd"), truth, *sides)


def by_definition(rows: SameRows, side: Answers, places) -> dict[str, float]:
    truth, answer = rows.truth[places], side.answer[places]
    if rows.task == "regression":
        return {name: metric(truth, answer) for name, metric in BY_NUMBER.items()}
    score = side.scores[places]
    if rows.task == "multiclass":
        loss = metrics.log_loss(truth, score, labels=range(4))
        return {"log_loss": loss, **{name: metric(truth, answer) for name, metric in BY_LABEL.items()}}
    return {name: metric(truth, score) for name, metric in BY_SCORE.items()} | {
        name: metric(truth, answer) for name, metric in BY_ANSWER.items()
    }


@pytest.mark.parametrize("kind", [numbers, binary, several])
def test_every_metric_of_samples_resamples_and_jackknives(kind) -> None:
    random = np.random.default_rng(3)
    rows = kind(random)
    size = len(rows)
    statistics = measures(rows, rows.left)
    assert set(statistics) == set(by_definition(rows, rows.left, slice(None)))
    draws = random.integers(0, size, (25, size))
    counts = Resamples(np.stack([np.bincount(draw, minlength=size) for draw in draws]).astype(np.int32))
    whole = Resamples(np.ones((1, size), dtype=np.int32))
    expected = [by_definition(rows, rows.left, draw) for draw in draws]
    without = [by_definition(rows, rows.left, np.delete(np.arange(size), row)) for row in range(size)]
    for name, statistic in statistics.items():
        assert statistic.resampled(whole)[0] == pytest.approx(by_definition(rows, rows.left, slice(None))[name])
        assert statistic.resampled(counts) == pytest.approx([one[name] for one in expected])
        assert statistic.without_each() == pytest.approx([one[name] for one in without])


@given(st.lists(st.integers(0, 5), min_size=3, max_size=12), st.integers(0, 1000))
@settings(deadline=None)
def test_rankings_and_medians_with_ties(values, seed) -> None:
    random = np.random.default_rng(seed)
    scores = np.array(values, dtype=float)
    is_positive = random.random(len(scores)) < 0.5
    is_positive[:2] = True
    draw = random.integers(0, len(scores), len(scores))
    counts = Resamples(np.bincount(draw, minlength=len(scores)).astype(np.int32)[None, :])
    others = [np.delete(np.arange(len(scores)), row) for row in range(len(scores))]
    median = Median(scores)
    assert median.resampled(counts)[0] == np.median(scores[draw])
    assert median.without_each() == pytest.approx([np.median(scores[rows]) for rows in others])
    precision = AveragePrecision(is_positive, scores)
    if is_positive[draw].any():
        expected = metrics.average_precision_score(is_positive[draw], scores[draw])
        assert precision.resampled(counts)[0] == pytest.approx(expected)
    else:
        assert np.isnan(precision.resampled(counts)[0])
    expected = [metrics.average_precision_score(is_positive[rows], scores[rows]) for rows in others]
    assert precision.without_each() == pytest.approx(expected)


def mean_of(values: np.ndarray) -> OfMeans:
    return OfMeans(Quantities(values[:, None]), lambda means: means[:, 0])


def test_the_interval_is_that_of_scipy() -> None:
    """Equal replicates give an equal BCa interval; scipy's p-value has no counterpart."""
    values = np.random.default_rng(5).lognormal(size=80)
    found = stats.bootstrap((values,), np.mean, method="BCa", n_resamples=3000, rng=1, vectorized=True)
    others = np.array([np.delete(values, row).mean() for row in range(80)])
    ours = bca(found.bootstrap_distribution, left=0.0, right=values.mean(), jackknife=others)
    assert (ours.low, ours.high) == pytest.approx(tuple(found.confidence_interval))
    assert ours.standard_error == pytest.approx(found.standard_error)


@given(st.integers(0, 10_000), st.floats(-0.6, 0.6))
@settings(deadline=None, max_examples=40)
def test_the_p_value_is_where_the_interval_touches_0(seed, shift) -> None:
    values = np.random.default_rng(seed).lognormal(size=40)
    values -= values.mean() + shift
    found = bootstrap({"m": Paired(mean_of(values * 0), mean_of(values))}, rows=40, resamples=4000)["m"]
    if 0.02 < found.p_value < 0.9:
        wider = bootstrap(
            {"m": Paired(mean_of(values * 0), mean_of(values))}, rows=40, resamples=4000, level=1 - found.p_value
        )["m"]
        assert min(abs(wider.low), abs(wider.high)) < 0.15 * found.standard_error
    assert 2 / 4001 <= found.p_value <= 1


def test_swapped_sides_are_mirrored_and_equal_ones_are_equal() -> None:
    for kind in (numbers, binary, several):
        rows = kind(np.random.default_rng(1))
        left, right = (measures(rows, side) for side in (rows.left, rows.right))
        there = bootstrap({name: Paired(left[name], right[name]) for name in left}, rows=60, seed=4, resamples=500)
        back = bootstrap({name: Paired(right[name], left[name]) for name in left}, rows=60, seed=4, resamples=500)
        none = bootstrap({name: Paired(left[name], left[name]) for name in left}, rows=60, seed=4, resamples=500)
        assert set(there) == set(back) == set(left)
        for name, found in there.items():
            assert (found.low, found.high) == pytest.approx((-back[name].high, -back[name].low))
            assert found.p_value == pytest.approx(back[name].p_value)
            assert found.chance_greater == pytest.approx(1 - back[name].chance_greater)
            same = none[name]
            assert (same.difference, same.low, same.high, same.p_value, same.chance_greater) == (0, 0, 0, 1, 0.5)


def test_the_seed_decides_and_blocks_do_not(monkeypatch) -> None:
    rows = binary(np.random.default_rng(1))
    pairs = {"f1": Paired(measures(rows, rows.left)["f1"], measures(rows, rows.right)["f1"])}
    found = bootstrap(pairs, rows=60, seed=4)
    assert bootstrap(pairs, rows=60, seed=4) == found != bootstrap(pairs, rows=60, seed=5)
    monkeypatch.setattr("mlops_magics.compare.significance.drawing.LARGEST_BLOCK", 60 * 7)
    assert bootstrap(pairs, rows=60, seed=4) == found
    assert f"{resamples_for(60):,} resamples" in found["f1"].method


def test_what_is_mostly_undefined_has_no_interval() -> None:
    truth = np.zeros(40, dtype=np.intp)
    truth[0] = 1
    side = Answers(truth, None, {})
    rows = SameRows("test", "binary", ("no", "yes"), truth, side, side)
    recall = measures(rows, side)["recall"]
    assert bootstrap({"recall": Paired(recall, recall)}, rows=40) == {}


# -- coverage ------------------------------------------------------------------------------------------------------


def noisy_numbers(random, rows, *, freedom=None) -> SameRows:
    """Errors that are partly shared, normal or with the tails of Student's t."""
    truth = random.normal(0, 2, rows)
    shared = random.normal(0, 0.6, rows)
    sides = []
    for shift, size in ((0.1, 0.8), (0.3, 1.0)):
        own = random.standard_t(freedom, rows) if freedom else random.normal(size=rows)
        sides.append(Answers(truth + shift + shared + own * size, None, {}))
    return SameRows("test", "regression", (), truth, *sides)


def heavy_numbers(random, rows) -> SameRows:
    return noisy_numbers(random, rows, freedom=6)


def noisy_labels(random, rows) -> SameRows:
    """Overlapping scores, one better than the other, probabilities as logistic values of them."""
    truth = (random.random(rows) < 0.3).astype(np.intp)
    shared = random.normal(size=rows)
    sides = []
    for gain in (0.8, 1.2):
        score = 1 / (1 + np.exp(-(gain * (truth - 0.5) * 2 + 0.7 * shared + 0.7 * random.normal(size=rows) - 0.5)))
        given = np.where(truth == 1, score, 1 - score)
        sides.append(Answers((score > 0.5).astype(np.intp), score, {"log_loss": -np.log(given).mean()}))
    return SameRows("test", "binary", ("no", "yes"), truth, *sides)


def covered(make, truths, *, times, rows) -> dict[str, float]:
    """The share of samples whose 95 % interval holds the truth, by metric."""
    hits = dict.fromkeys(truths, 0)
    for seed in range(times):
        sample = make(np.random.default_rng([7, seed]), rows)
        left, right = measures(sample, sample.left), measures(sample, sample.right)
        pairs = {name: Paired(left[name], right[name]) for name in truths}
        for name, found in bootstrap(pairs, rows=rows, seed=seed, resamples=1000).items():
            hits[name] += found.low <= truths[name] <= found.high
    return {name: many / times for name, many in hits.items()}


def differences(population: SameRows) -> dict[str, float]:
    whole = Resamples(np.ones((1, len(population)), dtype=np.int32))
    left, right = measures(population, population.left), measures(population, population.right)
    return {name: float(right[name].resampled(whole)[0] - left[name].resampled(whole)[0]) for name in left}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "least"),
    # Of errors with heavy tails, 250 rows do not know the variance of squares, and no resampling can tell them.
    [(noisy_numbers, 0.93), (noisy_labels, 0.93), (heavy_numbers, 0.90)],
)
def test_intervals_cover_the_truth(make, least) -> None:
    """95 % intervals hold the difference of the population in at least 93 % of 2,000 samples of 250 rows."""
    truths = differences(make(np.random.default_rng(99), 2_000_000))
    truths = {name: value for name, value in truths.items() if name not in {"mape", "bias"}}
    shares = covered(make, truths, times=2000, rows=250)
    print(shares)
    assert least <= min(shares.values()), shares
    assert max(shares.values()) <= 0.975, shares
