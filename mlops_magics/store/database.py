"""The only door to the database file: reading it, and committing to it.

A connection to an in-memory instance lives as long as the store object. The file is attached to it read-only for a
query and read-write for a commit, under ``db.lock``, and detached at once: nobody holds the file while nothing happens.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from mlops_magics.errors import StoreError
from mlops_magics.store import foreign, schema
from mlops_magics.store.location import STORAGE_VERSION, Layout
from mlops_magics.store.locks import taking_turns

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


Refused = duckdb.Error
"""What DuckDB raises: a statement is wrong, a value cannot be read, or a file cannot be had."""


class Busy(Exception):
    """Another process of ours kept ``db.lock`` longer than we wait."""


class Database:
    """One process's way to the database of one store. Not for two threads at once.

    Attributes
    ----------
    tables
        The columns of each table of this version's schema, and their types.
    stored, is_current
        The tables that the attached file has, and whether it is of this version's schema.
    """

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
        self.tables = self._columns_of("memory", "blank")
        self.stored: frozenset[str] = frozenset()
        self.is_current = True

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
        if "journals" not in self.stored:
            return {}
        return dict(self.query("SELECT journal, max(folded_to) FROM s.journals GROUP BY journal").fetchall())

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
                for table in (*self.tables, "migrations"):
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
            number = int(scalar(self.query("SELECT coalesce(max(number), 0) FROM s.migrations")))
        except (duckdb.CatalogException, duckdb.BinderException):
            number = 0  # nothing is attached, or a file that nobody wrote to
        self.is_current = number == schema.SCHEMA
        if self.is_current:
            self.stored = frozenset(self.tables)
        else:
            found = self.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 's'").fetchall()
            self.stored = frozenset(name for (name,) in found)
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


def scalar(result: duckdb.DuckDBPyConnection) -> Any:
    """The one value of an answer; 0 where it has no row."""
    row = result.fetchone()
    return row[0] if row else 0
