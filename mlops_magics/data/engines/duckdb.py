"""Profiles by DuckDB: a small GROUP BY per column, columns side by side, no row ever brought to Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from math import fsum, inf, isfinite
from typing import TYPE_CHECKING, Any

import duckdb

from mlops_magics.data.engines.sql import (
    Dialect,
    cell_query,
    count_query,
    extent_query,
    finite_query,
    level_query,
    quartile_query,
    span_query,
)
from mlops_magics.data.grid import Grid
from mlops_magics.data.pieces import Pieces
from mlops_magics.data.profile import (
    FAMILIES,
    MOST_LEVELS,
    ColumnProfile,
    Family,
    LogicalType,
    Profile,
    comparable,
    count_distinct,
    fewest,
    frozen_levels,
)
from mlops_magics.data.table import Table
from mlops_magics.errors import DataError
from mlops_magics.look.progress import Progress

if TYPE_CHECKING:
    import pyarrow

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]
Extent = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A column of a source, and its minimum and maximum where they are known."""

    source: str
    name: str
    type: LogicalType
    extent: Extent = (None, None)

    @property
    def family(self) -> Family:
        return FAMILIES[self.type]


_SOURCE = "mlops_table"
_DUCKDB = Dialect()
_FEWEST_BINS = 32
_SIDE_BY_SIDE = 2
_SIDE_BY_SIDE_COLUMNS = 32
_TYPES: Mapping[str, LogicalType] = {
    **dict.fromkeys(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"], "integer"),
    **dict.fromkeys(["UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"], "integer"),
    **dict.fromkeys(["FLOAT", "DOUBLE", "DECIMAL"], "number"),
    **dict.fromkeys(["VARCHAR", "ENUM", "UUID"], "text"),
    **dict.fromkeys(["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"], "timestamp"),
    **dict.fromkeys(["TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE_NS"], "timestamp"),
    "BOOLEAN": "boolean",
    "DATE": "date",
}


class Scan:
    """What a table holds, ready to be asked in SQL; close it when done.

    Files and Arrow tables are scanned from a connection of our own, one cursor per question, so that questions may
    be asked from several threads. A relation belongs to somebody else's connection: it is asked there, in turn.
    """

    def __init__(self, held: Any) -> None:
        self.held = held
        self.is_shared = not isinstance(held, duckdb.DuckDBPyRelation)
        self.source = _SOURCE
        self._connection: duckdb.DuckDBPyConnection | None = None
        if self.is_shared:
            self._connection = duckdb.connect()
        if isinstance(held, tuple):
            files = ", ".join(map(_DUCKDB.text, held))
            self.source = f"read_parquet([{files}], hive_partitioning = false)"

    def ask(self, query: str) -> Rows:
        """All rows of the answer."""
        if self._connection is None:
            return list(self.held.query(_SOURCE, query).fetchall())
        with self._connection.cursor() as cursor:
            cursor.execute("SET enable_progress_bar = false")
            if not isinstance(self.held, tuple):
                cursor.register(_SOURCE, self.held)
            return cursor.execute(query).fetchall()

    def ask_all(self, questions: Iterable[Callable[[Ask], Any]]) -> Iterator[Any]:
        """The answers to several questions, in order, as they come.

        One column rarely keeps all cores busy: a Parquet file with one row group is read by one thread.
        """
        if not self.is_shared:
            yield from (question(self.ask) for question in questions)
            return
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            yield from pool.map(lambda question: question(self.ask), questions)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Scan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def describe(relation: duckdb.DuckDBPyRelation) -> tuple[list[tuple[str, LogicalType]], int]:
    """The columns of a relation with their logical types, in order, and its number of rows.

    Raises
    ------
    DataError
        When the query behind it cannot be run.
    """
    try:
        rows = relation.count("*").fetchall()[0][0]
    except duckdb.Error as reason:
        raise DataError(f"the relation cannot be read: {str(reason).splitlines()[0]}") from reason
    types = [_logical(str(type_)) for type_ in relation.types]
    return list(zip(relation.columns, types, strict=True)), rows


def query(text: str) -> duckdb.DuckDBPyRelation:
    """The answer to a query of somebody's own, over files, as a relation that is run whenever it is read.

    Raises
    ------
    DataError
        DuckDB does not understand it, or it is no query.
    """
    try:
        relation = duckdb.connect().sql(text)
    except duckdb.Error as reason:
        raise DataError(f"the query cannot be run: {str(reason).splitlines()[0]}") from reason
    if relation is None:
        raise DataError(f"{text!r} is no query: it answers nothing")
    return relation


def read_csv(files: Sequence[str]) -> pyarrow.Table:
    """CSV files as one Arrow table, types found by DuckDB's sniffer.

    Raises
    ------
    DataError
        When they cannot be parsed.
    """
    names = ", ".join(map(_DUCKDB.text, files))
    with duckdb.connect() as connection:
        try:
            return connection.sql(f"SELECT * FROM read_csv([{names}])").to_arrow_table()
        except duckdb.Error as reason:
            raise DataError(f"{files[0]} cannot be read as CSV: {str(reason).splitlines()[0]}") from reason


def profile_table(table: Table, *, edges: Profile | None = None, progress: Progress | None = None) -> Profile:
    """Profile a table in as few scans as its columns need, bringing only counts to Python.

    Parameters
    ----------
    table
        What :func:`~mlops_magics.data.frames.open_table` gave.
    edges
        The reference: its columns are counted in its bins and levels, one scan of each, and the two profiles can be
        compared or added. A column the reference does not know, or knows with a type of another family, is only
        counted for nulls; one that it has and the table lacks is left out. None makes the table the reference: bins
        of about equal share and the most frequent levels are found, and frozen, in a few scans of each column.
    progress
        Told after each column.

    Returns
    -------
    Profile
        Deterministic but for the last digits of float sums and the approximate distinct counts of a reference.
    """
    if pieces := _pieces(table.held):
        return _profile_pieces(table, pieces, edges, progress)
    with Scan(table.held) as scan:
        if edges is None:
            questions = [_frozen(_Asked(scan.source, name, type_)) for name, type_ in table.columns.items()]
        else:
            asked = _with_extents(scan, [_Asked(scan.source, name, type_) for name, type_ in table.columns.items()])
            questions = [_counted(column, edges.columns.get(column.name)) for column in asked]
        columns: dict[str, ColumnProfile] = {}
        for column in scan.ask_all(questions):
            columns[column.name] = column
            if progress:
                progress(len(columns) / len(questions), column.name)
    return Profile(table.rows, columns)


def _pieces(held: Any) -> Iterator[pyarrow.Table] | None:
    """The parts of a table that are profiled one after the other, or None where it is profiled as it is.

    Every question binds every column of what it is asked of, so that a wide table takes quadratic time.
    """
    if isinstance(held, Pieces):
        return held.columns()
    if isinstance(held, tuple | duckdb.DuckDBPyRelation) or held.num_columns <= _SIDE_BY_SIDE_COLUMNS:
        return None
    names = held.column_names
    starts = range(0, len(names), _SIDE_BY_SIDE_COLUMNS)
    return (held.select(names[start : start + _SIDE_BY_SIDE_COLUMNS]) for start in starts)


def _profile_pieces(
    table: Table, pieces: Iterator[pyarrow.Table], edges: Profile | None, progress: Progress | None
) -> Profile:
    def profiled(piece: pyarrow.Table) -> Mapping[str, ColumnProfile]:
        types = {name: table.columns[name] for name in piece.column_names}
        return profile_table(replace(table, columns=types, held=piece), edges=edges).columns

    columns: dict[str, ColumnProfile] = {}
    # Mapped, since the variable of a loop would hold a piece while the next one is made.
    for found in map(profiled, pieces):
        columns.update(found)
        if progress:
            progress(len(columns) / len(table.columns), next(reversed(columns)))
    return Profile(table.rows, columns)


def _logical(name: str) -> LogicalType:
    if "[" in name:
        return "other"
    plain = name if name.startswith("TIMESTAMP") else name.partition("(")[0]
    return _TYPES.get(plain, "other")


def _frozen(asked: _Asked) -> Callable[[Ask], ColumnProfile]:
    if asked.family == "level":
        return partial(_levels, asked, None)
    return partial(_bare if asked.family == "other" else _found_grid, asked)


def _counted(asked: _Asked, reference: ColumnProfile | None) -> Callable[[Ask], ColumnProfile]:
    if reference is None or not comparable(asked.type, reference.type) or asked.family == "other":
        return partial(_bare, asked)
    if reference.is_withheld or (asked.family == "level" and reference.levels is None):
        return partial(_withheld, asked)
    if reference.levels is not None:
        return partial(_levels, asked, tuple(reference.levels))
    return partial(_in_grid, asked, reference.grid)


def _with_extents(scan: Scan, columns: list[_Asked]) -> list[_Asked]:
    """The columns with the minimum and maximum of those that are numbers or times, asked in one go."""
    counted = [column for column in columns if column.family in {"number", "time"}]
    if not counted:
        return columns
    query = extent_query(scan.source, [(column.name, column.family) for column in counted], _DUCKDB)
    ends = iter(scan.ask(query)[0])
    extents = dict(zip((column.name for column in counted), zip(ends, ends, strict=True), strict=True))
    return [replace(column, extent=extents.get(column.name, (None, None))) for column in columns]


def _bare(asked: _Asked, ask: Ask) -> ColumnProfile:
    rows, values = ask(count_query(asked.source, [asked.name], _DUCKDB))[0]
    return ColumnProfile(name=asked.name, type=asked.type, count=rows, nulls=rows - values)


def _withheld(asked: _Asked, ask: Ask) -> ColumnProfile:
    return (_bare(asked, ask) if asked.family == "level" else _in_grid(asked, None, ask)).withheld()


def _levels(asked: _Asked, keep: tuple[str, ...] | None, ask: Ask) -> ColumnProfile:
    parts: dict[str, dict[Any, int]] = {"kept": {}, "null": {}, "stray": {}, "rest": {}}
    for part, level, count, _ in ask(level_query(asked.source, asked.name, keep, _DUCKDB, most=MOST_LEVELS)):
        parts[part][level] = parts[part].get(level, 0) + int(count or 0)
    kept = parts["kept"]
    levels = frozen_levels(kept) if keep is None else {level: kept.get(level, 0) for level in keep}
    dropped = {level: count for level, count in kept.items() if level not in levels}
    strays = fewest({**parts["stray"], **dropped})
    other = sum(parts["rest"].values()) + sum(dropped.values())
    nulls = sum(parts["null"].values())
    return ColumnProfile(
        name=asked.name, type=asked.type, count=sum(levels.values()) + other + nulls, nulls=nulls, levels=levels,
        other=other, strays=strays, distinct=count_distinct(None, (), levels, strays),
    )


def _in_grid(asked: _Asked, grid: Grid | None, ask: Ask) -> ColumnProfile:
    counted = grid or Grid(low=0.0, inverse_width=1.0, cells=1)
    profile = _summed(asked, counted, _cells(asked, counted, ask), ask)
    return profile if grid else replace(profile, grid=None, counts=(), distinct=None)


def _found_grid(asked: _Asked, ask: Ask) -> ColumnProfile:
    low, high, is_integral, distinct = ask(span_query(asked.source, asked.name, asked.family, _DUCKDB))[0]
    if low is None:
        return _in_grid(asked, None, ask)
    grid = Grid.spanning(low, high, integral=is_integral)
    rows = _cells(asked, grid, ask)
    grid = grid.cut(_filled(rows))
    if grid.bins < min(_FEWEST_BINS, distinct) and grid.inverse_width != 1.0:
        grid, rows = _bent(asked, (low, high, grid, rows), ask)
    profile = _summed(replace(asked, extent=(low, high)), grid, rows, ask)
    return profile if profile.distinct is not None else replace(profile, distinct=distinct)


def _bent(asked: _Asked, straight: tuple[float, float, Grid, Rows], ask: Ask) -> tuple[Grid, Rows]:
    """A grid that keeps the bulk of a heavy-tailed column apart, when it does so better than the straight one."""
    low, high, grid, rows = straight
    first, center, third = ask(quartile_query(asked.source, asked.name, asked.family, _DUCKDB))[0][0]
    spread = (third - first) / 2 or (high - low) / 1e6
    if not (isfinite(spread) and spread > 0):
        return grid, rows
    bent = Grid.spanning(low, high, center=center, spread=spread)
    bent_rows = _cells(asked, bent, ask)
    bent = bent.cut(_filled(bent_rows))
    return (bent, bent_rows) if bent.bins > grid.bins else (grid, rows)


def _cells(asked: _Asked, grid: Grid, ask: Ask) -> Rows:
    return ask(cell_query(asked.source, asked.name, asked.family, grid, _DUCKDB))


def _filled(rows: Rows) -> dict[int, int]:
    return {cell: values for cell, _, values, *_ in rows}


def _summed(asked: _Asked, grid: Grid, rows: Rows, ask: Ask) -> ColumnProfile:
    count, values = (sum(row[index] for row in rows) for index in (1, 2))
    cells = _filled(rows)
    nan = positive = negative = 0
    sums, squares = ([row[index] for row in rows if row[2]] for index in (3, 4))
    low, high = asked.extent
    if not all(map(isfinite, sums)):
        nan, positive, negative, low, high, *rest = ask(
            finite_query(asked.source, asked.name, asked.family, _DUCKDB)
        )[0]
        sums, squares = ([] if value is None else [value] for value in rest)
        cells[grid.cells] = cells.get(grid.cells, 0) - nan - positive
        lowest = -1 if grid.spread is None else grid.cells
        cells[lowest] = cells.get(lowest, 0) - negative
    counts = grid.counts(cells)
    return ColumnProfile(
        name=asked.name, type=asked.type, count=count, nulls=count - values, nan=nan, positive_infinities=positive,
        negative_infinities=negative, minimum=low, maximum=high,
        sum=_total(sums), sum_squares=_total(squares), grid=grid, counts=counts,
        distinct=count_distinct(grid, counts, None, {}),
    )


def _total(parts: list[float]) -> float:
    return fsum(parts) if all(map(isfinite, parts)) else inf
