"""A table that was opened: what it is called, its columns, its rows, and what holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.data.profile import LogicalType

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """An opened table. Its rows stay where they are: in a file, in a frame, in a DuckDB relation.

    ``held`` is the source the engine scans: a tuple of Parquet paths, an Arrow table, a DuckDB relation, or the
    :class:`~mlops_magics.data.pieces.Pieces` of a large array.
    ``native`` is the object the person gave.
    """

    name: str
    columns: Mapping[str, LogicalType]
    rows: int
    held: Any
    native: Any

    def to_pandas(self, limit: int | None = None) -> pandas.DataFrame:
        """The first ``limit`` rows (None: all) as a pandas frame; a pandas frame opened here is given back as it is,
        or as a view of its head.
        """
        from mlops_magics.data.rows import read_pandas

        return read_pandas(self, limit=limit)

    def head(self, rows: int = 5) -> pandas.DataFrame:
        """The first rows as a pandas frame."""
        return self.to_pandas(limit=rows)

    def __repr__(self) -> str:
        return f"<Table {self.name}: {self.rows:,} rows × {len(self.columns)} columns>"
