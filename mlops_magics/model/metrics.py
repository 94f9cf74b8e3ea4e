"""Metrics of each task from codes and scores: one sort per label; what is undefined is left out with a reason.

Values equal scikit-learn's where it defines them. Undefined is said, never NaN and never a silent 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlops_magics.model.answers import ClassAnswers, NumberAnswers

BINARY = (
    "roc_auc", "average_precision", "log_loss", "brier", "f1", "precision", "recall", "accuracy", "balanced_accuracy",
)
MULTICLASS = ("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "log_loss", "roc_auc_ovr")
REGRESSION = ("mae", "rmse", "median_ae", "r2", "mape", "bias", "explained_variance")


@dataclass
class Scorecard:
    """Metrics by name, and for each one that is undefined the reason."""

    metrics: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: float | None, *, undefined: str = "") -> None:
        """Keep a metric, or the reason why it has no value."""
        if value is None:
            self.notes[name] = undefined
        else:
            self.metrics[name] = float(value)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Counts of true and false positives when every row scored at or above a threshold is called positive.

    One entry per distinct score, from the highest down; float64, so products of counts do not overflow.
    """

    thresholds: np.ndarray[Any, Any]
    true_positives: np.ndarray[Any, Any]
    false_positives: np.ndarray[Any, Any]

    @property
    def positives(self) -> float:
        """Rows that are truly positive."""
        return float(self.true_positives[-1])

    @property
    def negatives(self) -> float:
        """Rows that are not."""
        return float(self.false_positives[-1])

    @property
    def roc_auc(self) -> float | None:
        """Area under the ROC curve by trapezoids: ties count half. None unless both classes occur."""
        if not self.positives or not self.negatives:
            return None
        tps, fps = np.r_[0.0, self.true_positives], np.r_[0.0, self.false_positives]
        return float((np.diff(fps) * (tps[1:] + tps[:-1])).sum() / 2 / (self.positives * self.negatives))

    @property
    def average_precision(self) -> float | None:
        """Sum of precision times the step in recall, without interpolation. None without positives."""
        if not self.positives:
            return None
        steps = np.diff(self.true_positives, prepend=0.0) / self.positives
        return float((steps * self.true_positives / (self.true_positives + self.false_positives)).sum())


def rank(is_positive: np.ndarray[Any, Any], scores: np.ndarray[Any, Any]) -> Ranking:
    """Sort by score once, from the highest down, and count. ``is_positive`` is boolean, of the length of ``scores``."""
    order = np.argsort(scores, kind="stable")[::-1]
    ordered = scores[order]
    last_of_ties = np.r_[np.flatnonzero(np.diff(ordered)), len(ordered) - 1]
    true_positives = np.cumsum(is_positive[order], dtype=np.float64)[last_of_ties]
    return Ranking(ordered[last_of_ties], true_positives, last_of_ties + 1.0 - true_positives)


def confusion_of(answers: ClassAnswers) -> np.ndarray[Any, Any]:
    """Counts, a row per true label and a column per answer, int64."""
    size = len(answers.labels)
    return np.bincount(answers.truth * size + answers.answer, minlength=size * size).reshape(size, size)


def binary_metrics(answers: ClassAnswers, *, ranking: Ranking | None) -> Scorecard:
    """The metrics of ``BINARY``; positive is the second label. Labels unknown to the model count as not positive."""
    card = Scorecard()
    _ranking_metrics(card, ranking, answers)
    _log_loss(card, answers)
    _brier(card, answers)
    is_positive, said = answers.truth == 1, answers.answer == 1
    hits, said_count, positives = int((is_positive & said).sum()), int(said.sum()), int(is_positive.sum())
    positive = repr(answers.labels[1]) if len(answers.labels) > 1 else "a second label"
    either = said_count + positives
    neither = f"{positive} is neither true nor answered in any row"
    card.put("f1", 2 * hits / either if either else None, undefined=neither)
    unsaid = f"the model answered {positive} in no row"
    card.put("precision", hits / said_count if said_count else None, undefined=unsaid)
    card.put("recall", hits / positives if positives else None, undefined=f"{positive} is true in no row")
    _accuracies(card, confusion_of(answers))
    return card


