"""The cells a run stands on, one execution after the other."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.look import Code, Document, Fold, Line, Shown, Title
from mlops_magics.look.numbers import count, duration, timestamp
from mlops_magics.records import Cell, Run
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

SUMMARY_CHARACTERS = 60
_MAGICS = re.compile(r"%%(?!mlops\b)|#")
_QUIET = re.compile(rf"{_MAGICS.pattern}|import\s|from\s+\S+\s+import\b")
"""Lines that do not say what a cell is about."""
_LONG_IMPORT = re.compile(r"^from\s+\S+\s+import\s*\([^)]*\)", re.MULTILINE)


@dataclass(frozen=True, repr=False)
class Executions(Shown):
    """Every execution with its source, in the order they ran: those before the run began, then its own."""

    run: Run
    cells: tuple[tuple[Cell, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """The executions as JSON-ready mappings, the source as text."""
        return {
            "run": self.run.id,
            "cells": [
                {
                    "position": cell.position,
                    "cell": cell.cell,
                    "execution_count": cell.execution_count,
                    "is_before": bool(cell.is_before),
                    "is_async": bool(cell.is_async),
                    "started": timestamp(cell.started) if cell.started else None,
                    "seconds": cell.seconds,
                    "status": cell.status,
                    "error": cell.error,
                    "facts": cell.facts,
                    "source": source,
                }
                for cell, source in self.cells
            ],
        }

    def document(self) -> Document:
        """The run's own cells in the open, those before it folded."""
        before = [self._block(cell, source) for cell, source in self.cells if cell.is_before]
        own = [self._block(cell, source) for cell, source in self.cells if not cell.is_before]
        order = "" if len(own) == 1 else " in the order they ran"
        title = Title(f"{self.run.experiment} / {self.run.name}", f"{count(len(own), 'cell')}{order}")
        blocks: list[Any] = [title]
        if before:
            blocks.append(Fold(f"{count(len(before), 'cell')} ran in this kernel before", *before))
        if not own:
            blocks.append(Line("no cell was recorded", tone="quiet"))
        return Document(*blocks, *own)

    @staticmethod
    def _block(cell: Cell, source: str) -> Fold:
        first = telling_line(source)
        first = first if len(first) <= SUMMARY_CHARACTERS else first[: SUMMARY_CHARACTERS - 1] + "…"
        took = f" · {duration(cell.seconds)}" if cell.seconds is not None else ""
        number = "" if cell.execution_count is None else cell.execution_count
        awaited = " · async" if cell.is_async else ""
        failed = f" · {(cell.error or 'failed').splitlines()[0]}" if cell.status == "error" else ""
        return Fold(f"[{number}] {first}{took}{awaited}{failed}", Code(source), open=cell.status == "error")


def telling_line(source: str) -> str:
    r"""The line of a cell that says most of it: its first that is no cell magic, import or comment, if there is one.

    The line that begins a run of one cell, ``%%mlops track``, says what the cell is.

    >>> telling_line("%%time\nimport pandas as pd\n\ndf = pd.read_csv('a.csv')"), telling_line("%%time\nimport os")
    ("df = pd.read_csv('a.csv')", 'import os')
    """
    shorter = _LONG_IMPORT.sub(lambda match: match[0].partition("\n")[0], source)
    lines = [line.strip() for line in shorter.splitlines() if line.strip()]
    for quiet in (_QUIET, _MAGICS):
        told = next((line for line in lines if not quiet.match(line)), None)
        if told is not None:
            return told
    return lines[0] if lines else ""


def executions(run: Run | str, store: Store | str | os.PathLike[str] | None = None) -> Executions:
    """The cells a run stands on, in the order they ran; those that ran in its kernel before it began are marked.

    Parameters
    ----------
    run
        A name, a piece of an id, ``@last``, ``@best:METRIC``, or a run.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.

    Raises
    ------
    RunNotFound
        It is not in the store.
    """
    place = open_store(store)
    with place.snapshot():
        found = place.find(run)
        cells = sorted(place.cells(found), key=lambda cell: cell.position)
        texts = place.texts([cell.source for cell in cells])
    return Executions(found, tuple((cell, texts.get(cell.source, "")) for cell in cells))
