"""Several variants side by side: a column each, and a row for whatever differs among any of them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from mlops_magics.compare.difference.cells import cell_changes
from mlops_magics.compare.difference.changes import Path, changes, path_key
from mlops_magics.compare.difference.sameness import Recorded, same
from mlops_magics.compare.difference.variants import Variant, variants
from mlops_magics.compare.groups import metric_digits
from mlops_magics.compare.telling import metric_order
from mlops_magics.errors import DataError
from mlops_magics.look import Column, Document, Fold, Line, Mark, Shown, Table, Title
from mlops_magics.look.numbers import count, number
from mlops_magics.records import Run
from mlops_magics.store import open_store
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    from mlops_magics.compare.significance.comparison import Comparison
    from mlops_magics.compare.significance.variants import Variants
    from mlops_magics.look.progress import Progress
    from mlops_magics.store.queries import Store

Part = Literal["metric", "parameter", "data", "model", "code"]
PARTS: tuple[Part, ...] = ("metric", "parameter", "data", "model", "code")
OPEN_ROWS = 6

_ABSENT = object()


@dataclass(frozen=True, slots=True, eq=False)
class Row(Recorded):
    """Something that differs among the variants.

    Attributes
    ----------
    part, key
        Of what kind it is, and its name.
    values
        One per variant, in their order; None also where a variant does not have it.
    has
        Whether each of the variants has it.
    best
        Of a metric: the positions of the variants with the best finite value, by what the name of the metric calls
        better.
    is_default
        Of a parameter that only some have: whether all of these were left with it, as when models are of other classes.
    """

    part: Part
    key: str
    values: tuple[Any, ...]
    has: tuple[bool, ...]
    best: tuple[int, ...] = ()
    is_default: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"part": self.part, "key": self.key, "values": list(self.values), "has": list(self.has),
                "best": list(self.best), "is_default": self.is_default}


@dataclass(frozen=True, repr=False, eq=False)
class Matrix(Recorded, Shown):
    """Several variants side by side; only what differs among any of them.

    Attributes
    ----------
    runs
        The variants, in the order they were given.
    rows
        Metrics, then parameters, then tables, the model, and code with packages and git. Counts of cells and packages
        are of those that differ from the first variant.
    better
        Which are really better than the first, where that was asked.
    """

    runs: tuple[Run, ...]
    rows: tuple[Row, ...]
    better: Comparison | Variants | None = field(default=None, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """What the variants are called; with their ids where names are equal."""
        names = [run.name for run in self.runs]
        return tuple(
            f"{run.name} ({run.short_id})" if names.count(run.name) > 1 else run.name for run in self.runs
        )

    def row(self, key: str) -> Row:
        """What differs under a name.

        Raises
        ------
        DataError
            Nothing of this name differs.
        """
        for row in self.rows:
            if row.key == key:
                return row
        raise DataError(f"nothing called {key!r} differs", seen=key, exists=[row.key for row in self.rows])

    def to_dict(self) -> dict[str, Any]:
        """The runs' ids and names, and the rows; JSON-ready."""
        return {
            "runs": [{"id": run.id, "name": run.name, "experiment": run.experiment} for run in self.runs],
            "rows": [row.to_dict() for row in self.rows],
            "better": self.better.to_dict() if self.better else None,
        }

    def document(self) -> Document:
        """A table per part."""
        experiments = sorted({run.experiment for run in self.runs})
        blocks: list[Any] = [Title(count(len(self.runs), "variant"), ", ".join(experiments))]
        if self.better is not None:
            # Its title is this one.
            blocks += self.better.document().blocks[1:]
        for part in PARTS:
            rows = [row for row in self.rows if row.part == part and not row.is_default]
            # As of models of other classes: what can be compared stays in the open.
            partial = [row for row in rows if part == "parameter" and not all(row.has)]
            if shared := [row for row in rows if row not in partial]:
                blocks.append(self._table(part, shared))
            if partial:
                title = f"{count(len(partial), 'parameter')} that not all of them have"
                blocks.append(Fold(title, self._table(part, partial), open=len(partial) <= OPEN_ROWS))
        if usual := [row for row in self.rows if row.is_default]:
            title = f"{count(len(usual), 'default')} that not all of them have"
            blocks.append(Fold(title, self._table("parameter", usual)))
        equal = [part for part in PARTS if not any(row.part == part for row in self.rows)]
        if not self.rows:
            blocks.append(Line("Nothing that was recorded differs.", tone="quiet"))
        elif equal:
            blocks.append(Line(f"No difference in {', '.join(equal)}.", tone="quiet"))
        return Document(*blocks)

    def _table(self, part: Part, rows: Sequence[Row]) -> Table:
        align: Literal["left", "right"] = "right" if part == "metric" else "left"
        header = [Column(part), *(Column(name, align=align) for name in self.names)]
        return Table(header, [(row.key, *_cells(row)) for row in rows])


