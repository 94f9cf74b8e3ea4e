"""What a model expects of the rows it is given: names, types, nulls, ranges and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow
from pyarrow import compute

from mlops_magics.data.arrow import logical_type, to_arrow
from mlops_magics.data.profile import FAMILIES, ColumnProfile, LogicalType, Profile, comparable, kept_level


@dataclass(frozen=True, slots=True)
class ColumnSignature:
    """One column: ``low`` and ``high`` are the smallest and largest finite value seen (numbers only), ``levels`` all
    levels seen (text and booleans, None when there were too many to keep).
    """

    name: str
    type: LogicalType
    nullable: bool
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] | None = None

    @classmethod
    def of(cls, profile: ColumnProfile) -> ColumnSignature:
        """The signature a column profile implies; a NaN counts as a missing value."""
        is_number = profile.family == "number"
        levels = tuple(sorted(profile.levels)) if profile.levels and profile.has_all_levels else None
        return cls(
            profile.name, profile.type, profile.missing > 0,
            low=profile.minimum if is_number else None, high=profile.maximum if is_number else None, levels=levels,
        )

    def other_type(self, values: pyarrow.ChunkedArray) -> str | None:
        """That ``values`` are of a type this column cannot be read as, in one sentence; None where they are not.

        Booleans and numbers may stand for each other, and values that are all missing for anything.
        """
        found = logical_type(values.type)
        is_number = {found, self.type} <= {"boolean", "integer", "number"}
        if values.null_count == len(values) or is_number or comparable(found, self.type):
            return None
        return f"{self.name}: is {found} where {self.type} is expected"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what is not known is left out."""
        told: dict[str, Any] = {"name": self.name, "type": self.type, "nullable": self.nullable}
        known = {"low": self.low, "high": self.high, "levels": None if self.levels is None else list(self.levels)}
        return told | {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Signature:
    """The columns a table must have, in order.

    Examples
    --------
    >>> signature = Signature((ColumnSignature("age", "integer", False, low=18, high=90),))
    >>> import pandas
    >>> signature.problems(pandas.DataFrame({"age": [17, 40]}))
    ['age: 1 of 2 rows is outside 18 to 90 (17)']
    >>> Signature.from_dict(signature.to_dict()) == signature
    True
    """

    columns: tuple[ColumnSignature, ...]

    @classmethod
    def of(cls, profile: Profile) -> Signature:
        """The signature of the table that was profiled."""
        return cls(tuple(map(ColumnSignature.of, profile.columns.values())))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"columns": [column.to_dict() for column in self.columns]}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Signature:
        """Read what :meth:`to_dict` wrote."""
        return cls(tuple(
            ColumnSignature(**{**column, "levels": tuple(column["levels"]) if "levels" in column else None})
            for column in told["columns"]
        ))

    def problems(self, frame: Any) -> list[str]:
        """What in ``frame`` does not fit, one sentence each, in column order; an empty list when all fits.

        Parameters
        ----------
        frame
            A pandas, Polars or Arrow frame. Further columns in it are no problem.

        Returns
        -------
        list of str
            A missing column, a type of another family, a null where none was, numbers outside the range, levels
            never seen.
        """
        table = to_arrow(frame)
        found: list[str] = []
        for column in self.columns:
            if column.name in table.column_names:
                found += _column_problems(column, table.column(column.name))
            else:
                found.append(f"{column.name}: the column is missing")
        return found


def _column_problems(column: ColumnSignature, values: pyarrow.ChunkedArray) -> list[str]:
    found = column.type if values.null_count == len(values) else logical_type(values.type)
    if not comparable(found, column.type):
        return [f"{column.name}: is {found} where {column.type} is expected"]
    problems = []
    missing = compute.sum(compute.is_null(values, nan_is_null=True)).as_py()
    if missing and not column.nullable:
        problems.append(f"{column.name}: {_rows(missing, len(values))} missing where none was")
    if FAMILIES[column.type] == "number":
        problems += _range_problems(column, values)
    elif column.levels is not None:
        problems += _level_problems(column, values)
    return problems


def _range_problems(column: ColumnSignature, values: pyarrow.ChunkedArray) -> list[str]:
    if column.low is None or column.high is None or values.null_count == len(values):
        return []
    numbers = compute.cast(values, "float64", safe=False)
    outside = compute.or_(compute.less(numbers, column.low), compute.greater(numbers, column.high))
    count = compute.sum(outside).as_py() or 0
    if not count:
        return []
    first = compute.filter(numbers, outside)[0].as_py()
    return [f"{column.name}: {_rows(count, len(values))} outside {column.low:g} to {column.high:g} ({first:g})"]


def _level_problems(column: ColumnSignature, values: pyarrow.ChunkedArray) -> list[str]:


    counts = compute.value_counts(compute.cast(values.drop_null(), pyarrow.large_string())).to_pylist()
    known = frozenset(column.levels or ())
    strays = {item["values"]: item["counts"] for item in counts if kept_level(item["values"]) not in known}
    if not strays:
        return []
    names = ", ".join(repr(kept_level(name)) for name in sorted(strays)[:3]) + (", …" if len(strays) > 3 else "")
    return [f"{column.name}: {_rows(sum(strays.values()), len(values))} of a level never seen ({names})"]


def _rows(count: int, total: int) -> str:
    return f"{count:,} of {total:,} rows {'is' if count == 1 else 'are'}"
