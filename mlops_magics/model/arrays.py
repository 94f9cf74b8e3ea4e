"""What the caller's X and y are as arrays: one-dimensional labels without gaps, a design matrix the model can take."""

from __future__ import annotations

import sys
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from mlops_magics.errors import DataError


def labels_array(y: object, *, name: str = "y") -> np.ndarray[Any, Any]:
    """Turn ``y`` into a one-dimensional NumPy array of booleans, integers, floats or Python objects such as text.

    ``y`` is a list, a NumPy array, a pandas, Polars or Arrow series, or a frame of one column.

    Raises
    ------
    DataError
        ``y`` is text (a column name is no array), has several columns, or has missing values; they are counted.
    """
    if isinstance(y, str | bytes):
        raise DataError(f"{name} is the text {y!r}, not the values", hint=f"Give the array: {name}=frame[{y!r}].")
    values = np.asarray(_native_values(y, name=name))
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        shape = "x".join(str(size) for size in values.shape)
        raise DataError(f"{name} has shape {shape}, one value per row is needed", hint="Give one column.")
    if values.dtype.kind in "US":
        values = values.astype(object)
    _refuse_missing(values, name=name)
    return _narrowed(values)


def _native_values(y: Any, *, name: str) -> Any:
    arrow = sys.modules.get("pyarrow")
    # Without its names while another thread is still importing it.
    if arrow is not None and isinstance(y, getattr(arrow, "Array", ())):
        y = arrow.chunked_array([y])
    wrapped = nw.from_native(y, pass_through=True, allow_series=True)
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect()
    if isinstance(wrapped, nw.DataFrame):
        if len(wrapped.columns) != 1:
            raise DataError(
                f"{name} has {len(wrapped.columns)} columns, one is needed", exists=wrapped.columns,
                hint="Choose one of them.",
            )
        wrapped = wrapped[wrapped.columns[0]]
    if isinstance(wrapped, nw.Series):
        native = wrapped.to_native()
        categories = getattr(native, "dtype", None)
        if type(categories).__name__ == "CategoricalDtype":
            return native.to_numpy()
        return wrapped.to_numpy()
    return list(y) if isinstance(y, tuple | range) else y


def _refuse_missing(values: np.ndarray[Any, Any], *, name: str) -> None:
    if values.dtype.kind not in "fOmM":
        return

    missing = int(pd.isna(values).sum())
    if missing:
        raise DataError(
            f"{name} is missing in {missing:,} of {len(values):,} rows",
            hint=f"Leave out the rows without {name}; a model cannot be judged on them.",
        )


def _narrowed(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Nullable extension types arrive as objects; give whole columns of one plain type their type back."""
    if values.dtype.kind != "O" or not len(values):
        return values
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind == "boolean":
        return values.astype(bool)
    if kind == "integer":
        return values.astype(np.int64)
    if kind in ("floating", "mixed-integer-float", "decimal"):
        return values.astype(np.float64)
    return values


def design_matrix(X: Any) -> Any:
    """Give ``X`` the form models take: Arrow tables and lazy frames become pandas or eager ones, the rest stays.

    pandas and Polars frames, NumPy arrays and sparse matrices are passed through untouched.
    """
    wrapped = nw.from_native(X, pass_through=True)
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect()
        X = wrapped.to_native()
    if isinstance(wrapped, nw.DataFrame) and wrapped.implementation.is_pyarrow():
        return wrapped.to_pandas()
    return X


def row_count(X: Any) -> int:
    """Rows of a frame, an array or a sparse matrix."""
    shape = getattr(X, "shape", None)
    return int(shape[0]) if shape else len(X)


def column_of(X: Any, name: str) -> Any:
    """The column ``name`` of a frame; :class:`DataError` with the names that exist when there is none."""
    wrapped = nw.from_native(X, pass_through=True)
    if not isinstance(wrapped, nw.DataFrame):
        raise DataError(
            f"X is a {type(X).__name__} without column names, so it has no column {name!r}",
            hint="Give the values themselves: an array with one value per row.",
        )
    if name not in wrapped.columns:
        raise DataError(f"X has no column {name!r}", seen=name, exists=wrapped.columns)
    return wrapped[name].to_native()
