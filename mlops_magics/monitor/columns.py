"""Which column of the new data is which of the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlops_magics.data.profile import Profile
from mlops_magics.errors import DataError


def named_as(reference: Profile, names: Sequence[str]) -> Profile:
    """The reference under the names of the data it is compared with.

    Where one side's names are only positions ("0", "1", …, as an array has them) and the other side has as many
    columns, the first is the first; else a name is a name.

    Raises
    ------
    DataError
        When no column is on both sides: that is another table.
    """
    known = list(reference.columns)
    if set(known) & set(names):
        return reference
    if len(known) == len(names) and (_are_positions(known) or _are_positions(names)):
        return renamed(reference, names)
    raise DataError(
        f"these are other columns: {_listed(names)}; the reference has {_listed(known)}",
        hint="Give a table with the columns that the reference was made of, or another reference",
    )


def renamed(profile: Profile, names: Iterable[str]) -> Profile:
    """The profile with other names for its columns, in their order."""
    columns = zip(names, profile.columns.values(), strict=True)
    return Profile(profile.rows, {name: replace(column, name=name) for name, column in columns})


def matched_by_position(reference: Profile, current: Profile) -> tuple[Profile, Profile, bool]:
    """Both sides under the names that say something, and whether their columns were matched by position.

    Raises
    ------
    DataError
        When no column is on both sides.
    """
    aligned = named_as(reference, list(current.columns))
    if aligned is reference:
        return reference, current, False
    if _are_positions(list(current.columns)):
        return reference, renamed(current, reference.columns), True
    return aligned, current, True


def _are_positions(names: Sequence[str]) -> bool:
    return list(names) == [str(place) for place in range(len(names))]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
