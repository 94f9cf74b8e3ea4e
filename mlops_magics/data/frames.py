"""One door for every kind of table: frames of three libraries, relations, arrays, and files."""

from __future__ import annotations

from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import Any

import narwhals
import pyarrow

from mlops_magics.data.arrow import require_distinct, to_arrow
from mlops_magics.data.engines.duckdb import describe, query, read_csv
from mlops_magics.data.loaded import loaded
from mlops_magics.data.pieces import Pieces
from mlops_magics.data.places import CSV, PARQUET, is_query
from mlops_magics.data.rows import read_schema
from mlops_magics.data.table import Table
from mlops_magics.errors import DataError

__all__ = ["Table", "open_table", "open_values"]

def open_table(data: Any, *, name: str | None = None) -> Table:
    """Open ``data`` as a table without copying what can be read in place.

    Parameters
    ----------
    data
        A pandas, Polars or Arrow frame; a lazy Polars frame (collected); a DuckDB relation (scanned where it is); a
        2-d NumPy array (columns named "0", "1", …); a path to Parquet (never read whole) or CSV (read into memory),
        or a pattern such as ``"2024-*.parquet"`` whose files, in the order of their names, are one table; a query for
        DuckDB such as ``"FROM 'july.parquet' WHERE origin = 'EWR'"``. A :class:`Table` is given back.
    name
        What to call it; by default the file's name without its suffix, ``"query"``, else ``"frame"``.

    Raises
    ------
    DataError
        When there is no such file, or no table, row or column in it, or a column name occurs twice.

    Examples
    --------
    >>> import pandas
    >>> open_table(pandas.DataFrame({"age": [31, 44], "city": ["Oslo", "Rome"]}), name="people").columns
    {'age': 'integer', 'city': 'text'}
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, str) and is_query(data):
        return _table(query(data), native=data, name=name or "query")
    if isinstance(data, str | Path):
        return _open_path(str(data), name=name)
    held = data if _is_relation(data) else Pieces.of(data) or to_arrow(data)
    return _table(held, native=data, name=name or "frame")


def open_values(data: Any, *, name: str) -> Table:
    """Open whatever a model takes as X or y: a table, or one column: a series, a 1-d array, a list. A column without a
    name of its own is called ``name``. Lists become what pandas makes of them.

    Raises
    ------
    DataError
        It is nothing of that kind, or is empty.

    Examples
    --------
    >>> open_values([0, 1, 1], name="y").columns
    {'y': 'integer'}
    """
    if isinstance(data, list | tuple):
        data = _from_lists(data)
    elif isinstance(data, pyarrow.Array):
        data = pyarrow.table({name: data})
    elif getattr(data, "ndim", 0) == 1 and hasattr(data, "dtype"):
        import pandas

        data = pandas.Series(data, copy=False)
    series = narwhals.from_native(data, series_only=True, pass_through=True)
    if isinstance(series, narwhals.Series):
        own = name if series.name is None or series.name == "" else str(series.name)
        data = series.alias(own).to_frame().to_native()
    return open_table(data, name=name)


def _from_lists(rows: list[Any] | tuple[Any, ...]) -> Any:
    import pandas

    are_rows = bool(rows) and hasattr(rows[0], "__len__") and not isinstance(rows[0], str | bytes)
    try:
        if are_rows and not isinstance(rows[0], Mapping) and len(set(map(len, rows))) > 1:
            raise DataError(f"the rows of a {type(rows).__name__} differ in their length")
        return pandas.DataFrame(rows) if are_rows else pandas.Series(rows)
    except (TypeError, AttributeError) as reason:
        raise DataError(f"a {type(rows).__name__} is not a table: {reason}") from reason


def _table(held: Any, *, native: Any, name: str) -> Table:
    columns, rows = describe(held) if _is_relation(held) else read_schema(held)
    require_distinct([column for column, _ in columns])
    if not columns:
        raise DataError(f"{name} has no columns")
    if not rows:
        raise DataError(f"{name} has no rows", hint="A table needs at least one row to be judged")
    return Table(name, dict(columns), rows, held, native)


def _is_relation(data: Any) -> bool:
    duckdb = loaded("duckdb")
    return duckdb is not None and isinstance(data, duckdb.DuckDBPyRelation)


def _open_path(path: str, *, name: str | None) -> Table:
    expanded = str(Path(path).expanduser())
    files = [expanded] if Path(expanded).exists() else sorted(glob(expanded, recursive=True))  # noqa: PTH207
    files = [file for file in files if Path(file).is_file()]
    if not files:
        raise _not_found(Path(expanded), path)
    name = name or Path(path).name.split(".")[0].replace("*", "") or "files"
    if all(file.lower().endswith(PARQUET) for file in files):
        return _table(tuple(files), native=path, name=name)
    if all(file.lower().endswith(CSV) for file in files):
        return _table(read_csv(files), native=path, name=name)
    raise DataError(
        f"{path} is neither Parquet nor CSV by its name", exists=[*PARQUET, *CSV[:3]],
        hint="Rename it, or read it yourself",
    )


def _not_found(path: Path, given: str) -> DataError:
    nearby = path.parent
    while not nearby.is_dir() and nearby != nearby.parent:
        nearby = nearby.parent
    if nearby != path.parent:
        return DataError(f"there is no folder {path.parent}", hint=f"The path exists up to {nearby}")
    if path.is_dir():
        inside = sorted(file.name for file in path.iterdir() if file.name.lower().endswith((*PARQUET, *CSV)))
        return DataError(f"{given} is a folder", exists=inside, hint=f"Give a pattern: {given.rstrip('/')}/*.parquet")
    tables = sorted(file.name for file in nearby.iterdir() if file.name.lower().endswith((*PARQUET, *CSV)))
    hint = None if tables else f"There is no Parquet or CSV file in {nearby}"
    return DataError(f"there is no file {given}", seen=path.name, exists=tables, hint=hint)
