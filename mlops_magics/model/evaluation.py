"""How good a model is on one split, in the metrics of its task: the result, and the one function that makes it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.exceptions import NotFittedError

from mlops_magics.errors import MlopsError, ModelError
from mlops_magics.look import Document, Shown
from mlops_magics.model.answers import ClassAnswers, NumberAnswers, ask_classes, ask_numbers
from mlops_magics.model.arrays import design_matrix
from mlops_magics.model.curves import (
    calibration_series,
    precision_recall_series,
    predicted_true_series,
    residual_series,
    roc_series,
)
from mlops_magics.model.estimator import Task, summary_of, task_of
from mlops_magics.model.fitting import misfit
from mlops_magics.model.metrics import (
    Ranking,
    Scorecard,
    binary_metrics,
    confusion_of,
    multiclass_metrics,
    rank,
    regression_metrics,
)
from mlops_magics.model.report import report
from mlops_magics.model.slices import ENOUGH_ROWS, Slice, groups_by

CURVE_LABELS = 10
"""A multiclass model with more labels has the curves of its most frequent ones only."""


@dataclass(frozen=True)
class Confusion:
    """Counts, a row per true label and a column per answer, in the order of ``labels``."""

    labels: tuple[Any, ...]
    counts: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"labels": list(self.labels), "counts": [list(row) for row in self.counts]}

Groups = Sequence[tuple[str, np.ndarray[Any, Any]]]
"""The name of each group, and the positions of its rows."""


@dataclass(frozen=True, repr=False)
class Evaluation(Shown):
    """How a model did on one split.

    Attributes
    ----------
    metrics
        What could be computed; what could not is in ``notes`` with the reason. ``notes`` also says ``unseen_labels``
        when y has labels the model never saw.
    curves
        ``roc``, ``precision_recall`` and ``calibration`` of a classifier, ``residuals`` and ``predicted_true`` of a
        regressor: lists of series with ``name``, ``x`` and ``y``, at most 200 points each.
    confusion
        None for a regression.
    slices
        One per group of ``by``, empty without.
    predictions
        A row per row of X, in its order: ``row``, ``truth``, ``prediction``, and ``score`` (binary: of the positive
        label) or one ``score_LABEL`` per label (multiclass), float64. With ``by``, the name of each row's group in a
        column of that name.
    """

    task: Task
    split: str
    rows: int
    model: str
    metrics: Mapping[str, float]
    notes: Mapping[str, str]
    curves: Mapping[str, list[dict[str, Any]]]
    confusion: Confusion | None
    positive: Any = None
    by: str | None = None
    slices: tuple[Slice, ...] = ()
    predictions: pa.Table = field(default=None, compare=False)

    def predictions_parquet(self) -> bytes:
        """``predictions`` as the bytes of a Parquet file, compressed with zstd."""
        sink = io.BytesIO()
        pq.write_table(self.predictions, sink, compression="zstd")
        return sink.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the predictions, JSON-ready."""
        return {
            "task": self.task,
            "split": self.split,
            "rows": self.rows,
            "model": self.model,
            "metrics": dict(self.metrics),
            "notes": dict(self.notes),
            "curves": dict(self.curves),
            "confusion": self.confusion.to_dict() if self.confusion else None,
            "positive": self.positive,
            "by": self.by,
            "slices": [piece.to_dict() for piece in self.slices],
        }

    def document(self) -> Document:
        """Title, metrics, confusion matrix, curves and slices."""
        return report(self)


