"""A few rows as JSON text, with all that is needed to make the same rows of it: what they are in, and types."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_magics.data.frames import open_table
from mlops_magics.errors import DataError
from mlops_magics.records import decode, encode, plain

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LARGEST_VALUE_BYTES = 4_096
"""The name of a NumPy type can say how many bytes each value takes, and so ask for all memory there is."""

_READ_ERRORS = (TypeError, ValueError, LookupError, AttributeError, OverflowError, NotImplementedError)


def example_text(X: Any, *, rows: int) -> str | None:
    """The first rows of what a model was given, as text that :func:`read_example` makes the same of: a pandas frame,
    a series, or a NumPy array. Other tables become a pandas frame, lists an array. None where JSON cannot hold them.

    Raises
    ------
    DataError
        It is no table.

    Examples
    --------
    >>> import pandas
    >>> city = pandas.Categorical(["Oslo", "Rome"], categories=["Rome", "Oslo"], ordered=True)
    >>> kept = read_example(example_text(pandas.DataFrame({"city": city}), rows=1))
    >>> kept["city"].dtype == city.dtype, len(kept)
    (True, 1)
    """
    head = _head(X, rows)
    try:
        text = encode(_told(head))
        is_same = _types_of(read_example(text)) == _types_of(head)
    except (DataError, *_READ_ERRORS):
        return None
    return text if is_same else None


def read_example(text: str) -> Any:
    """Read what :func:`example_text` wrote. Text of earlier versions tells no types: it becomes a frame of what JSON
    holds.

    Raises
    ------
    DataError
        It is something else.
    """
    import pandas as pd

    try:
        told = decode(text)
        if "array" in told:
            return _read_array(told["data"], told["array"])
        columns, types = told["columns"], told.get("types")
        if types is None:
            return pd.DataFrame(told["data"], columns=columns)
        values = [[row[place] for row in told["data"]] for place in range(len(columns))]
        read = [_read_column(column, type_) for column, type_ in zip(values, types, strict=True)]
        if told.get("is_series"):
            return read[0].rename(columns[0])
        frame = pd.concat(read, axis=1)
        frame.columns = pd.Index(columns)
    except (RecursionError, *_READ_ERRORS) as error:
        raise DataError(f"the example rows cannot be read ({type(error).__name__}: {str(error)[:100]})") from error
    return frame


def with_types_of(frame: pd.DataFrame, example: Any) -> pd.DataFrame:
    """Rows that come from where there are fewer types, such as a CSV file or lists, with those of an example: text as
    categories, dates and numbers, moments in its time zone. What does not fit stays what it is.
    """
    import pandas as pd

    if not isinstance(example, pd.DataFrame):
        return frame
    shared = [name for name in example.columns if name in frame.columns]
    return frame.assign(**{str(name): _with_type(frame[name], example[name].dtype) for name in shared})


def _with_type(column: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    import pandas as pd

    is_text = isinstance(column.dtype, pd.StringDtype) or column.dtype == object
    try:
        if isinstance(dtype, pd.CategoricalDtype):
            is_known = set(column.dropna()) <= set(dtype.categories)
            return column.astype(dtype) if is_known else column
        if is_text and getattr(dtype, "kind", "") in "iuf":
            return pd.to_numeric(column)
        if is_text and getattr(dtype, "kind", "") == "M":
            return _dates(column, dtype)
        if isinstance(dtype, pd.DatetimeTZDtype) and isinstance(column.dtype, pd.DatetimeTZDtype):
            moved: pd.Series[Any] = column.dt.tz_convert(dtype.tz)
            return moved
    except _READ_ERRORS:
        pass
    return column


def _head(X: Any, rows: int) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(X, list | tuple):
        X = list(X[:rows])
        X = pd.DataFrame(X) if X and isinstance(X[0], Mapping) else np.asarray(X)
    if isinstance(X, np.ndarray):
        return X[:rows]
    if isinstance(X, pd.Series):
        return X.head(rows)
    is_column = hasattr(X, "to_numpy") and not hasattr(X, "columns") and not hasattr(X, "column_names")
    if is_column:
        return pd.Series(X[:rows].to_numpy(), name=getattr(X, "name", None))
    return open_table(X).head(rows)


def _told(head: Any) -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    if isinstance(head, np.ndarray):
        return {"array": head.dtype.str, "data": plain(head.tolist())}
    frame = head.to_frame() if isinstance(head, pd.Series) else head
    columns = [_values(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return {
        "columns": [head.name] if isinstance(head, pd.Series) else list(frame.columns),
        "types": [_type(dtype) for dtype in frame.dtypes],
        "data": [list(row) for row in zip(*columns, strict=True)],
        "is_series": isinstance(head, pd.Series),
    }


def _types_of(rows: Any) -> list[Any]:
    import numpy as np
    import pandas as pd

    if isinstance(rows, np.ndarray):
        return [rows.dtype, rows.shape]
    if isinstance(rows, pd.Series):
        return [rows.name, rows.dtype]
    return [list(rows.columns), list(rows.dtypes)]


def _values(column: pd.Series[Any]) -> list[Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC")
    return [_value(value) for value in column.astype(object)]


def _value(value: Any) -> Any:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, datetime.timedelta):
        return pd.Timedelta(value).isoformat()
    return plain(value)


def _type(dtype: Any) -> Any:
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        levels = pd.Series(dtype.categories)
        return {"levels": _values(levels), "type": _type(levels.dtype), "is_ordered": bool(dtype.ordered)}
    return str(dtype)


def _read_column(values: Sequence[Any], type_: Any) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(type_, Mapping):
        levels = pd.Index(_read_column(type_["levels"], type_["type"]), name=None)
        known = pd.Series(list(values), dtype=object)
        if isinstance(levels, pd.DatetimeIndex):
            known = _dates(known, levels.dtype)
        return pd.Series(pd.Categorical(known, categories=levels, ordered=type_["is_ordered"]))
    dtype = pd.api.types.pandas_dtype(type_)
    if getattr(dtype, "itemsize", 0) > LARGEST_VALUE_BYTES:
        raise TypeError(f"rows of type {type_!r:.40}")
    if getattr(dtype, "kind", "") == "M":
        return _dates(pd.Series(list(values), dtype=object), dtype)
    if getattr(dtype, "kind", "") == "m":
        return pd.Series(pd.to_timedelta(pd.Series(list(values), dtype=object))).astype(dtype)
    return pd.Series(list(values), dtype=dtype)


def _dates(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    import pandas as pd

    is_zoned = isinstance(dtype, pd.DatetimeTZDtype)
    return pd.to_datetime(values, format="ISO8601", utc=is_zoned).astype(dtype)


def _read_array(values: Any, type_: str) -> np.ndarray[Any, Any]:
    import numpy as np

    dtype = np.dtype(type_)
    if dtype.itemsize > LARGEST_VALUE_BYTES:
        raise TypeError(f"rows of type {type_!r:.40}")
    return np.array(values, dtype=dtype)
