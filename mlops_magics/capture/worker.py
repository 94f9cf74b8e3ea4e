"""What takes time is done behind the person's back, one thing after the other, and waited for before a run ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from mlops_magics.capture.guard import Guard
from mlops_magics.look.progress import Progress

PATIENCE_SECONDS = 0.2
"""How often a wait looks up, so that an interrupt is felt."""


class Worker:
    """One thread, started when there is something to do. Work that fails is warned of, and the next goes on.

    Parameters
    ----------
    guard
        Told what failed.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: list[Future[None]] = []
        self._owner = os.getpid()

    def later(self, work: Callable[[], object], *, what: str = "something the run stood on") -> None:
        """Have ``work`` done when everything asked for before is done."""
        if self._owner != os.getpid():
            return  # the child of a fork has none of its parent's threads
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="mlops-capture")
        self._waiting = [future for future in self._waiting if not future.done()]
        self._waiting.append(self._pool.submit(self._guarded, work, what))

    def _guarded(self, work: Callable[[], object], what: str) -> None:
        with self._guard(what):
            work()

    @property
    def pending(self) -> int:
        """How many pieces of work are not done yet."""
        return sum(not future.done() for future in self._waiting)

    def finish(self, progress: Progress | None = None) -> int:
        """Wait for everything that was asked for. An interrupt drops what has not begun.

        Parameters
        ----------
        progress
            Told the share that is done.

        Returns
        -------
        int
            How many pieces were dropped.
        """
        if self._owner != os.getpid():
            return 0
        try:
            asked = max(1, len(self._waiting))
            while pending := self.pending:
                if progress:
                    progress(1 - pending / asked, "looking at what the run stands on")
                wait(self._waiting, timeout=PATIENCE_SECONDS)
            return 0
        except KeyboardInterrupt:
            return sum(future.cancel() for future in self._waiting)
        finally:
            self._waiting.clear()

    def close(self) -> None:
        """Do what is left, and let the thread go."""
        self.finish()
        if self._pool is not None and self._owner == os.getpid():
            self._pool.shutdown()
        self._pool = None
