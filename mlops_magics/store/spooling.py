"""Slices of journals put into one file, which DuckDB parses in one go."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mlops_magics.store.lines import repair
from mlops_magics.store.tails import Slice


def write(spool: Path, pieces: Iterable[Slice]) -> None:
    """Write the bytes as they are."""
    descriptor = os.open(spool, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        for piece in pieces:
            piece.copy_to(descriptor)
    finally:
        os.close(descriptor)


def write_repaired(spool: Path, pieces: Iterable[Slice]) -> tuple[dict[str, list[bytes]], int]:
    """Write the records alone; returns what is none, by journal, and the length of the longest line written."""
    corrupt: dict[str, list[bytes]] = {}
    longest = 0
    with spool.open("wb") as file:
        for piece in pieces:
            good, bad = repair(piece.read(), piece.journal.writer)
            file.write(good)
            longest = max(longest, *map(len, good.splitlines(keepends=True)), 0)
            if bad:
                corrupt[piece.journal.name] = bad
    return corrupt, longest
