"""Reading journals: what is there, whether its writer lives, and the slices not yet in the database."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mlops_magics.store.journal import JOURNAL_SCHEMA, NON_FINITE, STORE_WIDE
from mlops_magics.store.location import Layout
from mlops_magics.store.locks import FileLock

RECORD_START = b'{"t":'
"""Every record begins so. Texts inside one cannot, as their quotes are escaped; the values of a metric ``t`` can."""

LATEST_MICROSECONDS = 253_402_300_800_000_000
"""The end of the year 9999: a greater time is no time, and DuckDB would refuse the whole slice for it."""

FIELDS: dict[str, type | tuple[type, ...]] = {
    "t": int, "w": int, "s": int, "n": str, "v": (int, float, str), "m": dict, "k": str, "d": dict, "b": str,
}
CONTENTS = ("n", "m", "k")


@dataclass(frozen=True, slots=True)
class OpenJournal:
    """A journal held open for reading: it can be read to its end even when a folder unlinks it meanwhile.

    ``alive`` was learned before ``size``, so the size of a dead writer's journal is final.
    """

    path: Path
    descriptor: int
    alive: bool
    size: int

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def run(self) -> str | None:
        run = self.name.rpartition(".")[0]
        return None if run == STORE_WIDE else run

    @property
    def writer(self) -> int:
        return int(self.name.rpartition(".")[2], 16)

    def modified_microseconds(self) -> int:
        """When the last byte was written."""
        return os.fstat(self.descriptor).st_mtime_ns // 1000

    def is_readable(self) -> bool:
        """Whether its header is of a schema this version knows. A torn or missing header is nobody's secret."""
        line = _pread(self.descriptor, 4096, 0).partition(b"\n")[0]
        try:
            header = orjson.loads(line)
            return int(header["d"]["schema"]) <= JOURNAL_SCHEMA
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return True


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole lines of a journal, from the byte ``start`` up to ``end``. ``torn`` bytes follow that will never become a
    line, since their writer is dead; ``is_whole`` says that nothing else follows."""

    journal: OpenJournal
    start: int
    end: int
    torn: int = 0

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def is_whole(self) -> bool:
        return not self.journal.alive and self.end + self.torn >= self.journal.size

    def copy_to(self, descriptor: int) -> None:
        """Append the bytes to an open file, inside the kernel where it can."""
        at = self.start
        while at < self.end:
            moved = _move(descriptor, self.journal.descriptor, at, self.end - at)
            if not moved:
                break
            at += moved

    def read(self) -> bytes:
        """The bytes themselves."""
        return _pread(self.journal.descriptor, self.size, self.start)

    def read_torn(self) -> bytes:
        return _pread(self.journal.descriptor, self.torn, self.end)


@contextmanager
def opened(layout: Layout) -> Iterator[list[OpenJournal]]:
    """Open every journal of the store for the length of a block."""
    journals = []
    try:
        for path in sorted(layout.journals.glob("*.jsonl")):
            if journal := _open(path):
                journals.append(journal)
        yield journals
    finally:
        for journal in journals:
            os.close(journal.descriptor)


def runs_begun(layout: Layout, journals: Iterable[OpenJournal]) -> set[str]:
    """Runs with a journal that was not there yet when these were opened: somebody has begun to write them."""
    known = {journal.name for journal in journals}
    names = {path.stem for path in layout.journals.glob("*.jsonl")} - known
    return {name.rpartition(".")[0] for name in names}


def last_seen(journals: Iterable[OpenJournal]) -> dict[str, int]:
    """When something was last written of the runs of these journals, in microseconds."""
    seen: dict[str, int] = {}
    for journal in journals:
        if journal.run:
            seen[journal.run] = max(seen.get(journal.run, 0), journal.modified_microseconds())
    return seen


def slices(
    journals: list[OpenJournal], folded_to: Mapping[str, int], *, per_journal: int | None = None, total: int | None = None
) -> list[Slice]:
    """What of the journals the database does not hold yet, in at most so many bytes each and in all."""
    found = []
    left = total if total is not None else 1 << 62
    for journal in journals:
        start = folded_to.get(journal.name, 0)
        limit = min(per_journal or left, left)
        piece = _slice(journal, start, limit)
        found.append(piece)
        left -= piece.size
        if left <= 0:
            break
    return found


def repair(content: bytes, writer: int) -> tuple[bytes, list[bytes]]:
    """Part the lines that hold a record from those that do not.

    A record written right behind a torn one, as after a moment of full disk, is found and kept.

    >>> repair(b'{"t":1,"w":{"t":2,"w":7,"n":"a","v":1}' + bytes([10]), 7)
    (b'{"t":2,"w":7,"n":"a","v":1}\\n', [b'{"t":1,"w":'])
    """
    good, bad = [], []
    for line in content.split(b"\n"):
        at = _record_in(line, writer)
        if at is not None:
            good.append(line[at:])
        if stranger := line[:at].strip():
            bad.append(stranger)
    return b"".join(line + b"\n" for line in good), bad


def _record_in(line: bytes, writer: int) -> int | None:
    """Where in a line the record that ends it begins, or None when it ends in something else."""
    at = 0
    while at >= 0:
        if is_record(line[at:], writer):
            return at
        at = line.find(RECORD_START, at + 1)
    return None


def is_record(line: bytes, writer: int) -> bool:
    """Whether a line is a record as this writer writes them."""
    try:
        record: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(record, dict) or type(record.get("t")) is not int or record.get("w") != writer:
        return False
    if not all(value is None or isinstance(value, FIELDS.get(name, object)) for name, value in record.items()):
        return False
    values = [record.get("v")] if record.get("n") is not None else (record.get("m") or {}).values()
    is_dated = 0 <= record["t"] < LATEST_MICROSECONDS
    return is_dated and any(record.get(name) is not None for name in CONTENTS) and all(map(_is_value, values))


def _is_value(value: Any) -> bool:
    return value in NON_FINITE if isinstance(value, str) else isinstance(value, int | float)


def _pread_by_seeking(descriptor: int, count: int, at: int) -> bytes:
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.read(descriptor, count)


# Windows has no pread; a descriptor here has one reader, so moving its position is as good.
_pread = getattr(os, "pread", _pread_by_seeking)


def _open(path: Path) -> OpenJournal | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None  # folded and gone since it was listed
    alive = is_alive(path)
    return OpenJournal(path, descriptor, alive, os.fstat(descriptor).st_size)


def is_alive(path: Path) -> bool:
    """Whether the writer of a journal still holds its ``.alive``."""
    # Shared, so that two that ask at once do not take each other for the writer.
    lock = FileLock(path.with_suffix(".alive"), shared=True, create=False)
    try:
        if not lock.acquire():
            return True
    except FileNotFoundError:
        return False
    lock.release()
    return False


def _slice(journal: OpenJournal, start: int, limit: int) -> Slice:
    if start >= journal.size:
        # Folded to its end; or further, when an older copy of it was put back.
        return Slice(journal, start, start)
    end = min(journal.size, start + limit)
    newline = _last_newline(journal.descriptor, start, end)
    if newline == start and end < journal.size:
        # One line is longer than the limit: take it whole rather than never.
        return _slice(journal, start, limit * 2)
    rest_is_torn = not journal.alive and end == journal.size
    return Slice(journal, start, newline, torn=end - newline if rest_is_torn else 0)


def _last_newline(descriptor: int, start: int, end: int) -> int:
    """One past the last newline in ``[start, end)``, or ``start``."""
    at = end
    while at > start:
        size = min(1 << 16, at - start)
        found = _pread(descriptor, size, at - size).rfind(b"\n")
        if found >= 0:
            return at - size + found + 1
        at -= size
    return start


def _move(target: int, source: int, at: int, count: int) -> int:
    if hasattr(os, "copy_file_range"):
        # Some pairs of file systems refuse, some take nothing and say so.
        with suppress(OSError):
            if moved := os.copy_file_range(source, target, count, offset_src=at):
                return moved
    return os.write(target, _pread(source, min(count, 1 << 24), at))
