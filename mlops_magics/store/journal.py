"""The journal: one append-only file per writer, so that recording a fact waits for nobody.

A line is one JSON object, written by one ``os.write``:

    {"t": microseconds, "w": writer, "n": name, "v": value, "s": step}         one metric
    {"t": microseconds, "w": writer, "m": {name: value, …}, "s": step}         several metrics of one step
    {"t": microseconds, "w": writer, "k": kind, "d": {column: value, …}}       any other record
    {"t": microseconds, "w": writer, "k": kind, "b": sha256}                   the same, with "d" kept as a blob

Times are UTC and strictly increasing within a journal, so that they also order its facts. ``"NaN"``, ``"Infinity"`` and
``"-Infinity"`` stand for the floats JSON has no word for. The first line is the journal's header.
"""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import time_ns
from typing import Any

import orjson

from mlops_magics.records import Record
from mlops_magics.store.blobs import Blobs
from mlops_magics.store.identity import new_writer
from mlops_magics.store.location import Layout, StoreWarning
from mlops_magics.store.locks import FileLock

JOURNAL_SCHEMA = 2
"""Readers leave a journal with a greater number alone: a newer version of the package will fold it."""

RECORD_LIMIT_BYTES = 1 << 20
METRICS_PER_LINE = 2000
STORE_WIDE = "store"
"""Stands for the run in the name of a journal whose facts belong to no run."""

NON_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})

_NEWLINE = orjson.OPT_APPEND_NEWLINE
_dumps = orjson.dumps
_write = os.write


class Journal:
    """One writer's journal, open for appending.

    Appending never waits on a lock and never raises because of the disk: what could not be recorded is counted in
    ``lost`` and said once, as a :class:`StoreWarning`.

    Parameters
    ----------
    layout
        The store, whose folder exists.
    run
        Id of the run the facts belong to, or None for facts of the store.
    """

    def __init__(self, layout: Layout, run: str | None) -> None:
        self.layout = layout
        self.run = run
        self.lost = 0
        self._last = 0
        self._descriptor = -1
        self._is_open = self._is_closed = self._has_warned = False
        self._texts: set[str] = set()
        self._open()

    @property
    def path(self) -> Path:
        return self.layout.journals / f"{self.run or STORE_WIDE}.{self._writer:010x}.jsonl"

    def metric(self, name: str, value: float | str, step: int | None) -> None:
        """Record one value. ``value`` is finite, or the word for a float that is not."""
        now = time_ns() // 1000
        if now <= self._last:
            now = self._last + 1
        self._last = now
        try:
            line = _dumps({"t": now, "w": self._writer, "n": name, "v": value, "s": step}, option=_NEWLINE)
        except TypeError:
            return self._append({"n": _writable(name), "v": value, "s": step})
        try:
            if _write(self._descriptor, line) == len(line):
                return None
        except OSError as error:
            return self._recover(line, error)
        return self._recover(line, None)

    def metrics(self, values: Mapping[str, float | str], step: int | None) -> None:
        """Record several values of one step in one line, or in a few when there are thousands."""
        for part in _parts(values):
            try:
                self._append({"m": part, "s": step})
            except TypeError:
                self._append({"m": {_writable(name): value for name, value in part.items()}, "s": step})

    def record(self, record: Record) -> None:
        """Record any other fact."""
        self._record(record.kind, record.body())

    def knows_text(self, sha256: str) -> bool:
        """Whether this journal already carries the text, so that it need not be written again."""
        known = sha256 in self._texts
        self._texts.add(sha256)
        return known

    def close(self) -> None:
        """End this writer. What it wrote stays until it is folded."""
        self._is_closed = True
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)
            self._descriptor = -1
            self._alive.release()
            _open_journals.discard(self)

    def sync(self) -> None:
        """Ask the disk to keep what was written, so that a power loss takes nothing."""
        if self._is_open:
            getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def size_bytes(self) -> int:
        """How long the journal is."""
        return os.fstat(self._descriptor).st_size if self._is_open else 0

    def _open(self) -> None:
        self._writer = new_writer()
        self._owner = os.getpid()
        self._alive = FileLock(self.path.with_suffix(".alive"))
        try:
            # Before the journal: a folder that finds a journal whose .alive it can lock takes its writer for dead.
            self._alive.acquire()
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            self._alive.release()
            self._warn(error)
            return
        self._is_open = True
        _open_journals.add(self)
        header = {"schema": JOURNAL_SCHEMA, "run": self.run, "pid": self._owner, "host": socket.gethostname()}
        lost = self.lost
        self._record("journal", header)
        self.lost = lost

    def _record(self, kind: str, body: dict[str, Any]) -> None:
        try:
            size = len(_dumps(body))
        except (TypeError, ValueError):
            # Lone surrogates: text that no UTF-8 file can hold.
            body = {name: _writable(value) for name, value in body.items()}
            size = len(_dumps(body))
        if size > RECORD_LIMIT_BYTES:
            try:
                self._append({"k": kind, "b": Blobs(self.layout.blobs).keep(_dumps(body))})
            except OSError as error:
                self._recover(b"", error)
        else:
            self._append({"k": kind, "d": body})

    def _append(self, fields: dict[str, Any]) -> None:
        now = self._last = max(time_ns() // 1000, self._last + 1)
        line = _dumps({"t": now, "w": self._writer, **fields}, option=_NEWLINE)
        try:
            if _write(self._descriptor, line) == len(line):
                return
        except OSError as error:
            self._recover(line, error)
        else:
            self._recover(line, None)

    def _recover(self, line: bytes, error: OSError | None) -> None:
        """Deal with a line that was not written whole. The torn part is no harm: readers find the next record
        behind it.
        """
        if self._owner != os.getpid() and line and not self._is_closed:
            inherited = self._writer
            self._open()
            own = line.replace(b'"w":%d' % inherited, b'"w":%d' % self._writer, 1)
            try:
                if _write(self._descriptor, own) == len(own):
                    return
            except OSError as another:
                error = another
        self.lost += 1
        self._warn(error)

    def _warn(self, error: OSError | None) -> None:
        if not self._has_warned:
            self._has_warned = True
            reason = error.strerror if error and error.strerror else "the disk took only a part of the record"
            warnings.warn(
                f"not recorded: {reason} ({self.layout.root}). The run goes on; what is logged while this lasts is "
                "lost, and counted when the run ends",
                StoreWarning,
                stacklevel=4,
            )

    def _forget(self) -> None:
        """In the child of a fork: the parent keeps its journal; this process opens its own when it first writes."""
        if self._is_open:
            os.close(self._descriptor)
            self._alive.release()
        self._descriptor = -1
        self._is_open = False


# Not weak: list() of a plain set is one step, whatever other threads add meanwhile.
_open_journals: set[Journal] = set()


def open_journals() -> list[Journal]:
    """The journals this process is writing."""
    return list(_open_journals)


def _forget_all() -> None:
    for journal in list(_open_journals):
        journal._forget()
    _open_journals.clear()


def _parts(values: Mapping[str, float | str]) -> Iterable[dict[str, float | str]]:
    if len(values) <= METRICS_PER_LINE:
        return (dict(values),)
    items = list(values.items())
    return (dict(items[first : first + METRICS_PER_LINE]) for first in range(0, len(items), METRICS_PER_LINE))


def _writable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
