"""What autologging asks of whoever runs it: which run is open, what things are called, a thread for the slow part."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from mlops_magics.look.progress import Progress

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


class Sink(Protocol):
    """The tracked notebook, as autologging sees it."""

    @property
    def progress(self) -> Callable[[str], AbstractContextManager[Progress]]:
        """Makes a progress bar with a label."""

    def current(self) -> ActiveRun | None:
        """The run that a fit beginning now belongs to."""

    def later(self, work: Callable[[], object]) -> None:
        """Have something done off the person's path, in order, before the run ends."""

    def name_of(self, value: Any) -> str | None:
        """What the notebook calls an object."""

    def origins_of(self, name: str) -> tuple[str, ...]:
        """The files and queries that a name, or an expression of several, stems from."""

    def warn(self, what: str, error: BaseException) -> None:
        """Say once what could not be recorded."""


def count_now(run: ActiveRun) -> None:
    """Count a fact of this moment that will be recorded later, when everything about it is known."""
    run.facts += 1