def evaluate(model: Any, X: Any, y: Any, *, split: str = "test", by: Any = None) -> Evaluation:
    """Tell how good ``model`` is on ``X`` and ``y``, in the metrics people expect of its task.

    Binary: roc_auc, average_precision, log_loss, brier, f1, precision, recall, accuracy, balanced_accuracy, with the
    second label of the model as the positive one. Multiclass: accuracy, balanced_accuracy, f1_macro, f1_weighted,
    log_loss, roc_auc_ovr. Regression: mae, rmse, median_ae, r2, mape, bias (answer − truth), explained_variance.
    Values equal scikit-learn's; what is undefined is absent and explained in ``notes``.

    Parameters
    ----------
    model
        Anything fitted with ``predict``, and ``predict_proba`` or ``decision_function`` if it has scores.
    X
        A pandas, Polars or Arrow table, a NumPy array or a sparse matrix; the model gets it as it is (Arrow and lazy
        frames as pandas and eager ones).
    y
        One true value per row, none missing.
    split
        What these rows are called: ``test``, ``validation``, ``july``.
    by
        A column of X, or one value per row: the metrics per group too, at most 20 groups; a group of less than 30
        rows says unknown.

    Raises
    ------
    DataError
        Lengths differ, y has missing values, there are no rows, or there is no column ``by``.
    ModelError
        The task cannot be told, the model has several outputs, or it refuses X: its columns are not those the model
        was fitted on, or it holds what the model cannot take.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.arange(10.0).reshape(-1, 1)
    >>> evaluate(LinearRegression().fit(X, X[:, 0]), X, X[:, 0] + 1).metrics["bias"]
    -1.0
    """
    X = design_matrix(X)
    task = task_of(model, y)
    try:
        answers = ask_numbers(model, X, y) if task == "regression" else ask_classes(model, X, y)
    except NotFittedError as error:
        raise ModelError(f"the {type(model).__name__} is not fitted", hint="Call its fit first") from error
    except (ValueError, LookupError) as error:
        # Only now: many models can do with other columns than they were fitted on.
        if isinstance(error, MlopsError):
            raise
        told = misfit(model, X)
        if told is None and isinstance(error, LookupError):
            raise
        raise (told or _refusal(model, error)) from error
    rankings = _rankings(answers)
    card = _metrics(task, answers, rankings)
    groups = [] if by is None else list(groups_by(X, by))
    return Evaluation(
        task=task,
        split=split,
        rows=len(answers),
        model=summary_of(model),
        metrics=card.metrics,
        notes={**card.notes, **_unseen(answers), **_misaligned(X, y)},
        curves=_curves(answers, rankings),
        confusion=_confusion(answers),
        positive=answers.labels[1] if task == "binary" and len(answers.labels) > 1 else None,  # type: ignore[union-attr]
        by=None if by is None else _name_of_groups(by),
        slices=tuple(_slice(task, answers, groups)),
        predictions=_with_groups(_predictions(answers), by, groups),
    )


def _refusal(model: Any, error: Exception) -> ModelError:
    return ModelError(f"{summary_of(model)} cannot answer for X: {str(error).strip().splitlines()[0]}")


def _rankings(answers: ClassAnswers | NumberAnswers) -> dict[int, Ranking]:
    """One ranking per label the model scores, each against the rest; for two labels only that of the second."""
    if isinstance(answers, NumberAnswers) or answers.scores is None:
        return {}
    if answers.scores.ndim == 1:
        return {1: rank(answers.truth == 1, answers.scores)}
    return {code: rank(answers.truth == code, answers.scores[:, code]) for code in range(answers.known)}


def _metrics(task: Task, answers: ClassAnswers | NumberAnswers, rankings: dict[int, Ranking]) -> Scorecard:
    if isinstance(answers, NumberAnswers):
        return regression_metrics(answers)
    if task == "binary":
        return binary_metrics(answers, ranking=rankings.get(1))
    return multiclass_metrics(answers, rankings=rankings)


def _misaligned(X: Any, y: Any) -> dict[str, str]:
    """Rows are matched by position; two pandas objects that name their rows differently were hardly meant so."""
    left, right = getattr(X, "index", None), getattr(y, "index", None)
    if left is None or not hasattr(left, "equals") or not hasattr(right, "equals") or left.equals(right):
        return {}
    return {"misaligned": "X and y have different indexes and were matched by position: do they belong together?"}


def _unseen(answers: ClassAnswers | NumberAnswers) -> dict[str, str]:
    if isinstance(answers, NumberAnswers):
        return {}
    rows = int((answers.truth >= answers.known).sum())
    if not rows:
        return {}
    names = ", ".join(repr(label) for label in answers.labels[answers.known :][:5])
    if rows == len(answers):
        known = ", ".join(repr(label) for label in answers.labels[: answers.known][:5])
        raise ModelError(
            f"no value of y is a label the model knows: y has {names}, the model {known}",
            hint="Give the true labels, of the type the model was fitted with",
        )
    return {"unseen_labels": f"y has labels the model never saw ({names}) in {rows:,} rows; they count as wrong"}


