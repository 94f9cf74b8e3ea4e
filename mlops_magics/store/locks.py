"""File locks between processes: shared and exclusive, gone with their holder even after ``kill -9``.

POSIX uses ``flock``: it belongs to one opening of a file, so two threads or two stores of one process exclude each
other as two processes do, and the readers' lock can be shared. Windows has no such call in Python; there filelock
stands in, and readers take turns.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.005
_READ_ONLY = frozenset({errno.EACCES, errno.EROFS, errno.EPERM})


class FileLock:
    """A lock on one file, held from :meth:`acquire` to :meth:`release`, and never by the child of a fork.

    With ``create=False`` the file must be there; :meth:`acquire` raises FileNotFoundError when it is not.
    """

    def __init__(self, path: Path, *, shared: bool = False, create: bool = True) -> None:
        self.path = path
        self.shared = shared
        self.create = create
        self._holder: _Flock | _Whole | None = None

    def acquire(self, *, wait_seconds: float = 0.0) -> bool:
        """Take the lock, waiting at most ``wait_seconds``; False when somebody else kept it all that time."""
        deadline = time.monotonic() + wait_seconds
        holder = _Whole(self.path) if sys.platform == "win32" else self._flock()
        while not holder.attempt():
            if time.monotonic() >= deadline:
                holder.close()
                return False
            time.sleep(POLL_SECONDS)
        self._holder = holder
        return True

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._holder:
            self._holder.close()
            self._holder = None

    def _flock(self) -> _Flock:
        return _Flock(self.path, shared=self.shared, create=self.create)


@contextmanager
def holding(path: Path, *, shared: bool = False, wait_seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock for the length of a block; yields whether it was got."""
    lock = FileLock(path, shared=shared)
    got = lock.acquire(wait_seconds=wait_seconds)
    try:
        yield got
    finally:
        lock.release()


@contextmanager
def taking_turns(path: Path, turn: Path, *, shared: bool, wait_seconds: float) -> Iterator[bool]:
    """Like :func:`holding`, for a lock that many share: whoever waits for it alone is let in before later sharers.

    Without the turnstile, readers that come and go without a pause would keep a folder out for ever.
    """
    deadline = time.monotonic() + wait_seconds
    lock, gate = FileLock(path, shared=shared), FileLock(turn)
    # Half of the time only: one who waits long for the lock holds the gate as long, and those the lock would let in
    # should not give up because of him.
    _try_gate(gate, wait_seconds / 2)
    try:
        got = lock.acquire(wait_seconds=max(0.0, deadline - time.monotonic()))
        gate.release()
        yield got
    finally:
        gate.release()
        lock.release()


def _try_gate(gate: FileLock, wait_seconds: float) -> None:
    try:
        gate.acquire(wait_seconds=wait_seconds)
    except OSError as error:
        # A store that may only be read has no folders to be fair to.
        if error.errno not in _READ_ONLY:
            raise


class _Flock:
    def __init__(self, path: Path, *, shared: bool, create: bool) -> None:
        flags = os.O_RDWR | (os.O_CREAT if create else 0)
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            if not shared or error.errno not in _READ_ONLY:
                raise
            # A reader of a store it may not write to can still share a lock that exists.
            self._descriptor = os.open(path, os.O_RDONLY)
        self._shared = shared
        _flocks.add(self)

    def attempt(self) -> bool:
        import fcntl

        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if self._shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        # Closing, never LOCK_UN: a forked child shares the parent's lock and must not give it away.
        if self in _flocks:
            _flocks.discard(self)
            os.close(self._descriptor)


_flocks: set[_Flock] = set()


def _forget_all() -> None:
    """In the child of a fork: close what it inherited.

    Otherwise a lock that some thread of the parent held at that moment would be held as long as the child lives.
    """
    for flock in list(_flocks):
        flock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class _Whole:
    def __init__(self, path: Path) -> None:
        import filelock

        self._lock = filelock.FileLock(path, thread_local=False)

    def attempt(self) -> bool:
        import filelock

        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        return True

    def close(self) -> None:
        self._lock.release()
