"""What the runs of a store are doing now, told so cheaply that one can ask every second while they write.

What was folded is asked of the database when its file has changed. Of the journals only what was appended since the
last look is read, and of that only the few lines that say what a run is; points are stepped over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from mlops_magics.records import RunStatus, VerdictValue
from mlops_magics.store.access import Access
from mlops_magics.store.location import Layout
from mlops_magics.store.tails import is_alive, run_of

CHUNK_BYTES = 4 << 20
MODELS = 50
"""Runs with a model that are told, the newest."""

_EPOCH = datetime(1970, 1, 1)
_FACT = re.compile(rb'"k":"(?:run|artifact|verdict)"')
_RUN_FIELDS = ("experiment", "name", "status", "parent", "source", "message")


@dataclass(frozen=True, slots=True)
class Point:
    """The last value a run logged, and its step where it was told."""

    key: str
    value: float | None
    step: int | None


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A run as it is now. ``changed`` is the time of the newest revision known; ``last`` only of a running one."""

    id: str
    started: datetime
    changed: datetime
    experiment: str = ""
    name: str = ""
    status: RunStatus = "running"
    parent: str | None = None
    source: str | None = None
    message: str | None = None
    last: Point | None = None


@dataclass(frozen=True, slots=True)
class WatchedVerdict:
    """The newest answer to one question about a run."""

    question: str
    subject: str
    verdict: VerdictValue
    time: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """Every run by id, and the verdicts on those that hold a model, the newest model first.

    ``stamp`` differs whenever anything else does; ``notice`` says why what was folded may be a little old.
    """

    stamp: str
    runs: Mapping[str, WatchedRun]
    models: Mapping[str, tuple[WatchedVerdict, ...]]
    notice: str | None


@dataclass(slots=True)
class _Tail:
    """What a journal added since it was first seen."""

    run: str | None
    read_to: int = 0
    facts: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)
    last: Point | None = None


@dataclass(slots=True)
class _Folded:
    """What the database said when it was last asked."""

    runs: dict[str, WatchedRun] = field(default_factory=dict)
    models: dict[str, datetime] = field(default_factory=dict)
    verdicts: dict[str, dict[tuple[str, str], WatchedVerdict]] = field(default_factory=dict)
    notice: str | None = None


