"""Resamples: drawn at once they are what drawing row by row gives, and the seed alone decides."""

import numpy as np
import pytest
from scipy import stats

from mlops_magics.compare.significance import drawing
from mlops_magics.compare.significance.drawing import ENOUGH_ROWS, drawn


def counts(rows: int, *, many: int, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(drawn(rows, seed=seed, many=many)))


@pytest.mark.parametrize("rows", [2, 60, ENOUGH_ROWS - 1, ENOUGH_ROWS, ENOUGH_ROWS + 3, 5000])
def test_every_resample_has_as_many_rows(rows) -> None:
    found = counts(rows, many=300)
    assert found.shape == (300, rows)
    assert (found.sum(axis=1) == rows).all()


@pytest.mark.parametrize("rows", [ENOUGH_ROWS, 4001])
def test_counts_are_those_of_drawing_row_by_row(rows) -> None:
    found = counts(rows, many=4_000_000 // rows)
    share = np.bincount(found.ravel(), minlength=9) / found.size
    expected = stats.binom.pmf(np.arange(len(share)), rows, 1 / rows)
    error = np.sqrt(expected * (1 - expected) / found.size)
    assert (np.abs(share - expected) < 5 * error + 2**-15).all()
    assert found.var() == pytest.approx(1 - 1 / rows, rel=0.003)
    # No row is drawn more often than another.
    assert stats.kstest((found.mean(axis=0) - 1) * np.sqrt(len(found)), "norm").pvalue > 1e-4


def test_the_spread_of_a_mean_is_the_textbooks() -> None:
    values = np.random.default_rng(1).lognormal(size=3000)
    means = counts(3000, many=4000) @ values / 3000
    assert means.std() == pytest.approx(values.std() / np.sqrt(3000), rel=0.04)
    assert means.mean() == pytest.approx(values.mean(), abs=5 * values.std() / np.sqrt(3000 * 4000))


@pytest.mark.parametrize("rows", [60, 2000])
def test_the_seed_decides_and_the_size_of_blocks_does_not(rows, monkeypatch) -> None:
    found = counts(rows, many=50)
    monkeypatch.setattr(drawing, "LARGEST_BLOCK", rows * 7)
    assert (counts(rows, many=50) == found).all()
    assert (counts(rows, many=50, seed=1) != found).any()
