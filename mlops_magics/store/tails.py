"""Reading journals: what is there, whether its writer lives, and the slices not yet in the database.

No journal is held open: a folder of ten thousand takes no more file descriptors than one.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from mlops_magics.store.journal import JOURNAL_SCHEMA, STORE_WIDE
from mlops_magics.store.location import Layout
from mlops_magics.store.locks import FileLock


@dataclass(frozen=True, slots=True)
class FoundJournal:
    """A journal as it was found. ``alive`` was learned before ``size``, so the size of a dead writer's is final.

    It can be read as long as nobody folds: its finder holds ``fold.lock``, or ``db.lock`` as a reader. What a reader
    then does not find has been folded before, and is in the file he has attached.
    """

    path: Path
    alive: bool
    size: int
    modified_microseconds: int

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def run(self) -> str | None:
        return run_of(self.name)

    @property
    def writer(self) -> int:
        return int(self.name.rpartition(".")[2], 16)

    def is_readable(self) -> bool:
        """Whether its header is of a schema this version knows. A torn or missing header is nobody's secret."""
        try:
            header = orjson.loads(_read(self.path, 0, 4096).partition(b"\n")[0])
            return int(header["d"]["schema"]) <= JOURNAL_SCHEMA
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return True


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole lines of a journal, from the byte ``start`` up to ``end``. ``torn`` bytes follow that will never become a
    line, since their writer is dead; ``is_whole`` says that nothing else follows.
    """

    journal: FoundJournal
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
        with self.journal.path.open("rb", buffering=0) as source:
            while at < self.end:
                moved = _move(descriptor, source.fileno(), at, self.end - at)
                if not moved:
                    break
                at += moved

    def read(self) -> bytes:
        """The bytes themselves."""
        return _read(self.journal.path, self.start, self.size)

    def read_torn(self) -> bytes:
        """What a dead writer left behind the last line."""
        return _read(self.journal.path, self.end, self.torn)


def found(layout: Layout) -> list[FoundJournal]:
    """Every journal of the store that this version can read, in the order of their runs' beginnings."""
    journals = (_find(path) for path in sorted(layout.journals.glob("*.jsonl")))
    return [journal for journal in journals if journal and journal.is_readable()]


def runs_with_journals(layout: Layout, *, but: Iterable[str] = ()) -> set[str]:
    """Runs that have a journal at this moment, other than those named."""
    names = {path.stem for path in layout.journals.glob("*.jsonl")}.difference(but)
    return {run for run in map(run_of, names) if run}


def news(layout: Layout, runs: Container[str], read_to: dict[str, int]) -> list[tuple[str, bytes]]:
    """What was written of these runs since the last time, whole lines with the run they are of; moves ``read_to`` on.

    A journal that ``read_to`` does not know is read from its beginning; one that is gone has been folded.
    """
    found = []
    with suppress(FileNotFoundError), os.scandir(layout.journals) as entries:
        for name in [entry.name.removesuffix(".jsonl") for entry in entries if entry.name.endswith(".jsonl")]:
            run = run_of(name)
            if run is None or run not in runs:
                continue
            with suppress(FileNotFoundError), (layout.journals / f"{name}.jsonl").open("rb", buffering=0) as file:
                file.seek(read_to.get(name, 0))
                content = file.readall()
                end = content.rfind(b"\n") + 1
                read_to[name] = read_to.get(name, 0) + end
                if end:
                    found.append((run, content[:end]))
    return found


def run_of(name: str) -> str | None:
    """The run a journal belongs to by its name, or None when it is the store's."""
    run = name.rpartition(".")[0]
    return None if run == STORE_WIDE else run


def last_seen(journals: Iterable[FoundJournal]) -> dict[str, int]:
    """When something was last written of the runs of these journals, in microseconds."""
    seen: dict[str, int] = {}
    for journal in journals:
        if journal.run:
            seen[journal.run] = max(seen.get(journal.run, 0), journal.modified_microseconds)
    return seen


def slices(
    journals: Iterable[FoundJournal],
    folded_to: Mapping[str, int],
    *,
    per_journal: int | None = None,
    total: int | None = None,
) -> list[Slice]:
    """What of the journals the database does not hold yet, in at most so many bytes each and in all."""
    pieces = []
    left = total if total is not None else 1 << 62
    for journal in journals:
        piece = _slice(journal, folded_to.get(journal.name, 0), min(per_journal or left, left))
        pieces.append(piece)
        left -= piece.size
        if left <= 0:
            break
    return pieces


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


def _find(path: Path) -> FoundJournal | None:
    alive = is_alive(path)
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None  # folded and gone since it was listed
    return FoundJournal(path, alive, stat.st_size, stat.st_mtime_ns // 1000)


def _slice(journal: FoundJournal, start: int, limit: int) -> Slice:
    if start >= journal.size:
        # Folded to its end; or further, when an older copy of it was put back.
        return Slice(journal, start, start)
    end = min(journal.size, start + limit)
    newline = _last_newline(journal.path, start, end)
    if newline == start and end < journal.size:
        # One line is longer than the limit: take it whole rather than never.
        return _slice(journal, start, limit * 2)
    rest_is_torn = not journal.alive and end == journal.size
    return Slice(journal, start, newline, torn=end - newline if rest_is_torn else 0)


def _last_newline(path: Path, start: int, end: int) -> int:
    """One past the last newline in ``[start, end)``, or ``start``."""
    at = end
    with path.open("rb", buffering=0) as file:
        while at > start:
            size = min(1 << 16, at - start)
            file.seek(at - size)
            newline = file.read(size).rfind(b"\n")
            if newline >= 0:
                return at - size + newline + 1
            at -= size
    return start


def _read(path: Path, start: int, count: int) -> bytes:
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(start)
        return file.read(count)
    return b""


def _move(target: int, source: int, at: int, count: int) -> int:
    if hasattr(os, "copy_file_range"):
        # Some pairs of file systems refuse, some take nothing and say so.
        with suppress(OSError):
            if moved := os.copy_file_range(source, target, count, offset_src=at):
                return moved
    os.lseek(source, at, os.SEEK_SET)
    return os.write(target, os.read(source, min(count, 1 << 24)))
