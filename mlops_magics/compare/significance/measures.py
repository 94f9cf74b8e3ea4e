"""The metrics of an evaluation as statistics of its rows, with the same values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from mlops_magics.compare.significance.rows import Answers, SameRows
from mlops_magics.compare.significance.statistics import (
    AveragePrecision,
    Floats,
    Median,
    OfMeans,
    Quantities,
    Statistic,
    Tallies,
)

SIGNED = "bias"
"""The one metric of which neither the greater nor the smaller is better, but the one closer to 0: its size counts."""


def measures(rows: SameRows, side: Answers) -> dict[str, Statistic]:
    """Every metric of the task that has a value on these rows, but accuracy and areas under ROC curves.

    Values equal those of :mod:`mlops_magics.model.metrics`; ``bias`` is its size.
    """
    found = _of_numbers(rows, side) if rows.task == "regression" else _of_classes(rows, side)
    return dict(found)


def _of_numbers(rows: SameRows, side: Answers) -> Iterator[tuple[str, Statistic]]:
    truth, error = rows.truth, side.answer - rows.truth
    size = np.abs(error)
    if not np.isfinite(error).all():
        return
    # From the mean, so that the difference of two great sums keeps its digits.
    centred = truth - truth.mean()
    quantities = Quantities(np.stack([size, error, error**2, centred, centred**2], axis=1))
    yield "mae", OfMeans(quantities, partial(_column, number=0))
    yield "rmse", OfMeans(quantities, lambda means: np.sqrt(np.maximum(means[:, 2], 0.0)))
    yield "median_ae", Median(size)
    yield "r2", OfMeans(quantities, lambda means: 1 - _ratio(means[:, 2], _variance(means, 3)))
    if (truth != 0).all():
        yield "mape", OfMeans(Quantities((size / np.abs(truth))[:, None]), partial(_column, number=0))
    yield SIGNED, OfMeans(quantities, lambda means: np.abs(means[:, 1]))
    yield "explained_variance", OfMeans(quantities, lambda means: 1 - _ratio(_variance(means, 1), _variance(means, 3)))


def _of_classes(rows: SameRows, side: Answers) -> Iterator[tuple[str, Statistic]]:
    truth, scores = rows.truth, side.scores
    if scores is not None and "log_loss" in side.metrics:
        yield "log_loss", OfMeans(Quantities(_log_losses(rows, side)[:, None]), partial(_column, number=0))
    labels = len(rows.labels)
    share = partial(OfMeans, Tallies.of(truth, side.answer, labels=labels))
    yield "balanced_accuracy", share(partial(_mean_recall, labels=labels))
    if rows.task != "binary":
        yield "f1_macro", share(partial(_f1_mean, labels=labels, is_weighted=False))
        yield "f1_weighted", share(partial(_f1_mean, labels=labels, is_weighted=True))
        return
    if scores is not None:
        is_positive = truth == 1
        yield "average_precision", AveragePrecision(is_positive, scores)
        yield "brier", OfMeans(Quantities(((scores - is_positive) ** 2)[:, None]), partial(_column, number=0))
    true, said, hit = 1, labels + 1, 2 * labels + 1
    yield "f1", share(lambda means: _ratio(2 * means[:, hit], means[:, true] + means[:, said]))
    yield "precision", share(lambda means: _ratio(means[:, hit], means[:, said]))
    yield "recall", share(lambda means: _ratio(means[:, hit], means[:, true]))


def _log_losses(rows: SameRows, side: Answers) -> Floats:
    """Per row. Probabilities were clipped at the precision the model gave them in, which the recorded value tells."""
    assert side.scores is not None
    if side.scores.ndim == 1:
        given = np.where(rows.truth == 1, side.scores, 1 - side.scores)
    else:
        given = side.scores[np.arange(len(rows)), rows.truth]
    losses: list[Floats] = []
    for precision in (np.float64, np.float32):
        tiny = np.finfo(precision).eps
        losses.append(-np.log(np.clip(given, tiny, 1 - tiny)))
    recorded = side.metrics["log_loss"]
    return min(losses, key=lambda loss: abs(float(loss.mean()) - recorded))


def _column(means: Floats, number: int) -> Floats:
    return means[:, number]


def _ratio(above: Floats, below: Floats) -> Floats:
    """NaN where there is nothing below. What is left of 1 after a subtraction is nothing too."""
    is_something = below > 1e-14
    found: Floats = np.divide(above, below, out=np.full(len(below), np.nan), where=is_something)
    return found


def _variance(means: Floats, number: int) -> Floats:
    """Of the quantity, whose square is the next one."""
    spread: Floats = means[:, number + 1] - means[:, number] ** 2
    return spread


def _by_label(means: Floats, labels: int) -> tuple[Floats, Floats, Floats]:
    return means[:, :labels], means[:, labels : 2 * labels], means[:, 2 * labels :]


def _mean_recall(means: Floats, labels: int) -> Floats:
    true, _, hit = _by_label(means, labels)
    occurs = true > 1e-14
    recalls = np.divide(hit, true, out=np.zeros_like(hit), where=occurs)
    return _ratio(recalls.sum(axis=1), occurs.sum(axis=1).astype(np.float64))


def _f1_mean(means: Floats, labels: int, *, is_weighted: bool) -> Floats:
    true, said, hit = _by_label(means, labels)
    occurs = true + said > 1e-14
    scores = np.divide(2 * hit, true + said, out=np.zeros_like(hit), where=occurs)
    weights = true if is_weighted else occurs.astype(np.float64)
    return _ratio((scores * weights).sum(axis=1), weights.sum(axis=1))
