"""One process's access to a store: one moment of it opened at a time, folded first where that is worth it."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_magics.errors import StoreError
from mlops_magics.store.location import Layout

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.store.database import Database
    from mlops_magics.store.fold import FoldReport
    from mlops_magics.store.staging import Stage

FOLD_BYTES = 1 << 20
"""Journals longer than this are folded before they are read; shorter ones are read as they are."""

READ_BYTES = 64 << 20
"""Who never folds reads at most this much of the journals, those of the runs in question first."""


class Access:
    """Serialises what the threads of this process ask of a store. DuckDB is imported at the first question.

    Parameters
    ----------
    layout
        The store.
    read_only
        Never fold: the database is only ever attached for reading, and of very long journals a part is read.

    Attributes
    ----------
    notice
        Why the last answer may be a little old, when another tool holds the database; else None.
    """

    def __init__(self, layout: Layout, *, read_only: bool = False) -> None:
        self._layout = layout
        self.read_only = read_only
        self._focus: frozenset[str] = frozenset()
        self._lock = threading.RLock()
        self._opened: Stage | None = None
        self._in_snapshot = False
        self._ledger: dict[str, int] = {}
        self.notice: str | None = None
        _accesses.add(self)

    @contextmanager
    def reading(self, *, frames: bool = False) -> Iterator[Database]:
        """The database with the journals' tails added, as of now; within another reading, as of its beginning.

        ``frames`` says that the answer will be one: the first import of pandas takes a second, which is better spent
        before ``db.lock`` is held.
        """
        if frames:
            import pandas  # noqa: F401
        with self._lock:
            if self._in_snapshot:
                yield self._stage().database
                return
            self._in_snapshot = True
            try:
                with self._attached() as database:
                    yield database
            finally:
                self._in_snapshot = False

    @contextmanager
    def reading_of(self, runs: frozenset[str]) -> Iterator[Database]:
        """:meth:`reading`, with the journals of some runs first."""
        with self._lock:
            former, self._focus = self._focus, runs
            try:
                with self.reading() as database:
                    yield database
            finally:
                self._focus = former

    @contextmanager
    def reading_folded(self) -> Iterator[Database]:
        """The database alone, without the journals' tails: as much as was folded."""
        from mlops_magics.store.database import Busy

        with self._lock:
            stage = self._stage()
            try:
                with stage.database.reading() as self.notice:
                    stage.read([])
                    stage.create_views()
                    yield stage.database
            except Busy as error:
                raise StoreError("another process has been writing the database for five seconds") from error

    def fold(self, *, progress: Progress | None = None) -> FoldReport:
        """Move journals into the database now."""
        from mlops_magics.store.fold import FoldReport, fold

        if self.read_only:
            return FoldReport(reason="this store was opened for reading only")
        with self._lock:
            if self._in_snapshot:
                return FoldReport(reason="a snapshot of this store is open")
            return fold(self._layout, self._stage(), progress=progress)

    def optimize(self, *, progress: Progress | None = None) -> None:
        """Fold, then sort the points.

        Raises
        ------
        StoreError
            The database is in use; nothing was changed.
        """
        from mlops_magics.store.database import Busy

        if not self._layout.exists():
            return
        if self.read_only:
            raise StoreError("this store was opened for reading only")
        with self._lock:
            if self._in_snapshot:
                raise StoreError("a snapshot of this store is open", hint="Leave its block first")
            self.fold(progress=progress)
            try:
                self._stage().database.rewrite()
            except Busy as error:
                raise StoreError("readers kept the database", hint="Try again in a moment") from error

    @contextmanager
    def _attached(self) -> Iterator[Database]:
        from mlops_magics.store.database import Busy
        from mlops_magics.store.fold import fold
        from mlops_magics.store.tails import found, last_seen, runs_with_journals, slices

        stage = self._stage()
        database = stage.database
        journals = found(self._layout)
        unread = sum(journal.size - self._ledger.get(journal.name, 0) for journal in journals)
        if not self.read_only and (unread > FOLD_BYTES or any(not journal.alive for journal in journals)):
            fold(self._layout, stage)
        try:
            with database.reading() as self.notice:
                # Looked for again under db.lock: what is gone by now has been folded before, and is in the file.
                journals = found(self._layout)
                self._ledger = database.ledger()
                wanted = sorted(journals, key=lambda journal: journal.run not in self._focus)
                limit = READ_BYTES if self.read_only else None
                stage.read(slices(wanted if self.read_only else journals, self._ledger, total=limit))
                stage.create_views()
                # Also those whose journals only a newer version can read.
                living = runs_with_journals(self._layout, but=[item.name for item in journals if not item.alive])
                stage.interrupt(living, last_seen(journals))
                yield database
        except Busy as error:
            raise StoreError("another process has been writing the database for five seconds") from error

    def _stage(self) -> Stage:
        if self._opened is None:
            from mlops_magics.store.database import Database
            from mlops_magics.store.staging import Stage

            self._opened = Stage(self._layout, Database(self._layout))
        return self._opened

    def renew(self) -> None:
        """In the child of a fork: the lock may be held by a thread that is not here, and DuckDB's threads are not."""
        _left_behind.append(self._opened)
        self._lock = threading.RLock()
        self._opened = None
        self._in_snapshot = False


_accesses: weakref.WeakSet[Access] = weakref.WeakSet()
_left_behind: list[Stage | None] = []
"""Instances of the parent, which must not be closed in the child: closing waits for their threads."""


def _renew_all() -> None:
    for access in list(_accesses):
        access.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
