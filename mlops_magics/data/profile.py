"""What a table looks like, in numbers that add up: the profile of two parts is the sum of their profiles."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from hashlib import md5
from typing import Any, Literal

from mlops_magics.data.grid import Grid
from mlops_magics.errors import DataError

LogicalType = Literal["integer", "number", "boolean", "text", "date", "timestamp", "other"]
Family = Literal["number", "level", "time", "other"]

FAMILIES: Mapping[LogicalType, Family] = {
    "integer": "number", "number": "number", "boolean": "level", "text": "level",
    "date": "time", "timestamp": "time", "other": "other",
}

MOST_LEVELS = 128
LEVEL_BYTES = 1_600
"""A column keeps its most frequent levels, at most so many and so many bytes of them: twenty columns of text stay
below 60 KB."""

LEVEL_LENGTH = 40
"""A longer level is kept as its first 27 characters and 12 digits of its MD5."""

MOST_STRAYS = 16

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """Counts and sums of one column. A column is counted in a grid (numbers, dates and timestamps, the latter two as
    seconds since 1970 in UTC), in levels (text and booleans), or, for other types, only for its nulls.

    ``count`` is rows; ``nulls``, ``nan`` and the infinities are in it and in nothing else. ``minimum``, ``maximum``,
    ``sum`` and ``sum_squares`` are over finite values; the sums are exact to about 1e-12 relative to the sum of
    magnitudes, since an engine adds floats in an order of its own. ``levels`` are the frozen levels, ``other`` the
    rows of all further ones, the *strays*, of which ``strays`` keeps the 16 with the smallest MD5: a choice that does
    not depend on how a table was cut into parts. ``distinct`` is None where the counts cannot tell.
    """

    name: str
    type: LogicalType
    count: int
    nulls: int = 0
    nan: int = 0
    positive_infinities: int = 0
    negative_infinities: int = 0
    minimum: float | None = None
    maximum: float | None = None
    sum: float = 0.0
    sum_squares: float = 0.0
    grid: Grid | None = None
    counts: tuple[int, ...] = ()
    levels: Mapping[str, int] | None = None
    other: int = 0
    strays: Mapping[str, int] = field(default_factory=dict)
    distinct: int | None = None

    @property
    def family(self) -> Family:
        """Types of one family can be compared: an integer with a number, a date with a timestamp."""
        return FAMILIES[self.type]

    @property
    def missing(self) -> int:
        """Rows that are null or NaN: pandas and NumPy write NaN where Polars, Arrow and Parquet write null."""
        return self.nulls + self.nan

    @property
    def values(self) -> int:
        """Rows with a value that is neither null nor NaN nor infinite."""
        return self.count - self.missing - self.positive_infinities - self.negative_infinities

    @property
    def mean(self) -> float | None:
        """Mean of the finite values, None without any."""
        return self.sum / self.values if self.grid is not None and self.values else None

    @property
    def standard_deviation(self) -> float | None:
        """Population standard deviation of the finite values, None without any."""
        mean = self.mean
        if mean is None:
            return None
        return math.sqrt(max(self.sum_squares / self.values - mean * mean, 0.0))

    @property
    def is_withheld(self) -> bool:
        """Whether its values, though it has some, were left out on purpose: see :meth:`withheld`."""
        return self.family != "other" and self.grid is None and self.levels is None and self.values > 0

    def withheld(self) -> ColumnProfile:
        """What may be told of a private column: its type, how many rows, how many missing or not finite. No level, no
        bin, no value or sum of values.
        """
        return ColumnProfile(
            name=self.name, type=self.type, count=self.count, nulls=self.nulls, nan=self.nan,
            positive_infinities=self.positive_infinities, negative_infinities=self.negative_infinities,
        )

    @property
    def is_constant(self) -> bool:
        """Whether all values, and there are some, are the same."""
        if self.levels is not None:
            return sum(map(bool, self.levels.values())) + stray_levels(self.strays) == 1
        return self.minimum is not None and self.minimum == self.maximum

    @property
    def has_all_levels(self) -> bool:
        """Whether no row fell outside ``levels``."""
        return self.levels is not None and self.other == 0

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """The profile of this column's rows and ``other``'s together; exact, the sums to float addition.

        Raises
        ------
        DataError
            When the two were not counted in the same bins or levels.
        """
        _require_same_frame(self, other)
        added = {
            name: getattr(self, name) + getattr(other, name)
            for name in ("count", "nulls", "nan", "positive_infinities", "negative_infinities", "sum", "sum_squares",
                         "other")
        }
        counts = tuple(map(sum, zip(self.counts, other.counts, strict=True)))
        levels = None if self.levels is None else {
            level: count + (other.levels or {})[level] for level, count in self.levels.items()
        }
        strays = fewest(_sum(self.strays, other.strays))
        return replace(
            self, **added, counts=counts, levels=levels, strays=strays,
            minimum=_extreme(min, self.minimum, other.minimum), maximum=_extreme(max, self.maximum, other.maximum),
            distinct=count_distinct(self.grid, counts, levels, strays),
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields that carry something, JSON-ready."""
        told = {part.name: getattr(self, part.name) for part in fields(self)}
        told = {name: value for name, value in told.items() if value not in (None, (), {})}
        for name in ("nulls", "nan", "positive_infinities", "negative_infinities", "other", "sum", "sum_squares"):
            if not told[name]:
                del told[name]
        if self.grid is not None:
            told |= {"grid": self.grid.to_dict(), "counts": list(self.counts)}
        if self.levels is not None:
            told["levels"] = dict(self.levels)
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> ColumnProfile:
        """Read what :meth:`to_dict` wrote."""
        grid = told.get("grid")
        return cls(**{
            **told, "grid": None if grid is None else Grid.from_dict(grid), "counts": tuple(told.get("counts", ()))
        })


