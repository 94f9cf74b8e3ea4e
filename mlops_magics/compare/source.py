"""The code of two runs: which cells correspond, and how their text differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Any, Literal

from mlops_magics.records import Cell

_WORDS = re.compile(r"\w+|[^\w\s]")

SIMILAR = 0.4
"""Below this share of equal words two cells are one removed and one added, not one changed."""

Kind = Literal["changed", "moved", "added", "removed"]
_MIRRORED: Mapping[Kind, Kind] = {"changed": "changed", "moved": "moved", "added": "removed", "removed": "added"}


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that differs: its source on each side that has it."""

    kind: Kind
    left: str | None
    right: str | None

    def mirrored(self) -> CellChange:
        """The same with the sides swapped."""
        return CellChange(_MIRRORED[self.kind], self.right, self.left)

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


def own_sources(cells: Sequence[Cell], texts: Mapping[str, str], *, known: Collection[str] = ()) -> list[str]:
    """The code of a run beside another: its own cells, and those before it began that the other never ran.

    ``known`` are the digests of everything the other stood on. Two runs of one notebook share what ran before both, and
    the second stands on the first: neither is a difference between them.
    """
    return final_sources([cell for cell in cells if not cell.is_before or cell.source not in known], texts)


def changed_cells(left: Sequence[str], right: Sequence[str]) -> list[CellChange]:
    """Align two lists of sources, and tell what differs: nothing for equal lists, the mirror image for swapped ones."""
    if tuple(left) > tuple(right):
        # Which cells correspond must not hang on the side a run is on, and an alignment does where there are ties.
        return [change.mirrored() for change in changed_cells(right, left)]
    changes: list[CellChange] = []
    for tag, low, high, start, stop in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            changes.extend(_paired(left[low:high], right[start:stop]))
    return _with_moves(changes)


def code_diff(left: Sequence[str], right: Sequence[str]) -> str:
    r"""One unified diff over all cells, with an empty line between them and three lines of context.

    >>> code_diff(["a = 1"], ["a = 2"])
    '@@ -1 +1 @@\n-a = 1\n+a = 2'
    """
    before, after = ("\n\n".join(cells).splitlines() for cells in (left, right))
    return "\n".join(list(unified_diff(before, after, lineterm=""))[2:])


def _paired(left: Sequence[str], right: Sequence[str]) -> Iterator[CellChange]:
    """Pair the cells that resemble each other most first."""
    befores, afters = ([Counter(_WORDS.findall(source)) for source in side] for side in (left, right))
    scores = [
        (-score, low, start)
        for low, before in enumerate(befores)
        for start, after in enumerate(afters)
        if (score := _likeness(before, after)) >= SIMILAR
    ]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, low, start in sorted(scores):
        if start not in partner and low not in taken:
            partner[start] = low
            taken.add(low)
    for start, after in enumerate(right):
        before = left[partner[start]] if start in partner else None
        yield CellChange("added" if before is None else "changed", before, after)
    yield from (CellChange("removed", before, None) for low, before in enumerate(left) if low not in taken)


def _likeness(left: Counter[str], right: Counter[str]) -> float:
    """The share of words and signs that both have (Dice), from 0 to 1.

    Not the ratio of an alignment: that of forty cells with forty others takes seconds, and changes with the sides.
    """
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def _with_moves(changes: Sequence[CellChange]) -> list[CellChange]:
    """A cell removed in one place and added unchanged in another was moved."""
    removed = Counter(change.left for change in changes if change.kind == "removed")
    added = Counter(change.right for change in changes if change.kind == "added")
    moved = removed & added
    told: list[CellChange] = []
    gone = Counter(moved)
    for change in changes:
        if change.kind == "added" and moved[change.right]:
            moved[change.right] -= 1
            told.append(CellChange("moved", change.right, change.right))
        elif change.kind == "removed" and gone[change.left]:
            gone[change.left] -= 1
        else:
            told.append(change)
    return told
