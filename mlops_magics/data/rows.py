"""The rows of a table, in order: batch by batch as Arrow, or as a pandas frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow
from pyarrow.parquet import ParquetFile

from mlops_magics.data.arrow import logical_type
from mlops_magics.data.loaded import loaded
from mlops_magics.data.pieces import Pieces
from mlops_magics.data.profile import LogicalType
from mlops_magics.errors import DataError

if TYPE_CHECKING:
    import pandas

BATCH_ROWS = 131_072


def read_schema(held: Any) -> tuple[list[tuple[str, LogicalType]], int]:
    """The columns of an Arrow table, of pieces or of Parquet files with their logical types, in order, and the number
    of rows.

    Raises
    ------
    DataError
        When a file is not Parquet, or the files of one table differ in their columns.
    """
    if isinstance(held, pyarrow.Table):
        return _columns(held.schema), held.num_rows
    if isinstance(held, Pieces):
        return _columns(held.schema), held.rows
    found: list[tuple[str, LogicalType]] = []
    rows = 0
    for path in held:
        try:
            with ParquetFile(path) as file:
                columns, count = _columns(file.schema_arrow), file.metadata.num_rows
        except pyarrow.ArrowInvalid as reason:
            raise DataError(f"{path} is not a Parquet file: {str(reason).splitlines()[0]}") from reason
        if found and columns != found:
            odd = sorted({name for name, _ in set(columns) ^ set(found)})
            raise DataError(f"{path} and {held[0]} differ in their columns: {', '.join(odd[:5]) or 'another order'}")
        found, rows = columns, rows + count
    return found, rows


def _columns(schema: pyarrow.Schema) -> list[tuple[str, LogicalType]]:
    return [(field.name, logical_type(field.type)) for field in schema]


def read_batches(held: Any, *, rows: int = BATCH_ROWS) -> Iterator[pyarrow.RecordBatch]:
    """Yield what a :class:`~mlops_magics.data.table.Table` holds as record batches of at most ``rows`` rows, in
    order. Parquet is read as it is consumed: a few batches are in memory at a time.
    """
    if isinstance(held, tuple):
        for path in held:
            with ParquetFile(path) as file:
                yield from file.iter_batches(batch_size=rows)
    elif isinstance(held, pyarrow.Table):
        yield from held.to_batches(max_chunksize=rows)
    elif isinstance(held, Pieces):
        yield from held.batches(rows)
    else:
        yield from held.to_arrow_reader(rows) if hasattr(held, "to_arrow_reader") else held.fetch_record_batch(rows)


def read_pandas(table: Any, *, limit: int | None) -> pandas.DataFrame:
    """The first rows of a :class:`~mlops_magics.data.table.Table`."""
    pandas_module = loaded("pandas")
    if pandas_module and isinstance(table.native, pandas_module.DataFrame):
        frame: pandas.DataFrame = table.native if limit is None else table.native.head(limit)
        return frame
    batches, wanted = [], limit
    for batch in read_batches(table.held):
        if wanted is not None and len(batch) >= wanted:
            batches.append(batch.slice(0, wanted))
            break
        batches.append(batch)
        wanted = None if wanted is None else wanted - len(batch)
    read: pandas.DataFrame = pyarrow.Table.from_batches(batches).to_pandas()
    return read
