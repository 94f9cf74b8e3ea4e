"""The store as the rest of the house sees it: facts go in by journals, answers come out by SQL."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import RunNotFound, StoreError
from mlops_magics.records import Record, Run
from mlops_magics.store import location as places
from mlops_magics.store import references
from mlops_magics.store.access import Access
from mlops_magics.store.aliases import TAG, Given, owners
from mlops_magics.store.blobs import Blobs
from mlops_magics.store.facts import RunFacts
from mlops_magics.store.identity import new_id
from mlops_magics.store.journal import Journal
from mlops_magics.store.keeper import Keeper
from mlops_magics.store.schema import READABLE
from mlops_magics.store.settings import Settings, settings_or_safest

if TYPE_CHECKING:
    import pandas

    from mlops_magics.look.progress import Progress
    from mlops_magics.store.conditions.names import Names, Thing
    from mlops_magics.store.conditions.tree import Condition
    from mlops_magics.store.curves import Curve, Position, Window
    from mlops_magics.store.fold import FoldReport
    from mlops_magics.store.grouping import Group
    from mlops_magics.store.selection import Selection
    from mlops_magics.store.survey import Survey

_keeper = Keeper()


class Store(RunFacts):
    """A store of runs: one folder, opened for reading and for recording.

    Reading never fails because somebody writes; it sees every record that was acknowledged before it began. Safe to
    use from several threads.

    Parameters
    ----------
    location, read_only
        See :func:`mlops_magics.open_store`.

    """

    def __init__(self, location: str | os.PathLike[str] | None = None, *, read_only: bool = False) -> None:
        self._layout = places.locate(location)
        self._blobs = Blobs(self._layout.blobs)
        self._access = Access(self._layout, read_only=read_only)
        places.refuse_file(self._layout)
        if self._layout.exists():
            places.check_format(self._layout)
            places.warn_of_network(self._layout)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """The folder, which may not exist yet."""
        return self._layout.root

    @property
    def settings(self) -> Settings:
        """What its owner decided for every run, in ``settings.toml``; where that is wrong the safest, and a warning."""
        return settings_or_safest(self._layout)

    @property
    def notice(self) -> str | None:
        """Why the last answer may be a little old, when another tool holds the database; else None."""
        return self._access.notice

    # -- in ---------------------------------------------------------------------------------------------------------

    def open_journal(self, run: str | None = None) -> Journal:
        """Begin to write facts of a run, or of the store: create the folder where needed, and a journal.

        Where the place cannot be written to, a :class:`StoreWarning` says so and the journal records nothing.
        """
        if self._access.read_only:
            raise StoreError(f"the store {self.path} was opened for reading only")
        try:
            places.prepare(self._layout)
        except OSError as error:
            raise StoreError(
                f"no store can be made at {self.path} ({error.strerror})",
                hint=f"Set {places.VARIABLE} to a folder you may write to",
            ) from error
        journal = Journal(self._layout, run)
        _keeper.watch(self.path, self.fold)
        return journal

    def record(self, run: str | None, *records: Record) -> None:
        """Add facts to a run from outside the notebook that tracked it.

        Raises
        ------
        StoreError
            Not all of them could be written.
        """
        journal = self.open_journal(run)
        try:
            for record in records:
                journal.record(record)
        finally:
            journal.close()
        if journal.lost:
            raise StoreError(f"{journal.lost} of {len(records)} records could not be written to {self.path}")

    def keep_blob(self, content: bytes | Path) -> str:
        """Keep bytes or a file by content; returns the SHA-256 that :meth:`blob` finds it by."""
        return self._blobs.keep(content)

    def new_run_id(self) -> str:
        """An id for a run that begins now."""
        return new_id()

    def fold(self, *, progress: Progress | None = None) -> FoldReport:
        """Move journals into the database now. It happens by itself when the store is read."""
        return self._access.fold(progress=progress)

    def optimize(self, *, progress: Progress | None = None) -> None:
        """Fold, then sort the points by run, name and step: histories of large stores read several times faster.

        Raises
        ------
        StoreError
            The database is in use; nothing was changed.
        """
        self._access.optimize(progress=progress)

    # -- out --------------------------------------------------------------------------------------------------------

    @contextmanager
    def focused(self, *runs: str) -> Iterator[None]:
        """Answer from one moment, as :meth:`snapshot`; who reads only reads the journals of these runs first."""
        with self._access.reading_of(frozenset(runs)):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Answer every question asked inside the block from one moment, and by one opening of the database."""
        with self._access.reading():
            yield

    def sql(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pandas.DataFrame:
        """Ask in SQL; the answer is a frame.

        Tables: ``runs``, ``params``, ``tags`` (newest state), ``run_revs``, ``param_revs``, ``tag_revs`` (every
        revision), ``metrics`` (points), ``metric_sums`` (last value, least, greatest), ``notes``, ``cells``,
        ``fits``, ``seeds``, ``artifacts``, ``models``, ``datasets``, ``environments``, ``evaluations``,
        ``cross_validations``, ``verdicts``, ``texts``. Times are UTC.

        Raises
        ------
        StoreError
            DuckDB does not understand the query; its message says where.
        """
        with self._access.reading(frames=True) as database:
            return database.frame(query, parameters)

    def runs(self, experiment: str | None = None, where: str | Condition | None = None) -> pandas.DataFrame:
        """Every run as a row, newest first.

        Columns: ``id, experiment, name, status, started, ended, seconds, parent, source``, then ``params.KEY`` and
        ``metrics.KEY`` (the last value) for every key that one of the runs has.

        Parameters
        ----------
        experiment
            Only its runs.
        where
            A condition, such as ``"auc > 0.7 and params.depth <= 6 and tag.team = 'ops'"``, in the language of
            :mod:`mlops_magics.store.conditions`. A text that is not of this language is taken for an SQL condition
            over the run's columns, ``params.KEY`` and ``metrics.KEY``.

        Raises
        ------
        ConditionError
            The condition is neither; it says where, and what there is.
        """
        from mlops_magics.store.frames import runs_frame
        from mlops_magics.store.selection import Selection

        with self._access.reading(frames=True) as database:
            return runs_frame(database, Selection(experiment, where))

    def frame_of(self, ids: Sequence[str], *, tags: Sequence[str] = ()) -> pandas.DataFrame:
        """The runs with these ids as :meth:`runs` shows them, in their order, with ``tags.KEY`` for each of ``tags``.

        An id that no run has is left out.
        """
        from mlops_magics.store.frames import frame_of

        with self._access.reading(frames=True) as database:
            return frame_of(database, ids, tags)

    def survey(self, selection: Selection, *, limit: int, children: bool = False) -> Survey:
        """What a table of the first ``limit`` runs needs, several times faster than the frame of them all.

        Those are runs that are no part of another; with ``children``, any.

        Raises
        ------
        ConditionError
            As :meth:`runs`.
        """
        from mlops_magics.store.survey import survey

        with self._access.reading() as database:
            return survey(database, selection, limit=limit, children=children)

    def names(self) -> Names:
        """Everything that conditions and lists of columns can name: metrics, parameters, tags, a run's own columns."""
        from mlops_magics.store.conditions.names import names_of

        with self._access.reading() as database:
            return names_of(database)

    def grouped(self, ids: Sequence[str], by: Thing, metrics: Sequence[str]) -> list[Group]:
        """Runs that have the same value of something, and what their metrics come to, by size."""
        from mlops_magics.store.grouping import grouped

        with self._access.reading() as database:
            return grouped(database, ids, by, metrics)

    def history(self, run: Run | str | Sequence[Run | str], key: str | None = None) -> pandas.DataFrame:
        """The points of one or several runs: columns ``run, key, step, time, value``, in the order of their steps.

        Points logged without a step follow in the order they were logged.
        """
        from mlops_magics.store.frames import history_frame

        several = [run] if isinstance(run, Run | str) else list(run)
        with self._access.reading(frames=True) as database:
            known = self.all_runs()
            return history_frame(database, [self._among(known, item).id for item in several], key)

    def curves(self, runs: Sequence[str], keys: Mapping[str, Position], window: Window) -> list[Curve]:
        """The metrics of the runs with these ids, at most ``window.columns`` values each, for drawing: a million points
        in a tenth of a second. ``keys`` tells of each metric what it is drawn over. By metric, then by run.
        """
        from mlops_magics.store.curves import reduced

        with self._access.reading() as database:
            return reduced(database, runs, keys, window)

    def curve_keys(self, runs: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """The metrics of the runs with these ids: points of the longest, and whether their newest point has a step."""
        from mlops_magics.store.curves import curve_keys

        with self._access.reading() as database:
            return curve_keys(database, runs)

    def news(self, runs: Sequence[str], read_to: dict[str, int]) -> list[tuple[str, bytes]]:
        """What was written of the runs with these ids since the last time: whole journal lines with the run they are
        of. ``read_to`` remembers how far each journal was read. No database is asked.
        """
        from mlops_magics.store.tails import news

        return news(self._layout, frozenset(runs), read_to)

    def find(self, reference: Run | str) -> Run:
        """The run meant by a name, a piece of an id, ``@last``, ``@best:METRIC`` (``:min``, ``:max`` to be exact), or
        ``@ALIAS``, which the tag ``alias`` of a run tells; see :mod:`mlops_magics.store.aliases`.

        ``EXPERIMENT/`` before a name means the runs of that experiment alone, as does ``EXPERIMENT`` before an ``@``.

        Raises
        ------
        RunNotFound
            Nothing answers to it; the closest name is suggested.
        """
        if isinstance(reference, Run):
            return reference
        with self._access.reading():
            return self._among(self.all_runs(), reference)

    def runs_of(self, ids: Sequence[str]) -> list[Run]:
        """The runs with these ids as they are now, in that order, without a look at any other."""
        rows = self._rows(f"SELECT {', '.join(_RUN_FIELDS)} FROM runs WHERE id IN (SELECT unnest(?))", [list(ids)])
        found = {run.id: run for run in (Run(**dict(zip(_RUN_FIELDS, row, strict=True))) for row in rows)}
        return [found[run] for run in ids if run in found]

    def runs_called(self, experiment: str, name: str) -> list[Run]:
        """The runs of an experiment that have a name, the newest last."""
        query = "FROM runs WHERE experiment = ? AND name = ? ORDER BY started, id"
        rows = self._rows(f"SELECT {', '.join(_RUN_FIELDS)} {query}", [experiment, name])
        return [Run(**dict(zip(_RUN_FIELDS, row, strict=True))) for row in rows]

    def all_runs(self) -> list[Run]:
        """Every run, the newest last."""
        rows = self._rows(f"SELECT {', '.join(_RUN_FIELDS)} FROM runs ORDER BY started, id")
        return [Run(**dict(zip(_RUN_FIELDS, row, strict=True))) for row in rows]

    def aliases(self, runs: Sequence[Run]) -> list[Given]:
        """What the tag ``alias`` of these runs says, of those that have one."""
        experiments = {run.id: run.experiment for run in runs}
        rows = self._rows("SELECT run, value, time FROM tags WHERE key = ?", [TAG])
        return [Given(run, experiments[run], value, time) for run, value, time in rows if run in experiments]

    def newest_verdicts(self, question: str, verdict: str) -> list[tuple[str, str | None]]:
        """The runs whose newest answer to a question is this verdict, each with the sentence kept with it."""
        rows = self._rows(
            """SELECT run, last.detail ->> '$.sentence' FROM
               (SELECT run, max_by({'verdict': verdict, 'detail': detail}, time) AS last FROM verdicts
                WHERE question = ? AND run IS NOT NULL GROUP BY run) WHERE last.verdict = ?""",
            [question, verdict],
        )
        return [(str(run), sentence) for run, sentence in rows]

    def metric_names(self) -> list[str]:
        """Every metric that some run has, in alphabetical order."""
        return [str(key) for (key,) in self._rows("SELECT DISTINCT key FROM metric_sums ORDER BY key")]

    def have_metric(self, ids: Sequence[str], key: str) -> bool:
        """Whether one of the runs with these ids has a metric."""
        query = "SELECT 1 FROM metric_sums WHERE key = ? AND run IN (SELECT unnest(?)) LIMIT 1"
        return bool(self._rows(query, [key, list(ids)]))

    def text(self, sha256: str) -> str:
        """The text with this digest.

        Raises
        ------
        StoreError
            There is none.
        """
        rows = self._rows("SELECT text FROM texts WHERE sha256 = ? LIMIT 1", [sha256])
        if not rows:
            raise StoreError(f"the store keeps no text {sha256[:12]}…")
        return str(rows[0][0])

    def texts(self, digests: Sequence[str]) -> dict[str, str]:
        """The texts with these digests that are there, in one query."""
        rows = self._rows("SELECT sha256, text FROM texts WHERE sha256 IN (SELECT unnest(?))", [list(digests)])
        return dict(rows)

    def blob(self, sha256: str) -> Path:
        """The file with this digest.

        Raises
        ------
        StoreError
            There is none.
        """
        return self._blobs.find(sha256)

    def tables(self) -> pandas.DataFrame:
        """What :meth:`sql` can ask: columns ``table, columns``, a row per table."""
        return self.sql(
            """SELECT table_name AS "table", string_agg(column_name, ', ' ORDER BY column_index) AS columns
               FROM duckdb_columns() WHERE database_name = 'temp' AND table_name IN (SELECT unnest($names))
               GROUP BY table_name ORDER BY table_name""",
            {"names": list(READABLE)},
        )

    def sizes(self) -> dict[str, int]:
        """Bytes of the ``database``, the ``blob`` and the ``journal`` files, and how many are ``quarantined``."""
        layout = self._layout
        folders = {"blob": layout.blobs, "journal": layout.journals}
        sizes = {name: sum(map(_size, folder.rglob("*"))) for name, folder in folders.items()}
        # By its name, never by opening it: that would drop DuckDB's lock in the process that holds it.
        sizes["database"] = layout.database.stat().st_size if layout.database.exists() else 0
        sizes["quarantined"] = sum(1 for _ in layout.quarantine.glob("*.txt"))
        return sizes

    # -- how --------------------------------------------------------------------------------------------------------

    def _among(self, known: Sequence[Run], reference: Run | str) -> Run:
        """What :meth:`find` answers, given all runs: asking for twenty reads them once."""
        if isinstance(reference, Run):
            return reference
        is_name = any(run.name == reference for run in known)
        experiment, rest = (None, reference) if is_name else references.parse_experiment(reference)
        if experiment is not None:
            known = references.of_experiment(experiment, known)
        if best := references.parse_best(rest):
            rest = self._best(*best, experiment=experiment)
        elif alias := references.parse_alias(rest):
            rest = self._owner(alias, known, experiment=experiment)
        return references.choose(rest, known)

    def _owner(self, alias: str, known: Sequence[Run], *, experiment: str | None) -> str:
        given = {name: one.run for (_, name), one in owners(self.aliases(known)).items()}
        if alias not in given:
            raise RunNotFound(
                f"no run{'' if experiment is None else f' of {experiment}'} has the alias {alias!r}",
                seen=f"@{alias}",
                exists=["@last", *(f"@{name}" for name in reversed(given))],
                hint=f"Give it to one: %mlops tag --run RUN {TAG}={alias}",
            )
        return given[alias]

    def _best(self, metric: str, smallest: bool, *, experiment: str | None) -> str:
        order = "ASC" if smallest else "DESC"
        rows = self._rows(
            f"""SELECT run FROM metric_sums WHERE key = ? AND isfinite(value)
                AND run IN (SELECT id FROM runs WHERE ? IS NULL OR experiment = ?)
                ORDER BY value {order}, time LIMIT 1""",
            [metric, experiment, experiment],
        )
        if not rows:
            raise RunNotFound(
                f"no run{'' if experiment is None else f' of {experiment}'} has a metric {metric!r}",
                seen=metric,
                exists=self.metric_names(),
                hint="Log one: %mlops log NAME=VALUE",
            )
        return str(rows[0][0])

    def _rows(self, query: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        with self._access.reading() as database:
            return database.query(query, parameters).fetchall()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0  # folded and gone since it was listed


_RUN_FIELDS = [field.name for field in fields(Run)]
