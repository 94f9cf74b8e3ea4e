"""What of a table may be written down: all but the private columns, whichever way round it holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas
    import pyarrow

_PLAIN = frozenset("iufcbmM")
"""Kinds of columns that hold no names: numbers, truth and times."""


def public_frame(frame: pandas.DataFrame, private: frozenset[str]) -> tuple[pandas.DataFrame, list[str]] | None:
    """A frame of pandas without private columns; None when its columns are named by values of one, as a pivot's are.

    Left out are the columns of these names, at any level; an index of such a name; and the rows that a private name
    labels or stands in, as after ``df.T``, ``df.iloc[0].to_frame()`` and ``df.melt()``.

    Returns
    -------
    frame, hidden
        What is left, and the names of what is not.
    """
    if not private:
        return frame, []
    if not private.isdisjoint(map(str, frame.columns.names)):
        return None
    if not private.isdisjoint(map(str, frame.index.names)):
        frame = frame.reset_index(drop=True)
    shown = [place for place, label in enumerate(frame.columns) if private.isdisjoint(_parts(label))]
    hidden = [str(label) for label in frame.columns if not private.isdisjoint(_parts(label))]
    if hidden:
        frame = frame.iloc[:, shown]
    named = [set[str]() for _ in range(len(frame))]
    held: list[Any] = [frame.index, *(frame.iloc[:, place] for place in range(frame.shape[1]))]
    for values in held:
        if values.dtype.kind not in _PLAIN:
            for found, value in zip(named, values, strict=True):
                found.update(private.intersection(_parts(value)))
    if any(named):
        frame = frame.iloc[[place for place, found in enumerate(named) if not found]]
    return frame, [*hidden, *sorted(set[str]().union(*named))]


def public_table(table: pyarrow.Table, private: frozenset[str]) -> tuple[pyarrow.Table, list[str]]:
    """The same of a table of Arrow, whose columns may have private ones inside of them, as fields."""
    import pyarrow
    import pyarrow.compute

    hidden = [field.name for field in table.schema if not private.isdisjoint(_fields(field))]
    table = table.drop_columns(hidden) if hidden else table
    named = set[str]()
    names = pyarrow.array(sorted(private), pyarrow.string())
    for place, field in enumerate(table.schema):
        column = table.column(place)
        column = column.cast(field.type.value_type) if pyarrow.types.is_dictionary(field.type) else column
        if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
            found = pyarrow.compute.is_in(column, names.cast(column.type))
            named.update(column.filter(found).unique().to_pylist())
            table = table.filter(pyarrow.compute.invert(found))
    return table, [*hidden, *sorted(named)]


def public_structure(value: Any, private: frozenset[str]) -> tuple[Any, list[str]]:
    """The same of mappings and lists: without what private keys hold."""
    hidden: set[str] = set()

    def without(value: Any) -> Any:
        if isinstance(value, Mapping):
            hidden.update(private.intersection(map(str, value)))
            return {key: without(item) for key, item in value.items() if str(key) not in private}
        return [without(item) for item in value] if isinstance(value, list | tuple) else value

    return without(value), sorted(hidden)


def _parts(value: Any) -> Iterator[str]:
    """A label, or a value, and what it is made of."""
    if isinstance(value, Mapping):
        yield from _parts_of([*value, *value.values()])
    elif isinstance(value, tuple | list | set | frozenset):
        yield from _parts_of(value)
    else:
        yield str(value) if isinstance(value, str | int) else ""


def _parts_of(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _parts(value)


def _fields(field: pyarrow.Field) -> Iterator[str]:
    yield field.name
    for place in range(field.type.num_fields):
        yield from _fields(field.type.field(place))
