"""The code of two runs: which cells correspond, and how their text differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Any, Literal

from mlops_magics.records import Cell

SIMILAR = 0.4
"""Below this share of equal text two cells are one removed and one added, not one changed."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that differs: its source on each side that has it."""

    kind: Literal["changed", "added", "removed"]
    left: str | None
    right: str | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"kind": self.kind, "left": self.left, "right": self.right}


def final_sources(cells: Iterable[Cell], texts: Mapping[str, str]) -> list[str]:
    """The cells as the run left them: the last source of every cell, in the order of their last execution.

    A cell without an id, as in a plain IPython shell, is itself each time.
    """
    latest: dict[object, str] = {}
    for cell in cells:
        key = cell.cell or f"execution {cell.position}"
        latest.pop(key, None)
        latest[key] = texts.get(cell.source, "")
    return list(latest.values())


def changed_cells(left: Sequence[str], right: Sequence[str]) -> list[CellChange]:
    """Align two lists of sources, and tell what differs in the order of the right one."""
    changes: list[CellChange] = []
    for tag, low, high, start, stop in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            changes.extend(_paired(left[low:high], right[start:stop]))
    return changes


def code_diff(left: Sequence[str], right: Sequence[str]) -> str:
    r"""One unified diff over all cells, with an empty line between them and three lines of context.

    >>> code_diff(["a = 1"], ["a = 2"])
    '@@ -1 +1 @@\n-a = 1\n+a = 2'
    """
    before, after = ("\n\n".join(cells).splitlines() for cells in (left, right))
    return "\n".join(list(unified_diff(before, after, lineterm=""))[2:])


def _paired(left: Sequence[str], right: Sequence[str]) -> Iterator[CellChange]:
    """Pair each right cell with the first remaining left one that resembles it most."""
    remaining = list(left)
    for source in right:
        scores = [SequenceMatcher(None, candidate, source).ratio() for candidate in remaining]
        best = max(range(len(scores)), key=scores.__getitem__, default=None)
        if best is None or scores[best] < SIMILAR:
            yield CellChange("added", None, source)
        else:
            yield CellChange("changed", remaining.pop(best), source)
    yield from (CellChange("removed", source, None) for source in remaining)
