"""What the runs of a store are doing now, told so cheaply that one can ask every second while they write.

What was folded is asked of the database when its file has changed. Of the journals only what was appended since the
last look is read, and of that only the few lines that say what a run is; points are stepped over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from mlops_magics.store.access import Access
from mlops_magics.store.aliases import TAG, Given, owners
from mlops_magics.store.location import Layout
from mlops_magics.store.tails import is_alive, run_of
from mlops_magics.store.watched import Point, Watched, WatchedExperiment, WatchedModel, WatchedRun, WatchedVerdict

CHUNK_BYTES = 4 << 20
NEWEST = 20
"""Runs of an experiment that are told, the newest; the leaderboard has them all."""
LOOKED_BACK = 20
"""Lines at the end of what was appended in which the last point is looked for."""
MODELS = 50
"""Runs with a model that are told: those with an alias, then the newest."""

_EPOCH = datetime(1970, 1, 1)
_FACTS = (b'"k":"run"', b'"k":"artifact"', b'"k":"verdict"', b'"k":"tag"')
_RUN_FIELDS = ("experiment", "name", "status", "parent", "source", "message")


@dataclass(slots=True)
class _Tail:
    """What a journal added since it was first seen."""

    run: str | None
    read_to: int = 0
    facts: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)
    last: Point | None = None


@dataclass(slots=True)
class _Folded:
    """What the database said when it was last asked: of all runs how many, and the few that are told."""

    runs: dict[str, WatchedRun] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    newest: list[str] = field(default_factory=list)
    models: dict[str, datetime] = field(default_factory=dict)
    verdicts: dict[str, dict[tuple[str, str], WatchedVerdict]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    notice: str | None = None


class Watch:
    """Looks at one store again and again. It writes nothing, folds nothing; not for two threads at once."""

    def __init__(self, root: Path) -> None:
        self._layout = Layout(root)
        self._access = Access(self._layout, read_only=True)
        self._tails: dict[str, _Tail] = {}
        self._living: frozenset[str] = frozenset()
        self._asked: tuple[tuple[int, ...], frozenset[str]] | None = None
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
        followed = frozenset(tail.run for tail in self._tails.values() if tail.run)
        asked = _state(self._layout.database), followed
        if asked != self._asked:
            self._folded = self._ask(followed)
            self._asked = asked
            is_news = True
        if is_news or self._said is None:
            self._count += 1
            self._said = self._tell()
        return self._said

    def state_of(self, run: str) -> str:
        """Differs when something of a run was recorded, as far as the last look saw."""
        tails = sorted((name, tail.read_to) for name, tail in list(self._tails.items()) if tail.run == run)
        return repr((self._asked and self._asked[0], tails))

    # -- journals -----------------------------------------------------------------------------------------------------

    def _look_at_journals(self) -> bool:
        sizes = dict(_sizes(self._layout.journals))
        gone = self._tails.keys() - sizes
        for name in gone:
            del self._tails[name]
        is_news = bool(gone)
        grown = set()
        for name, size in sizes.items():
            tail = self._tails.setdefault(name, _Tail(run_of(name)))
            if size > tail.read_to:
                before = tail.read_to
                self._read(name, tail)
                is_news = True
                if before and tail.read_to > before:
                    grown.add(name)
        living = frozenset(
            tail.run
            for name, tail in self._tails.items()
            # Who wrote since the last look lives, as far as this look is concerned.
            if tail.run and (name in grown or is_alive(self._layout.journals / f"{name}.jsonl"))
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
                    if len(chunk) < CHUNK_BYTES:
                        break
                    file.seek(tail.read_to)
        except FileNotFoundError:
            return  # folded since it was listed

    # -- the database -------------------------------------------------------------------------------------------------

    def _ask(self, followed: frozenset[str]) -> _Folded:
        found = _Folded()
        with self._access.reading_folded() as database:
            # A revision alone, whose first one was lost, is a run without a name.
            fields = {name: f"max_by({name}, time)" for name in _RUN_FIELDS}
            fields |= {name: f"coalesce({fields[name]}, '')" for name in ("experiment", "name")}
            newest = ", ".join(f"{value} AS {name}" for name, value in fields.items())
            database.fill(
                "watched",
                f"""WITH found AS (SELECT run AS id, min(time) AS started, max(time) AS changed, {newest}
                                   FROM run_revs GROUP BY run)
                    SELECT *, parent IS NULL AND NOT list_contains($followed::VARCHAR[], id) AS is_told,
                           row_number() OVER (PARTITION BY is_told, experiment ORDER BY started DESC, id DESC) AS place,
                           row_number() OVER (PARTITION BY is_told, source ORDER BY started DESC, id DESC) AS turn
                    FROM found""",
                {"followed": list(followed)},
            )
            given = database.query("SELECT run, value, time FROM tags WHERE key = ?", [TAG]).fetchall()
            found.aliases = {run: (value, time) for run, value, time in given}
            models = database.query(
                f"""SELECT run, max(time) FROM artifacts WHERE type = 'model' AND run IS NOT NULL GROUP BY run
                    ORDER BY list_contains($aliased::VARCHAR[], run) DESC, 2 DESC LIMIT {MODELS}""",
                {"aliased": list(found.aliases)},
            ).fetchall()
            found.models = dict(models)
            counts = "SELECT experiment, count(*) FROM watched WHERE is_told GROUP BY experiment"
            found.counts = dict(database.query(counts).fetchall())
            rows = database.query(
                f"""SELECT id, started, changed, {", ".join(_RUN_FIELDS)}, is_told AND place <= {NEWEST} FROM watched
                    WHERE (is_told AND (place <= {NEWEST} OR (turn = 1 AND source IS NOT NULL)))
                    OR list_contains($wanted::VARCHAR[], id)""",
                {"wanted": [*followed, *found.models, *found.aliases]},
            ).fetchall()
            for *row, is_newest in rows:
                found.runs[row[0]] = WatchedRun(*row)
                found.newest += [row[0]] * is_newest
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
        folded = self._folded
        runs, models = dict(folded.runs), dict(folded.models)
        verdicts = {run: dict(held) for run, held in folded.verdicts.items()}
        given = dict(folded.aliases)
        facts = ((tail.run, *fact) for tail in self._tails.values() if tail.run for fact in tail.facts)
        for run, time, kind, body in sorted(facts, key=lambda fact: fact[1]):
            if kind == "run":
                runs[run] = _revised(runs.get(run) or WatchedRun(run, time, time), time, body)
            elif kind == "artifact" and body.get("type") == "model":
                models[run] = max(time, models.get(run, time))
            elif kind == "verdict":
                verdict = WatchedVerdict(body["question"], body["subject"], body["verdict"], time)
                verdicts.setdefault(run, {})[verdict.question, verdict.subject] = verdict
            elif kind == "tag" and body["key"] == TAG:
                given[run] = body["value"], time
        last = {tail.run: tail.last for tail in self._tails.values() if tail.last}
        for run in [run for run, held in runs.items() if held.status == "running"]:
            is_living = run in self._living
            news = {"last": last.get(run)} if is_living else {"status": "interrupted"}
            runs[run] = replace(runs[run], **news)
        whole = sorted((run for run in runs.values() if run.parent is None), key=_age, reverse=True)
        recent = {tail.run for tail in self._tails.values()}
        known = [Given(run, runs[run].experiment, *said) for run, said in given.items() if run in runs]
        aliases: dict[str, tuple[str, ...]] = {}
        for (_, alias), one in owners(known).items():
            aliases[one.run] = (*aliases.get(one.run, ()), alias)
        newest = sorted(models, key=lambda run: (run in aliases, models[run]), reverse=True)[:MODELS]
        return Watched(
            stamp=str(self._count),
            experiments=_experiments(folded, [run for run in whole if run.id in recent], runs),
            live=tuple(run for run in whole if run.status == "running"),
            models=tuple(
                WatchedModel(runs[run], tuple(verdicts.get(run, {}).values()), aliases.get(run, ()))
                for run in newest
                if run in runs
            ),
            sources={run.source: run for run in sorted(whole, key=_claim) if run.source},
            notice=folded.notice,
        )


def _experiments(
    folded: _Folded, recent: Sequence[WatchedRun], runs: Mapping[str, WatchedRun]
) -> tuple[WatchedExperiment, ...]:
    """The settled runs as the database counted them, and those that have a journal."""
    counts, told = dict(folded.counts), {name: list[WatchedRun]() for name in folded.counts}
    for run in folded.newest:
        told[runs[run].experiment].append(runs[run])
    for one in recent:
        counts[one.experiment] = counts.get(one.experiment, 0) + 1
        told.setdefault(one.experiment, []).append(one)
    found = []
    for name, held in told.items():
        held.sort(key=_age, reverse=True)
        running = sum(run.status == "running" for run in held)
        found.append(WatchedExperiment(name, counts[name], running, tuple(held[:NEWEST])))
    return tuple(sorted(found, key=lambda one: _age(one.newest[0]), reverse=True))


def _age(run: WatchedRun) -> tuple[datetime, str]:
    return run.started, run.id


def _claim(run: WatchedRun) -> tuple[bool, datetime, str]:
    return run.status == "running", run.started, run.id


def _revised(run: WatchedRun, time: datetime, body: Mapping[str, Any]) -> WatchedRun:
    """With what a revision says; one that was folded since it was read is in it already."""
    if time < run.changed:
        return run
    news = {name: body[name] for name in _RUN_FIELDS if body.get(name) is not None}
    return replace(run, changed=time, **news)


def _take(tail: _Tail, text: bytes) -> None:
    """Remember what whole lines of a journal say of a run."""
    for kind in _FACTS:
        at = text.find(kind)
        while at >= 0:
            # Not the beginning of the line: a torn record may stand before it.
            line = _parsed(text[max(text.rfind(b'{"t":', 0, at), 0) : text.find(b"\n", at)])
            # A body kept as a blob is a large one: of these kinds, a long message at most.
            if line and "d" in line:
                tail.facts.append((_EPOCH + timedelta(microseconds=line["t"]), line["k"], line["d"]))
            at = text.find(kind, at + 1)
    tail.last = _last_point(text) or tail.last


def _last_point(text: bytes) -> Point | None:
    """The last point among the last lines: behind what one cell logged stand a few lines that say what the cell was."""
    end = len(text) - 1
    for _ in range(LOOKED_BACK):
        start = text.rfind(b"\n", 0, end) + 1
        line = _parsed(text[start:end])
        if line and ("n" in line or line.get("m")):
            key, value = (line["n"], line["v"]) if "n" in line else next(iter(line["m"].items()))
            return Point(key, value if isinstance(value, int | float) else None, line.get("s"))
        if start == 0:
            break
        end = start - 1
    return None


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
