"""The code of two runs cell by cell: which cells correspond, which were moved, and how their text differs."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from mlops_magics.errors import DataError
from mlops_magics.look import DiffLine
from mlops_magics.look.numbers import count

SIMILAR = 0.4
"""Below this share of equal words two cells are one removed and one added, not one changed."""

MOVED_LINES = 3
"""So much of a moved cell is shown, to know it again."""

Kind = Literal["changed", "moved", "moved and changed", "added", "removed"]
_BACK: Mapping[Kind, Kind] = {"added": "removed", "removed": "added"}
_WORDS = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that differs: its source on each side that has it, and its position there, from 0."""

    kind: Kind
    left: str | None
    right: str | None
    left_at: int | None = None
    right_at: int | None = None

    def inverted(self) -> CellChange:
        """The same with the sides swapped."""
        return CellChange(_BACK.get(self.kind, self.kind), self.right, self.left, self.right_at, self.left_at)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"kind": self.kind, "left": self.left, "right": self.right, "left_at": self.left_at,
                "right_at": self.right_at}

    def lines(self) -> Iterator[DiffLine]:
        """A heading, and the lines of a unified diff of this cell."""
        places = [f"{at + 1}" for at in (self.left_at, self.right_at) if at is not None]
        yield DiffLine("@@", f" cell {' → '.join(dict.fromkeys(places))}: {self.kind} @@")
        if self.kind == "moved":
            yield from _beginning(self.left or "")
        else:
            yield from _unified(self.left or "", self.right or "")


def _beginning(source: str) -> Iterator[DiffLine]:
    lines = source.splitlines()
    yield from (DiffLine(" ", line, source, at) for at, line in enumerate(lines[:MOVED_LINES]))
    if len(lines) > MOVED_LINES:
        yield DiffLine("@@", f" {count(len(lines) - MOVED_LINES, 'more line')} @@")


def _unified(left: str, right: str) -> Iterator[DiffLine]:
    """The lines that differ and three around them. A part that begins further down says where."""
    before, after = left.splitlines(), right.splitlines()
    for number, group in enumerate(SequenceMatcher(None, before, after).get_grouped_opcodes()):
        if number:
            yield DiffLine("@@", f" line {group[0][3] + 1} @@")
        for what, start, end, begin, finish in group:
            if what == "equal":
                yield from (DiffLine(" ", after[at], right, at) for at in range(begin, finish))
            else:
                yield from (DiffLine("-", before[at], left, at) for at in range(start, end))
                yield from (DiffLine("+", after[at], right, at) for at in range(begin, finish))


def cell_changes(left: Sequence[str], right: Sequence[str]) -> tuple[CellChange, ...]:
    """Align two lists of sources, and tell what differs: nothing for equal lists.

    Cells that stand in the same order are aligned first, then those that are equal elsewhere (moved), then those that
    resemble each other most (changed, or moved and changed). Laws: ``apply_cells(left, cell_changes(left, right))`` is
    ``right``, and ``invert_cells(cell_changes(left, right))`` is ``cell_changes(right, left)``.

    >>> [change.kind for change in cell_changes(["a = 1", "b = 2"], ["b = 2", "a = 1", "c = load()"])]
    ['moved', 'added']
    """
    left, right = list(left), list(right)
    if left > right:
        # Which cells correspond must not hang on the side a run is on, and an alignment does where there are ties.
        return invert_cells(cell_changes(right, left))
    anchors = [
        (block.a + offset, block.b + offset)
        for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
        for offset in range(block.size)
    ]
    loose = _without(len(left), [at for at, _ in anchors]), _without(len(right), [at for _, at in anchors])
    pairs = dict(_equal_pairs(left, right, *loose))
    rest = [at for at in loose[0] if at not in pairs], [at for at in loose[1] if at not in pairs.values()]
    pairs.update(_alike_pairs(left, right, *rest))
    found = [_paired(left, right, pair, anchors) for pair in pairs.items()]
    found += [CellChange("removed", left[at], None, at, None) for at in loose[0] if at not in pairs]
    found += [CellChange("added", None, right[at], None, at) for at in loose[1] if at not in pairs.values()]
    return _in_order(found)


