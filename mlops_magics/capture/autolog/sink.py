"""What autologging asks of whoever runs it: which run is open, what things are called, a thread for the slow part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from mlops_magics.look.progress import Progress
from mlops_magics.records import Fit, Param, Record

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


class Sink(Protocol):
    """The tracked notebook, as autologging sees it."""

    @property
    def progress(self) -> Callable[[str], AbstractContextManager[Progress]]:
        """Makes a progress bar with a label."""

    def current(self) -> ActiveRun | None:
        """The run that a fit beginning now belongs to."""

    def later(self, work: Callable[[], None]) -> None:
        """Have something done off the person's path, in order, before the run ends."""

    def name_of(self, value: Any) -> str | None:
        """What the notebook calls an object."""

    def origins_of(self, name: str) -> tuple[str, ...]:
        """The files and queries that what is called so stems from."""

    def warn(self, what: str, error: BaseException) -> None:
        """Say once what could not be recorded."""


def record_late(run: ActiveRun, *records: Record) -> None:
    """Record what belongs to a cell that may be over. Nothing when the run is.

    It does not count among what the notebook does just now: :func:`count_now` did that when it happened.
    """
    if run.status == "running":
        run.record(*records)
        run.facts -= sum(isinstance(record, Fit | Param) for record in records)


def log_late(run: ActiveRun, values: Mapping[str, float], step: int | None = None) -> None:
    """Record metrics that belong to a cell that may be over, as :func:`record_late` does."""
    if values and run.status == "running":
        run.log(values, step=step)
        run.facts -= len(values)


def count_now(run: ActiveRun) -> None:
    """Count a fact of this moment that will be recorded later, when everything about it is known."""
    run.facts += 1
