"""The difference of two variants as one value, and its laws."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.difference.cells import CellChange, apply_cells, as_diff, cell_changes, invert_cells
from mlops_magics.compare.difference.changes import Change, apply_changes, changes, invert_changes
from mlops_magics.compare.difference.curves import CurveChange, apply_curves, curve_changes, invert_curves, prefetch
from mlops_magics.compare.difference.data import TableChange, apply_tables, invert_tables, table_changes
from mlops_magics.compare.difference.sameness import Recorded, same
from mlops_magics.compare.difference.surroundings import Patches, patches_of
from mlops_magics.compare.difference.variants import Variant
from mlops_magics.errors import DataError
from mlops_magics.look import Document, Shown
from mlops_magics.records import Run

if TYPE_CHECKING:
    from mlops_magics.compare.significance.comparison import Comparison

NAMED = ("params", "metrics", "artifacts")
PERHAPS_UNKNOWN = ("packages", "code_state", "structure")
"""Parts that a run may not have recorded at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Gap(Recorded):
    """A part that only one side recorded, so that nobody knows what differs in it: the other side is None."""

    part: str
    left: Any
    right: Any

    def inverted(self) -> Gap:
        """With the sides swapped."""
        return Gap(self.part, self.right, self.left)

    def to_dict(self) -> dict[str, Any]:
        """Which part, and which side has it; JSON-ready."""
        return {"part": self.part, "in_left": self.left is not None, "in_right": self.right is not None}


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class Difference(Recorded, Shown):
    """What differs between two variants. Parts that are equal are empty.

    Laws, for any variants: ``apply(left, difference(left, right)) == right``;
    ``invert(difference(left, right)) == difference(right, left)``, so that ``apply(right, invert(found)) == left`` and
    ``invert(invert(found)) == found``; and ``difference(left, right).is_empty`` exactly where ``left == right``.

    Attributes
    ----------
    left, right
        The runs, where the variants are of runs.
    params, metrics
        Parameters, nested ones by path, and last values of metrics.
    curves
        Metrics whose points differ; how they align by step is read when it is asked for.
    cells
        Cells of the notebook that were changed, moved, added or removed.
    data
        Tables by role, with how far their columns lie apart.
    packages, code_state
        Versions; and Python, machine and git.
    structure
        What the models are made of: steps, fitted attributes, coefficients.
    artifacts
        Files by name: type, SHA-256, size.
    gaps
        Parts that only one side recorded.
    unrecorded
        Parts that neither side recorded, which are not known to be equal: as the structure where no model was kept.
    patches
        What was not committed on each side, where it differs and was kept.
    better
        Whether one is really better, where that was asked; no part of the laws.
    """

    left: Run | None = None
    right: Run | None = None
    params: tuple[Change, ...] = ()
    metrics: tuple[Change, ...] = ()
    curves: tuple[CurveChange, ...] = ()
    cells: tuple[CellChange, ...] = ()
    data: tuple[TableChange, ...] = ()
    packages: tuple[Change, ...] = ()
    code_state: tuple[Change, ...] = ()
    structure: tuple[Change, ...] = ()
    artifacts: tuple[Change, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unrecorded: tuple[str, ...] = ()
    patches: Patches | None = field(default=None, compare=False)
    better: Comparison | None = field(default=None, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all differs."""
        return not any(getattr(self, part) for part in PARTS)

    @property
    def code_diff(self) -> str:
        """What differs in the code, cell after cell, in the manner of a unified diff."""
        return as_diff(self.cells)

    @property
    def names(self) -> tuple[str, str]:
        """What the sides are called; with their ids where their names are equal."""
        if self.left is None or self.right is None:
            return "left", "right"
        if self.left.name != self.right.name:
            return self.left.name, self.right.name
        return f"{self.left.name} ({self.left.short_id})", f"{self.right.name} ({self.right.short_id})"

    def to_dict(self) -> dict[str, Any]:
        """Both runs' ids and names, and every part as a list; JSON-ready. Reads the points of curves that differ."""
        self.read_curves()
        return {
            **{side: run and {"id": run.id, "name": run.name} for side, run in zip(SIDES, self._runs, strict=True)},
            **{part: [change.to_dict() for change in getattr(self, part)] for part in PARTS},
            "code_diff": self.code_diff,
            "patch_diff": self.patches.as_diff() if self.patches else "",
            "better": self.better.to_dict() if self.better else None,
        }

    def document(self) -> Document:
        """Metrics first, then what may have caused them."""
        from mlops_magics.compare.difference.report import blocks

        return Document(*blocks(self))

    def read_curves(self) -> None:
        """Read the points of all curves that differ at once, which showing them would do one by one."""
        pairs = [(change.left, change.right) for change in self.curves if not change.is_aligned]
        prefetch([side for left, right in pairs if left and right for side in (left, right)], "points")
        for change in self.curves:
            _ = change.alignment

    @property
    def _runs(self) -> tuple[Run | None, Run | None]:
        return self.left, self.right


SIDES = ("left", "right")
PARTS = (
    "params", "metrics", "curves", "cells", "data", "packages", "code_state", "structure", "artifacts", "gaps",
)  # fmt: skip


def difference(left: Variant, right: Variant) -> Difference:
    """What differs between two variants, and nothing else.

    >>> difference(Variant(params={"depth": 2}), Variant(params={"depth": 9})).params[0].key
    'depth'
    """
    sides = {part: (getattr(left, part), getattr(right, part)) for part in PERHAPS_UNKNOWN}
    gaps = [Gap(part, *values) for part, values in sides.items() if (values[0] is None) != (values[1] is None)]
    known: dict[str, Any] = {
        part: changes(before, after) for part, (before, after) in sides.items()
        if before is not None and after is not None
    }
    return Difference(
        left=left.run,
        right=right.run,
        curves=curve_changes(left.curves, right.curves),
        cells=cell_changes(left.cells, right.cells),
        data=table_changes(left.data, right.data, {**left.texts, **right.texts}),
        gaps=tuple(gaps),
        unrecorded=tuple(
            part for part in PARTS if part != "gaps" and not getattr(left, part) and not getattr(right, part)
        ),
        patches=patches_of(left.code_state, right.code_state, (left.texts, right.texts)),
        params=changes(left.params, right.params),
        metrics=changes(left.metrics, right.metrics),
        artifacts=changes(left.artifacts, right.artifacts),
        **known,
    )


def apply(left: Variant, found: Difference) -> Variant:
    """The right variant, given the left one and what differs.

    Raises
    ------
    DataError
        The difference is of other variants.

    Examples
    --------
    >>> left, right = Variant(params={"depth": 2}), Variant(params={"depth": 9, "seed": 0})
    >>> apply(left, difference(left, right)) == right
    True
    """
    gaps = {gap.part: gap for gap in found.gaps}
    for part, gap in gaps.items():
        if not same(getattr(left, part), gap.left):
            raise DataError(
                f"the difference is of something else: {part} is not what it says it is",
                hint="Apply it to its left side, or its inverse to its right side",
            )
    values = {part: _applied(getattr(left, part), getattr(found, part)) for part in (*NAMED, *PERHAPS_UNKNOWN)}
    return replace(
        left,
        **values | {part: gap.right for part, gap in gaps.items()},
        curves=apply_curves(left.curves, found.curves),
        cells=apply_cells(left.cells, found.cells),
        data=apply_tables(left.data, found.data),
        run=found.right,
    )


def invert(found: Difference) -> Difference:
    """The difference back: what :func:`difference` says with the sides swapped.

    Raises
    ------
    ValueError
        It holds whether one is better: that is asked again, the other way round.
    """
    if found.better is not None:
        raise ValueError("a difference that holds a comparison is not inverted; compare again with the sides swapped")
    named: dict[str, Any] = {part: invert_changes(getattr(found, part)) for part in (*NAMED, *PERHAPS_UNKNOWN)}
    return replace(
        found,
        left=found.right,
        right=found.left,
        **named,
        curves=invert_curves(found.curves),
        cells=invert_cells(found.cells),
        data=invert_tables(found.data),
        gaps=tuple(gap.inverted() for gap in found.gaps),
        patches=found.patches.inverted() if found.patches else None,
    )


def _applied(value: Any, found: tuple[Change, ...]) -> Any:
    return None if value is None and not found else apply_changes(value or {}, found)
