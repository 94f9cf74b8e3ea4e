"""The difference of two runs, as data: only what differs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_magics.compare.source import CellChange, changed_cells, code_diff, own_sources
from mlops_magics.look import Code, Column, Document, Fold, Line, Mark, Shown, Table, Title, Tone
from mlops_magics.look.numbers import count
from mlops_magics.records import Dataset, Run, decode, encode
from mlops_magics.store import open_store
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    from mlops_magics.records import Environment
    from mlops_magics.store.queries import Store

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
TONES: Mapping[Side | None, Tone] = {"right": "good", "left": "bad", None: "plain"}


@dataclass(frozen=True, slots=True)
class Change:
    """A named value that differs; ``None`` with ``is_absent`` where a side does not have it."""

    key: str
    left: Any
    right: Any
    in_left: bool = True
    in_right: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The key, and the value of each side that has one."""
        sides = {"left": self.left} if self.in_left else {}
        return {"key": self.key, **sides, **({"right": self.right} if self.in_right else {})}

    @property
    def delta(self) -> float | None:
        """Right minus left, where both are numbers."""
        if isinstance(self.left, int | float) and isinstance(self.right, int | float):
            return float(self.right) - float(self.left)
        return None

    @property
    def better(self) -> Side | None:
        """For a metric: the side its name calls better; None where that cannot be said."""
        if self.delta is None or not abs(self.delta) > 0:
            return None
        return "left" if (self.delta > 0) == lower_is_better(self.key) else "right"


@dataclass(frozen=True, repr=False)
class Difference(Shown):
    """What differs between two runs. Parts that are equal are empty.

    Attributes
    ----------
    params, metrics, data, packages, code_state
        Named values: parameters, last values of metrics, tables by role, package versions, and git with Python.
    cells
        Cells of the notebook that were changed, moved, added or removed.
    code_diff
        The same as one unified diff over all cells, which reads well when their borders moved.
    """

    left: Run
    right: Run
    params: tuple[Change, ...]
    metrics: tuple[Change, ...]
    cells: tuple[CellChange, ...]
    data: tuple[Change, ...]
    packages: tuple[Change, ...]
    code_state: tuple[Change, ...]
    code_diff: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all differs."""
        return not any((self.params, self.metrics, self.cells, self.data, self.packages, self.code_state))

    def to_dict(self) -> dict[str, Any]:
        """Both runs' ids and names, and every part as a list; JSON-ready."""
        parts = ("params", "metrics", "cells", "data", "packages", "code_state")
        return {
            "left": {"id": self.left.id, "name": self.left.name},
            "right": {"id": self.right.id, "name": self.right.name},
            **{part: [change.to_dict() for change in getattr(self, part)] for part in parts},
        }

    def document(self) -> Document:
        """Metrics first, then what may have caused them."""
        names = _names(self.left, self.right)
        blocks: list[Any] = [Title(f"{names[0]} → {names[1]}", self.left.experiment)]
        if self.left.id == self.right.id:
            return Document(*blocks, Line("Both are the same run: %mlops runs tells ids.", tone="unknown"))
        if self.is_empty:
            return Document(*blocks, Line("Nothing that was recorded differs.", tone="quiet"))
        if self.metrics:
            blocks.append(_metrics_table(self.metrics, names))
        blocks += _params_blocks(self.params, names)
        for title, changes in (("data", self.data), ("state of the code", self.code_state)):
            if changes:
                blocks.append(_changes_table(title, changes, names))
        if self.cells:
            count = len(self.cells)
            title = f"Code: {count} cell{'s differ' if count > 1 else ' differs'}"
            blocks.append(Fold(title, Code(self.code_diff, language="diff"), open=True))
        if self.packages:
            table = _changes_table("package", self.packages, names)
            blocks.append(Fold(f"{len(self.packages)} packages differ", table, open=len(self.packages) <= 6))
        same = [word for word, part in (("parameters", self.params), ("data", self.data), ("code", self.cells),
                                        ("packages", self.packages), ("git", self.code_state)) if not part]
        if same:
            blocks.append(Line(f"No difference in {', '.join(same)}.", tone="quiet"))
        return Document(*blocks)


def diff(left: Run | str, right: Run | str, store: Store | str | os.PathLike[str] | None = None) -> Difference:
    """Tell what differs between two runs, and nothing else.

    Parameters
    ----------
    left, right
        Runs, or what names them: a name, a piece of an id, ``@last``, ``@best:METRIC``.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.

    Raises
    ------
    RunNotFound
        One of them is not in the store.

    Examples
    --------
    >>> from mlops_magics import track
    >>> for name, depth in (("shallow", 2), ("deep", 9)):
    ...     with track("flights", name, params={"depth": depth, "seed": 0}) as run:
    ...         run.log(auc=0.7)
    >>> diff("shallow", "deep").params
    (Change(key='depth', left=2, right=9, in_left=True, in_right=True),)
    """
    place = open_store(store)
    with place.snapshot():
        first, second = place.find(left), place.find(right)
        code = _sources(place, first, second), _sources(place, second, first)
        environments = place.environment(first), place.environment(second)
        return Difference(
            left=first,
            right=second,
            params=_changes(place.params(first), place.params(second)),
            metrics=_changes(place.metrics(first), place.metrics(second)),
            cells=tuple(changed_cells(*code)),
            code_diff=code_diff(*code),
            data=_data(place.datasets(first), place.datasets(second)),
            packages=_packages(place, *environments),
            code_state=_code_state(*environments),
        )