class Watch:
    """Looks at one store again and again. It writes nothing, folds nothing; not for two threads at once."""

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)
        self._access = Access(self._layout, read_only=True)
        self._tails: dict[str, _Tail] = {}
        self._living: frozenset[str] = frozenset()
        self._of_file: tuple[int, ...] | None = None
        self._folded = _Folded()
        self._said: Watched | None = None
        self._count = 0

    def look(self) -> Watched:
        """What is so now. While nothing happens, the same object again.

        Raises
        ------
        StoreError
            The database could not be read; ask again.
        """
        # Journals before the database: one that is gone had been folded, which its file then shows.
        is_news = self._look_at_journals()
        state = _state(self._layout.database)
        if state != self._of_file:
            self._folded = self._ask()
            self._of_file = state
            is_news = True
        if is_news or self._said is None:
            self._count += 1
            self._said = self._tell()
        return self._said

    def state_of(self, run: str) -> str:
        """Differs when something of a run was recorded, as far as the last look saw."""
        tails = sorted((name, tail.read_to) for name, tail in list(self._tails.items()) if tail.run == run)
        return repr((self._of_file, tails))

    # -- journals -----------------------------------------------------------------------------------------------------

    def _look_at_journals(self) -> bool:
        sizes = dict(_sizes(self._layout.journals))
        gone = self._tails.keys() - sizes
        for name in gone:
            del self._tails[name]
        is_news = bool(gone)
        for name, size in sizes.items():
            tail = self._tails.setdefault(name, _Tail(run_of(name)))
            if size > tail.read_to:
                self._read(name, tail)
                is_news = True
        living = frozenset(
            tail.run
            for name, tail in self._tails.items()
            if tail.run and is_alive(self._layout.journals / f"{name}.jsonl")
        )
        is_news |= living != self._living
        self._living = living
        return is_news

    def _read(self, name: str, tail: _Tail) -> None:
        try:
            with (self._layout.journals / f"{name}.jsonl").open("rb", buffering=0) as file:
                file.seek(tail.read_to)
                while chunk := file.read(CHUNK_BYTES):
                    whole = chunk.rfind(b"\n") + 1
                    if not whole and len(chunk) == CHUNK_BYTES:
                        whole = len(chunk)  # one line longer than that: a text, which says nothing here
                    if not whole:
                        break
                    _take(tail, chunk[:whole])
                    tail.read_to += whole
                    file.seek(tail.read_to)
        except FileNotFoundError:
            return  # folded since it was listed

    # -- the database -------------------------------------------------------------------------------------------------

    def _ask(self) -> _Folded:
        found = _Folded()
        with self._access.reading_folded() as database:
            rows = database.query(
                f"SELECT run, min(time), max(time), {', '.join(f'max_by({name}, time)' for name in _RUN_FIELDS)} "
                "FROM run_revs GROUP BY run"
            ).fetchall()
            found.runs = {row[0]: WatchedRun(*row) for row in rows}
            models = database.query(
                f"""SELECT run, max(time) FROM artifacts WHERE type = 'model' AND run IS NOT NULL GROUP BY run
                    ORDER BY 2 DESC LIMIT {MODELS}"""
            ).fetchall()
            found.models = dict(models)
            verdicts = database.query(
                """SELECT run, question, subject, max_by(verdict, time), max(time) FROM verdicts
                   WHERE run IN (SELECT unnest(?::VARCHAR[])) GROUP BY run, question, subject""",
                [list(found.models)],
            ).fetchall()
            for run, question, *rest in verdicts:
                found.verdicts.setdefault(run, {})[question, rest[0]] = WatchedVerdict(question, *rest)
        found.notice = self._access.notice
        return found

    # -- both ---------------------------------------------------------------------------------------------------------

    def _tell(self) -> Watched:
        runs, models = dict(self._folded.runs), dict(self._folded.models)
        verdicts = {run: dict(held) for run, held in self._folded.verdicts.items()}
        facts = ((tail.run, *fact) for tail in self._tails.values() if tail.run for fact in tail.facts)
        for run, time, kind, body in sorted(facts, key=lambda fact: fact[1]):
            if kind == "run":
                runs[run] = _revised(runs.get(run) or WatchedRun(run, time, time), time, body)
            elif kind == "artifact" and body.get("type") == "model":
                models[run] = max(time, models.get(run, time))
            elif kind == "verdict":
                verdict = WatchedVerdict(body["question"], body["subject"], body["verdict"], time)
                verdicts.setdefault(run, {})[verdict.question, verdict.subject] = verdict
        for run in [run for run, held in runs.items() if held.status == "running"]:
            runs[run] = self._living_or_not(runs[run])
        newest = sorted(models, key=lambda run: models[run], reverse=True)[:MODELS]
        return Watched(
            f"{self._count}",
            runs,
            {run: tuple(verdicts.get(run, {}).values()) for run in newest if run in runs},
            self._folded.notice,
        )

    def _living_or_not(self, run: WatchedRun) -> WatchedRun:
        if run.id not in self._living:
            return replace(run, status="interrupted")
        last = [tail.last for tail in self._tails.values() if tail.run == run.id and tail.last]
        return replace(run, last=last[-1] if last else None)


def _revised(run: WatchedRun, time: datetime, body: Mapping[str, Any]) -> WatchedRun:
    """With what a revision says; one that was folded since it was read is in it already."""
    if time < run.changed:
        return run
    news = {name: body[name] for name in _RUN_FIELDS if body.get(name) is not None}
    return replace(run, changed=time, **news)


def _take(tail: _Tail, text: bytes) -> None:
    """Remember what whole lines of a journal say of a run."""
    for match in _FACT.finditer(text):
        # Not the beginning of the line: a torn record may stand before it.
        start = max(text.rfind(b'{"t":', 0, match.start()), 0)
        line = _parsed(text[start : text.find(b"\n", match.end())])
        # A body kept as a blob is a large one: of these kinds, a long message at most.
        if line and "d" in line:
            tail.facts.append((_EPOCH + timedelta(microseconds=line["t"]), line["k"], line["d"]))
    end = len(text) - 1
    last = _parsed(text[text.rfind(b"\n", 0, end) + 1 : end])
    if last and ("n" in last or last.get("m")):
        key, value = (last["n"], last["v"]) if "n" in last else next(iter(last["m"].items()))
        tail.last = Point(key, value if isinstance(value, int | float) else None, last.get("s"))


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".jsonl"):
                    try:
                        yield entry.name.removesuffix(".jsonl"), entry.stat().st_size
                    except FileNotFoundError:
                        continue  # folded since it was listed
    except FileNotFoundError:
        return  # no store yet


def _state(path: Path) -> tuple[int, ...]:
    # By its name, never by opening it: that would drop DuckDB's lock in the process that holds it.
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
