"""Curves of at most :data:`LIMIT` points, JSON-ready, which keep the corners people read them for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mlops_magics.model.metrics import Ranking

LIMIT = 200
"""Points of one curve."""

BINS = 20
"""Bins of a calibration curve and of the summary of a regression, each with about the same number of rows."""


def thin(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], *, keep: Iterable[int] = (), limit: int = LIMIT) -> Any:
    """Choose at most ``limit`` positions of a curve: both ends, those in ``keep``, and points evenly far apart.

    A curve that has no more points than that is kept whole; points on a straight stretch go first, which loses
    nothing. Otherwise every point left out lies within (length of the curve) / (points kept − 2 − len(keep)) of a
    kept one, distances being |Δx| + |Δy|.

    Returns positions in ascending order.
    """
    wanted = {0, len(x) - 1, *keep}
    corners = _corners(x, y)
    positions = np.union1d(corners, np.fromiter(wanted, dtype=np.intp))
    if len(positions) <= limit:
        return positions
    travelled = np.r_[0.0, np.cumsum(np.abs(np.diff(x[positions])) + np.abs(np.diff(y[positions])))]
    steps = np.linspace(0.0, travelled[-1], max(limit - len(wanted), 1))
    chosen = positions[np.minimum(np.searchsorted(travelled, steps), len(positions) - 1)]
    return np.asarray(np.union1d(chosen, np.fromiter(wanted, dtype=np.intp)))


def _corners(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Positions where the curve turns; those between lie exactly on the line of their neighbours."""
    if len(x) < 3:
        return np.arange(len(x))
    dx, dy = np.diff(x), np.diff(y)
    turns = (dx[:-1] * dy[1:] != dx[1:] * dy[:-1]) | (dx[:-1] * dx[1:] < 0) | (dy[:-1] * dy[1:] < 0)
    return np.asarray(np.r_[0, np.flatnonzero(turns) + 1, len(x) - 1])


def roc_series(ranking: Ranking, *, name: str) -> dict[str, Any] | None:
    """False positive rate (x) and true positive rate (y) from (0, 0) to (1, 1); None unless both classes occur.

    The point with the largest y − x (Youden's J) is always there. ``thresholds[i]`` is the score from which rows are
    called positive at point i, None at (0, 0).
    """
    if not ranking.positives or not ranking.negatives:
        return None
    false, true = np.r_[0.0, ranking.false_positives], np.r_[0.0, ranking.true_positives]
    x, y = false / ranking.negatives, true / ranking.positives
    # The counts are integers: straight stretches are recognised without rounding.
    at = thin_counts(false, true, x, y, keep=[int(np.argmax(y - x))])
    thresholds = [None if position == 0 else float(ranking.thresholds[position - 1]) for position in at]
    return {"name": name, "x": x[at].tolist(), "y": y[at].tolist(), "thresholds": thresholds}


def thin_counts(
    false: np.ndarray[Any, Any], true: np.ndarray[Any, Any], x: np.ndarray[Any, Any], y: np.ndarray[Any, Any],
    *, keep: Iterable[int],
) -> Any:
    """:func:`thin` for a curve whose corners are found on exact counts and whose distances are measured on rates."""
    kept = sorted({0, len(x) - 1, *keep})
    corners = np.union1d(_corners(false, true), kept)
    inner = thin(x[corners], y[corners], keep=np.searchsorted(corners, kept).tolist())
    return corners[inner]


def precision_recall_series(ranking: Ranking, *, name: str) -> dict[str, Any] | None:
    """Recall (x) and precision (y) from the highest threshold down; None without positives.

    The point with the best F1 is always there. ``thresholds[i]`` is the score from which rows are called positive.
    """
    if not ranking.positives:
        return None
    said = ranking.true_positives + ranking.false_positives
    recall, precision = ranking.true_positives / ranking.positives, ranking.true_positives / said
    best = int(np.argmax(2 * ranking.true_positives / (said + ranking.positives)))
    at = thin(recall, precision, keep=[best])
    return {
        "name": name,
        "x": recall[at].tolist(),
        "y": precision[at].tolist(),
        "thresholds": ranking.thresholds[at].astype(float).tolist(),
    }


def calibration_series(hit: np.ndarray[Any, Any], probability: np.ndarray[Any, Any], *, name: str) -> dict[str, Any]:
    """Mean probability (x) against the share of hits (y) in up to :data:`BINS` bins of about equally many rows.

    Equal probabilities are never torn apart, so there may be fewer bins. ``rows`` counts each bin.
    """
    bins = quantile_bins(probability)
    rows = np.bincount(bins)
    filled = rows > 0
    mean = np.bincount(bins, weights=probability)[filled] / rows[filled]
    share = np.bincount(bins, weights=hit.astype(np.float64))[filled] / rows[filled]
    return {"name": name, "x": mean.tolist(), "y": share.tolist(), "rows": rows[filled].tolist()}


def quantile_bins(values: np.ndarray[Any, Any], *, bins: int = BINS) -> np.ndarray[Any, Any]:
    """Number of the bin of each value: bins of about equally many rows, equal values in one bin."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.asarray(np.searchsorted(edges, values, side="left"))


def residual_series(truth: np.ndarray[Any, Any], answer: np.ndarray[Any, Any]) -> dict[str, Any]:
    """A histogram of answer − truth between its 0.5 % and 99.5 % quantiles (x: bin centres, y: rows), with the rows
    below and above, and the quantiles at 5, 25, 50, 75 and 95 %.
    """
    error = answer - truth
    low, high = np.quantile(error, [0.005, 0.995])
    largest = max(abs(low), abs(high))
    if high - low <= 1000 * np.spacing(largest):  # all errors are one number, up to rounding
        low, high = low - (largest * 1e-6 or 0.5), high + (largest * 1e-6 or 0.5)
    counts, edges = np.histogram(error, bins=40, range=(low, high))
    return {
        "name": "answer − truth",
        "x": ((edges[:-1] + edges[1:]) / 2).tolist(),
        "y": counts.tolist(),
        "edges": edges.tolist(),
        "below": int((error < low).sum()),
        "above": int((error > high).sum()),
        "quantiles": dict(zip(("5", "25", "50", "75", "95"), np.quantile(error, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist(),
                              strict=True)),
    }


def predicted_true_series(truth: np.ndarray[Any, Any], answer: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """Mean answer (x) against the mean, the 10 % and the 90 % quantile of the truth (y) in up to :data:`BINS` bins
    of about equally many rows, by answer.
    """
    bins = quantile_bins(answer)
    order = np.argsort(bins, kind="stable")
    groups = [group for group in np.split(order, np.cumsum(np.bincount(bins))[:-1]) if len(group)]
    x = [float(answer[group].mean()) for group in groups]
    quantiles = np.array([np.quantile(truth[group], [0.1, 0.9]) for group in groups])
    return [
        {"name": "mean", "x": x, "y": [float(truth[group].mean()) for group in groups],
         "rows": [len(group) for group in groups]},
        {"name": "10 %", "x": x, "y": quantiles[:, 0].tolist()},
        {"name": "90 %", "x": x, "y": quantiles[:, 1].tolist()},
    ]
