"""Large arrays and frames whose columns Arrow cannot read where they lie: converted a piece at a time, never whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow

from mlops_magics.data.arrow import require_distinct, to_arrow
from mlops_magics.data.loaded import loaded

LEAST_BYTES = 64 << 20
"""Smaller ones are converted whole."""

PIECE_BYTES = 64 << 20
"""So much is converted at a time when columns are wanted; one column at least."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """A two-dimensional NumPy array, or a pandas frame, of numbers that lie row by row, or with gaps."""

    native: Any

    @classmethod
    def of(cls, data: Any) -> Pieces | None:
        """``data`` in pieces where converting it would copy much of it, else None."""
        numpy, pandas = loaded("numpy"), loaded("pandas")
        if numpy and isinstance(data, numpy.ndarray):
            would_copy = data.ndim == 2 and _is_scattered(data)
            return cls(data) if would_copy and data.nbytes > LEAST_BYTES else None
        if pandas and isinstance(data, pandas.DataFrame) and data.size * 8 > LEAST_BYTES:
            # Without numbers only, what a column is may hang on all of it.
            if not all(isinstance(kind, numpy.dtype) and kind.kind in "iuf" for kind in set(data.dtypes)):
                return None
            if any(_is_scattered(data.iloc[:, index].to_numpy()) for index in range(data.shape[1])):
                return cls(data)
        return None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.native.shape[0])

    @property
    def schema(self) -> pyarrow.Schema:
        """Names and types of the columns.

        Raises
        ------
        DataError
            When two have the same name.
        """
        schema = self._piece(slice(0, 1), slice(None)).schema
        require_distinct(schema.names)
        return schema

    def batches(self, rows: int) -> Iterator[pyarrow.RecordBatch]:
        """All columns, some rows at a time."""
        for start in range(0, self.rows, rows):
            yield from self._piece(slice(start, start + rows), slice(None)).to_batches()

    def columns(self) -> Iterator[pyarrow.Table]:
        """All rows, some columns at a time."""
        names = self.schema.names
        width = max(PIECE_BYTES // (8 * self.rows), 1)
        for start in range(0, len(names), width):
            group = slice(start, start + width)
            yield self._piece(slice(None), group).rename_columns(names[group])

    def _piece(self, rows: slice, columns: slice) -> pyarrow.Table:
        native = self.native
        return to_arrow(native.iloc[rows, columns] if hasattr(native, "iloc") else native[rows, columns])


def _is_scattered(array: Any) -> bool:
    """Whether the values of a column of numbers do not lie side by side."""
    return array.dtype.kind in "iuf" and len(array) > 1 and bool(array.strides[0] != array.dtype.itemsize)
