"""What an evaluation looks like: title, metrics, confusion matrix, curves side by side, slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_magics.look import Chart, Charts, Column, Document, Fold, Line, Mark, Series, Table, Title

if TYPE_CHECKING:
    from mlops_magics.model.evaluation import Confusion, Evaluation

CONFUSION_LABELS = 12
"""A larger confusion matrix is folded away."""

SLICE_METRICS: Mapping[str, tuple[str, ...]] = {
    "binary": ("roc_auc", "average_precision", "log_loss", "f1", "accuracy"),
    "multiclass": ("accuracy", "balanced_accuracy", "f1_macro", "log_loss"),
    "regression": ("mae", "rmse", "r2", "bias"),
}


WARNINGS = ("unseen_labels", "misaligned")
"""Notes that are no reason why a metric is missing, but a reason to doubt them all."""


def report(evaluation: Evaluation) -> Document:
    """Put the blocks of an evaluation together."""
    return Document(*_blocks(evaluation))


def _blocks(evaluation: Evaluation) -> Iterator[Any]:
    positive = "" if evaluation.positive is None else f", positive is {evaluation.positive!r}"
    yield Title(f"{evaluation.model} on {evaluation.split}", f"{evaluation.task}{positive}, {evaluation.rows:,} rows")
    for warned in WARNINGS:
        if warned in evaluation.notes:
            yield Line(evaluation.notes[warned], "bad")
    yield Table((Column("metric"), Column("value", align="right", digits=4)), tuple(_metric_rows(evaluation)))
    if missing := {key: reason for key, reason in evaluation.notes.items() if key not in WARNINGS}:
        yield Fold("why some are unknown", Table(("metric", "reason"), tuple(missing.items())))
    if evaluation.confusion:
        yield from _confusion(evaluation.confusion)
    if charts := list(_charts(evaluation)):
        yield Charts(*charts)
    if evaluation.slices:
        yield _slices(evaluation)


def _metric_rows(evaluation: Evaluation) -> Iterator[tuple[Any, ...]]:
    yield from evaluation.metrics.items()
    for name in evaluation.notes:
        if name != "unseen_labels":
            yield name, Mark("unknown", "unknown")


def _confusion(confusion: Confusion) -> Iterator[Any]:
    columns = (Column("truth"), *(Column(f"predicted {label}", align="right", digits=0) for label in confusion.labels))
    rows = tuple((str(label), *counts) for label, counts in zip(confusion.labels, confusion.counts, strict=True))
    table = Table(columns, rows, caption="confusion matrix")
    size = len(confusion.labels)
    yield table if size <= CONFUSION_LABELS else Fold(f"confusion matrix of {size} labels", table)


def _charts(evaluation: Evaluation) -> Iterator[Chart]:
    curves = evaluation.curves
    if "roc" in curves:
        yield Chart("line", _series(curves["roc"]), x_label="false positive rate", y_label="true positive rate",
                    title="ROC", diagonal=True)
    if "precision_recall" in curves:
        yield Chart("step", _series(curves["precision_recall"]), x_label="recall", y_label="precision",
                    title="precision–recall")
    if "calibration" in curves:
        yield Chart("line", _series(curves["calibration"]), x_label="probability", y_label="share that came true",
                    title="calibration", diagonal=True)
    if "residuals" in curves:
        yield Chart("bars", _series(curves["residuals"]), x_label="answer − truth", y_label="rows", title="residuals")
    if "predicted_true" in curves:
        yield Chart("line", _series(curves["predicted_true"]), x_label="answer", y_label="truth",
                    title="truth by answer", diagonal=True)


def _series(curve: list[dict[str, Any]]) -> tuple[Series, ...]:
    return tuple(Series(series["name"], tuple(series["x"]), tuple(series["y"])) for series in curve)


def _slices(evaluation: Evaluation) -> Table:
    names = SLICE_METRICS[evaluation.task]
    columns = (Column(evaluation.by or "group"), Column("rows", align="right", digits=0),
               *(Column(name, align="right", digits=4) for name in names))
    unknown = Mark("unknown", "unknown")
    rows = tuple(
        (piece.level, piece.rows, *(piece.metrics.get(name, unknown) for name in names)) for piece in evaluation.slices
    )
    return Table(columns, rows, caption="by group")
