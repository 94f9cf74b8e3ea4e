"""Curves stay bounded and close; short ones lose nothing; the corners people read are there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mlops_magics.model.curves import (
    LIMIT,
    calibration_series,
    precision_recall_series,
    predicted_true_series,
    quantile_bins,
    residual_series,
    roc_series,
    thin,
)
from mlops_magics.model.metrics import rank

seeds = st.integers(0, 2**32 - 1)


def simulated(seed: int, rows: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, levels, rows) / levels
    truth = generator.random(rows) < scores
    truth[:2] = [True, False]
    return truth, scores


@settings(max_examples=60, deadline=None)
@given(seed=seeds, rows=st.integers(2, 5000), levels=st.sampled_from([1, 3, 50, 10**6]))
def test_roc_is_bounded_keeps_its_corners_and_its_area(seed, rows, levels) -> None:
    truth, scores = simulated(seed, rows, levels)
    ranking = rank(truth, scores)
    curve = roc_series(ranking, name="late")
    x, y = np.array(curve["x"]), np.array(curve["y"])
    assert len(x) == len(y) == len(curve["thresholds"]) <= LIMIT
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    fpr, tpr, _ = sk.roc_curve(truth, scores, drop_intermediate=False)
    points = set(zip(fpr.tolist(), tpr.tolist(), strict=True))
    assert set(zip(curve["x"], curve["y"], strict=True)) <= points
    assert max(y - x) == max(tpr - fpr)
    area = ((y[1:] + y[:-1]) * np.diff(x)).sum() / 2
    assert area == pytest.approx(ranking.roc_auc, abs=0.002)
    if len(fpr) <= LIMIT:
        assert area == pytest.approx(sk.roc_auc_score(truth, scores), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, rows=st.integers(2, 5000), levels=st.sampled_from([1, 3, 50, 10**6]))
def test_precision_recall_is_bounded_and_keeps_the_best_f1(seed, rows, levels) -> None:
    truth, scores = simulated(seed, rows, levels)
    curve = precision_recall_series(rank(truth, scores), name="late")
    recall, precision = np.array(curve["x"]), np.array(curve["y"])
    assert len(recall) <= LIMIT
    full_precision, full_recall, _ = sk.precision_recall_curve(truth, scores)
    points = set(zip(full_recall.tolist(), full_precision.tolist(), strict=True))
    assert set(zip(curve["x"], curve["y"], strict=True)) <= points
    with np.errstate(invalid="ignore"):
        best = np.nanmax(2 * full_precision * full_recall / (full_precision + full_recall))
        assert np.nanmax(2 * precision * recall / (precision + recall)) == pytest.approx(best, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, points=st.integers(1, 3000), keep=st.integers(0, 10**6))
def test_what_thin_leaves_out_is_near_what_it_keeps(seed, points, keep) -> None:
    generator = np.random.default_rng(seed)
    x = np.sort(generator.random(points))
    y = np.cumsum(generator.normal(size=points))
    at = thin(x, y, keep=[keep % points])
    assert len(at) <= LIMIT
    assert {0, points - 1, keep % points} <= set(at.tolist())
    assert (np.diff(at) > 0).all()
    if points <= LIMIT:
        assert len(at) == points
    length = np.abs(np.diff(x)).sum() + np.abs(np.diff(y)).sum()
    distance = np.abs(x[:, None] - x[at]) + np.abs(y[:, None] - y[at])
    assert distance.min(axis=1).max() <= length / (LIMIT - 4) + 1e-9


def test_straight_stretches_go_first() -> None:
    x = np.arange(1000.0)
    assert thin(x, np.minimum(x, 500)).tolist() == [0, 500, 999]


@settings(max_examples=60, deadline=None)
@given(seed=seeds, rows=st.integers(1, 3000), levels=st.sampled_from([1, 2, 7, 10**6]))
def test_bins_never_tear_equal_values_apart(seed, rows, levels) -> None:
    values = np.random.default_rng(seed).integers(0, levels, rows) / levels
    bins = quantile_bins(values)
    assert bins.max() < 20
    assert len({(value, number) for value, number in zip(values, bins, strict=True)}) == len(set(values))
    assert (np.diff(bins[np.argsort(values, kind="stable")]) >= 0).all()


def test_calibration_tells_a_calibrated_score_from_an_overconfident_one() -> None:
    generator = np.random.default_rng(5)
    chance = generator.random(200_000)
    hit = generator.random(200_000) < chance
    honest = calibration_series(hit, chance, name="late")
    assert np.abs(np.array(honest["x"]) - honest["y"]).max() < 0.02
    assert sum(honest["rows"]) == 200_000
    boasting = calibration_series(hit, (chance > 0.5) * 0.98 + 0.01, name="late")
    assert np.abs(np.array(boasting["x"]) - boasting["y"]).max() > 0.2


def test_the_summary_of_a_regression_counts_every_row() -> None:
    generator = np.random.default_rng(6)
    truth = generator.normal(size=5000)
    answer = truth + generator.normal(1.0, 0.1, 5000)
    residuals = residual_series(truth, answer)
    assert sum(residuals["y"]) + residuals["below"] + residuals["above"] == 5000
    assert residuals["quantiles"]["50"] == pytest.approx(1.0, abs=0.02)
    mean, low, high = predicted_true_series(truth, answer)
    assert sum(mean["rows"]) == 5000
    assert all(a <= b for a, b in zip(low["y"], high["y"], strict=True))
    assert sum(residual_series(truth, truth)["y"]) == 5000


@settings(max_examples=100, deadline=None)
@given(
    offset=st.floats(-1e12, 1e12), noise=st.sampled_from([0.0, 1e-300, 1e-16, 1e-9, 1.0, 1e9]), rows=st.integers(1, 60),
    seed=seeds,
)
def test_any_errors_make_a_histogram(offset, noise, rows, seed) -> None:
    truth = np.random.default_rng(seed).normal(size=rows)
    answer = truth + offset + np.random.default_rng(seed + 1).normal(size=rows) * noise
    residuals = residual_series(truth, answer)
    assert sum(residuals["y"]) + residuals["below"] + residuals["above"] == rows
    assert np.isfinite(residuals["x"]).all()
    assert sum(predicted_true_series(truth, answer)[0]["rows"]) == rows