def _changes(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(key, left.get(key), right.get(key), key in left, key in right)
        for key in sorted({*left, *right})
        if (key in left) != (key in right) or not _equal(left[key], right[key])
    )


def _equal(left: Any, right: Any) -> bool:
    # True is not 1, also inside of lists, and NaN is itself: this compares what was recorded, not numbers.
    if isinstance(left, float) and isinstance(right, float) and left == right:
        return True
    return encode(left) == encode(right)


def _sources(store: Store, run: Run, other: Run) -> list[str]:
    cells = store.cells(run)
    known = {cell.source for cell in store.cells(other)}
    return own_sources(cells, store.texts([cell.source for cell in cells]), known=known)


def _data(left: Sequence[Dataset], right: Sequence[Dataset]) -> tuple[Change, ...]:
    """By role: a table only one side has in one line, the others by content, size and the type of every column."""
    first, second = ({table.role: table for table in tables} for tables in (left, right))
    return _changes(_facts(first, second), _facts(second, first))


def _facts(tables: Mapping[str, Dataset], others: Mapping[str, Dataset]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for role, table in tables.items():
        if role not in others:
            facts[f"{role}: table"] = f"{table.rows:,} rows × {len(table.columns)} columns"
            continue
        facts[f"{role}: {_what_differs(table, others[role])}"] = table.fingerprint[:12] or "not known"
        facts[f"{role}: rows"] = table.rows
        facts.update({f"{role}: column {name}": kind for name, kind in table.columns.items()})
    return facts


def _what_differs(table: Dataset, other: Dataset) -> str:
    """The same rows in another order are the same content."""
    return "order of rows" if table.content and table.content == other.content else "content"


def _packages(store: Store, first: Environment | None, second: Environment | None) -> tuple[Change, ...]:
    if not first or not second or first.packages == second.packages:
        return ()
    texts = store.texts([first.packages, second.packages])
    return _changes(decode(texts.get(first.packages, "{}")), decode(texts.get(second.packages, "{}")))


def _code_state(first: Environment | None, second: Environment | None) -> tuple[Change, ...]:
    # What was not looked at, or not yet, is not known to differ.
    return _changes(_state(first), _state(second)) if first and second else ()


def _state(found: Environment) -> dict[str, Any]:
    facts = {
        "python": found.python,
        "platform": found.platform,
        "git commit": found.git_commit and found.git_commit[:12],
        "git branch": found.git_branch,
        "uncommitted changes": found.git_dirty,
        "uncommitted patch": found.git_patch and found.git_patch[:12],
    }
    return {key: value for key, value in facts.items() if value is not None}


def _names(left: Run, right: Run) -> tuple[str, str]:
    if left.name != right.name:
        return left.name, right.name
    return f"{left.name} ({left.short_id})", f"{right.name} ({right.short_id})"


def _metrics_table(changes: tuple[Change, ...], names: tuple[str, str]) -> Table:
    rows = []
    for change in changes:
        tone = TONES[change.better]
        delta = None if change.delta is None else Mark(f"{change.delta:+.4g}", tone)
        rows.append((change.key, _side(change, "left"), _side(change, "right"), delta))
    columns = [Column("metric"), *(Column(name, align="right") for name in names), Column("change", align="right")]
    return Table(columns, rows)


def _params_blocks(changes: tuple[Change, ...], names: tuple[str, str]) -> Iterator[Any]:
    """What both have in the open; what only one has, as when the model is another one, folded."""
    both = tuple(change for change in changes if change.in_left and change.in_right)
    if both:
        yield _changes_table("parameter", both, names)
    for side, name in zip(SIDES, names, strict=True):
        own = [change for change in changes if change not in both and getattr(change, f"in_{side}")]
        if own:
            rows = [(change.key, _side(change, side)) for change in own]
            title = f"{count(len(own), 'parameter')} only {name} has"
            yield Fold(title, Table(["parameter", name], rows), open=len(own) <= 3)


def _changes_table(title: str, changes: Sequence[Change], names: tuple[str, str]) -> Table:
    rows = [(change.key, _side(change, "left"), _side(change, "right")) for change in changes]
    return Table([title, *names], rows)


def _side(change: Change, side: Side) -> Any:
    """The value of a side as a table cell: empty where it has none, the word where it is None."""
    if not getattr(change, f"in_{side}"):
        return None
    value = getattr(change, side)
    return value if isinstance(value, str | bool | int | float) else str(value)