def diff_matrix(
    runs: Sequence[Run | str], store: Store | str | os.PathLike[str] | None = None, *, tests: bool = True,
    progress: Progress | None = None,
) -> Matrix:
    """Put several variants side by side.

    Parameters
    ----------
    runs
        Two or more runs, or what names them.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.
    tests
        Whether to test which of them are better than the first, on the rows all were evaluated on.
    progress
        Told how far the tests are.

    Raises
    ------
    DataError
        Fewer than two runs.
    RunNotFound
        One of them is not in the store.

    Examples
    --------
    >>> from mlops_magics import track
    >>> for depth, auc in ((2, 0.7), (5, 0.75), (9, 0.8)):
    ...     with track("flights", f"d{depth}", params={"depth": depth, "seed": 0}) as run:
    ...         run.log(auc=auc)
    >>> found = diff_matrix(["d2", "d5", "d9"])
    >>> [(row.key, row.values, row.best) for row in found.rows if row.part != "code"]
    [('auc', (0.7, 0.75, 0.8), (2,)), ('depth', (2, 5, 9), ())]
    """
    if len(runs) < 2:
        raise DataError(f"{count(len(runs), 'run')} cannot be compared", hint="Give two or more")
    place = open_store(store)
    with place.snapshot():
        sides = [place.find(run) for run in runs]
        found = Matrix(tuple(sides), matrix_rows(variants(sides, place, with_defaults=True)))
    if not tests:
        return found
    from mlops_magics.compare.significance.better import better_of

    return replace(found, better=better_of(sides, place, progress=progress))


def matrix_rows(found: Sequence[Variant]) -> tuple[Row, ...]:
    """What differs among any of some variants, as rows."""
    return tuple(row for part in _ROWS for row in part(found) if _differs(row))


def _metrics(found: Sequence[Variant]) -> Iterator[Row]:
    for key in sorted({key for one in found for key in one.metrics}, key=lambda key: (metric_order(key), key)):
        values = [one.metrics.get(key, _ABSENT) for one in found]
        yield _row("metric", key, values, _best(key, values))


def _params(found: Sequence[Variant]) -> Iterator[Row]:
    for row, path in _by_path("parameter", [one.params for one in found]):
        holders = [one for one, has in zip(found, row.has, strict=True) if has]
        is_default = not all(row.has) and all(path[0] in one.defaults for one in holders)
        yield replace(row, is_default=is_default)


def _data(found: Sequence[Variant]) -> Iterator[Row]:
    for role in sorted({role for one in found for role in one.data}):
        yield _row("data", role, [_table(one.data[role]) if role in one.data else _ABSENT for one in found])


def _model(found: Sequence[Variant]) -> Iterator[Row]:
    """Classes of steps and fitted attributes; coefficients are too many to stand side by side."""
    structures = [one.structure or {} for one in found]
    steps = [several.get("steps", {}) for several in structures]
    for path in sorted({path for several in steps for path in several}):
        yield _row("model", path or "class", [several.get(path, _ABSENT) for several in steps])
    yield from (row for row, _ in _by_path("model", [several.get("fitted", {}) for several in structures]))


def _code(found: Sequence[Variant]) -> Iterator[Row]:
    first = found[0]
    yield _row("code", "cells that differ", [len(cell_changes(first.cells, one.cells)) for one in found])
    packages = [_ABSENT if one.packages is None or first.packages is None else
                len(changes(first.packages, one.packages)) for one in found]
    yield _row("code", "packages that differ", packages)
    for key in ("python", "platform", "git commit", "git branch", "uncommitted patch"):
        yield _row("code", key, [(one.code_state or {}).get(key, _ABSENT) for one in found])


_ROWS: tuple[Callable[[Sequence[Variant]], Iterator[Row]], ...] = (_metrics, _params, _data, _model, _code)


def _by_path(part: Part, sides: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Row, Path]]:
    """The values of mappings, nested ones by path, each with the path."""
    several = [dict(_leaves(side, ())) for side in sides]
    for path in sorted({path for leaves in several for path in leaves}):
        # The model itself, and not one of its steps, has no name.
        key = path_key(path).removeprefix(".")
        yield _row(part, key, [leaves.get(path, _ABSENT) for leaves in several]), path


def _leaves(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, (*path, key))
        else:
            yield (*path, key), item


def _row(part: Part, key: str, values: Sequence[Any], best: tuple[int, ...] = ()) -> Row:
    has = tuple(value is not _ABSENT for value in values)
    return Row(part, key, tuple(None if value is _ABSENT else value for value in values), has, best)


def _differs(row: Row) -> bool:
    """Whether it is not the same everywhere. What only some looked at is not known to differ."""
    known = [value for value, has in zip(row.values, row.has, strict=True) if has]
    is_partial = not all(row.has) and row.part not in {"code", "model"}
    return is_partial or any(not same(known[0], value) for value in known[1:])


def _best(key: str, values: Sequence[Any]) -> tuple[int, ...]:
    finite = [value for value in values if value is not _ABSENT and math.isfinite(value)]
    if len(finite) < 2 or min(finite) == max(finite):
        return ()
    best = min(finite) if lower_is_better(key) else max(finite)
    return tuple(position for position, value in enumerate(values) if value is not _ABSENT and value == best)


def _table(facts: Mapping[str, Any]) -> str:
    digest = facts.get("content") or facts.get("fingerprint") or "not known"
    return f"{facts['rows']:,} × {len(facts['columns'])}, {digest[:8]}"


def _cells(row: Row) -> Iterator[Any]:
    # A column has metrics of all sizes; it is those of one row that are to be compared.
    digits = metric_digits(row.values) if row.part == "metric" else None
    for position, (value, has) in enumerate(zip(row.values, row.has, strict=True)):
        if not has:
            yield None
        elif position in row.best:
            yield Mark(number(value, digits=digits), "good")
        elif digits is not None:
            yield number(value, digits=digits)
        elif isinstance(value, str) and row.key in {"git commit", "uncommitted patch"}:
            yield value[:12]
        else:
            yield value if isinstance(value, str | bool | int | float) else str(value)
