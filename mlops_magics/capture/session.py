"""The tracked notebook: which run its cells belong to, and what each of them did.

The shell is handed in; anything with IPython's ``events`` and ``user_ns`` will do.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.cells import CellLog, ExecutedCell
from mlops_magics.capture.fits import Fits, ProgressBar, no_bar
from mlops_magics.capture.guard import Guard
from mlops_magics.capture.open_runs import OPEN_RUNS
from mlops_magics.capture.outputs import Output, OutputWatch
from mlops_magics.capture.run import ActiveRun
from mlops_magics.capture.script import SCRIPT
from mlops_magics.capture.secrets import mask
from mlops_magics.capture.tracking import track
from mlops_magics.capture.worker import Worker
from mlops_magics.errors import CommandError
from mlops_magics.records import Cell, Judged, Record, Seed, Text

if TYPE_CHECKING:
    from mlops_magics.capture.notebook.findings import Examination
    from mlops_magics.capture.notebook.flow import Execution

_BEGINS_WITH_TRACK = re.compile(r"\s*(#[^\n]*\n\s*)*%%?mlops\s+track\b")


def _keep_output(run: ActiveRun, output: Output, position: int) -> None:
    run.observe(output.keep(run, position))


class Session:
    """One notebook's tracking: at most one open run, its cells, its fits, what they displayed.

    What observes runs behind a guard: it never breaks a cell, and says once what it could not record.

    Parameters
    ----------
    shell
        IPython's shell.
    progress
        Makes a progress bar with a label, for fits that take long.

    Attributes
    ----------
    fits
        What is seen of fits, in this run and in those that are begun in Python.
    examined
        How far the notebook could be trusted when the last run ended.
    """

    def __init__(self, shell: Any, *, progress: ProgressBar = no_bar) -> None:
        self._shell = shell
        self._run: ActiveRun | None = None
        self._cells = CellLog(shell)
        self._offset = 0
        self._places: dict[str, tuple[int, int]] = {}
        self._first = 1
        self._facts_before = 0
        self._begins_run = self._ends_run = self._is_beginning = False
        self._owner = os.getpid()
        self._guard = Guard()
        self._worker = Worker(self._guard)
        self._outputs = OutputWatch(shell, self._guard)
        self._keeps_outputs = True
        self.examined: Examination | None = None
        self.fits = Fits(
            lambda: shell.user_ns, self._executions, guard=self._guard, worker=self._worker, progress=progress
        )

    def start(self) -> None:
        """Begin to observe the shell."""
        with self._guard("the cells that ran before"):
            self._cells.adopt_history()
        with self._guard("what cells display"):
            self._outputs.start()
        SCRIPT.leave_fits()
        self.fits.start()
        OPEN_RUNS.listen(self._begun)
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._shell.events.register("post_run_cell", self._after_cell)

    def stop(self) -> None:
        """Stop observing; an open run stays what it is, and is ended."""
        self._shell.events.unregister("pre_run_cell", self._before_cell)
        self._shell.events.unregister("post_run_cell", self._after_cell)
        if self.has_run:
            self.end()
        OPEN_RUNS.cease(self._begun)
        self.fits.stop()
        self._outputs.stop()
        self._worker.close()

    # -- the run ----------------------------------------------------------------------------------------------------

    @property
    def has_run(self) -> bool:
        """Whether a run is open in this notebook."""
        return self._run is not None and self._run.status == "running"

    @property
    def run(self) -> ActiveRun:
        """The open run.

        Raises
        ------
        CommandError
            None is open.
        """
        if self._run is None or self._run.status != "running":
            raise CommandError("no run is open in this notebook", hint="Start one: %mlops track EXPERIMENT --name NAME")
        return self._run

    def track(  # noqa: PLR0913 - all that can be said of a run when it begins
        self,
        experiment: str,
        name: str | None = None,
        *,
        resume: bool = False,
        this_cell: bool = False,
        private: bool = False,
        outputs: bool = True,
        system_seconds: float | None = None,
    ) -> tuple[ActiveRun, ActiveRun | None]:
        """Start a run here. A run that is open is ended first; it is the second value returned.

        Parameters
        ----------
        experiment, name, resume, private, system_seconds
            See :func:`mlops_magics.track`.
        this_cell
            The run is over when the cell is.
        outputs
            Keep figures, and the first rows of tables that cells end with.
        """
        former = self.run if self.has_run else None
        is_same = former and former.experiment == experiment and name in {None, former.name}
        if resume and is_same:
            self.run.end()
        # Otherwise the former ends when the new one has begun: a wrong word must not end it.
        self._is_beginning = True
        try:
            begun = track(
                experiment,
                name,
                resume=resume,
                source=self._notebook(),
                private=private,
                system_seconds=system_seconds,
            )
        finally:
            self._is_beginning = False
        if self.has_run:
            self.run.end()
        self._guard.renew()
        self._run = begun
        begun.before_end(partial(self._settle, begun))
        self._keeps_outputs = outputs and begun.settings.outputs
        self._begins_run, self._ends_run = self._cells.running is not None, this_cell
        self._first = len(self._cells.executed) + 1
        with self._guard("the cells that ran before"):
            self._record_cells_before(is_resumed=resume)
        return begun, former

    def end(self) -> ActiveRun:
        """End the open run, with the cell that is being executed as its last one.

        Raises
        ------
        CommandError
            None is open.
        """
        run = self.run
        run.end()
        return run

    def _settle(self, run: ActiveRun) -> None:
        """Write down what is still to be seen, before the run ends: by a verb, in Python, or with its cell."""
        running = self._cells.running
        # A cell that begins by starting another run is no part of this one, unless it is where this one began.
        if running and (self._begins_run or not _BEGINS_WITH_TRACK.match(running.source)):
            self._cells.measure(running)
            self._record_cell(running)
        self._places[run.id] = self._offset, len(list(self._cells))
        self.examined = None
        with self._guard("how far the notebook can be trusted"):
            run.observe(*self._judged())
        self._begins_run = self._ends_run = False

    def _begun(self, run: ActiveRun) -> None:
        """A run begins in Python: it has the cell that is being executed and what follows up to its end."""
        if self._is_beginning or run.is_resumed or self._owner != os.getpid():
            return
        with self._guard("the cells of a run"):
            running = self._cells.running
            first = running.number if running else len(self._cells.executed) + 1
            run.before_end(partial(self._settle_block, run, first))

    def _settle_block(self, run: ActiveRun, first: int) -> None:
        """Write down the cells of a run that Python began, before it ends. Which of its facts stem from which of them
        is not counted: most have one cell.
        """
        if self._owner != os.getpid():
            return
        with self._guard("the cells of a run"):
            if self._cells.running:
                self._cells.measure(self._cells.running)
            for cell in list(self._cells):
                run.observe(*self._facts_of(cell, run, first=first))

    # -- cells ------------------------------------------------------------------------------------------------------

    def _before_cell(self, info: Any) -> None:
        with self._guard("a cell"):
            if not self._cells.begin(info):
                return
            self._begins_run = False
            self._facts_before = self.run.facts if self.has_run else 0
        with self._guard("what cells display"):
            self._outputs.begin()
        with self._guard("fits"):
            self.fits.refresh()

    def _after_cell(self, result: Any) -> None:
        with self._guard("a cell"):
            cell = self._cells.finish(result)
            if cell is None or not self.has_run:
                return
            self._record_cell(cell)
            with self._guard("what cells display"):
                self._record_outputs(cell, result)
            if self._ends_run:
                self.run.end("failed" if cell.error else "finished", cell.error)

    def _record_cell(self, cell: ExecutedCell) -> None:
        run = self.run
        with self._guard("a cell"):
            cell.facts = max(run.facts - self._facts_before, 0)
            run.observe(*self._own_facts_of(cell))

    def _record_cells_before(self, *, is_resumed: bool) -> None:
        run = self.run
        self._offset, seen = self._places.get(run.id, (0, 0))
        if is_resumed and run.id not in self._places:
            # It began in another kernel: what this one runs comes after.
            self._offset = max((cell.position for cell in run.store.cells(run.id)), default=0)
        for cell in self._cells.executed[seen:]:
            cell.facts = 0
            run.observe(*self._own_facts_of(cell))
        self._facts_before = run.facts

    def _own_facts_of(self, cell: ExecutedCell) -> tuple[Text, Cell]:
        return self._facts_of(cell, self.run, first=self._first, offset=self._offset, facts=cell.facts)

    def _facts_of(
        self, cell: ExecutedCell, run: ActiveRun, *, first: int, offset: int = 0, facts: int | None = None
    ) -> tuple[Text, Cell]:
        if cell.text is None:
            cell.text = Text.of(mask(cell.source))
        if cell.error:
            # Once and for all: the next run may know nothing of what was private here.
            cell.error = self._masked(cell.error, run)
        return cell.text, Cell(
            cell=cell.id,
            position=offset + cell.number,
            execution_count=cell.count,
            source=cell.text.sha256,
            started=cell.started,
            seconds=cell.seconds,
            status=cell.status or "ok",
            error=cell.error,
            is_async=cell.is_async,
            is_before=cell.number < first,
            facts=facts,
        )

    def _masked(self, message: str, run: ActiveRun) -> str:
        """A message without secrets, and without the private values that the run has met or the notebook holds."""
        return run.private.mask(mask(message), beside=list(self._shell.user_ns.values()))

    def _record_outputs(self, cell: ExecutedCell, result: Any) -> None:
        run = self.run
        if not self._keeps_outputs or run.privacy.is_private:
            return
        position = self._offset + cell.number
        for output in self._outputs.collect(result, cell.count, run.privacy):
            self._worker.later(partial(_keep_output, run, output, position))

    def examine(self) -> Examination:
        """How far the notebook can be trusted: what ran out of order, twice, was edited since, deleted, skipped."""
        from mlops_magics.capture.notebook.document import notebook_path, read_notebook
        from mlops_magics.capture.notebook.findings import examine

        path = notebook_path(os.environ, self._shell.user_ns)
        return examine(self._executions(), read_notebook(path) if path else None)

    def _executions(self) -> list[Execution]:
        from mlops_magics.capture.notebook.flow import Execution

        return [
            Execution(
                position=self._offset + cell.number,
                cell=cell.id,
                source=cell.source,
                status=cell.status or "ok",
                facts=cell.facts,
                is_before=cell.number < self._first,
                execution_count=cell.count,
                started=cell.started,
            )
            for cell in self._cells
        ]

    def _judged(self) -> list[Record]:
        from mlops_magics.capture.notebook.seeds import seeds_in

        seeds = [
            Seed(call=call, position=self._offset + cell.number)
            for cell in self._cells
            for call in seeds_in(cell.source)
        ]
        seen = self.examined = self.examine()
        subject = Path(self._notebook() or "notebook").name
        return [*seeds, Judged(question="notebook", subject=subject, verdict=seen.verdict, detail=seen.to_dict())]

    def _notebook(self) -> str | None:
        """The notebook's file, as far as the front end tells: a path, or None."""
        from mlops_magics.capture.notebook.document import notebook_path

        found = notebook_path(os.environ, self._shell.user_ns)
        return str(found) if found else os.environ.get("JPY_SESSION_NAME") or None
