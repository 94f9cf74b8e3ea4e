"""Any frame as an Arrow table, sharing its memory where the layouts allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import narwhals
import pyarrow
from pyarrow import types

from mlops_magics.data.loaded import loaded
from mlops_magics.data.profile import LogicalType
from mlops_magics.errors import DataError

if TYPE_CHECKING:
    import pandas


def to_arrow(data: Any) -> pyarrow.Table:
    """The frame ``data`` as an Arrow table: pandas, Polars (a lazy one is collected), Arrow, a 2-d NumPy array, or
    whatever else narwhals knows.

    In pandas and NumPy a NaN means missing and becomes null; the index of a pandas frame is left out. Column names
    become text. Sparse columns of pandas become dense, object columns of mixed values text.

    Raises
    ------
    DataError
        When ``data`` is no table, or two columns have the same name.
    """
    pandas_module, numpy = loaded("pandas"), loaded("numpy")
    if isinstance(data, pyarrow.RecordBatch):
        data = pyarrow.Table.from_batches([data])
    if isinstance(data, pyarrow.Table):
        require_distinct(data.column_names)
        return data
    if numpy and isinstance(data, numpy.ndarray):
        return _from_array(data)
    if pandas_module and isinstance(data, pandas_module.DataFrame):
        return _from_pandas(data)
    return _from_narwhals(data)


def require_distinct(names: Iterable[str]) -> None:
    """Raise when two columns have the same name.

    Raises
    ------
    DataError
        Naming them.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"more than one column is named {', '.join(map(repr, twice[:5]))}", hint="Rename them")


def logical_type(type_: pyarrow.DataType) -> LogicalType:  # noqa: PLR0911
    """The logical type of an Arrow type; dictionaries have that of their values."""
    if types.is_dictionary(type_):
        return logical_type(type_.value_type)
    if types.is_boolean(type_):
        return "boolean"
    if types.is_integer(type_):
        return "integer"
    if types.is_floating(type_) or types.is_decimal(type_):
        return "number"
    if types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return "text"
    if types.is_date(type_):
        return "date"
    return "timestamp" if types.is_timestamp(type_) else "other"


def _from_array(array: Any) -> pyarrow.Table:
    if array.ndim != 2:
        raise DataError(f"an array of {array.ndim} dimensions is no table", hint="Give it two: rows × columns")
    columns = [pyarrow.array(array[:, index], from_pandas=True) for index in range(array.shape[1])]
    return pyarrow.table(columns, names=[str(index) for index in range(array.shape[1])])


def _from_pandas(frame: pandas.DataFrame) -> pyarrow.Table:
    names = [str(name) for name in frame.columns]
    require_distinct(names)
    return pyarrow.table([_from_series(frame.iloc[:, index]) for index in range(len(names))], names=names)


def _from_series(series: pandas.Series[Any]) -> Any:
    from pandas import SparseDtype

    if isinstance(series.dtype, SparseDtype):
        series = series.astype(series.dtype.subtype)
    try:
        return pyarrow.Array.from_pandas(series)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError):
        texts = [None if missing else str(value) for value, missing in zip(series, series.isna(), strict=True)]
        return pyarrow.array(texts, pyarrow.string())


def _from_narwhals(data: Any) -> pyarrow.Table:
    try:
        frame = narwhals.from_native(data)
    except TypeError as reason:
        raise DataError(
            f"a {type(data).__name__} is not a table",
            hint="Give a pandas, Polars or Arrow frame, a DuckDB relation, a 2-d array, or a path to Parquet or CSV",
        ) from reason
    eager = frame.collect() if isinstance(frame, narwhals.LazyFrame) else frame
    table: pyarrow.Table = eager.to_arrow()
    require_distinct(table.column_names)
    return table
