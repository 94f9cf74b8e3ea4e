"""Whether two tables hold the same: a digest of names, order and values, wherever the table lives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy
import pyarrow
from pyarrow import compute, types

from mlops_magics.data.arrow import logical_type
from mlops_magics.data.rows import read_batches
from mlops_magics.data.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 131_072
"""Values are digested in blocks of so many rows, however the table is cut into chunks."""

_EXACT = 2**53


def fingerprint(table: Table) -> str:
    """Digest what a table holds: equal tables have equal fingerprints, in pandas, Polars, Arrow, DuckDB or Parquet.

    Two tables are equal when they have the same column names in the same order, and in every row, in the same order,
    equal values. Values are equal as follows.

    - Numbers by value, whatever their width: 1 equals 1.0, a float32 its float64. -0.0 equals 0.0.
    - A missing value, null or NaN alike, equals only a missing value: frames disagree about which of the two it is.
    - Text by its code points, categorical or not. Booleans equal only booleans.
    - Timestamps by instant, those without zone read as UTC, whatever their unit. Dates equal only dates.
    - Anything else (lists, structs, times, blobs) by the text Python writes for it.

    Chunks, row groups, the pandas index and the version of any engine have no influence.

    Returns
    -------
    str
        32 hexadecimal digits of BLAKE2b (128 bits): not the same for different tables but by a chance of 1 in 2**64
        among billions of tables.

    Examples
    --------
    >>> import pandas
    >>> from mlops_magics.data.frames import open_table
    >>> left = fingerprint(open_table(pandas.DataFrame({"a": [1, 2], "b": ["x", None]})))
    >>> left == fingerprint(open_table(pyarrow.table({"a": [1.0, 2.0], "b": ["x", None]})))
    True
    """
    digests = {name: blake2b(digest_size=16) for name in table.columns}
    rows = 0
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        for block in _blocks(table.held):
            rows += block.num_rows
            columns = zip(digests.values(), block.columns, strict=True)
            list(pool.map(lambda pair: _digest_values(*pair), columns))
    whole = blake2b(f"{rows} rows".encode(), digest_size=16)
    for name, digest in digests.items():
        encoded = name.encode("utf-8", "surrogatepass")
        whole.update(len(encoded).to_bytes(8, "little") + encoded + digest.digest())
    return whole.hexdigest()


def _blocks(held: Any) -> Iterator[pyarrow.Table]:
    waiting: list[pyarrow.RecordBatch] = []
    held_rows = 0
    for batch in read_batches(held, rows=BLOCK_ROWS):
        rest = batch
        while held_rows + rest.num_rows >= BLOCK_ROWS:
            taken = BLOCK_ROWS - held_rows
            yield pyarrow.Table.from_batches([*waiting, rest.slice(0, taken)])
            rest, waiting, held_rows = rest.slice(taken), [], 0
        if rest.num_rows:
            waiting.append(rest)
            held_rows += rest.num_rows
    if waiting:
        yield pyarrow.Table.from_batches(waiting)


def _digest_values(digest: Any, column: pyarrow.ChunkedArray) -> None:
    if types.is_dictionary(column.type):
        column = compute.cast(column, column.type.value_type)
    if types.is_floating(column.type):
        column = _without_nan(column)
    type_ = column.type
    kind = logical_type(type_)
    if types.is_null(type_) or column.null_count == len(column):
        digest.update(f"missing {len(column)};".encode())
    elif kind in {"integer", "number"}:
        _digest_numbers(digest, column)
    elif kind == "boolean":
        _digest_array(digest, "boolean", column, compute.cast(column, pyarrow.uint8()))
    elif kind == "timestamp":
        _digest_instants(digest, column)
    elif kind == "date":
        _digest_array(digest, "date", column, compute.cast(compute.cast(column, pyarrow.date32()), pyarrow.int32()))
    elif kind == "text":
        _digest_texts(digest, column)
    else:
        texts = [None if value is None else repr(value) for value in column.to_pylist()]
        _digest_texts(digest, pyarrow.chunked_array([pyarrow.array(texts, pyarrow.large_string())]))


def _without_nan(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    missing = compute.is_nan(column)
    if not compute.any(missing).as_py():
        return column
    return compute.if_else(missing, pyarrow.scalar(None, column.type), column)


def _digest_numbers(digest: Any, column: pyarrow.ChunkedArray) -> None:
    # Adding zero turns -0.0 into 0.0 and leaves every other value as it is.
    values = compute.add(compute.cast(column, pyarrow.float64(), safe=False), 0.0)
    _digest_array(digest, "number", column, values)
    if types.is_int64(column.type) or types.is_uint64(column.type):
        low, high = compute.min_max(column).as_py().values()
        if low is not None and (low < -_EXACT or high > _EXACT):
            remainders = compute.cast(column, pyarrow.uint64(), safe=False)
            _digest_array(digest, "wide", column, remainders)


def _digest_instants(digest: Any, column: pyarrow.ChunkedArray) -> None:
    unit = column.type.unit
    ticks = compute.cast(column, pyarrow.int64())
    if unit == "ns":
        numbers = _filled(ticks)
        fractions = numbers % 1_000
        _digest_array(digest, "instant", column, numbers // 1_000)
        if fractions.any():
            _digest_array(digest, "nanoseconds", column, fractions)
        return
    factor = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    _digest_array(digest, "instant", column, _filled(ticks) * factor)


def _digest_array(digest: Any, tag: str, column: pyarrow.ChunkedArray, values: Any) -> None:
    digest.update(f"{tag} {len(column)} {column.null_count};".encode())
    if column.null_count:
        digest.update(numpy.packbits(compute.is_null(column).to_numpy()))
    numbers = values if isinstance(values, numpy.ndarray) else _filled(values)
    digest.update(numpy.ascontiguousarray(numbers.astype(numbers.dtype.newbyteorder("<"), copy=False)))


def _filled(values: pyarrow.ChunkedArray) -> NDArray[Any]:
    filled = values.fill_null(0) if values.null_count else values
    numbers: NDArray[Any] = filled.to_numpy()
    return numbers


def _digest_texts(digest: Any, column: pyarrow.ChunkedArray) -> None:
    filled = compute.cast(column, pyarrow.large_string()).fill_null("")
    _digest_array(digest, "text", column, compute.binary_length(filled))
    for chunk in filled.chunks:
        offsets = numpy.frombuffer(chunk.buffers()[1], dtype=numpy.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        data = chunk.buffers()[2]
        if data is not None and len(offsets):
            digest.update(memoryview(data)[offsets[0] : offsets[-1]])
