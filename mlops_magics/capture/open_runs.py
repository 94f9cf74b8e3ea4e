"""The runs that are open in this process, and which of them a thread is in."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

Listener = Callable[["ActiveRun"], object]


class OpenRuns:
    """Knows every run that was begun in this process and is not over, by the thread that began it.

    A run that nobody holds any more is in it no longer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: list[tuple[int, weakref.ref[ActiveRun]]] = []
        self._listeners: list[Listener] = []

    def add(self, run: ActiveRun) -> None:
        """A run begins in this thread. Whoever listens is told."""
        with self._lock:
            self._begun = [(thread, held) for thread, held in self._begun if _open(held)]
            self._begun.append((threading.get_ident(), weakref.ref(run)))
            listeners = list(self._listeners)
        for tell in listeners:
            tell(run)

    def all(self) -> list[ActiveRun]:
        """The runs that are open, the newest last."""
        return [run for _, held in list(self._begun) if (run := _open(held))]

    def innermost(self) -> ActiveRun | None:
        """The newest run that this thread began and that is open; where it began none, that of the main thread.

        >>> from mlops_magics import track
        >>> with track("flights", "outer") as outer:
        ...     with track("flights", "inner") as inner:
        ...         print(OPEN_RUNS.innermost().name)
        ...     print(OPEN_RUNS.innermost().name)
        inner
        outer
        """
        for wanted in dict.fromkeys((threading.get_ident(), threading.main_thread().ident)):
            for thread, held in reversed(list(self._begun)):
                if thread == wanted and (run := _open(held)):
                    return run
        return None

    @property
    def are_heard_of(self) -> bool:
        """Whether somebody listens."""
        return bool(self._listeners)

    def listen(self, tell: Listener) -> None:
        """Tell of each run that begins from now on, in its thread. ``tell`` must not raise."""
        with self._lock:
            self._listeners.append(tell)

    def cease(self, tell: Listener) -> None:
        """Tell no more."""
        with self._lock:
            self._listeners = [other for other in self._listeners if other != tell]


def _open(held: weakref.ref[ActiveRun]) -> ActiveRun | None:
    run = held()
    return run if run is not None and run.status == "running" else None


OPEN_RUNS = OpenRuns()
"""Those of this process."""