def _curves(answers: ClassAnswers | NumberAnswers, rankings: dict[int, Ranking]) -> dict[str, list[dict[str, Any]]]:
    if isinstance(answers, NumberAnswers):
        return _regression_curves(answers)

    frequent = sorted(rankings, key=lambda code: -rankings[code].positives)[:CURVE_LABELS]
    named = [(str(answers.labels[code]), rankings[code]) for code in sorted(frequent)]
    roc = [roc_series(ranking, name=name) for name, ranking in named]
    precision_recall = [precision_recall_series(ranking, name=name) for name, ranking in named]
    curves = {
        "roc": [series for series in roc if series],
        "precision_recall": [series for series in precision_recall if series],
    }
    if answers.scores is not None and answers.scores_are_probabilities:
        if answers.scores.ndim == 1:
            hit, probability, name = answers.truth == 1, answers.scores, str(answers.labels[1])
        else:
            top = answers.scores.argmax(axis=1)
            hit, probability, name = answers.truth == top, answers.scores.max(axis=1), "most probable label"
        curves["calibration"] = [calibration_series(hit, np.asarray(probability, dtype=np.float64), name=name)]
    return {kind: series for kind, series in curves.items() if series}


def _regression_curves(answers: NumberAnswers) -> dict[str, list[dict[str, Any]]]:
    if not np.isfinite(answers.answer).all():
        return {}
    return {
        "residuals": [residual_series(answers.truth, answers.answer)],
        "predicted_true": predicted_true_series(answers.truth, answers.answer),
    }


def _confusion(answers: ClassAnswers | NumberAnswers) -> Confusion | None:
    if isinstance(answers, NumberAnswers):
        return None
    return Confusion(answers.labels, tuple(tuple(row) for row in confusion_of(answers).tolist()))


def _slice(task: Task, answers: ClassAnswers | NumberAnswers, groups: Groups) -> list[Slice]:
    pieces = []
    for level, rows in groups:
        if len(rows) < ENOUGH_ROWS:
            few = {"rows": f"{len(rows)} rows are too few to tell"}
            pieces.append(Slice(level, len(rows), {}, few))
            continue
        part = answers.take(rows)
        card = _metrics(task, part, _rankings(part))
        pieces.append(Slice(level, len(rows), card.metrics, card.notes))
    return pieces


def _predictions(answers: ClassAnswers | NumberAnswers) -> pa.Table:
    columns: dict[str, Any] = {"row": pa.array(np.arange(len(answers), dtype=np.int64))}
    if isinstance(answers, NumberAnswers):
        return pa.table({**columns, "truth": answers.truth, "prediction": answers.answer})
    labels = _label_column(answers.labels)
    columns |= {"truth": labels.take(pa.array(answers.truth)), "prediction": labels.take(pa.array(answers.answer))}
    if answers.scores is not None:
        scores = answers.scores.astype(np.float64, copy=False)
        by_name = {"score": scores} if scores.ndim == 1 else {
            f"score_{answers.labels[code]}": np.ascontiguousarray(scores[:, code]) for code in range(answers.known)
        }
        columns |= by_name
    return pa.table(columns)


def _with_groups(predictions: pa.Table, by: Any, groups: Groups) -> pa.Table:
    """With the group of each row, so that two models can be compared group by group."""
    if not groups:
        return predictions
    codes = np.empty(len(predictions), dtype=np.int32)
    for code, (_, rows) in enumerate(groups):
        codes[rows] = code
    name = _name_of_groups(by)
    if name in predictions.column_names or name.startswith("score_"):
        name = f"{name} group"
    column = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([level for level, _ in groups]))
    return predictions.append_column(name, column)


def _name_of_groups(by: Any) -> str:
    name = by if isinstance(by, str) else getattr(by, "name", None)
    return name if isinstance(name, str) and name else "by"


def _label_column(labels: tuple[Any, ...]) -> pa.Array:
    """Labels with their own type when they share one, else their text."""
    kinds = {type(label) for label in labels}
    if len(kinds) == 1 and kinds <= {bool, int, float, str}:
        return pa.array(labels)
    return pa.array([str(label) for label in labels])
