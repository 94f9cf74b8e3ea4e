"""A database of an older version is read as it is, and brought to this version by the next fold."""

import duckdb
import pytest

from mlops_magics.records import Cell, Param, RunRevision, Text
from mlops_magics.store import open_store
from mlops_magics.store.schema import FACT_TABLES, MIGRATIONS, SCHEMA

OLD_ROWS = (
    "INSERT INTO s.run_revs VALUES ('a', '2026-01-01', 'flights', 'old', 'finished', NULL, NULL, NULL)",
    "INSERT INTO s.param_revs VALUES ('a', '2026-01-01', 'C', '1.0')",
    "INSERT INTO s.cells VALUES ('a', '2026-01-01', 'id', 1, 1, 'sha', 0.5, 'ok', NULL)",
    "INSERT INTO s.datasets VALUES ('a', '2026-01-01', 'X', 'fit', 'f', 3, '{{}}', NULL)",
    "INSERT INTO s.environments VALUES ('a', '2026-01-01', '3.11', 'Linux', 'p', NULL, NULL, NULL, NULL)",
    "INSERT INTO s.metrics VALUES ('a', '2026-01-01', 'auc', 1, 0.7)",
    "INSERT INTO s.metric_sums VALUES ('a', 'auc', '2026-01-01', 1, 0.7, 1, 0.7, 0.7)",
)


@pytest.fixture
def old(store):
    """A store whose database is of schema 1, with one run."""
    store.open_journal().close()
    for journal in (store.path / "journal").iterdir():
        journal.unlink()
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{store.path / 'main.duckdb'}' AS s (STORAGE_VERSION 'v1.5.0')")
        connection.execute("CREATE TABLE s.migrations (number BIGINT, name VARCHAR, time TIMESTAMP)")
        for statement in (*MIGRATIONS[0].statements, *OLD_ROWS):
            connection.execute(statement.format(s="s"))
        connection.execute("INSERT INTO s.migrations VALUES (1, 'the first tables', now()::TIMESTAMP)")
    return open_store(store.path)


def check(store):
    assert store.params("old") == {"C": 1.0}
    assert store.metrics("old") == {"auc": 0.7}
    (cell,) = store.cells("old")
    assert (cell.cell, cell.position, cell.started, cell.facts) == ("id", 1, None, None)
    (dataset,) = store.datasets("old")
    assert (dataset.fingerprint, dataset.content, dataset.origins) == ("f", None, None)
    assert store.environment("old").memory_bytes is None
    assert store.fits("old") == store.seeds("old") == []


def test_an_older_database_is_read_without_being_changed(old):
    before = (old.path / "main.duckdb").read_bytes()
    check(old)
    assert (old.path / "main.duckdb").read_bytes() == before


def test_an_older_database_is_brought_to_this_schema_by_a_fold(old):
    journal = old.open_journal(old.new_run_id())
    journal.record(RunRevision(experiment="flights", name="new", status="running"))
    journal.record(Param(key="C", value=2.0, is_default=True))
    journal.record(Text(sha256="sha", text="a = 1"))
    journal.record(Cell(position=1, source="sha", status="ok", facts=3, is_before=False))
    check(old)
    assert old.cells("new")[0].facts == 3
    journal.close()
    old.fold()
    check(old)
    assert old.cells("new")[0].facts == 3
    assert old.sql("SELECT is_default FROM params WHERE run <> 'a'")["is_default"].tolist() == [True]


def test_every_number_is_used_once_and_every_kind_has_a_table():
    assert [migration.number for migration in MIGRATIONS] == list(range(1, SCHEMA + 1))
    created = " ".join(statement for migration in MIGRATIONS for statement in migration.statements)
    assert all(f".{table} (" in created for table in FACT_TABLES.values())
