"""What journals hold and the database does not yet: parsed beside the file, read together with it, moved into it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from mlops_magics.errors import StoreError
from mlops_magics.store import schema, spooling
from mlops_magics.store.blobs import Blobs
from mlops_magics.store.database import Database, Refused, scalar
from mlops_magics.store.journal import RECORD_LIMIT_BYTES
from mlops_magics.store.lines import LATEST_MICROSECONDS
from mlops_magics.store.location import Layout
from mlops_magics.store.tails import Slice


@dataclass(frozen=True, slots=True)
class Staged:
    """What a batch of slices came to: lines understood, and those that were not, by journal."""

    lines: int
    corrupt: Mapping[str, Sequence[bytes]]


class Stage:
    """The records of journals beside the tables of the file.

    Parameters
    ----------
    layout
        The store, for records that are kept as blobs.
    database
        Its database, in whose instance the stage is; an attribute too.
    """

    def __init__(self, layout: Layout, database: Database) -> None:
        self._layout = layout
        self.database = database
        self._query = database.query
        self._is_filled = False
        self._viewed: tuple[frozenset[str], bool, bool] | None = None
        self._create()

    def read(self, pieces: Sequence[Slice]) -> Staged:
        """Parse slices of journals into the instance, replacing what was staged before."""
        if self._is_filled:
            self._query("DELETE FROM writers; DELETE FROM interrupted; DELETE FROM slice")
            self._is_filled = False
        pieces = [piece for piece in pieces if piece.size]
        if not pieces:
            return Staged(0, {})
        self._is_filled = True
        self._query(
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
        except Refused:
            return None
        # What tails.is_record refuses, as far as a value of a wrong type did not become NULL in a field that may be.
        strangers = self._query(
            f"""SELECT count(*) FROM slice LEFT JOIN writers USING (w)
                WHERE coalesce(t NOT BETWEEN 0 AND {LATEST_MICROSECONDS - 1}, true) OR writers.w IS NULL
                OR (n IS NOT NULL AND v IS NULL) OR coalesce(n, k, m::VARCHAR) IS NULL
                OR (m IS NOT NULL AND list_count(map_values(m)) < cardinality(m))"""
        )
        return None if scalar(strangers) else lines

    def _parse(self, spool: Path, longest: int = 0) -> int:
        self._query("DELETE FROM slice")
        columns = ", ".join(f"{name}: '{type_}'" for name, type_ in schema.SLICE_COLUMNS.items())
        inserted = self._query(
            f"""INSERT INTO slice SELECT * FROM read_json(?, format = 'newline_delimited', ignore_errors = true,
                maximum_object_size = {max(2 * RECORD_LIMIT_BYTES, longest)}, columns = {{{columns}}})""",
            [str(spool)],
        )
        return int(scalar(inserted))

    def _load_large_records(self) -> list[tuple[int, bytes]]:
        """Fetch the bodies of records kept as blobs; returns the writers and lines of those whose blob is gone."""
        blobs = Blobs(self._layout.blobs)
        gone = []
        for (sha256,) in self._query("SELECT DISTINCT b FROM slice WHERE b IS NOT NULL").fetchall():
            try:
                body = blobs.find(sha256).read_text(encoding="utf-8")
                self._query("UPDATE slice SET d = ?::JSON WHERE b = ?", [body, sha256])
            except (StoreError, UnicodeDecodeError, Refused):
                gone += self._query("SELECT w, t, k, b FROM slice WHERE b = ?", [sha256]).fetchall()
                self._query("DELETE FROM slice WHERE b = ?", [sha256])
        return [(w, orjson.dumps({"t": t, "w": w, "k": k, "b": b})) for w, t, k, b in gone]

    def interrupt(self, unfinished: Iterable[str], last_seen: Mapping[str, int]) -> None:
        """Stage the end of runs that are ``running`` though nobody writes them any more.

        ``unfinished`` are the runs that still have a writer, or lines to fold; ``last_seen`` tells in microseconds
        when the others last wrote. Needs the views.
        """
        living = set(unfinished)
        running = self._query("SELECT run FROM run_revs GROUP BY run HAVING max_by(status, time) = 'running'")
        dead = [run for (run,) in running.fetchall() if run not in living]
        if not dead:
            return
        self._is_filled = True
        self.create_views()
        last = self._query(
            """SELECT run, epoch_us(max(time)) FROM run_revs
               WHERE run IN (SELECT unnest(?::VARCHAR[])) GROUP BY run""",
            [dead],
        ).fetchall()
        # Not before the newest revision: a file's time is of a coarser clock, up to 10 ms late.
        ends = [max(time, last_seen.get(run, 0)) + 1 for run, time in last]
        self._query(
            "INSERT INTO interrupted SELECT unnest(?::VARCHAR[]), make_timestamp(unnest(?::BIGINT[]))",
            [[run for run, _ in last], ends],
        )

    def create_views(self) -> None:
        """Give every table the rows of the file and of the staged journals, under one name.

        While nothing is staged, the file alone: planning the other half of a query takes longer than most queries run.
        """
        stored, is_current = self.database.stored, self.database.is_current
        wanted = stored, is_current, self._is_filled
        if wanted == self._viewed:
            return
        views = schema.reading_views(stored, is_current=is_current, with_stage=self._is_filled)
        for name, body in views.items():
            self._query(f"CREATE OR REPLACE TEMP VIEW {name} AS {body}")
        self._viewed = wanted

    def insert(self) -> None:
        """Move what is staged into the attached file."""
        for table in (*schema.FACT_TABLES.values(), "metrics"):
            self._query(f"INSERT INTO s.{table} BY NAME SELECT * FROM stage_{table}")
        unseen = "sha256 NOT IN (SELECT sha256 FROM s.texts)"
        self._query(f"INSERT INTO s.texts BY NAME SELECT * FROM stage_texts WHERE {unseen}")
        self._query(f"CREATE OR REPLACE TEMP TABLE fresh AS {schema.STAGED_SUMS.format(metrics='stage_metrics')}")
        touched = "SELECT * FROM s.metric_sums WHERE run IN (SELECT run FROM fresh)"
        merged = schema.MERGED_SUMS.format(sums=f"{touched} UNION ALL BY NAME SELECT * FROM fresh")
        self._query(f"CREATE OR REPLACE TEMP TABLE merged AS {merged}")
        self._query("DELETE FROM s.metric_sums WHERE run IN (SELECT run FROM fresh)")
        self._query("INSERT INTO s.metric_sums BY NAME SELECT * FROM merged")

    def _create(self) -> None:
        run = self._query
        run(f"CREATE TEMP TABLE slice ({', '.join(f'{name} {type_}' for name, type_ in schema.SLICE_COLUMNS.items())})")
        run("CREATE TEMP TABLE writers (w BIGINT, run VARCHAR)")
        run("CREATE TEMP TABLE interrupted (run VARCHAR, time TIMESTAMP)")
        for name, body in schema.stage_views(self.database.tables).items():
            run(f"CREATE TEMP VIEW {name} AS {body}")
