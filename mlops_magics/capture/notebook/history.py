"""What ran, beside what the notebook holds now: the last execution of each cell, and the order cells stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from mlops_magics.capture.notebook.document import SavedNotebook
from mlops_magics.capture.notebook.executed import Execution
from mlops_magics.capture.notebook.files import FileFlow
from mlops_magics.capture.notebook.flow import Flow
from mlops_magics.capture.notebook.names import Effects, effects
from mlops_magics.capture.notebook.source import statements


class History:
    """The executions of a notebook with its document, if it is known.

    A cell is known by its id. An execution without one, such as those from before anybody observed, is the one cell of
    the document that says the same; where none does, or several do, it is a cell of its own. The document counts as
    known when it holds a cell that ran. Where a cell ran after the file was saved, what ran is newer than the file, and
    stands for it.
    """

    def __init__(self, executions: Sequence[Execution], saved: SavedNotebook | None) -> None:
        ran = {one.cell for one in executions}
        self._saved = saved if saved and any(cell.id in ran for cell in saved.cells if cell.id) else None
        self.executions = _recognized(executions, self._saved)
        self.flow = Flow(self.executions)
        self.cells = tuple(one.cell or f"#{index}" for index, one in enumerate(self.executions))
        self.last = {cell: index for index, cell in enumerate(self.cells)}
        self.first = {cell: index for index, cell in reversed(list(enumerate(self.cells)))}
        self.document = {cell.id: cell.source for cell in self._saved.cells if cell.id} if self._saved else {}
        self.place = {cell: number for number, cell in enumerate(self.document)}

    @property
    def has_document(self) -> bool:
        """Whether there is a document to compare with."""
        return self._saved is not None

    @cached_property
    def is_document_known(self) -> bool:
        """Whether the document is as new as what ran. The last cell may be the one that asks, just written."""
        end = len(self.executions) - 1
        return self.has_document and all(
            index == end or self.is_saved(cell) or self.document.get(cell) == self.executions[index].source
            for cell, index in self.last.items()
        )

    def is_saved(self, cell: str) -> bool:
        """Whether the document was saved after the cell last ran, as far as times are known."""
        started = self.executions[self.last[cell]].started if cell in self.last else None
        return self._saved is not None and (started is None or started <= self._saved.saved)

    @cached_property
    def current(self) -> dict[str, str]:
        """Cell → source: the notebook as it is now, as far as can be known. Empty without a document."""
        if not self.has_document:
            return {}
        newer = {
            cell: self.executions[index].source
            for cell, index in self.last.items()
            if not self.is_saved(cell) and self.executions[index].cell is not None
        }
        return {**self.document, **newer}

    def judged(self) -> Iterator[tuple[str, int]]:
        """The cells that matter, with their last executions: those the notebook still holds."""
        for cell, index in self.last.items():
            if not self.has_document or cell in self.current or self.executions[index].cell is None:
                yield cell, index

    @cached_property
    def order(self) -> dict[str, int]:
        """Cell that ran → where it stands, in the document, or else in the order of first executions."""
        if self.has_document:
            return {cell: place for cell, place in self.place.items() if cell in self.last}
        return self.first

    def effects(self, index: int) -> Effects:
        """What an execution does to names."""
        return self.flow.effects[index]

    @cached_property
    def makings(self) -> dict[str, list[int]]:
        """Name → the executions that bound or changed it, oldest first."""
        found: dict[str, list[int]] = {}
        for index, names in enumerate(self.flow.leaves):
            for name in names:
                found.setdefault(name, []).append(index)
        return found

    @cached_property
    def files(self) -> FileFlow:
        """What executions did to files."""
        return FileFlow(self.executions)

    @cached_property
    def statements(self) -> frozenset[str]:
        """What the cells of the notebook say now, statement by statement."""
        return frozenset().union(*(statements(source) for source in self.current.values()))

    def provided(self) -> frozenset[str] | None:
        """The names that something in the notebook binds now; None when that could be any name."""
        held = [effects(source) for source in self.current.values()]
        if any(done.binds_anything for done in held):
            return None
        touched = (names for done in held for names in done.touches.values())
        return frozenset().union(*(done.writes for done in held), *touched)

    def label(self, cell: str, index: int | None = None) -> str:
        """What a person calls a cell: ``In [3]``, as its last execution (or that of ``index``) was numbered."""
        index = self.last.get(cell) if index is None else index
        if index is None:
            return f"cell {self.place[cell] + 1}"
        one = self.executions[index]
        return f"In [{one.execution_count}]" if one.execution_count is not None else f"execution {one.position}"

    def key(self, cell: str) -> str:
        """What a finding calls a cell: its id, or its label where it has none."""
        return self.label(cell) if cell.startswith("#") else cell


def _recognized(executions: Sequence[Execution], saved: SavedNotebook | None) -> tuple[Execution, ...]:
    """With the id of the one cell that says the same, for those that have none."""
    if saved is None or all(one.cell for one in executions):
        return tuple(executions)
    # A shell's history leaves out the line ends that a cell ends with.
    said = Counter(cell.source.rstrip("\n") for cell in saved.cells)
    only = {text: cell for cell in saved.cells if cell.id and said[text := cell.source.rstrip("\n")] == 1}
    found = (None if one.cell else only.get(one.source.rstrip("\n")) for one in executions)
    return tuple(
        replace(one, cell=cell.id, source=cell.source) if cell else one
        for one, cell in zip(executions, found, strict=True)
    )
