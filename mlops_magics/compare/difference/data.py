"""The tables two runs stood on: which differ, in what, and how far the distribution of each column moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mlops_magics.compare.difference.changes import Change, apply_changes, changes
from mlops_magics.compare.difference.sameness import Recorded
from mlops_magics.records import Dataset, decode

if TYPE_CHECKING:
    from mlops_magics.data.profile import ColumnProfile, Profile

Tables: TypeAlias = "Mapping[str, Mapping[str, Any]]"
"""By role: rows, type by column, fingerprint, and digests of content and profile where they are known."""

TableKind = Literal["added", "removed", "same rows", "order of rows", "content"]


@dataclass(frozen=True, slots=True)
class ColumnDistance:
    """How far a column lies apart in two tables.

    Attributes
    ----------
    distance
        Jensen-Shannon, base 2, in common bins: 0 (equal) to 1 (disjoint). None where the two profiles do not tell.
    floor
        The distance that chance alone would give two tables of so many rows.
    is_estimate
        Whether each table was counted in bins of its own, so that the distance is about that: within a bin, rows are
        taken to lie evenly.
    reason
        Why it cannot be told; empty where it can.
    """

    column: str
    distance: float | None
    floor: float | None = None
    is_estimate: bool = False
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {
            "column": self.column, "distance": self.distance, "floor": self.floor, "is_estimate": self.is_estimate,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, eq=False)
class TableChange(Recorded):
    """A table that differs: its facts that do, and how far its columns lie apart, the furthest first.

    The path of a change begins with the fact: ``("rows",)``, ``("columns", "origin")``. A table that only one side has
    is one change with an empty path.
    """

    role: str
    changes: tuple[Change, ...]
    distances: tuple[ColumnDistance, ...] = field(default=(), compare=False)

    @property
    def kind(self) -> TableKind:
        """What differs above all. The same rows in another order are the same content."""
        facts = {str(change.path[0]): change for change in self.changes if change.path}
        if not facts:
            return "added" if self.changes[0].in_right else "removed"
        if "fingerprint" not in facts:
            return "same rows"
        # Without the digest of the content nobody knows.
        is_same_content = self.has_content and "content" not in facts
        return "order of rows" if is_same_content and "rows" not in facts else "content"

    has_content: bool = field(default=False, compare=False)
    """Whether both sides recorded what the rows are in whatever order."""

    def inverted(self) -> TableChange:
        """The change back; distances are the same both ways."""
        return TableChange(
            self.role, tuple(change.inverted() for change in self.changes), self.distances, self.has_content
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {
            "role": self.role, "kind": self.kind, "changes": [change.to_dict() for change in self.changes],
            "distances": [distance.to_dict() for distance in self.distances],
        }


def tables_of(found: Iterable[Dataset]) -> dict[str, dict[str, Any]]:
    """What is compared of the tables of a run, by role; of several of one role the newest. Not what they are called."""
    tables = {}
    for table in found:
        facts = {
            "rows": table.rows, "columns": dict(table.columns), "fingerprint": table.fingerprint or None,
            "content": table.content, "profile": table.profile,
            "origins": None if table.origins is None else list(table.origins),
        }
        tables[table.role] = {key: value for key, value in facts.items() if value is not None}
    return tables


def table_changes(left: Tables, right: Tables, texts: Mapping[str, str] | None = None) -> tuple[TableChange, ...]:
    """The tables that differ, by role. The laws are those of :func:`~.changes.changes`.

    Parameters
    ----------
    left, right
        As :func:`tables_of` gives them.
    texts
        The recorded profiles by their digests; without them no distance is told.
    """
    found: dict[str, list[Change]] = {}
    for change in changes(left, right):
        found.setdefault(str(change.path[0]), []).append(change.within())
    return tuple(
        TableChange(
            role, tuple(several),
            tuple(_distances(left.get(role, {}), right.get(role, {}), texts or {})),
            "content" in left.get(role, {}) and "content" in right.get(role, {}),
        )
        for role, several in found.items()
    )


def apply_tables(left: Tables, found: Iterable[TableChange]) -> dict[str, Any]:
    """The tables of the right side, given those of the left one. Raises as :func:`~.changes.apply_changes`."""
    return apply_changes(left, [change.under(table.role) for table in found for change in table.changes])


def invert_tables(found: Iterable[TableChange]) -> tuple[TableChange, ...]:
    """The changes back."""
    return tuple(table.inverted() for table in found)


def _distances(
    left: Mapping[str, Any], right: Mapping[str, Any], texts: Mapping[str, str]
) -> Iterator[ColumnDistance]:
    digests = left.get("profile"), right.get("profile")
    if digests[0] == digests[1] or not all(digest in texts for digest in digests):
        return
    from mlops_magics.data.profile import Profile

    before, after = (Profile.from_dict(decode(texts[str(digest)])) for digest in digests)
    found = list(_of_profiles(before, after))
    found.sort(key=lambda one: (one.distance is None, -(one.distance or 0.0), one.column))
    yield from found


def _of_profiles(left: Profile, right: Profile) -> Iterator[ColumnDistance]:
    for name, column in left.columns.items():
        if name in right.columns and column != right.columns[name]:
            yield distance_of(column, right.columns[name])


def distance_of(left: ColumnProfile, right: ColumnProfile) -> ColumnDistance:
    """How far two columns lie apart: exactly where their profiles were counted in the same bins or in all their levels,
    else as far as bins of their own tell. Missing values and infinities are no part of it.
    """
    from mlops_magics.data.bins import common_bins, estimated_bins
    from mlops_magics.data.distance import jensen_shannon, noise_floor
    from mlops_magics.data.profile import MOST_STRAYS, comparable

    reason = ""
    if not comparable(left.type, right.type):
        reason = f"{left.type} and {right.type}"
    elif left.is_withheld or right.is_withheld:
        reason = "private"
    elif not left.values or not right.values:
        reason = "no values on a side"
    elif left.family == "other":
        reason = f"{left.type} has no bins"
    elif _has_other_levels(left, right) and max(len(left.strays), len(right.strays)) >= MOST_STRAYS:
        reason = "too many levels"
    if reason:
        return ColumnDistance(left.name, None, reason=reason)
    is_estimate = left.grid != right.grid
    bins = estimated_bins(left, right) if is_estimate else common_bins(left, right)
    if bins is None:
        return ColumnDistance(left.name, None, reason="counted in bins that have too little in common")
    floor = noise_floor(len(bins), left.values, right.values)
    return ColumnDistance(left.name, jensen_shannon(bins.reference, bins.current), floor, is_estimate)


def _has_other_levels(left: ColumnProfile, right: ColumnProfile) -> bool:
    return (left.levels or {}).keys() != (right.levels or {}).keys()


