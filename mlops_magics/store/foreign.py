"""When another tool holds the database file: who it is, and what can be read all the same."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ATTEMPTS = 3


def copies(database: Path, folder: Path) -> Iterator[Path]:
    """Copy the file and its log until a copy was not written to meanwhile; at most three times.

    Each copy yielded was whole while it was made. Nothing of this process has the file attached at that moment, so
    that opening it takes no lock away.
    """
    copy = folder / database.name
    for _ in range(ATTEMPTS):
        before = _stamp(database)
        shutil.copyfile(database, copy)
        with suppress(FileNotFoundError):
            shutil.copyfile(f"{database}.wal", f"{copy}.wal")
        if _stamp(database) == before:
            yield copy


def holder(message: str) -> str:
    """Who holds the file, in words, from DuckDB's message.

    >>> holder('Conflicting lock is held in /usr/bin/duckdb (PID 42). However, …')
    "duckdb (process 42) has the store's database open for writing"
    """
    if match := re.search(r"[Cc]onflicting lock is held in (.+?) \(PID (\d+)\)", message):
        return f"{Path(match[1]).name} (process {match[2]}) has the store's database open for writing"
    return f"the store's database cannot be opened: {message.splitlines()[0]}"


def age(path: Path) -> str:
    """How long ago a file was written, in words."""
    seconds = max(0.0, time.time() - path.stat().st_mtime)
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago"


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size
