"""The only door to the database file: staging journal lines, reading, and committing a fold.

A connection to an in-memory instance lives as long as the store object. The file is attached to it read-only for a
query and read-write for a commit, under ``db.lock``, and detached at once: nobody holds the file while nothing happens.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson

from mlops_magics.errors import StoreError
from mlops_magics.store import foreign, schema, spooling
from mlops_magics.store.blobs import Blobs
from mlops_magics.store.journal import RECORD_LIMIT_BYTES
from mlops_magics.store.lines import LATEST_MICROSECONDS
from mlops_magics.store.location import STORAGE_VERSION, Layout
from mlops_magics.store.locks import taking_turns
from mlops_magics.store.tails import Slice

if TYPE_CHECKING:
    import pandas

READ_WAIT_SECONDS = 5.0
COMMIT_WAIT_SECONDS = 5.0
BLOCK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """How far one journal is folded: up to which byte, lines that were no record, whether nothing will follow."""

    journal: str
    folded_to: int
    corrupt: int
    done: bool


class Busy(Exception):
    """Another process of ours kept ``db.lock`` longer than we wait."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a batch of slices came to: lines understood, and those that were not, by journal."""

    lines: int
    corrupt: Mapping[str, Sequence[bytes]]


class Database:
    """One process's way to the database of one store. Not for two threads at once."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._connection = duckdb.connect(":memory:")
        # A frame of the caller's must not answer for a table of the store.
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("CREATE SCHEMA blank")
        for migration in schema.MIGRATIONS:
            for statement in migration.statements:
                self._connection.execute(statement.format(s="blank"))
        self._tables = self._columns_of("memory", "blank")
        self._create_stage()
        self._is_staged = False
        self._stored: frozenset[str] = frozenset()
        self._is_current = True
        self._viewed: tuple[frozenset[str], bool, bool] | None = None

    def close(self) -> None:
        """Let go of the in-memory instance."""
        self._connection.close()

    # -- reading ------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[str | None]:
        """Attach the file read-only for the length of a block.

        When another tool holds the file, a copy of it answers, and the notice yielded says who holds it.

        Raises
        ------
        Busy
            A fold of ours took longer than five seconds.
        StoreError
            Another tool holds the file and no consistent copy could be had.
        """
        with self._turn(shared=True, wait_seconds=READ_WAIT_SECONDS) as got:
            if not got:
                raise Busy
            notice = None
            folder = None
            if self._layout.database.exists():
                try:
                    self._attach(self._layout.database, read_only=True)
                except duckdb.Error as error:
                    folder = self._attach_copy(error)
                    age = foreign.age(self._layout.database)
                    notice = f"{foreign.holder(str(error))}; this is what was folded {age}, and the journals"
            try:
                self._look()
                yield notice
            finally:
                self._detach()
                if folder:
                    shutil.rmtree(folder, ignore_errors=True)

    def _attach_copy(self, error: duckdb.Error) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="mlops-"))
        for copy in foreign.copies(self._layout.database, folder):
            with suppress(duckdb.Error):
                self._attach(copy)
                return folder
        shutil.rmtree(folder, ignore_errors=True)
        raise StoreError(
            f"{foreign.holder(str(error))}, and its file cannot be read beside it", hint="Close it there"
        ) from error

    def query(self, query: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run one statement on the instance."""
        return self._connection.execute(query, parameters) if parameters else self._connection.execute(query)

    def frame(self, query: str, parameters: Any = None) -> pandas.DataFrame:
        """Run one statement and fetch its rows as a frame.

        Raises
        ------
        StoreError
            The statement is wrong; DuckDB's words say where.
        """
        try:
            result = self.query(query, parameters)
            # A text without a statement has no result.
            return result.df() if result else self.query("SELECT 1 LIMIT 0").df()[[]]
        except duckdb.Error as error:
            raise StoreError(
                f"DuckDB does not understand: {_one_line(error)}", hint="%mlops sql lists the tables"
            ) from error

    def fill(self, table: str, query: str, parameters: Any = None) -> None:
        """Make a temporary table of what a query answers, in place of one of that name.

        Raises
        ------
        StoreError
            The query is wrong; DuckDB's words say where.
        """
        try:
            self.query(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}", parameters)
        except duckdb.Error as error:
            raise StoreError(f"DuckDB does not understand: {_one_line(error)}") from error

    def insist_on_expression(self, text: str) -> None:
        """Make sure that a text is one SQL expression, which no bracket or semicolon in it can leave.

        Raises
        ------
        StoreError
            It is none, or more.
        """
        try:
            duckdb.SQLExpression(text)
        except duckdb.Error as error:
            raise StoreError(f"DuckDB does not understand: {_one_line(error)}") from error

    def ledger(self) -> dict[str, int]:
        """How far each journal is folded, in the attached file."""
        if "journals" not in self._stored:
            return {}
        return dict(self.query("SELECT journal, max(folded_to) FROM s.journals GROUP BY journal").fetchall())

    def create_views(self) -> None:
        """Give every table the rows of the file and of the staged journals, under one name.

        While nothing is staged, the file alone: planning the other half of a query takes longer than most queries run.
        """
        wanted = self._stored, self._is_current, self._is_staged
        if wanted == self._viewed:
            return
        views = schema.reading_views(self._stored, is_current=self._is_current, with_stage=self._is_staged)
        for name, body in views.items():
            self.query(f"CREATE OR REPLACE TEMP VIEW {name} AS {body}")
        self._viewed = wanted

    # -- staging ------------------------------------------------------------------------------------------------

    def stage(self, pieces: Sequence[Slice]) -> Staged:
        """Parse slices of journals into the instance, replacing what was staged before."""
        if self._is_staged:
            self._connection.execute("DELETE FROM writers; DELETE FROM interrupted; DELETE FROM slice")
            self._is_staged = False
        pieces = [piece for piece in pieces if piece.size]
        if not pieces:
            return Staged(0, {})
        self._is_staged = True
        self.query(
            "INSERT INTO writers SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[])",
            [[piece.journal.writer for piece in pieces], [piece.journal.run for piece in pieces]],
        )
        with tempfile.TemporaryDirectory(prefix="mlops-") as folder:
            spool = Path(folder) / "spool.jsonl"
            spooling.write(spool, pieces)
            lines = self._parse_records(spool)
            corrupt: dict[str, list[bytes]] = {}
            if lines is None:
                corrupt, longest = spooling.write_repaired(spool, pieces)
                lines = self._parse(spool, longest)
        for writer, line in self._load_large_records():
            (journal,) = (piece.journal.name for piece in pieces if piece.journal.writer == writer)
            corrupt.setdefault(journal, []).append(line)
        return Staged(lines, corrupt)

    def _parse_records(self, spool: Path) -> int | None:
        """Number of lines, or None when some line is not a record."""
        try:
            lines = self._parse(spool)
        except duckdb.Error:
            return None
        # What tails.is_record refuses, as far as a value of a wrong type did not become NULL in a field that may be.
        strangers = self.query(
            f"""SELECT count(*) FROM slice LEFT JOIN writers USING (w)
                WHERE coalesce(t NOT BETWEEN 0 AND {LATEST_MICROSECONDS - 1}, true) OR writers.w IS NULL
                OR (n IS NOT NULL AND v IS NULL) OR coalesce(n, k, m::VARCHAR) IS NULL
                OR (m IS NOT NULL AND list_count(map_values(m)) < cardinality(m))"""
        )
        return None if _scalar(strangers) else lines

    def _parse(self, spool: Path, longest: int = 0) -> int:
        self.query("DELETE FROM slice")
        columns = ", ".join(f"{name}: '{type_}'" for name, type_ in schema.SLICE_COLUMNS.items())
        inserted = self.query(
            f"""INSERT INTO slice SELECT * FROM read_json(?, format = 'newline_delimited', ignore_errors = true,
                maximum_object_size = {max(2 * RECORD_LIMIT_BYTES, longest)}, columns = {{{columns}}})""",
            [str(spool)],
        )
        return int(_scalar(inserted))

    def _load_large_records(self) -> list[tuple[int, bytes]]:
        """Fetch the bodies of records kept as blobs; returns the writers and lines of those whose blob is gone."""
        blobs = Blobs(self._layout.blobs)
        gone = []
        for (sha256,) in self.query("SELECT DISTINCT b FROM slice WHERE b IS NOT NULL").fetchall():
            try:
                body = blobs.find(sha256).read_text(encoding="utf-8")
                self.query("UPDATE slice SET d = ?::JSON WHERE b = ?", [body, sha256])
            except (StoreError, UnicodeDecodeError, duckdb.Error):
                gone += self.query("SELECT w, t, k, b FROM slice WHERE b = ?", [sha256]).fetchall()
                self.query("DELETE FROM slice WHERE b = ?", [sha256])
        return [(w, orjson.dumps({"t": t, "w": w, "k": k, "b": b})) for w, t, k, b in gone]

    def stage_interrupted(self, unfinished: Iterable[str], last_seen: Mapping[str, int]) -> None:
        """Stage the end of runs that are ``running`` though nobody writes them any more.

        ``unfinished`` are the runs that still have a writer, or lines to fold; ``last_seen`` tells in microseconds
        when the others last wrote. Needs the views.
        """
        living = set(unfinished)
        running = self.query("SELECT run FROM run_revs GROUP BY run HAVING max_by(status, time) = 'running'").fetchall()
        dead = [run for (run,) in running if run not in living]
        if not dead:
            return
        self._is_staged = True
        self.create_views()
        last = self.query(
            """SELECT run, epoch_us(max(time)) FROM run_revs
               WHERE run IN (SELECT unnest(?::VARCHAR[])) GROUP BY run""",
            [dead],
        ).fetchall()
        # Not before the newest revision: a file's time is of a coarser clock, up to 10 ms late.
        ends = [max(time, last_seen.get(run, 0)) + 1 for run, time in last]
        self.query(
            "INSERT INTO interrupted SELECT unnest(?::VARCHAR[]), make_timestamp(unnest(?::BIGINT[]))",
            [[run for run, _ in last], ends],
        )

    def _create_stage(self) -> None:
        run = self._connection.execute
        run(f"CREATE TEMP TABLE slice ({', '.join(f'{name} {type_}' for name, type_ in schema.SLICE_COLUMNS.items())})")
        run("CREATE TEMP TABLE writers (w BIGINT, run VARCHAR)")
        run("CREATE TEMP TABLE interrupted (run VARCHAR, time TIMESTAMP)")
        for name, body in schema.stage_views(self._tables).items():
            run(f"CREATE TEMP VIEW {name} AS {body}")

    # -- committing ---------------------------------------------------------------------------------------------

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Attach the file read-write and run a block in one transaction; what the block raises undoes it.

        Raises
        ------
        Busy
            Readers or another folder kept ``db.lock``.
        StoreError
            Another tool holds the file, or it is damaged.
        """
        with self._turn(shared=False, wait_seconds=COMMIT_WAIT_SECONDS) as got:
            if not got:
                raise Busy
            try:
                self._attach(self._layout.database)
            except duckdb.Error as error:
                raise StoreError(foreign.holder(str(error)), hint="Journals are kept and folded later") from error
            try:
                try:
                    yield from self._transaction()
                finally:
                    # Moves the log into the file, which fails on a full disk; the log stays and is moved the next time.
                    self._detach()
            except duckdb.Error as error:
                raise StoreError(
                    f"the database cannot be written: {_one_line(error)}", hint="Journals are kept and folded later"
                ) from error

    def _transaction(self) -> Iterator[None]:
        self.query("BEGIN")
        try:
            self._migrate()
            yield
            self.query("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):
                self.query("ROLLBACK")
            raise

    def insert_staged(self) -> None:
        """Move what is staged into the attached file."""
        for table in (*schema.FACT_TABLES.values(), "metrics"):
            self.query(f"INSERT INTO s.{table} BY NAME SELECT * FROM stage_{table}")
        unseen = "sha256 NOT IN (SELECT sha256 FROM s.texts)"
        self.query(f"INSERT INTO s.texts BY NAME SELECT * FROM stage_texts WHERE {unseen}")
        self.query(f"CREATE OR REPLACE TEMP TABLE fresh AS {schema.STAGED_SUMS.format(metrics='stage_metrics')}")
        touched = "SELECT * FROM s.metric_sums WHERE run IN (SELECT run FROM fresh)"
        merged = schema.MERGED_SUMS.format(sums=f"{touched} UNION ALL BY NAME SELECT * FROM fresh")
        self.query(f"CREATE OR REPLACE TEMP TABLE merged AS {merged}")
        self.query("DELETE FROM s.metric_sums WHERE run IN (SELECT run FROM fresh)")
        self.query("INSERT INTO s.metric_sums BY NAME SELECT * FROM merged")

    def write_ledger(self, rows: Sequence[LedgerRow]) -> None:
        """Set how far journals are folded; the counts add to those of earlier folds."""
        columns = [list(column) for column in zip(*(astuple(row) for row in rows), strict=True)]
        self.query(
            """CREATE OR REPLACE TEMP TABLE ledger AS SELECT unnest(?::VARCHAR[]) AS journal,
               unnest(?::BIGINT[]) AS folded_to, unnest(?::BIGINT[]) AS corrupt, unnest(?::BOOLEAN[]) AS done""",
            columns,
        )
        self.query(
            """INSERT INTO ledger SELECT journal, 0, corrupt, false FROM s.journals
               WHERE journal IN (SELECT journal FROM ledger)"""
        )
        self.query("DELETE FROM s.journals WHERE journal IN (SELECT journal FROM ledger)")
        self.query(
            """INSERT INTO s.journals BY NAME SELECT journal, max(folded_to) AS folded_to,
               sum(corrupt)::BIGINT AS corrupt, bool_or(done) AS done FROM ledger GROUP BY journal"""
        )

    def rewrite(self) -> None:
        """Write the file anew: the points in the order they are read in, by run, key, step, and no block left empty.

        The new file takes the place of the old one by its name, so that a kill leaves one of them.

        Raises
        ------
        Busy, StoreError
            As :meth:`committing`; nothing was changed.
        """
        draft = self._layout.database.with_name("rewritten.duckdb")
        with self.committing():
            pass  # brings the tables to this version's schema
        with self._turn(shared=False, wait_seconds=COMMIT_WAIT_SECONDS) as got:
            if not got:
                raise Busy
            draft.unlink(missing_ok=True)
            try:
                self._attach(self._layout.database, read_only=True)
                self._attach(draft, alias="anew")
                for table in (*self._tables, "migrations"):
                    order = "ORDER BY run, key, step, time" if table == "metrics" else ""
                    self.query(f"CREATE TABLE anew.{table} AS SELECT * FROM s.{table} {order}")
            except duckdb.Error as error:
                raise StoreError(f"the database cannot be rewritten: {_one_line(error)}") from error
            finally:
                self._detach()
                self.query("DETACH DATABASE IF EXISTS anew")
            draft.replace(self._layout.database)

    def _migrate(self) -> None:
        self.query(schema.MIGRATIONS_TABLE.format(s="s"))
        done = self._look()
        for migration in schema.MIGRATIONS[done:]:
            for statement in migration.statements:
                self.query(statement.format(s="s"))
            self.query(
                "INSERT INTO s.migrations VALUES (?, ?, ?)",
                [migration.number, migration.name, datetime.now(UTC).replace(tzinfo=None)],
            )
        self._look()

    def _look(self) -> int:
        """See of which schema the attached file is, and which tables it has."""
        try:
            number = int(_scalar(self.query("SELECT coalesce(max(number), 0) FROM s.migrations")))
        except (duckdb.CatalogException, duckdb.BinderException):
            number = 0  # nothing is attached, or a file that nobody wrote to
        self._is_current = number == schema.SCHEMA
        if self._is_current:
            self._stored = frozenset(self._tables)
        else:
            found = self.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 's'").fetchall()
            self._stored = frozenset(name for (name,) in found)
        if number > schema.SCHEMA:
            raise StoreError(
                f"the database is of schema {number}, this version knows up to {schema.SCHEMA}",
                hint="Upgrade: pip install --upgrade mlops_magics",
            )
        return number

    # -- the file -----------------------------------------------------------------------------------------------

    def _turn(self, *, shared: bool, wait_seconds: float) -> AbstractContextManager[bool]:
        layout = self._layout
        if shared and not layout.database_lock.exists() and not os.access(layout.database_lock.parent, os.W_OK):
            # No store yet, or one that may only be read and was never folded here: nobody to take turns with.
            return nullcontext(True)
        return taking_turns(layout.database_lock, layout.turn_lock, shared=shared, wait_seconds=wait_seconds)

    def _attach(self, path: Path, *, read_only: bool = False, alias: str = "s") -> None:
        literal = str(path).replace("'", "''")
        # The size of a block is chosen once: of DuckDB's own, five empty columns take as much as 100,000 points.
        created = "" if path.exists() else f", BLOCK_SIZE {BLOCK_BYTES}"
        options = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE_VERSION}'{created}"
        self.query(f"ATTACH '{literal}' AS {alias} ({options})")

    def _detach(self) -> None:
        self.query("DETACH DATABASE IF EXISTS s")

    def _columns_of(self, database: str, schema_name: str) -> dict[str, dict[str, str]]:
        rows = self.query(
            """SELECT table_name, column_name, data_type FROM duckdb_columns()
               WHERE database_name = ? AND schema_name = ? ORDER BY table_oid, column_index""",
            [database, schema_name],
        ).fetchall()
        tables: dict[str, dict[str, str]] = {}
        for table, column, type_ in rows:
            tables.setdefault(table, {})[column] = type_
        return tables


def _one_line(error: duckdb.Error) -> str:
    """DuckDB's message without the drawing of where in the statement it was."""
    return " ".join(str(error).partition("\n\nLINE ")[0].split())


def _scalar(result: duckdb.DuckDBPyConnection) -> Any:
    row = result.fetchone()
    return row[0] if row else 0
