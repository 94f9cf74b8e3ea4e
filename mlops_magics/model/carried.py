"""Whether what would be written of a fitted model holds values of columns that may not be written."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from mlops_magics.model.state import State

KEEPS_ROWS = frozenset({
    "_fit_X", "X_fit_", "X_train_", "X_transformed_fit_", "support_vectors_", "component_indices_", "_raw_data",
    "core_sample_indices_", "_tree",
})
"""What estimators that keep rows of what they were fitted on hold, whatever scaled those rows before."""

VOCABULARY = "vocabulary_"
"""Where vectorizers keep the words of a text."""

FEW_DIGITS = 4
"""A number of no more significant digits may be in a model by chance."""

LEAST_RUN = 3
"""So many numbers of few digits in one array, at least half of it, are no chance."""

SURE_BYTES = 4
"""A text of fewer bytes is in any opaque bytes by chance."""

SEARCHED = 4_000_000_000
"""Bytes of opaque parts times texts to look for in them: a few seconds. Beyond, it cannot be told."""


class ColumnValues:
    """The distinct values of one column. Worked out when they are needed, and the column let go.

    Parameters
    ----------
    name
        What the column is called.
    column
        A series of pandas or Polars, or a column of Arrow.
    """

    def __init__(self, name: str, column: Any) -> None:
        self.name = name
        self._column = column
        self._lock = threading.Lock()
        self._texts: frozenset[str] = frozenset()
        self._numbers = np.empty(0)
        self._has_dates = False

    @property
    def texts(self) -> frozenset[str]:
        """Its values that are texts."""
        self._resolve()
        return self._texts

    @property
    def numbers(self) -> np.ndarray[Any, Any]:
        """Its values that are finite numbers, sorted, without -1, 0 and 1, which say nothing."""
        self._resolve()
        return self._numbers

    @property
    def has_dates(self) -> bool:
        """Whether some of its values are dates or times."""
        self._resolve()
        return self._has_dates

    def holds(self, values: Collection[Any]) -> bool:
        """Whether one of a few values is its own: a text, or a number that is in it by no chance."""
        texts = {value for value in values if isinstance(value, str)}
        numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        return bool(texts & self.texts) or _is_from(np.array(numbers), self.numbers)

    def own(self, values: Sequence[float], *, decimals: int) -> frozenset[float]:
        """Which of some numbers, written with so many digits behind the point, are its own by no chance."""
        numbers = np.unique(np.round(self.numbers.astype(float), decimals))
        array = np.array(values, dtype=float)
        rounded = np.round(array, decimals)
        return frozenset(array[_among(rounded, numbers) & _has_many_digits(rounded)].tolist())

    def _resolve(self) -> None:
        with self._lock:
            column, self._column = self._column, None
            if column is None:
                return
            array = np.asarray(column)
            if array.dtype.kind in "iuf":
                self._numbers = _telling(array)
            elif array.dtype.kind in "Mm":
                self._has_dates = True
            elif array.dtype.kind != "b":
                values = set(_hashable(array.ravel().tolist()))
                self._texts = frozenset(str(value) for value in values if isinstance(value, str | bytes)) - {""}
                numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
                self._numbers = _telling(np.array(numbers, dtype=float))
                self._has_dates = any(hasattr(value, "isoformat") for value in values)


def carried(state: State, columns: Sequence[ColumnValues], answers: Sequence[ColumnValues] = ()) -> str | None:
    """The name of the first of these columns that has values in a model; None where none has.

    Texts are looked for among all texts of the model and in its opaque parts; numbers among its arrays, those of few
    digits only where several of them stand together; of dates, any will do. Estimators that keep rows carry all
    columns. What lies between values says nothing of them: means, and the thresholds of trees.

    Parameters
    ----------
    state
        What is in the model.
    columns, answers
        What it was fitted on, and to answer.
    """
    for column in columns:
        if KEEPS_ROWS & state.attributes or state.tables or (column.texts and VOCABULARY in state.attributes):
            return column.name
    for column in (*columns, *answers):
        if _has_text(state, column.texts) or _has_number(state.arrays, state, column.numbers):
            return column.name
        if column.has_dates and state.dates:
            return column.name
    return next((column.name for column in answers if _has_number(state.leaves, state, column.numbers)), None)


def looks_like_data(state: State, *, known: Collection[str]) -> bool:
    """Whether a model holds texts as they stand in a column, words of texts, or rows, whoever's they are.

    Parameters
    ----------
    state
        What is in the model.
    known
        What may stand there: names of columns, labels.
    """
    return bool(KEEPS_ROWS & state.attributes) or state.tables or VOCABULARY in state.attributes or bool(
        state.listed.difference(known)
    )


def _has_text(state: State, texts: frozenset[str]) -> bool:
    if not texts:
        return False
    if not texts.isdisjoint(state.texts):
        return True
    wanted = [text.encode("utf-8", "replace") for text in texts]
    held = sum(map(len, state.blobs))
    if held and (min(map(len, wanted)) < SURE_BYTES or held * len(wanted) > SEARCHED):
        return True
    return any(text in blob for blob in state.blobs for text in wanted)


def _has_number(arrays: Sequence[np.ndarray[Any, Any]], state: State, numbers: np.ndarray[Any, Any]) -> bool:
    if not numbers.size:
        return False
    if any(_is_from(array, numbers) for array in arrays):
        return True
    single = np.array(state.numbers, dtype=float)
    return bool((_among(single, numbers) & _has_many_digits(single)).any()) or _is_range(state.blobs, numbers)


def _is_range(blobs: Sequence[bytes], numbers: np.ndarray[Any, Any]) -> bool:
    """LightGBM writes the least and the greatest value of each column."""
    lines = [line for blob in blobs for line in re.findall(rb"^feature_infos=(.*)$", blob, re.MULTILINE)]
    ends = [float(text) for line in lines for text in re.findall(rb"[-+.\deE]*\d[-+.\deE]*", line) if _is_number(text)]
    return bool(_among(np.array(ends, dtype=float), numbers).any())


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_from(array: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> bool:
    flat = np.asarray(array).ravel()
    if not flat.size or not numbers.size:
        return False
    if array.dtype == np.float32:
        numbers = np.unique(numbers.astype(np.float32))
    if (_among(flat, numbers) & _has_many_digits(flat)).any():
        return True
    columns = np.asarray(array).reshape(len(array), -1).T if array.ndim > 1 else [flat]
    return any(_is_run(column, numbers) for column in columns)


def _is_run(column: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> bool:
    values = _telling(column)
    own = int(_among(values, numbers).sum())
    return own >= LEAST_RUN and 2 * own >= len(values)


def _among(values: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if not numbers.size:
        return np.zeros(len(values), dtype=bool)
    places = np.minimum(np.searchsorted(numbers, values), len(numbers) - 1)
    return np.asarray(numbers[places] == values)


def _has_many_digits(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    size = np.abs(values.astype(float))
    size = np.where(np.isfinite(size) & (size > 0), size, 1.0)
    digits = size / 10.0 ** (np.floor(np.log10(size)) - (FEW_DIGITS - 1))
    return np.asarray(np.abs(digits - np.rint(digits)) > 1e-6)


def _telling(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    found = np.unique(values[np.isfinite(values)])
    return found[~np.isin(found, (-1, 0, 1))]


def _hashable(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if getattr(type(value), "__hash__", None) and not isinstance(value, tuple)]
