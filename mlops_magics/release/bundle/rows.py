"""The rows that somebody gives to a bundle, as its model takes them; or one line that says what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.data.arrow import to_arrow
from mlops_magics.data.example import with_types_of
from mlops_magics.data.signature import Signature
from mlops_magics.errors import DataError
from mlops_magics.look.numbers import count

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMES = 8
"""So many columns are named in an error."""


def rows_for(given: Any, model: Any, *, signature: Signature | None, example: Any) -> Any:
    """The rows for ``model``: its columns in its order, of the types it was fitted on, or an array.

    Parameters
    ----------
    given
        A frame, an array, a mapping of column names to lists, a list of mappings, or a Parquet or CSV path.
    model
        That is asked. Where it does not say what it was fitted on, the signature does.
    signature
        What the bundle says of the columns.
    example
        Rows that the model is known to take; None where there are none.

    Raises
    ------
    DataError
        A column is missing or of another type, the width of an array is wrong; says which.
    """
    import narwhals.stable.v2 as nw
    import numpy as np

    from mlops_magics.model.arrays import design_matrix

    matrix = design_matrix(_table(given, example))
    frame = nw.from_native(matrix, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        _check_width(matrix, model, signature)
        return matrix
    if isinstance(example, np.ndarray):
        return _as_array(frame, model, signature)
    names = _names(model, signature)
    if names is None:
        return matrix
    _check_columns(frame.columns, names)
    _check_types(matrix, names, signature)
    return matrix if frame.columns == names else frame.select(names).to_native()


def is_empty(matrix: Any) -> bool:
    """Whether there are no rows."""
    shape = getattr(matrix, "shape", None)
    return int(shape[0] if shape else len(matrix)) == 0


def _table(given: Any, example: Any) -> Any:
    """Tables of few types as pandas frames with the types of the example; anything else as it is."""
    if isinstance(given, str | Path):
        from mlops_magics.data.frames import open_table

        return with_types_of(open_table(given).to_pandas(), example)
    is_records = isinstance(given, list) and bool(given) and all(isinstance(row, Mapping) for row in given)
    if isinstance(given, Mapping) or is_records:
        return with_types_of(_frame(given), example)
    return given


def _frame(given: Any) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.DataFrame(given)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"the rows are no table ({str(error)[:100]})", hint="Give a list of equal length for every column"
        ) from error


def _names(model: Any, signature: Signature | None) -> list[str] | None:
    """The columns the model takes, in its order."""
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is not None:
        return [str(name) for name in fitted]
    return None if signature is None else [column.name for column in signature.columns]


def _check_columns(given: Sequence[str], wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in given]
    if not missing:
        return
    unknown = [name for name in given if name not in wanted]
    more = f", and have {_listed(unknown)}, which the model does not know" if unknown else ""
    raise DataError(
        f"the rows lack {_listed(missing)}{more}", seen=missing[0], exists=() if unknown else given,
        hint=f"The model needs {count(len(wanted), 'column')}: bundle.signature names them.",
    )


def _check_types(matrix: Any, names: Sequence[str], signature: Signature | None) -> None:
    if signature is None:
        return
    table = to_arrow(matrix)
    problems = [problem for column in signature.columns if column.name in names
                if column.name in table.column_names
                and (problem := column.other_type(table.column(column.name)))]
    if problems:
        raise DataError(
            "the rows do not fit: " + "; ".join(problems[:MOST_NAMES]),
            hint="bundle.signature tells the types, bundle.example shows rows that fit.",
        )


def _as_array(frame: Any, model: Any, signature: Signature | None) -> Any:
    """The columns of a frame for a model that was fitted on an array: by the names in its signature, else by place."""
    names = [] if signature is None else [column.name for column in signature.columns]
    chosen = frame.select(names) if names and set(names) <= set(frame.columns) else frame
    matrix = chosen.to_numpy()
    _check_width(matrix, model, signature)
    return matrix


def _check_width(matrix: Any, model: Any, signature: Signature | None) -> None:
    expected = getattr(model, "n_features_in_", None)
    if expected is None and signature is not None:
        expected = len(signature.columns)
    shape: tuple[int, ...] = getattr(matrix, "shape", ())
    if expected is None or len(shape) != 2 or shape[1] == int(expected):
        return
    names = f": {_listed([column.name for column in signature.columns])}" if signature else ""
    raise DataError(
        f"the rows have {count(shape[1], 'column')}, the model takes {int(expected)}",
        hint=f"Give them in the order of the fit{names}.",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
