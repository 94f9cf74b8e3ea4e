"""The tracked notebook: which run its cells belong to, and what each of them did.

The shell is handed in; anything with IPython's ``events`` and ``user_ns`` will do.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from dataclasses import dataclass
from typing import Any

from mlops_magics.capture.autolog import FitWatch
from mlops_magics.capture.run import ActiveRun, track
from mlops_magics.errors import CommandError, MlopsError
from mlops_magics.records import Cell, Text
from mlops_magics.store.location import StoreWarning

_BEGINS_WITH_TRACK = re.compile(r"\s*(#[^\n]*\n\s*)*%%?mlops\s+track\b")


@dataclass(slots=True)
class _RunningCell:
    """The cell that is being executed. Cells it executes itself, as ``%%capture`` does, are part of it."""

    id: str | None
    source: str
    is_in_history: bool
    began: float
    begins_run: bool = False
    ends_run: bool = False


class Session:
    """One notebook's tracking: at most one open run, its cells, its fits."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._run: ActiveRun | None = None
        self._cell: _RunningCell | None = None
        self._position = 0
        self._has_warned = False
        self._fits = FitWatch(self._see_fit)

    def start(self) -> None:
        """Begin to observe the shell."""
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._shell.events.register("post_run_cell", self._after_cell)

    def stop(self) -> None:
        """Stop observing; an open run stays what it is, and is ended."""
        self._shell.events.unregister("pre_run_cell", self._before_cell)
        self._shell.events.unregister("post_run_cell", self._after_cell)
        if self.has_run:
            self.end()

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

    def track(
        self, experiment: str, name: str | None = None, *, resume: bool = False, this_cell: bool = False
    ) -> tuple[ActiveRun, ActiveRun | None]:
        """Start a run here. A run that is open is ended first; it is the second value returned.

        Parameters
        ----------
        experiment, name, resume
            See :func:`mlops_magics.track`.
        this_cell
            The run is over when the cell is.
        """
        former = self.run if self.has_run else None
        is_same = former and former.experiment == experiment and name in {None, former.name}
        if resume and is_same:
            self._end_former()
        # Otherwise the former ends when the new one has begun: a wrong word must not end it.
        begun = track(experiment, name, resume=resume, source=self._notebook())
        if self.has_run:
            self._end_former()
        self._run = begun
        earlier = begun.store.cells(begun.id) if resume else ()
        self._position = max((cell.position for cell in earlier), default=0)
        self._fits.refresh()
        if self._cell:
            self._cell.begins_run, self._cell.ends_run = True, this_cell
        return begun, former

    def end(self) -> ActiveRun:
        """End the open run, with the cell that is being executed as its last one.

        Raises
        ------
        CommandError
            None is open.
        """
        run = self.run
        self._record_cell(None)
        run.end()
        self._fits.remove()
        return run

    def _end_former(self) -> None:
        # A cell that begins by starting another run is no part of this one, unless it is where this one began.
        if self._cell and (self._cell.begins_run or not _BEGINS_WITH_TRACK.match(self._cell.source)):
            self._record_cell(None)
        self.run.end()

    # -- cells ------------------------------------------------------------------------------------------------------

    def _before_cell(self, info: Any) -> None:
        cell_id = getattr(info, "cell_id", None)
        # A front end gives its cells ids; one without, while another is executed, was executed by that one.
        if self._cell and cell_id is None:
            return
        self._cell = _RunningCell(cell_id, info.raw_cell or "", bool(info.store_history), time.perf_counter())
        if self.has_run:
            self._fits.refresh()
        else:
            self._fits.remove()

    def _after_cell(self, result: Any) -> None:
        cell = self._cell
        if cell is None or (result is not None and (result.info.raw_cell or "") != cell.source):
            return
        # A kernel that was interrupted while the cell awaited something has no result.
        error = KeyboardInterrupt() if result is None else result.error_before_exec or result.error_in_exec
        if self.has_run:
            self._record_cell(error)
            if cell.ends_run:
                message = f"{type(error).__name__}: {error}" if error else None
                self.run.end("failed" if error else "finished", message)
                self._fits.remove()
        self._cell = None

    def _record_cell(self, error: BaseException | None) -> None:
        cell = self._cell
        if cell is None:
            return
        self._position += 1
        source = Text.of(cell.source)
        self.run.record(
            source,
            Cell(
                cell=cell.id,
                position=self._position,
                execution_count=self._execution_count() if cell.is_in_history else None,
                source=source.sha256,
                seconds=time.perf_counter() - cell.began,
                status="error" if error else "ok",
                error=f"{type(error).__name__}: {error}" if error else None,
            ),
        )

    def _execution_count(self) -> int | None:
        # Not shell.execution_count: versions of IPython differ in whether it is this cell's or already the next one's.
        return len(self._shell.user_ns.get("In", ())) - 1 or None

    # -- fits -------------------------------------------------------------------------------------------------------

    def _see_fit(self, estimator: Any, X: Any) -> None:
        """Record what was fitted on what. The user's cell must not feel it, whatever goes wrong here."""
        if not self.has_run or not hasattr(estimator, "predict"):
            return
        try:
            self._record_fit(estimator, X)
        except Exception as error:  # noqa: BLE001 - the autologger's guard
            if not self._has_warned:
                self._has_warned = True
                reason = str(error) if isinstance(error, MlopsError) else f"{type(error).__name__}: {error}"
                warnings.warn(f"a fit was not recorded in full: {reason}", StoreWarning, stacklevel=3)

    def _record_fit(self, estimator: Any, X: Any) -> None:
        from mlops_magics.capture.evaluating import params_of
        from mlops_magics.capture.tables import describe_table

        self.run.record(*params_of(estimator))
        if X is not None:
            dataset, profile = describe_table(X, name=self.name_of(X) or "fit", role="fit")
            self.run.record(profile, dataset)

    def name_of(self, value: Any) -> str | None:
        """What the notebook calls an object, or None when it has no public name for it."""
        names = (name for name, held in list(self._shell.user_ns.items()) if held is value and not name.startswith("_"))
        return next(names, None)

    def _notebook(self) -> str | None:
        """The notebook's file, as far as the front end tells: a path, or None."""
        path = os.environ.get("JPY_SESSION_NAME")
        return os.path.basename(path) if path else None  # noqa: PTH119 - a name, not a path of this machine