def apply_cells(left: Sequence[str], found: Iterable[CellChange]) -> tuple[str, ...]:
    """The cells of the right side, given those of the left one.

    Raises
    ------
    DataError
        The changes are not of these cells.
    """
    found = list(found)
    gone = {change.left_at: change.left for change in found if change.left_at is not None}
    placed = {change.right_at: change.right for change in found if change.right_at is not None}
    kept = deque(source for at, source in enumerate(left) if at not in gone)
    size = len(kept) + len(placed)
    if any(at >= len(left) or left[at] != source for at, source in gone.items()) or any(at >= size for at in placed):
        raise DataError(
            "the difference is of other cells",
            hint="Apply it to its left side, or its inverse to its right side",
        )
    return tuple((placed[at] or "") if at in placed else kept.popleft() for at in range(size))


def invert_cells(found: Iterable[CellChange]) -> tuple[CellChange, ...]:
    """The changes back."""
    return _in_order([change.inverted() for change in found])


def as_diff(found: Iterable[CellChange]) -> str:
    r"""The changes as one text, cell after cell, in the manner of a unified diff.

    >>> as_diff(cell_changes(["a = 1"], ["a = 2"]))
    '@@ cell 1: changed @@\n-a = 1\n+a = 2'
    """
    return "\n".join(str(line) for change in found for line in change.lines())


def _in_order(found: list[CellChange]) -> tuple[CellChange, ...]:
    """As the right side reads; what it no longer has stands at the end."""
    return tuple(sorted(found, key=lambda change: (
        change.right_at is None, change.left_at if change.right_at is None else change.right_at,
    )))


def _without(size: int, taken: Iterable[int]) -> list[int]:
    gone = set(taken)
    return [at for at in range(size) if at not in gone]


def _equal_pairs(
    left: Sequence[str], right: Sequence[str], befores: Sequence[int], afters: Sequence[int]
) -> Iterator[tuple[int, int]]:
    waiting: dict[str, deque[int]] = {}
    for at in afters:
        waiting.setdefault(right[at], deque()).append(at)
    for at in befores:
        if places := waiting.get(left[at]):
            yield at, places.popleft()


def _alike_pairs(
    left: Sequence[str], right: Sequence[str], befores: Sequence[int], afters: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """The cells that resemble each other most first, of equally alike ones those that stand closest."""
    numbers: dict[tuple[str, int], int] = {}
    words = {at: _bag(right[at], numbers) for at in afters}
    scores = []
    for before in befores:
        bag = _bag(left[before], numbers)
        for after in afters:
            score = _likeness(bag, words[after])
            if score >= SIMILAR:
                scores.append((-score, abs(before - after), before, after))
    taken: set[int] = set()
    partners: set[int] = set()
    for _, _, before, after in sorted(scores):
        if before not in taken and after not in partners:
            taken.add(before)
            partners.add(after)
            yield before, after


def _bag(source: str, numbers: dict[tuple[str, int], int]) -> set[int]:
    """The words and signs of a text as numbers, the second of a kind another number than the first: sets of numbers
    are intersected fifty times as fast as words are counted.
    """
    seen: Counter[str] = Counter()
    bag = set()
    for word in _WORDS.findall(source):
        bag.add(numbers.setdefault((word, seen[word]), len(numbers)))
        seen[word] += 1
    return bag


def _likeness(left: set[int], right: set[int]) -> float:
    """The share of words and signs that both have (Dice), from 0 to 1.

    Not the ratio of an alignment: that of forty cells with forty others takes seconds, and changes with the sides.
    """
    total = len(left) + len(right)
    return 2 * len(left & right) / total if total else 1.0


def _paired(
    left: Sequence[str], right: Sequence[str], pair: tuple[int, int], anchors: Sequence[tuple[int, int]]
) -> CellChange:
    before, after = pair
    # Between the same two aligned cells it is where it was.
    is_moved = sum(at < before for at, _ in anchors) != sum(at < after for _, at in anchors)
    is_changed = left[before] != right[after]
    kind: Kind = "changed" if not is_moved else "moved and changed" if is_changed else "moved"
    return CellChange(kind, left[before], right[after], before, after)