def multiclass_metrics(answers: ClassAnswers, *, rankings: dict[int, Ranking]) -> Scorecard:
    """The metrics of ``MULTICLASS``; ``roc_auc_ovr`` is the unweighted mean over labels, each against the rest."""
    card = Scorecard()
    counts = confusion_of(answers)
    _accuracies(card, counts)
    _f1_means(card, counts)
    _log_loss(card, answers)
    areas = [ranking.roc_auc for ranking in rankings.values()]
    if not areas:
        card.put("roc_auc_ovr", None, undefined=answers.no_scores_because or "there are no scores")
    else:
        absent = [answers.labels[code] for code, area in zip(rankings, areas, strict=True) if area is None]
        named = ", ".join(repr(label) for label in absent[:5])
        defined = [area for area in areas if area is not None]
        mean = sum(defined) / len(defined) if len(defined) == len(areas) else None
        card.put("roc_auc_ovr", mean, undefined=f"y lacks rows of, or rows other than, {named}")
    return card


def regression_metrics(answers: NumberAnswers) -> Scorecard:
    """The metrics of ``REGRESSION``, in the unit of y. ``bias`` is the mean of answer − truth; ``mape`` a fraction."""
    card = Scorecard()
    truth, answer = answers.truth, answers.answer
    if wrong := int((~np.isfinite(answer)).sum()):
        for name in REGRESSION:
            card.put(name, None, undefined=f"the model answered NaN or infinity in {wrong:,} rows")
        return card
    error = answer - truth
    size = np.abs(error)
    card.put("mae", size.mean())
    card.put("rmse", np.sqrt(np.mean(error**2)))
    card.put("median_ae", np.median(size))
    spread = ((truth - truth.mean()) ** 2).sum()
    constant = "y has the same value in every row"
    card.put("r2", 1 - (error**2).sum() / spread if spread else None, undefined=constant)
    zeros = int((truth == 0).sum())
    relative = None if zeros else (size / np.abs(truth)).mean()
    card.put("mape", relative, undefined=f"y is 0 in {zeros:,} rows, a relative error has no size there")
    card.put("bias", error.mean())
    explained = 1 - ((error - error.mean()) ** 2).sum() / spread if spread else None
    card.put("explained_variance", explained, undefined=constant)
    return card


def _ranking_metrics(card: Scorecard, ranking: Ranking | None, answers: ClassAnswers) -> None:
    if ranking is None:
        reason = answers.no_scores_because or "there are no scores"
        card.put("roc_auc", None, undefined=reason)
        card.put("average_precision", None, undefined=reason)
        return
    positive = repr(answers.labels[1])
    area = ranking.roc_auc
    one_class = f"y has only one class: {positive} is true in {ranking.positives:,.0f} of {len(answers):,} rows"
    card.put("roc_auc", area, undefined=one_class)
    card.put("average_precision", ranking.average_precision, undefined=f"{positive} is true in no row")


def _no_probabilities(answers: ClassAnswers) -> str:
    return answers.no_scores_because or "the model has no predict_proba"


def _log_loss(card: Scorecard, answers: ClassAnswers) -> None:
    if answers.scores is None or not answers.scores_are_probabilities:
        card.put("log_loss", None, undefined=_no_probabilities(answers))
        return
    if unseen := int((answers.truth >= answers.known).sum()):
        reason = f"{unseen:,} rows have a label the model never saw, so it gave them no probability"
        card.put("log_loss", None, undefined=reason)
        return
    scores = answers.scores
    if scores.ndim == 1:
        given = np.where(answers.truth == 1, scores, 1 - scores)
    else:
        given = scores[np.arange(len(scores)), answers.truth]
    tiny = np.finfo(given.dtype).eps
    card.put("log_loss", float(-np.log(np.clip(given, tiny, 1 - tiny), dtype=np.float64).mean()))


def _brier(card: Scorecard, answers: ClassAnswers) -> None:
    if answers.scores is None or not answers.scores_are_probabilities:
        card.put("brier", None, undefined=_no_probabilities(answers))
    else:
        card.put("brier", np.mean((answers.scores.astype(np.float64) - (answers.truth == 1)) ** 2))


def _accuracies(card: Scorecard, counts: np.ndarray[Any, Any]) -> None:
    rows_of_label = counts.sum(axis=1)
    occurring = rows_of_label > 0
    card.put("accuracy", counts.trace() / counts.sum())
    card.put("balanced_accuracy", (counts.diagonal()[occurring] / rows_of_label[occurring]).mean())


def _f1_means(card: Scorecard, counts: np.ndarray[Any, Any]) -> None:
    true, said = counts.sum(axis=1), counts.sum(axis=0)
    occurring = true + said > 0
    scores = 2 * counts.diagonal()[occurring] / (true + said)[occurring]
    card.put("f1_macro", scores.mean())
    card.put("f1_weighted", (scores * true[occurring]).sum() / true.sum())
