"""How each cell of a notebook, as it is now, stands to what its run recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_magics.capture.notebook.document import SavedCell, SavedNotebook
from mlops_magics.capture.notebook.findings import Examination, NotebookFinding, examine
from mlops_magics.capture.notebook.flow import Execution, stands_on
from mlops_magics.capture.secrets import mask
from mlops_magics.faces.server.answers import CellMark, CellSource, CellState, MarksAnswer, RunLine

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

STATES: dict[str, CellState] = {
    "edited": "edited",
    "failed": "failed",
    "stale": "stale",
    "out_of_order": "out_of_order",
    "repeated": "repeated",
}
"""Which finding a mark shows where there are several: the first of these."""


def executions_of(store: Store, run: str) -> list[Execution]:
    """What ran in the kernel of a run, in order, as far as the run knows."""
    with store.focused(run):
        cells = sorted(store.cells(run), key=lambda cell: cell.position)
        texts = store.texts([cell.source for cell in cells])
    return [
        Execution(
            position=cell.position,
            cell=cell.cell,
            source=texts.get(cell.source, ""),
            status=cell.status,
            facts=cell.facts or 0,
            is_before=bool(cell.is_before),
            execution_count=cell.execution_count,
            started=cell.started,
        )
        for cell in cells
    ]


def marks(run: RunLine, executions: Sequence[Execution], cells: Sequence[CellSource]) -> MarksAnswer:
    """One mark per cell, in their order; cells without code have none."""
    # What a run keeps of a cell has no secrets in it: compared is the same of what the notebook holds.
    document = tuple(SavedCell(cell.id, mask(cell.source)) for cell in cells)
    now = datetime.now(UTC).replace(tzinfo=None)
    seen = examine(executions, SavedNotebook(Path("notebook"), document, now))
    found = _found(seen)
    busy = {cell.id for cell in cells if cell.busy}
    last = {one.cell: one for one in executions if one.cell}
    wanted = [index for index, one in enumerate(executions) if one.facts and not one.is_before]
    stood = {executions[index].cell for index in stands_on(executions, wanted)}
    return MarksAnswer(
        run=run,
        sentence=seen.sentence,
        marks=tuple(
            _running(cell.id, run, stands=cell.id in stood)
            if cell.id in busy
            else _mark(cell.id, run, last.get(cell.id), found.get(cell.id), stands=cell.id in stood)
            for cell in document
            if cell.source.strip()
        ),
    )


def _found(seen: Examination) -> dict[str, NotebookFinding]:
    found: dict[str, NotebookFinding] = {}
    order = list(STATES)
    for finding in sorted(
        (one for one in seen.findings if one.kind in STATES), key=lambda one: order.index(one.kind), reverse=True
    ):
        found.update(dict.fromkeys(finding.cells, finding))
    return found


def _running(cell: str, run: RunLine, *, stands: bool) -> CellMark:
    """Nobody has recorded yet what it does now: that is known when it is over."""
    is_over = run.status != "running"
    said = "runs, or waits for those before it" + (f"; it is not part of {run.name}, which is over" if is_over else "")
    return CellMark(cell, "running", "In [*]", f"In [*]: {said}", stands)


def _mark(cell: str, run: RunLine, one: Execution | None, finding: NotebookFinding | None, *, stands: bool) -> CellMark:
    """What is known of a cell: of what its kernel did before it was listened to, and after the run, nothing is."""
    is_over = run.status != "running"
    if one is None:
        said = f"is not part of {run.name}" + (", which is over" if is_over else "")
        return CellMark(cell, "outside", "", said, stands=False)
    label = f"In [{one.execution_count}]" if one.execution_count is not None else f"execution {one.position}"
    when = f" (in {run.name}, which is over)" if is_over else ""
    if finding is not None and (finding.kind in {"edited", "failed"} or one.status == "ok"):
        raised = "; it raised an error" if one.status == "error" and finding.kind != "failed" else ""
        return CellMark(cell, STATES[finding.kind], label, f"{finding.sentence}{raised}{when}", stands)
    if one.status == "error":
        # That the last cell raised harms nobody, and is no finding; a person wants to see it all the same.
        return CellMark(cell, "failed", label, f"{label} raised an error{when}", stands)
    ran = f"ran so in {run.name}, which is over" if is_over else "ran as it is"
    took = "the run stands on it" if stands else "the run took nothing from it"
    return CellMark(cell, "fresh", label, f"{label}: {ran}; {took}", stands)
