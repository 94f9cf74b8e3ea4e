"""What a value is, wherever it lives: the one form in which columns of different frames are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy
import pyarrow
from pyarrow import compute, types

from mlops_magics.data.arrow import logical_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["missing", "number", "boolean", "instant", "date", "text"]

EXACT = 2**53
"""Beyond it float64 does not tell neighbouring integers apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A stretch of a column. Values are equal when they are of one kind and all that is told of them is equal.

    Attributes
    ----------
    kind
        ``missing`` when all of them are; what else is told is then empty.
    missing
        Which are missing, or None when none is.
    numbers
        One per value, 0 where it is missing: float64 for numbers (-0.0 is 0.0), uint8 for booleans, int32 days for
        dates, int64 microseconds for instants, int64 lengths in bytes for texts.
    rest
        What ``numbers`` leaves out, or None when that is nothing: integers beyond 2**53 whole (uint64, modulo 2**64),
        the nanoseconds of instants.
    characters
        The UTF-8 of all texts, one behind the other; missing ones are empty.
    """

    kind: Kind
    rows: int
    missing: NDArray[numpy.bool_] | None = None
    numbers: NDArray[Any] | None = None
    rest: NDArray[Any] | None = None
    characters: memoryview | bytes = b""

    @property
    def missing_rows(self) -> int:
        """How many are missing."""
        if self.kind == "missing":
            return self.rows
        return 0 if self.missing is None else int(numpy.count_nonzero(self.missing))


def canonical(column: pyarrow.ChunkedArray) -> Values:
    """The values of a stretch of a column in the form that is compared; see
    :func:`~mlops_magics.data.fingerprint.fingerprint` for what is equal.
    """
    if types.is_dictionary(column.type):
        column = compute.cast(column, column.type.value_type)
    if types.is_floating(column.type):
        column = _without_nan(column)
    type_, rows = column.type, len(column)
    if types.is_null(type_) or column.null_count == rows:
        return Values("missing", rows)
    missing = compute.is_null(column).to_numpy() if column.null_count else None
    kind = logical_type(type_)
    if kind in {"integer", "number"}:
        # Adding zero turns -0.0 into 0.0 and leaves every other value as it is.
        numbers = _filled(compute.add(compute.cast(column, pyarrow.float64(), safe=False), 0.0))
        return Values("number", rows, missing, numbers, _wide(column))
    if kind == "boolean":
        return Values("boolean", rows, missing, _filled(compute.cast(column, pyarrow.uint8())))
    if kind == "date":
        days = compute.cast(compute.cast(column, pyarrow.date32()), pyarrow.int32())
        return Values("date", rows, missing, _filled(days))
    if kind == "timestamp":
        return Values("instant", rows, missing, *_instants(column))
    if kind != "text":
        texts = [None if value is None else repr(value) for value in column.to_pylist()]
        column = pyarrow.chunked_array([pyarrow.array(texts, pyarrow.large_string())])
    return _texts(column, missing)


def _without_nan(column: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
    missing = compute.is_nan(column)
    if not compute.any(missing).as_py():
        return column
    return compute.if_else(missing, pyarrow.scalar(None, column.type), column)


def _wide(column: pyarrow.ChunkedArray) -> NDArray[Any] | None:
    if not (types.is_int64(column.type) or types.is_uint64(column.type)):
        return None
    low, high = compute.min_max(column).as_py().values()
    if low >= -EXACT and high <= EXACT:
        return None
    return _filled(compute.cast(column, pyarrow.uint64(), safe=False))


def _instants(column: pyarrow.ChunkedArray) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Microseconds, and the nanoseconds beyond them where there are any."""
    unit = column.type.unit
    ticks = _filled(compute.cast(column, pyarrow.int64()))
    if unit == "ns":
        fractions = ticks % 1_000
        return ticks // 1_000, fractions if fractions.any() else None
    return ticks * {"s": 1_000_000, "ms": 1_000, "us": 1}[unit], None


def _texts(column: pyarrow.ChunkedArray, missing: NDArray[numpy.bool_] | None) -> Values:
    filled = compute.cast(column, pyarrow.large_string()).fill_null("")
    whole = filled.chunk(0) if filled.num_chunks == 1 else pyarrow.concat_arrays(filled.chunks)
    offsets, data = whole.buffers()[1:]
    ends = numpy.frombuffer(offsets, dtype=numpy.int64)[whole.offset : whole.offset + len(whole) + 1]
    characters = b"" if data is None else memoryview(data)[ends[0] : ends[-1]]
    return Values("text", len(whole), missing, numpy.diff(ends), None, characters)


def _filled(values: pyarrow.ChunkedArray) -> NDArray[Any]:
    filled = values.fill_null(0) if values.null_count else values
    numbers: NDArray[Any] = filled.to_numpy()
    return numbers
