"""The cells of a kernel: every one that was executed, in the order they began, whether a run was open or not."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from mlops_magics.records import Text

ERROR_LIMIT = 2_000
"""A longer message is cut: frames and arrays print themselves into some."""


@dataclass(slots=True)
class ExecutedCell:
    """One execution: the ``number``-th of its kernel, from 1. ``count`` is the number in the brackets, which the cells
    of a program that runs them unseen have not; ``status`` is None while it is going on; ``text`` is the source as
    it was first written down.
    """

    number: int
    id: str | None
    source: str
    count: int | None = None
    started: datetime | None = None
    began: float = 0.0
    seconds: float | None = None
    status: Literal["ok", "error"] | None = None
    error: str | None = None
    facts: int = 0
    is_in_history: bool = True
    text: Text | None = None

    @property
    def is_async(self) -> bool:
        """Whether it awaits something itself, so that others may have run meanwhile."""
        if "await" not in self.source and "async" not in self.source:
            return False
        from mlops_magics.capture.notebook.source import python_of

        tree = python_of(self.source).module
        return tree is not None and _awaits(tree.body)


def _awaits(statements: Sequence[ast.AST]) -> bool:
    waiting = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            return True
        if isinstance(node, ast.comprehension) and node.is_async:
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return False


class CellLog:
    """What a kernel has executed so far.

    Parameters
    ----------
    shell
        IPython's, or anything that has some of its ``history_manager``, ``user_ns`` and ``get_parent``.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.executed: list[ExecutedCell] = []
        self.running: ExecutedCell | None = None

    def adopt_history(self) -> None:
        """Take over what ran before anybody observed, and the cell that is being executed."""
        history = getattr(self._shell, "history_manager", None)
        sources = list(getattr(history, "input_hist_raw", ()))[1:]
        running = getattr(getattr(self._shell, "displayhook", None), "exec_result", None)
        if running is not None and running.info.store_history:
            sources = sources[:-1]
        failed = getattr(history, "exceptions", {})
        for count, source in enumerate(sources, start=1):
            if source:
                error = failed.get(count)
                cell = ExecutedCell(len(self.executed) + 1, None, source, count, status="error" if error else "ok")
                cell.error = f"{error.get('ename')}: {error.get('evalue')}"[:ERROR_LIMIT] if error else None
                self.executed.append(cell)
        if running is not None:
            self.begin(running.info)

    def begin(self, info: Any) -> bool:
        """A cell begins to be executed. False for one that another cell executes, as ``%%capture`` does."""
        cell_id = getattr(info, "cell_id", None)
        # A front end gives its cells ids; one without, while another is executed, was executed by that one.
        if self.running and cell_id is None:
            return False
        self.running = ExecutedCell(
            len(self.executed) + 1,
            cell_id,
            info.raw_cell or "",
            started=datetime.now(UTC).replace(tzinfo=None),
            began=time.perf_counter(),
            is_in_history=bool(info.store_history),
        )
        return True

    def finish(self, result: Any) -> ExecutedCell | None:
        """A cell was executed; None when it is one that another cell executed."""
        cell = self.running
        if cell is None or (result is not None and (result.info.raw_cell or "") != cell.source):
            return None
        # A kernel that was interrupted while the cell awaited something has no result.
        error = KeyboardInterrupt() if result is None else result.error_before_exec or result.error_in_exec
        self.measure(cell, error)
        self.executed.append(cell)
        self.running = None
        return cell

    def measure(self, cell: ExecutedCell, error: BaseException | None = None) -> None:
        """Write down how a cell did, up to now."""
        cell.seconds = time.perf_counter() - cell.began
        cell.count = self._execution_count() if cell.is_in_history else None
        cell.status = "error" if error else "ok"
        cell.error = error_text(error) if error else None

    def __iter__(self) -> Iterator[ExecutedCell]:
        """Every execution in the order they began, with the one that is going on."""
        yield from self.executed
        if self.running:
            if self.running.count is None and self.running.is_in_history:
                self.running.count = self._execution_count()
            yield self.running

    def _execution_count(self) -> int | None:
        # Not shell.execution_count: versions of IPython differ in whether it is this cell's or already the next one's.
        return len(self._shell.user_ns.get("In", ())) - 1 or None


def error_text(error: BaseException) -> str:
    """``Type: message``, however the error's own text misbehaves."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the person's own class
        message = "(it cannot be written)"
    # Python 3.13 has errors of its own that are subclasses nobody may name.
    kind = next(one for one in type(error).__mro__ if not (one.__module__ == "builtins" and one.__name__[0] == "_"))
    text = f"{kind.__name__}: {message}" if message else kind.__name__
    return text if len(text) <= ERROR_LIMIT else text[: ERROR_LIMIT - 1] + "…"
