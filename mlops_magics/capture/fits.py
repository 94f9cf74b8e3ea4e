"""The fits of a process: which run each of them belongs to, and that all is written down before that run ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.guard import Guard
from mlops_magics.capture.open_runs import OPEN_RUNS
from mlops_magics.capture.worker import Worker
from mlops_magics.look.progress import Progress

if TYPE_CHECKING:
    from mlops_magics.capture.autolog import Autolog
    from mlops_magics.capture.notebook.flow import Execution
    from mlops_magics.capture.run import ActiveRun

ProgressBar = Callable[[str], AbstractContextManager[Progress]]


def no_bar(label: str) -> AbstractContextManager[Progress]:  # noqa: ARG001 - a bar has a label
    """The progress bar of who has no place for one."""
    return nullcontext(lambda share, what: None)  # noqa: ARG005


class Fits:
    """What autologging asks of a notebook or a script, and when it is on: while a run is open, by a verb or in Python.

    Parameters
    ----------
    names
        The names of the notebook or script, and what they hold now.
    executions
        What its cells were so far.
    guard, worker
        Where is said what could not be recorded, and what is slow is done.
    progress
        Makes a progress bar with a label.

    Attributes
    ----------
    is_wanted
        Whether fits are recorded.
    """

    def __init__(
        self,
        names: Callable[[], Mapping[str, Any]],
        executions: Callable[[], Sequence[Execution]],
        *,
        guard: Guard,
        worker: Worker,
        progress: ProgressBar,
    ) -> None:
        self._names = names
        self._executions = executions
        self._guard = guard
        self._worker = worker
        self._owner = os.getpid()
        self._autolog: Autolog | None = None
        # Threads begin and end runs at the same moment.
        self._switching = threading.Lock()
        self.progress = progress
        self.is_wanted = True

    def start(self) -> None:
        """Know of each run that begins from now on, and of those that are open."""
        OPEN_RUNS.listen(self._begun)
        for run in OPEN_RUNS.all():
            run.before_end(partial(self._settle, run))

    @property
    def is_alive(self) -> bool:
        """Whether this process started it, and not the one that it is a fork of."""
        return self._owner == os.getpid()

    def stop(self) -> None:
        """See no more fits."""
        OPEN_RUNS.cease(self._begun)
        # The child of a fork has one thread, and a lock that one of its parent's may have held.
        with self._switching if self.is_alive else nullcontext():
            self._ignore()

    def refresh(self) -> None:
        """See the fits of the cell that begins, if a run is open that wants them."""
        with self._switching:
            if not self._is_asked_for():
                self._ignore()
                return
            self._autologging().refresh()

    # -- what autologging asks --------------------------------------------------------------------------------------

    def current(self) -> ActiveRun | None:
        """The run that a fit in this thread belongs to: the innermost that is open; None where none is, or where it
        wants no fits. The processes a notebook starts are not the notebook.
        """
        run = OPEN_RUNS.innermost() if self.is_wanted and self.is_alive else None
        return run if run is not None and run.autolog else None

    def later(self, work: Callable[[], object]) -> None:
        """Have something done off the person's path, before the run ends."""
        self._worker.later(work)

    def warn(self, what: str, error: BaseException) -> None:
        """Say once what could not be recorded."""
        self._guard.warn(what, error)

    def name_of(self, value: Any) -> str | None:
        """What the notebook or script calls an object, or None when it has no public name for it."""
        names = (name for name, held in list(self._names().items()) if held is value and not name.startswith("_"))
        return next(names, None)

    def origins_of(self, name: str) -> tuple[str, ...]:
        """The files and queries that a name, or an expression of several, stems from, as far as the cells tell."""
        from mlops_magics.capture.notebook.origins import origins_of

        found: tuple[str, ...] = ()
        with self._guard("where a table came from"):
            executions = self._executions()
            found += origins_of(executions, len(executions), name, self._names())
        return found

    # -- how --------------------------------------------------------------------------------------------------------

    def _begun(self, run: ActiveRun) -> None:
        if not self.is_alive:
            return
        run.before_end(partial(self._settle, run))
        with self._guard("fits"), self._switching:
            if self._is_asked_for():
                self._autologging().watch()

    def _settle(self, run: ActiveRun) -> None:
        """Write down what is still to be seen of a run, before it ends."""
        if not self.is_alive:
            return
        with self._guard("fits"):
            if self._autolog is not None:
                self._autolog.settle(run)
            with self._switching:
                if not self._is_asked_for(apart_from=run):
                    self._ignore()
        with self._guard("what was still being looked at"), self.progress("end") as bar:
            if dropped := self._worker.finish(bar):
                self._guard.warn("what was still being looked at", f"interrupted; {dropped} things were dropped")

    def _is_asked_for(self, *, apart_from: ActiveRun | None = None) -> bool:
        return self.is_wanted and any(run.autolog for run in OPEN_RUNS.all() if run is not apart_from)

    def _autologging(self) -> Autolog:
        if self._autolog is None:
            # Half of what loading this package would otherwise take.
            from mlops_magics.capture.autolog import Autolog

            self._autolog = Autolog(self)
        return self._autolog

    def _ignore(self) -> None:
        if self._autolog is not None:
            self._autolog.remove()