@dataclass(frozen=True, slots=True)
class Profile:
    """The column profiles of a table, in its order, and its number of rows.

    Law: for tables a and b counted in the same edges, ``profile(a).merge(profile(b))`` is the profile of both.

    Examples
    --------
    >>> from mlops_magics.data.frames import open_table
    >>> from mlops_magics.data.engines.duckdb import profile_table
    >>> import pandas
    >>> reference = profile_table(open_table(pandas.DataFrame({"age": [31, 44, None]})))
    >>> reference.columns["age"].nulls, reference.columns["age"].maximum
    (1, 44.0)
    >>> Profile.from_dict(reference.to_dict()) == reference
    True
    """

    rows: int
    columns: Mapping[str, ColumnProfile]

    def merge(self, other: Profile) -> Profile:
        """The profile of both tables together; they must have been counted in the same edges.

        Raises
        ------
        DataError
            When columns, bins or levels differ.
        """
        if self.columns.keys() != other.columns.keys():
            odd = sorted(self.columns.keys() ^ other.columns.keys())
            raise DataError(
                f"profiles of different columns cannot be added: only one of them has {', '.join(odd[:8])}",
                hint="Profile both tables with edges=the reference's profile",
            )
        merged = {name: column.merge(other.columns[name]) for name, column in self.columns.items()}
        return Profile(self.rows + other.rows, merged)

    def withhold(self, names: Collection[str]) -> Profile:
        """The profile without what the columns of these names hold; see :meth:`ColumnProfile.withheld`."""
        columns = {name: column.withheld() if name in names else column for name, column in self.columns.items()}
        return Profile(self.rows, columns)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; at most about 3 KB a column."""
        columns = [column.to_dict() for column in self.columns.values()]
        return {"format": FORMAT, "rows": self.rows, "columns": columns}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Profile:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        DataError
            When it was written by a newer version of this package.
        """
        if told.get("format") != FORMAT:
            raise DataError(
                f"a profile of format {told.get('format')!r} cannot be read", exists=[FORMAT],
                hint="Upgrade mlops_magics",
            )
        columns = map(ColumnProfile.from_dict, told["columns"])
        return cls(told["rows"], {column.name: column for column in columns})


def comparable(left: LogicalType, right: LogicalType) -> bool:
    """Whether columns of these types can be counted in the same bins: integers with numbers, dates with timestamps."""
    return FAMILIES[left] == FAMILIES[right] and (left == right or "boolean" not in {left, right})


def kept_level(level: str) -> str:
    """The name a level is kept under: itself, or its beginning and its MD5 when it is longer than 40 characters."""
    if len(level) <= LEVEL_LENGTH:
        return level
    return level[:27] + "…" + _digest(level)[:12]


def frozen_levels(counts: Mapping[str, int]) -> dict[str, int]:
    """The most frequent levels that fit the bounds; equal counts in the order of their names."""
    kept, size = {}, 0
    for level, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LEVELS]:
        size += len(level.encode("utf-8", "replace")) + 8
        if size > LEVEL_BYTES:
            break
        kept[level] = count
    return kept


def fewest(strays: Mapping[str, int]) -> dict[str, int]:
    """The 16 strays with the smallest MD5, in that order."""
    return {level: strays[level] for level in sorted(strays, key=_digest)[:MOST_STRAYS]}


def stray_levels(strays: Mapping[str, int]) -> int:
    """How many stray levels there are: exact below 16, else estimated from the largest MD5 kept (k minimum values,
    Bar-Yossef et al. 2002; relative error about 1/√14).
    """
    if len(strays) < MOST_STRAYS:
        return len(strays)
    largest = max(int(_digest(level)[:16], 16) for level in strays)
    return max(round((MOST_STRAYS - 1) * 2.0**64 / (largest + 1)), MOST_STRAYS)


def count_distinct(
    grid: Grid | None, counts: tuple[int, ...], levels: Mapping[str, int] | None, strays: Mapping[str, int]
) -> int | None:
    """Distinct values as far as counts tell: for levels, and for integers counted one by one."""
    if levels is not None:
        return sum(map(bool, levels.values())) + stray_levels(strays)
    if grid is not None and grid.is_one_cell_per_bin and not counts[0] and not counts[-1]:
        return sum(map(bool, counts))
    return None


def _digest(level: str) -> str:
    return md5(level.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {level: left.get(level, 0) + right.get(level, 0) for level in (*left, *right)}


def _extreme(choose: Any, left: float | None, right: float | None) -> float | None:
    found = [value for value in (left, right) if value is not None]
    return choose(found) if found else None


def _require_same_frame(left: ColumnProfile, right: ColumnProfile) -> None:
    levels = [None if profile.levels is None else tuple(profile.levels) for profile in (left, right)]
    if left.type == right.type and left.grid == right.grid and levels[0] == levels[1]:
        return
    raise DataError(
        f"the profiles of column {left.name!r} were counted in different bins and cannot be added",
        hint="Profile both tables with edges=the reference's profile",
    )
