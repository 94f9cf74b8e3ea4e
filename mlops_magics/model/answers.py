"""What a model answered next to what was true, as codes and scores: the only place where a model is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mlops_magics.errors import DataError, ModelError
from mlops_magics.model.arrays import design_matrix, labels_array, row_count
from mlops_magics.model.estimator import class_name_of, classes_of


@dataclass(frozen=True, eq=False)
class ClassAnswers:
    """Labels true and answered, as positions in ``labels``.

    The first ``known`` labels are those the model can answer with, in the order of its scores; the others occur
    only in y. ``scores`` is None, one number per row for the second label (binary), or one column per known label;
    ``scores_are_probabilities`` tells whether they come from ``predict_proba``.
    """

    labels: tuple[Any, ...]
    known: int
    truth: np.ndarray[Any, Any]
    answer: np.ndarray[Any, Any]
    scores: np.ndarray[Any, Any] | None
    scores_are_probabilities: bool
    no_scores_because: str | None = None

    def take(self, rows: np.ndarray[Any, Any]) -> ClassAnswers:
        """The same for some of the rows: positions or a mask."""
        scores = None if self.scores is None else self.scores[rows]
        return replace(self, truth=self.truth[rows], answer=self.answer[rows], scores=scores)

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, eq=False)
class NumberAnswers:
    """Numbers true and answered, float64."""

    truth: np.ndarray[Any, Any]
    answer: np.ndarray[Any, Any]

    def take(self, rows: np.ndarray[Any, Any]) -> NumberAnswers:
        """The same for some of the rows: positions or a mask."""
        return NumberAnswers(self.truth[rows], self.answer[rows])

    def __len__(self) -> int:
        return len(self.truth)


def ask_numbers(model: Any, X: Any, y: object) -> NumberAnswers:
    """Let a regressor answer for every row of ``X``.

    Raises
    ------
    DataError
        No rows, different lengths, or a y that is text, missing or infinite.
    """
    truth = labels_array(y)
    _same_length(X, truth)
    try:
        truth = truth.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{class_name_of(model)} predicts numbers, y holds {type(truth[0]).__name__} values such as {truth[0]!r}"
        ) from error
    if infinite := int(np.isinf(truth).sum()):
        raise DataError(f"y is infinite in {infinite:,} of {len(truth):,} rows", hint="Leave these rows out.")
    answer = np.asarray(model.predict(design_matrix(X)), dtype=np.float64)
    return NumberAnswers(truth, _one_per_row(answer, truth, model))


def ask_classes(model: Any, X: Any, y: object) -> ClassAnswers:
    """Let a classifier answer, and score where it can, for every row of ``X``.

    Raises
    ------
    DataError
        No rows, different lengths, or missing labels.
    ModelError
        The model answers something that is not one label per row.
    """
    truth = labels_array(y)
    _same_length(X, truth)
    matrix = design_matrix(X)
    answer = _one_per_row(labels_array(model.predict(matrix), name="the model's answer"), truth, model)
    classes = classes_of(model)
    if classes is None:
        _require_common_label(truth, answer, model)
    known = list(classes.tolist()) if classes is not None else _sorted_labels(truth, answer)
    labels, truth_codes, answer_codes = _coded(known, truth, answer)
    scores, are_probabilities, reason = _scores(model, matrix, len(truth), len(known))
    return ClassAnswers(labels, len(known), truth_codes, answer_codes, scores, are_probabilities, reason)


def _require_common_label(truth: np.ndarray[Any, Any], answer: np.ndarray[Any, Any], model: object) -> None:
    """A model that does not say which labels it knows may answer in another language than y."""
    true, answered = _sorted_labels(truth), _sorted_labels(answer)
    if set(true).isdisjoint(answered) and {type(label) for label in true}.isdisjoint(map(type, answered)):
        raise DataError(
            f"{class_name_of(model)} answers labels such as {answered[0]!r}, and y holds labels such as {true[0]!r}",
            hint="Give y in the labels the model was fitted on.",
        )


def _same_length(X: Any, truth: np.ndarray[Any, Any]) -> None:
    rows = row_count(X)
    if rows != len(truth):
        raise DataError(
            f"X has {rows:,} rows, y has {len(truth):,}", hint="Give the labels of exactly these rows, in their order."
        )
    if not rows:
        raise DataError("X and y have no rows", hint="Nothing can be said about a model without data.")


def _one_per_row(answer: np.ndarray[Any, Any], truth: np.ndarray[Any, Any], model: object) -> np.ndarray[Any, Any]:
    flat = answer[:, 0] if answer.ndim == 2 and answer.shape[1] == 1 else answer
    if flat.shape != truth.shape:
        shape = "x".join(str(size) for size in answer.shape)
        raise ModelError(
            f"{class_name_of(model)} answered an array of shape {shape} for {len(truth):,} rows",
            hint="Models with one answer per row can be evaluated.",
        )
    return flat


def _sorted_labels(*values: np.ndarray[Any, Any]) -> list[Any]:
    distinct = {item for array in values for item in pd.unique(array).tolist()}
    try:
        return sorted(distinct)
    except TypeError:
        return sorted(distinct, key=lambda item: (type(item).__name__, repr(item)))


def _coded(
    known: list[Any], truth: np.ndarray[Any, Any], answer: np.ndarray[Any, Any]
) -> tuple[tuple[Any, ...], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions in the known labels, and behind them in those that only occur in the data."""
    # A dict, since 1, 1.0 and True are one label for Python, and for whoever wrote them.
    positions = {label: position for position, label in enumerate(known)}
    for label in _sorted_labels(truth, answer):
        positions.setdefault(label, len(positions))
    return tuple(positions), _positions(positions, truth), _positions(positions, answer)


def _positions(positions: dict[Any, int], values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    codes, uniques = pd.factorize(values)
    return np.array([positions[label] for label in uniques.tolist()], dtype=np.intp)[codes]


def _scores(
    model: Any, matrix: Any, rows: int, known: int
) -> tuple[np.ndarray[Any, Any] | None, bool, str | None]:
    """Scores in the form of :class:`ClassAnswers`, whether they are probabilities, and why there are none."""
    for method, are_probabilities in (("predict_proba", True), ("decision_function", False)):
        if not callable(getattr(model, method, None)):  # scikit-learn hides methods its parts do not support
            continue
        scores = np.asarray(getattr(model, method)(matrix))
        if scores.shape == (rows, known) and known != 2:
            usable = scores
        elif scores.shape == (rows, 2):
            usable = scores[:, 1]
        elif scores.shape in ((rows,), (rows, 1)) and known == 2:
            usable = scores.reshape(rows)
        else:
            shape = "x".join(str(size) for size in scores.shape)
            return None, False, f"{method} answered an array of shape {shape} for {known} labels"
        if known < 2:
            return None, False, "the model knows only one label"
        if not np.isfinite(usable).all():
            return None, False, f"{method} answered NaN or infinity"
        return usable, are_probabilities, None
    return None, False, f"{class_name_of(model)} has neither predict_proba nor decision_function"
