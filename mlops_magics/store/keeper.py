"""The one background thread of a process that writes: it syncs journals to disk, and folds those that grow large.

Power loss then costs at most about a second, and a run of a hundred million points needs no reader to be folded.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from mlops_magics.store.journal import Journal, open_journals

INTERVAL_SECONDS = 1.0
LARGE_BYTES = 64 << 20
LAST_FOLD_SECONDS = 5.0


class Keeper:
    """Looks after every open journal of this process, as long as there is one."""

    def __init__(self) -> None:
        self._process = 0
        self._thread: threading.Thread | None = None
        self._sizes: dict[Journal, int] = {}
        self._folded_at: dict[Journal, int] = {}
        self._folds: dict[Path, Callable[[], object]] = {}
        self._stop = threading.Event()

    def watch(self, root: Path, fold: Callable[[], object]) -> None:
        """Make sure the thread runs; ``fold`` is called from it when a journal of the store has become large."""
        self._folds[root] = fold
        alive = self._thread is not None and self._thread.is_alive()
        if not alive or self._process != os.getpid():
            self._process = os.getpid()
            self._sizes, self._folded_at = {}, {}
            self._thread = threading.Thread(target=self._work, name="mlops-keeper", daemon=True)
            self._thread.start()
            # A thread still there when the interpreter goes keeps DuckDB loaded, which then complains on stderr.
            atexit.register(self._end)

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join(LAST_FOLD_SECONDS)

    def _work(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            journals = open_journals()
            if not journals:
                return
            for journal in journals:
                # A journal closed at this moment, or a disk in trouble: its writer says so, not this thread.
                with contextlib.suppress(OSError):
                    self._keep(journal)

    def _keep(self, journal: Journal) -> None:
        size = journal.size_bytes()
        if size != self._sizes.get(journal):
            journal.sync()
            self._sizes[journal] = size
        if size - self._folded_at.get(journal, 0) > LARGE_BYTES:
            self._folded_at[journal] = size
            self._folds[journal.layout.root]()
