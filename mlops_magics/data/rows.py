"""The rows of a table, in order: batch by batch as Arrow, or as a pandas frame."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow
from pyarrow.parquet import ParquetFile

if TYPE_CHECKING:
    import pandas

BATCH_ROWS = 131_072


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
    else:
        yield from held.to_arrow_reader(rows) if hasattr(held, "to_arrow_reader") else held.fetch_record_batch(rows)


def read_pandas(table: Any, *, limit: int | None) -> pandas.DataFrame:
    """The first rows of a :class:`~mlops_magics.data.table.Table`."""
    pandas_module = sys.modules.get("pandas")
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
