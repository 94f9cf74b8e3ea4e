"""How far a notebook can be trusted: whether what ran is what it says, from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.notebook.checks import CHECKS, Hit
from mlops_magics.capture.notebook.document import SavedNotebook
from mlops_magics.capture.notebook.executed import Execution
from mlops_magics.capture.notebook.history import History
from mlops_magics.look import Shown
from mlops_magics.records import VerdictValue

if TYPE_CHECKING:
    from mlops_magics.look import Document

WORDS = {
    "out_of_order": ("ran out of order", "ran out of order"),
    "repeated": ("ran again on its own result", "ran again on their own results"),
    "stale": ("is stale", "are stale"),
    "edited": ("was edited since it ran", "were edited since they ran"),
    "deleted": ("is gone but still felt", "are gone but still felt"),
    "skipped": ("was skipped", "were skipped"),
    "failed": ("failed and was left so", "failed and were left so"),
}
"""What is said of one cell, and of several, by kind, in the order findings are told."""


@dataclass(frozen=True, slots=True)
class NotebookFinding:
    """One thing that is not as the notebook says.

    Parameters
    ----------
    kind
        ``out_of_order``, ``repeated``, ``stale``, ``edited``, ``deleted``, ``skipped`` or ``failed``.
    cells
        The ids of the cells concerned; where there is none, what the execution is called, such as ``In [3]``.
    labels
        What a person calls them: ``In [3]``, or ``cell 4`` of the document for one that never ran.
    positions
        Of the executions that show it; empty for a cell that never ran.
    names
        The names it is about, sorted.
    sentence
        What is to be told.
    """

    kind: str
    cells: tuple[str, ...]
    labels: tuple[str, ...]
    positions: tuple[int, ...]
    names: tuple[str, ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        return {
            "kind": self.kind,
            "cells": list(self.cells),
            "labels": list(self.labels),
            "positions": list(self.positions),
            "names": list(self.names),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, repr=False)
class Examination(Shown):
    """What :func:`examine` found. ``is_document_known`` says that a saved notebook as new as what ran was there to
    compare with.
    """

    findings: tuple[NotebookFinding, ...]
    is_document_known: bool

    @property
    def verdict(self) -> VerdictValue:
        """``fail`` with any finding; ``pass`` without one; ``unknown`` without one and without a document."""
        if self.findings:
            return "fail"
        return "pass" if self.is_document_known else "unknown"

    @property
    def sentence(self) -> str:
        """All of it in one line: ``2 cells ran out of order; 1 cell is stale``."""
        counts = {kind: sum(len(one.cells) for one in self.findings if one.kind == kind) for kind in WORDS}
        told = [f"{count} cell{'s' * (count > 1)} {WORDS[kind][count > 1]}" for kind, count in counts.items() if count]
        if told:
            return "; ".join(told)
        if self.is_document_known:
            return "what ran is what the notebook says, from top to bottom"
        return "nothing wrong in what ran; whether the saved notebook says the same is not known"

    def to_dict(self) -> dict[str, Any]:
        """The verdict, the sentence and every finding, ready for JSON."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "is_document_known": self.is_document_known,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def document(self) -> Document:
        """The sentence, and a row per finding."""
        from mlops_magics.look import Document, Line, Table

        tone = {"pass": "good", "fail": "bad", "unknown": "unknown"}[self.verdict]
        line = Line(f"{self.sentence[0].upper()}{self.sentence[1:]}.", tone=tone)  # type: ignore[arg-type]
        if not self.findings:
            return Document(line)
        rows = [
            [one.kind.replace("_", " "), ", ".join(one.labels), ", ".join(one.names) or None, one.sentence]
            for one in self.findings
        ]
        return Document(line, Table(["what", "cells", "names", "why"], rows))


def examine(executions: Sequence[Execution], saved: SavedNotebook | None = None) -> Examination:
    """Compare what ran with what the notebook says: would Restart & Run All give the same?

    Judged are the last executions of the cells that are still there. Every cell run once, in order, as it is saved,
    gives no finding, whatever its code is.

    Parameters
    ----------
    executions
        All that ran in this kernel, in order. The last one may still be running.
    saved
        The notebook file. Without it, edited, deleted and skipped cells are not judged, and the order of first
        executions stands for the order of cells. Where a cell ran after the file was saved (``Execution.started``),
        what ran is taken for what the notebook holds.

    Examples
    --------
    >>> runs = [Execution(1, "a", "x = 1"), Execution(2, "b", "y = x"), Execution(3, "a", "x = 2")]
    >>> examine(runs).sentence
    '1 cell ran out of order; 1 cell is stale'
    """
    history = History(executions, saved)
    findings = [
        _finding(history, kind, hit)
        for kind, check in CHECKS.items()
        for hit in sorted(check(history), key=lambda hit: (hit.index or 0, history.place.get(hit.cell, 0)))
    ]
    return Examination(tuple(findings), history.is_document_known)


def _finding(history: History, kind: str, hit: Hit) -> NotebookFinding:
    return NotebookFinding(
        kind=kind,
        cells=(history.key(hit.cell),),
        labels=(history.label(hit.cell, hit.index),),
        positions=() if hit.index is None else (history.executions[hit.index].position,),
        names=tuple(sorted(hit.names)),
        sentence=hit.sentence,
    )
