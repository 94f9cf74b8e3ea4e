"""The queries of a profile as plain SQL text, with hooks where engines spell things differently.

Traps the text avoids, so that counts are equal on every engine: ``least(greatest(NULL, a), b)`` is not NULL, so nulls
fall into a cell and only ``count(x)`` counts values; NaN sorts above every number, so it falls into the last cell and
is counted apart, as infinities are, in a second query that runs only when the sum of a cell shows any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_magics.data.grid import Grid
from mlops_magics.data.profile import LEVEL_LENGTH, MOST_STRAYS, Family


class Dialect:
    """How one engine spells what engines spell differently; this one is DuckDB's."""

    def name(self, name: str) -> str:
        """A quoted identifier."""
        return '"' + name.replace('"', '""') + '"'

    def text(self, text: str) -> str:
        """A text literal. A NUL ends the query text for some parsers, so it is written as a character code."""
        parts = ("'" + part.replace("'", "''") + "'" for part in text.split("\0"))
        return "(" + " || chr(0) || ".join(parts) + ")"

    def number(self, number: float) -> str:
        """A double literal that reads back to the last bit."""
        return f"CAST('{number!r}' AS DOUBLE)"

    def value(self, expression: str, family: Family) -> str:
        """An expression as a double (a date or timestamp: seconds since 1970 in UTC) or as text."""
        if family == "time":
            return f"CAST(epoch({expression}) AS DOUBLE)"
        return f"CAST({expression} AS {'VARCHAR' if family == 'level' else 'DOUBLE'})"

    def quantiles(self, value: str, shares: Sequence[float]) -> str:
        """A list of exact quantiles."""
        return f"quantile_disc({value}, [{', '.join(map(str, shares))}])"

    def is_finite(self, value: str) -> str:
        """Whether a double is neither NaN nor infinite."""
        return f"isfinite({value})"

    def is_nan(self, value: str) -> str:
        """Whether a double is NaN."""
        return f"isnan({value})"

    def distinct(self, value: str) -> str:
        """An approximate count of distinct values."""
        return f"approx_count_distinct({value})"


def count_query(source: str, columns: Iterable[str], dialect: Dialect) -> str:
    """One row: all rows, then the non-null rows of each column."""
    counts = "".join(f", count({dialect.name(column)})" for column in columns)
    return f"SELECT count(*){counts} FROM {source}"


def extent_query(source: str, columns: Iterable[tuple[str, Family]], dialect: Dialect) -> str:
    """One row: minimum and maximum of each column. Parquet keeps them beside the data, so this reads next to nothing;
    what it says of a column with NaN is for nobody to rely on.
    """
    # Cast outside: an expression inside min or max would have every value read.
    ends = [dialect.value(f"{end}({dialect.name(name)})", family) for name, family in columns for end in ("min", "max")]
    return f"SELECT {', '.join(ends)} FROM {source}"


def span_query(source: str, column: str, family: Family, dialect: Dialect) -> str:
    """One row: minimum and maximum finite value, whether all are integers, approximate distinct count."""
    finite = dialect.is_finite("x")
    return (
        f"SELECT min(x) FILTER ({finite}), max(x) FILTER ({finite}), bool_and(x = floor(x)) FILTER ({finite}), "
        f"{dialect.distinct('x')} FROM (SELECT {dialect.value(dialect.name(column), family)} AS x FROM {source}) AS t"
    ).replace("FILTER (", "FILTER (WHERE ")


def quartile_query(source: str, column: str, family: Family, dialect: Dialect) -> str:
    """One row: the list of the quartiles of the finite values."""
    value = dialect.value(dialect.name(column), family)
    return (
        f"SELECT {dialect.quantiles('x', (0.25, 0.5, 0.75))} FROM (SELECT {value} AS x FROM {source}) AS t "
        f"WHERE {dialect.is_finite('x')}"
    )


def cell_query(source: str, column: str, family: Family, grid: Grid, dialect: Dialect) -> str:
    """A row per filled cell: cell, rows, values, sum, sum of squares."""
    x = "x"
    if grid.spread is not None:
        center = dialect.number(grid.center)
        x = f"(x - {center}) / ({dialect.number(grid.spread)} + abs(x - {center}))"
    position = f"floor(({x} - {dialect.number(grid.low)}) * {dialect.number(grid.inverse_width)})"
    return (
        f"SELECT CAST(least(greatest({position}, -1), {grid.cells}) AS SMALLINT) AS cell, count(*), count(x), sum(x), "
        f"sum(x * x) FROM (SELECT {dialect.value(dialect.name(column), family)} AS x FROM {source}) AS t GROUP BY 1"
    )


def finite_query(source: str, column: str, family: Family, dialect: Dialect) -> str:
    """One row: NaN, positive and negative infinities, then minimum, maximum, sum and sum of squares of the rest."""
    infinity = dialect.number(float("inf"))
    rest = f"FILTER (WHERE {dialect.is_finite('x')})"
    return (
        f"SELECT count(*) FILTER (WHERE {dialect.is_nan('x')}), count(*) FILTER (WHERE x = {infinity}), "
        f"count(*) FILTER (WHERE x = -{infinity}), min(x) {rest}, max(x) {rest}, sum(x) {rest}, sum(x * x) {rest} "
        f"FROM (SELECT {dialect.value(dialect.name(column), family)} AS x FROM {source}) AS t"
    )


def level_query(source: str, column: str, keep: Sequence[str] | None, dialect: Dialect, *, most: int) -> str:
    """Rows of (part, level, count, levels): part ``kept`` are the levels asked for, or the ``most`` frequent ones;
    ``stray`` the ones with the smallest MD5 of the rest, ``rest`` the number of rows and levels of the rest, ``null``
    the nulls. Levels longer than 40 characters are named by their beginning and their MD5.
    """
    short = f"CASE WHEN length(v) > {LEVEL_LENGTH} THEN concat(substr(v, 1, 27), '…', substr(md5(v), 1, 12)) ELSE v END"
    grouped = (
        f"g AS (SELECT {short} AS level, n FROM (SELECT {dialect.value('c', 'level')} AS v, n "
        f"FROM (SELECT {dialect.name(column)} AS c, count(*) AS n FROM {source} GROUP BY 1) AS s) AS t)"
    )
    if keep is None:
        kept = f"k AS (SELECT level, n FROM g WHERE level IS NOT NULL ORDER BY n DESC, level LIMIT {most})"
    else:
        levels = ", ".join(map(dialect.text, keep))
        kept = f"k AS (SELECT level, n FROM g WHERE {f'level IN ({levels})' if keep else '1 = 0'})"
    return (
        f"WITH {grouped}, {kept}, "
        "r AS (SELECT level, n FROM g WHERE level IS NOT NULL AND level NOT IN (SELECT level FROM k)) "
        "SELECT 'kept', level, n, 1 FROM k UNION ALL SELECT 'null', NULL, n, 1 FROM g WHERE level IS NULL "
        f"UNION ALL (SELECT 'stray', level, n, 1 FROM r ORDER BY md5(level), level LIMIT {MOST_STRAYS}) "
        "UNION ALL SELECT 'rest', NULL, sum(n), count(*) FROM r"
    )
