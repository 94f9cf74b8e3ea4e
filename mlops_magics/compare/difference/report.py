"""How a difference reads: metrics first, then what may have caused them, and what only fills the page folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.difference.changes import SIDES, Change, Side
from mlops_magics.compare.difference.data import TableChange
from mlops_magics.compare.difference.structure import largest_first, split
from mlops_magics.compare.telling import metric_order
from mlops_magics.look import Code, Column, Diff, Fold, Line, Mark, Table, Title, Tone
from mlops_magics.look.numbers import count

if TYPE_CHECKING:
    from mlops_magics.compare.difference.value import Difference
    from mlops_magics.compare.significance.comparison import Comparison

TONES: Mapping[Side | None, Tone] = {"right": "good", "left": "bad", None: "plain"}
PARTS = {
    "params": "parameters", "data": "data", "cells": "code", "structure": "the model", "packages": "packages",
    "code_state": "git", "artifacts": "files",
}  # fmt: skip
SHOWN_COEFFICIENTS = 20
SHOWN_COLUMNS = 12
OPEN_ROWS = 6
DIGESTS = frozenset({"git commit", "uncommitted patch", "fingerprint", "content", "profile", "sha256"})

Names = tuple[str, str]


def blocks(found: Difference) -> Iterator[Any]:
    """Everything a difference says."""
    names = found.names
    yield Title(f"{names[0]} → {names[1]}", found.left.experiment if found.left else "")
    if found.better is not None:
        # Its title is this one.
        yield from found.better.document().blocks[1:]
    if found.left and found.right and found.left.id == found.right.id:
        yield Line("Both are the same run: %mlops runs tells ids.", tone="unknown")
        return
    if found.is_empty:
        yield Line("Nothing that was recorded differs.", tone="quiet")
        return
    if untested := [change for change in found.metrics if change.key not in _tested(found)]:
        yield _metrics(sorted(untested, key=lambda one: (metric_order(one.key), one.key)), names, found.better)
    yield from _curves(found)
    yield from _params(found.params, names)
    for table in found.data:
        yield from _table(table, names)
    yield from _structure(found.structure, names)
    yield from _state(found, names)
    yield from _code(found)
    yield from _folded("package", "packages differ", found.packages, names)
    yield from _artifacts(found.artifacts, names)
    yield from _rest(found)


def _tested(found: Difference) -> frozenset[str]:
    """Metrics that stand above already, with how sure their difference is."""
    better = found.better
    return frozenset(f"{better.split}/{one.metric}" for one in better.metrics) if better else frozenset()


def _metrics(changes: Sequence[Change], names: Names, better: Comparison | None) -> Table:
    """Where the rows are not the same, or too few to tell, a greater value is no better one."""
    is_refused = better is not None and bool(better.reason) and not better.hint
    unsure = {f"{better.split}/{name}" for name in better.notes} if better else set()
    rows = []
    for change in changes:
        tone: Tone = "plain" if is_refused or change.key in unsure else TONES[change.better]
        delta = None if change.delta is None else Mark(f"{change.delta:+.4g}", tone)
        rows.append((change.key, *_counts(_side(change, "left"), _side(change, "right")), delta))
    columns = [Column("metric"), *(Column(name, align="right") for name in names), Column("change", align="right")]
    return Table(columns, rows)


def _counts(*sides: Any) -> tuple[Any, ...]:
    """Metrics are floats; a row of counts, such as candidates, has no decimals whatever stands above and below."""
    known = [side for side in sides if isinstance(side, float)]
    is_count = all(side.is_integer() and abs(side) >= 1 for side in known)
    return tuple(int(side) if is_count and isinstance(side, float) else side for side in sides)


def _curves(found: Difference) -> Iterator[Any]:
    """How the curves align by step."""
    if not found.curves:
        return
    found.read_curves()
    rows = []
    for change in found.curves:
        sizes = [None if side is None else side.outline.points for side in (change.left, change.right)]
        fit = change.alignment
        rows.append((change.key, *sizes, *((fit.both, fit.parts_at, fit.distance) if fit else (None,) * 3)))
    columns = [
        Column("curve"), *(Column(f"points of {name}", align="right") for name in found.names),
        Column("common steps", align="right"), Column("part at step", align="right"),
        Column("furthest apart", align="right"),
    ]  # fmt: skip
    yield Fold(f"{count(len(rows), 'curve')} differ{'s' if len(rows) == 1 else ''}", Table(columns, rows))


def _params(changes: Sequence[Change], names: Names) -> Iterator[Any]:
    """What both have in the open; what only one has, as when the model is another one, folded."""
    both = [change for change in changes if change.in_left and change.in_right]
    if both:
        yield _named("parameter", both, names)
    for side, name in zip(SIDES, names, strict=True):
        own = [change for change in changes if change not in both and getattr(change, f"in_{side}")]
        if own:
            rows = [(change.key, _side(change, side)) for change in own]
            title = f"{count(len(own), 'parameter')} only {name} has"
            yield Fold(title, Table(["parameter", name], rows), open=len(own) <= 3)


def _table(table: TableChange, names: Names) -> Iterator[Any]:
    """What differs in one table, and the columns that lie furthest apart."""
    if table.kind in {"added", "removed"}:
        side: Side = "right" if table.kind == "added" else "left"
        facts = getattr(table.changes[0], side)
        size = f"{count(facts['rows'], 'row')} × {count(len(facts['columns']), 'column')}"
        yield Line(f"Only {names[side == 'right']} has data as {table.role}: {size}")
        return
    rows = list(_facts(table))
    if rows:
        heading = f"data: {table.role}"
        yield Table([heading, *names], [(what, _side(change, "left"), _side(change, "right")) for what, change in rows])
    if table.kind == "same rows":
        # Another summary of them, as when a column has become private.
        return
    told = [one for one in table.distances if one.distance is not None]
    if told:
        bars = [
            (one.column, one.distance, one.floor, "about" if one.is_estimate else "exactly")
            for one in told[:SHOWN_COLUMNS]
        ]
        columns = [
            Column("column"), Column("distance", digits=3, bar=1.0), Column("by chance", digits=3), Column("known")
        ]
        hidden = f", {SHOWN_COLUMNS} furthest apart" if len(told) > SHOWN_COLUMNS else ""
        yield Fold(f"{table.role}: how far columns moved{hidden}", Table(columns, bars), open=len(told) <= OPEN_ROWS)
    others = [one.column for one in table.distances if one.distance is None]
    if others:
        yield Line(f"{table.role}: how far {', '.join(others[:8])} moved is not known", tone="quiet")


def _facts(table: TableChange) -> Iterator[tuple[str, Change]]:
    for change in table.changes:
        fact, *rest = change.path
        if fact == "fingerprint":
            yield ("order of rows" if table.kind == "order of rows" else "content"), change
        elif fact == "columns":
            yield f"column {' '.join(map(str, rest))}", change
        elif fact not in {"content", "profile"}:
            yield change.key, change


def _structure(changes: Sequence[Change], names: Names) -> Iterator[Any]:
    """Steps and fitted attributes; coefficients folded, those that moved furthest first."""
    steps, fitted, coefficients = split(changes)
    if steps:
        # Other steps stand in another order; that is worth a word only where they are the same.
        fitted = [change for change in fitted if change.path[0] != "order"]
    if steps or fitted:
        rows = [
            (_of_model(change), _side(change, "left"), _side(change, "right")) for change in (*steps, *fitted)
        ]
        yield Fold("The model differs", Table(["model", *names], rows), open=len(rows) <= 2 * OPEN_ROWS)
    if coefficients:
        moved = [
            (".".join(map(str, change.path[1:])), _side(change, "left"), _side(change, "right"), change.delta)
            for change in largest_first(coefficients)
        ]
        columns = [Column("coefficient"), *(Column(name, align="right") for name in names), Column("change", sign=True)]
        more = len(moved) - SHOWN_COEFFICIENTS
        yield Fold(
            f"{count(len(moved), 'coefficient')} differ{'s' if len(moved) == 1 else ''}",
            Table(columns, moved[:SHOWN_COEFFICIENTS]),
            *([Line(f"{more} more moved less", tone="quiet")] if more > 0 else []),
        )


def _of_model(change: Change) -> str:
    """What differs, under the path of a step; the model itself has none."""
    return ".".join(str(part) for part in change.path[1:] if part != "") or {"steps": "class"}.get(
        str(change.path[0]), str(change.path[0])
    )


def _state(found: Difference, names: Names) -> Iterator[Any]:
    if found.code_state:
        yield _named("state of the code", found.code_state, names)
    if found.patches and (text := found.patches.as_diff()):
        yield Fold("What was not committed differs", Code(text, language="diff"))


def _code(found: Difference) -> Iterator[Any]:
    if found.cells:
        number = len(found.cells)
        title = f"Code: {number} cell{'s differ' if number > 1 else ' differs'}"
        yield Fold(title, Diff(*(line for change in found.cells for line in change.lines())), open=True)


def _artifacts(changes: Sequence[Change], names: Names) -> Iterator[Any]:
    """A row per file, whatever of it differs."""
    files = dict.fromkeys(str(change.path[0]) for change in changes)
    told = [_of_file(name, [change for change in changes if change.path[0] == name]) for name in files]
    if told:
        title = f"{count(len(told), 'file')} differ{'s' if len(told) == 1 else ''}"
        yield Fold(title, Table(["file", *names], told))


def _of_file(name: str, changes: Sequence[Change]) -> tuple[str, Any, Any]:
    return name, _of_side(changes, "left"), _of_side(changes, "right")


def _of_side(changes: Sequence[Change], side: Side) -> str | None:
    facts: dict[str, Any] = {}
    for change in changes:
        if getattr(change, f"in_{side}"):
            value = getattr(change, side)
            facts |= value if len(change.path) == 1 else {str(change.path[1]): value}
    size = f"{facts['size_bytes']:,} bytes" if "size_bytes" in facts else None
    words = [facts.get("type"), facts.get("sha256", "")[:12], size]
    return ", ".join(word for word in words if word) or None


def _rest(found: Difference) -> Iterator[Any]:
    for gap in found.gaps:
        name = found.names[gap.left is None]
        yield Line(f"Only {name} recorded {PARTS[gap.part]}: what differs is not known.", tone="quiet")
    unknown = {*(gap.part for gap in found.gaps), *found.unrecorded}
    equal = [word for part, word in PARTS.items() if not getattr(found, part) and part not in unknown]
    if equal:
        yield Line(f"No difference in {', '.join(equal)}.", tone="quiet")


def _folded(title: str, several: str, changes: Sequence[Change], names: Names) -> Iterator[Any]:
    if changes:
        yield Fold(f"{len(changes)} {several}", _named(title, changes, names), open=len(changes) <= OPEN_ROWS)


def _named(title: str, changes: Iterable[Change], names: Names) -> Table:
    rows = [(change.key, _side(change, "left"), _side(change, "right")) for change in changes]
    return Table([title, *names], rows)


def _side(change: Change, side: Side) -> Any:
    """The value of a side as a table cell: empty where it has none, the word where it is None."""
    if not getattr(change, f"in_{side}"):
        return None
    value = getattr(change, side)
    if isinstance(value, str) and str(change.path[-1]) in DIGESTS:
        return value[:12]
    return value if isinstance(value, str | bool | int | float) else str(value)
