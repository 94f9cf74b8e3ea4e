"""Profiles by DuckDB: a small GROUP BY per column, columns side by side, no row ever brought to Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from math import fsum, inf, isfinite
from typing import TYPE_CHECKING, Any

import duckdb

from mlops_magics.data.engines.sql import (
    Dialect,
    cell_query,
    count_query,
    finite_query,
    level_query,
    quartile_query,
    span_query,
)
from mlops_magics.data.grid import Grid
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

if TYPE_CHECKING:
    import pyarrow

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

_SOURCE = "mlops_table"
_DUCKDB = Dialect()
_FEWEST_BINS = 32
_SIDE_BY_SIDE = 2
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
            if not isinstance(self.held, tuple):
                cursor.register(_SOURCE, self.held)
            return cursor.execute(query).fetchall()

    def ask_all(self, questions: Iterable[Callable[[Ask], Any]]) -> list[Any]:
        """The answers to several questions, in order. One column rarely keeps all cores busy: a Parquet file with one
        row group is read by one thread.
        """
        if not self.is_shared:
            return [question(self.ask) for question in questions]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return list(pool.map(lambda question: question(self.ask), questions))

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


def profile_table(table: Table, *, edges: Profile | None = None) -> Profile:
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

    Returns
    -------
    Profile
        Deterministic but for the last digits of float sums and the approximate distinct counts of a reference.
    """
    with Scan(table.held) as scan:
        if edges is None:
            questions = [_frozen(scan.source, name, type_) for name, type_ in table.columns.items()]
        else:
            questions = [
                _counted(scan.source, name, type_, edges.columns.get(name)) for name, type_ in table.columns.items()
            ]
        columns: list[ColumnProfile] = scan.ask_all(questions)
    return Profile(table.rows, {column.name: column for column in columns})


def _logical(name: str) -> LogicalType:
    if "[" in name:
        return "other"
    plain = name if name.startswith("TIMESTAMP") else name.partition("(")[0]
    return _TYPES.get(plain, "other")


def _frozen(source: str, name: str, type_: LogicalType) -> Callable[[Ask], ColumnProfile]:
    family = FAMILIES[type_]
    if family == "level":
        return partial(_levels, source, name, type_, None)
    return partial(_bare, source, name, type_) if family == "other" else partial(_found_grid, source, name, type_)


def _counted(
    source: str, name: str, type_: LogicalType, reference: ColumnProfile | None
) -> Callable[[Ask], ColumnProfile]:
    if reference is None or not comparable(type_, reference.type):
        return partial(_bare, source, name, type_)
    if reference.levels is not None:
        return partial(_levels, source, name, type_, tuple(reference.levels))
    if FAMILIES[type_] == "other":
        return partial(_bare, source, name, type_)
    return partial(_in_grid, source, name, type_, reference.grid)


def _bare(source: str, name: str, type_: LogicalType, ask: Ask) -> ColumnProfile:
    rows, values = ask(count_query(source, [name], _DUCKDB))[0]
    return ColumnProfile(name=name, type=type_, count=rows, nulls=rows - values)


def _levels(
    source: str, name: str, type_: LogicalType, keep: tuple[str, ...] | None, ask: Ask
) -> ColumnProfile:
    parts: dict[str, dict[Any, int]] = {"kept": {}, "null": {}, "stray": {}, "rest": {}}
    for part, level, count, _ in ask(level_query(source, name, keep, _DUCKDB, most=MOST_LEVELS)):
        parts[part][level] = parts[part].get(level, 0) + int(count or 0)
    kept = parts["kept"]
    levels = frozen_levels(kept) if keep is None else {level: kept.get(level, 0) for level in keep}
    dropped = {level: count for level, count in kept.items() if level not in levels}
    strays = fewest({**parts["stray"], **dropped})
    other = sum(parts["rest"].values()) + sum(dropped.values())
    nulls = sum(parts["null"].values())
    return ColumnProfile(
        name=name, type=type_, count=sum(levels.values()) + other + nulls, nulls=nulls, levels=levels, other=other,
        strays=strays, distinct=count_distinct(None, (), levels, strays),
    )


def _in_grid(source: str, name: str, type_: LogicalType, grid: Grid | None, ask: Ask) -> ColumnProfile:
    family = FAMILIES[type_]
    counted = grid or Grid(low=0.0, inverse_width=1.0, cells=1)
    profile = _summed(name, type_, counted, ask(cell_query(source, name, family, counted, _DUCKDB)), partial(
        ask, finite_query(source, name, family, _DUCKDB)
    ))
    return profile if grid else replace(profile, grid=None, counts=(), distinct=None)


def _found_grid(source: str, name: str, type_: LogicalType, ask: Ask) -> ColumnProfile:
    family = FAMILIES[type_]
    low, high, is_integral, distinct = ask(span_query(source, name, family, _DUCKDB))[0]
    if low is None:
        return _in_grid(source, name, type_, None, ask)
    grid = Grid.spanning(low, high, integral=is_integral)
    rows = ask(cell_query(source, name, family, grid, _DUCKDB))
    grid = grid.cut(_filled(rows))
    if grid.bins < min(_FEWEST_BINS, distinct) and grid.inverse_width != 1.0:
        grid, rows = _bent(source, name, family, (low, high, grid, rows), ask)
    profile = _summed(name, type_, grid, rows, partial(ask, finite_query(source, name, family, _DUCKDB)))
    return profile if profile.distinct is not None else replace(profile, distinct=distinct)


def _bent(
    source: str, name: str, family: Family, straight: tuple[float, float, Grid, Rows], ask: Ask
) -> tuple[Grid, Rows]:
    """A grid that keeps the bulk of a heavy-tailed column apart, when it does so better than the straight one."""
    low, high, grid, rows = straight
    first, center, third = ask(quartile_query(source, name, family, _DUCKDB))[0][0]
    spread = (third - first) / 2 or (high - low) / 1e6
    if not (isfinite(spread) and spread > 0):
        return grid, rows
    bent = Grid.spanning(low, high, center=center, spread=spread)
    bent_rows = ask(cell_query(source, name, family, bent, _DUCKDB))
    bent = bent.cut(_filled(bent_rows))
    return (bent, bent_rows) if bent.bins > grid.bins else (grid, rows)


def _filled(rows: Rows) -> dict[int, int]:
    return {cell: values for cell, _, values, *_ in rows}


def _summed(
    name: str, type_: LogicalType, grid: Grid, rows: Rows, finite: Callable[[], Rows]
) -> ColumnProfile:
    count, values = (sum(row[index] for row in rows) for index in (1, 2))
    cells = _filled(rows)
    nan = positive = negative = 0
    lows, highs, sums, squares = (
        [row[index] for row in rows if row[2]] for index in (3, 4, 5, 6)
    )
    if not all(map(isfinite, [*lows, *highs])):
        nan, positive, negative, *rest = finite()[0]
        lows, highs, sums, squares = ([] if value is None else [value] for value in rest)
        cells[grid.cells] = cells.get(grid.cells, 0) - nan - positive
        cells[-1] = cells.get(-1, 0) - negative
    counts = grid.counts(cells)
    return ColumnProfile(
        name=name, type=type_, count=count, nulls=count - values, nan=nan, positive_infinities=positive,
        negative_infinities=negative, minimum=min(lows, default=None), maximum=max(highs, default=None),
        sum=_total(sums), sum_squares=_total(squares), grid=grid, counts=counts,
        distinct=count_distinct(grid, counts, None, {}),
    )


def _total(parts: list[float]) -> float:
    return fsum(parts) if all(map(isfinite, parts)) else inf
