"""Whatever a disk does to a journal, the records around the damage survive, and the damage is kept and counted."""

import json
import shutil

import duckdb
import pytest

from mlops_magics.errors import StoreError
from mlops_magics.records import Note
from mlops_magics.store import open_store

OWN = b"WRITER"
"""Stands for the number of the journal's own writer."""

DAMAGE = {
    "garbage": (b"this is no record\n", 1),
    "three lines of garbage": (b"a\n{\n\xff\xfe\n", 3),
    "binary zeros": (b"\0" * 4096 + b"\n", 1),
    "zeros right before a record": (b"\0" * 512, 1),
    "a line of 5 MB": (b"x" * 5_000_000 + b"\n", 1),
    "a text of 5 MB that never ends": (b'{"t":1,"w":WRITER,"n":"' + b"x" * 5_000_000 + b"\n", 1),
    "deep nesting": (b"[" * 100_000 + b"\n", 1),
    "the line of another writer": (b'{"t":1,"w":1,"n":"a","v":9,"s":9}\n', 1),
    "an object that is no record": (b'{"hello":1}\n', 1),
    "a record of nothing": (b'{"t":1,"w":WRITER}\n', 1),
    "an array": (b"[1,2]\n", 1),
    "null": (b"null\n", 1),
    "a number": (b"17\n", 1),
    "torn": (b'{"t":1,"w":', 1),
    "torn in a text": (b'{"t":1,"w":WRITER,"k":"note","d":{"text":"it was', 1),
    "torn twice": (b'{"t":1,"w"{"t":2,"w":WRITER,"n":"a"', 1),
    "torn at its last brace": (b'{"t":1,"w":WRITER,"n":"a","v":9,"s":9', 1),
    "blank lines": (b"\n  \n\r\n", 0),
    "a value that is a text": (b'{"t":1,"w":WRITER,"n":"a","v":"much","s":9}\n', 1),
    "a value that is null": (b'{"t":1,"w":WRITER,"n":"a","v":null,"s":9}\n', 1),
    "a value that is missing": (b'{"t":1,"w":WRITER,"n":"a","s":9}\n', 1),
    "one of several values a text": (b'{"t":1,"w":WRITER,"m":{"a":9,"b":"much"},"s":9}\n', 1),
    "one of several values null": (b'{"t":1,"w":WRITER,"m":{"a":9,"b":null},"s":9}\n', 1),
    "a time beyond all calendars": (b'{"t":9223372036854775807,"w":WRITER,"n":"a","v":9,"s":9}\n', 1),
    "no time": (b'{"w":WRITER,"n":"a","v":9,"s":9}\n', 1),
    "no UTF-8": (b'{"t":1,"w":WRITER,"n":"a\xff","v":9,"s":9}\n', 1),
    "half a surrogate": (b'{"t":1,"w":WRITER,"n":"\\ud800","v":9,"s":9}\n', 1),
    "something behind a record": (b'{"t":1,"w":WRITER,"n":"a","v":9,"s":9} and\n', 1),
    "a record whose blob is gone": (b'{"t":1,"w":WRITER,"k":"note","b":"' + b"0" * 64 + b'"}\n', 1),
    "a record whose blob is a path": (b'{"t":1,"w":WRITER,"k":"note","b":"/etc/hostname"}\n', 1),
}


def append(journal, content: bytes) -> None:
    with journal.path.open("ab") as file:
        file.write(content.replace(OWN, str(journal._writer).encode()))


def values(store, run) -> list[tuple[str, int, float]]:
    return list(store.history(run)[["key", "step", "value"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("name", DAMAGE)
def test_records_around_damage_survive(name, store, begin, ledger):
    damage, lines = DAMAGE[name]
    journal = begin()
    journal.metric("a", 1.0, 1)
    append(journal, damage)
    journal.metrics({"t": 2.0, "w": 3.0}, 2)
    append(journal, damage)
    journal.record(Note(text='it went {"t":1} on'))
    expected = [("a", 1, 1.0), ("t", 2, 2.0), ("w", 2, 3.0)]
    assert values(store, journal.run) == expected
    assert [note.text for note in store.notes(journal.run)] == ['it went {"t":1} on']
    journal.close()
    assert store.fold().reason is None
    assert values(store, journal.run) == expected
    assert [note.text for note in store.notes(journal.run)] == ['it went {"t":1} on']
    assert ledger("SELECT sum(corrupt)::INT FROM journals") == 2 * lines
    assert not journal.path.exists()
    quarantined = store.path / "quarantine" / f"{journal.path.stem}.txt"
    assert quarantined.exists() == bool(lines)
    if lines:
        assert len(quarantined.read_bytes().splitlines()) == 2 * lines


def test_what_was_no_record_is_kept_word_for_word(store, begin):
    journal = begin()
    append(journal, b"first\nsecond\n")
    append(journal, b'{"t":1,"w":')
    journal.close()
    store.fold()
    quarantined = store.path / "quarantine" / f"{journal.path.stem}.txt"
    assert quarantined.read_bytes() == b'first\nsecond\n{"t":1,"w":\n'


def test_the_torn_last_line_of_a_dead_writer_is_passed_over_once(store, begin, ledger):
    journal = begin()
    journal.metric("a", 1.0, 1)
    append(journal, b'{"t":1,"w":WRITER,"n":"a","v":')
    assert values(store, journal.run) == [("a", 1, 1.0)]
    store.fold()
    assert ledger("SELECT sum(corrupt)::INT FROM journals") == 0  # the writer lives: it may yet become a line
    journal.close()
    store.fold()
    assert ledger("SELECT sum(corrupt)::INT FROM journals") == 1
    assert values(store, journal.run) == [("a", 1, 1.0)]
    assert not journal.path.exists()


@pytest.mark.parametrize("header", [b"", b"\n", b'{"t":1,"w":12\n', b'{"t":1,"w":12', b"\0\0\0\n"])
def test_a_torn_header_is_nobodys_secret(header, store, begin):
    journal = begin()
    journal.metric("a", 1.0, 1)
    content = journal.path.read_bytes()
    journal.close()
    journal.path.write_bytes(header + content.partition(b"\n")[2])
    store.fold()
    assert values(store, journal.run) == [("a", 1, 1.0)]


def test_an_empty_journal_is_done_with(store, begin):
    journal = begin()
    journal.close()
    journal.path.write_bytes(b"")
    assert store.fold().reason is None
    assert not list((store.path / "journal").iterdir())


def test_a_record_longer_than_any_limit_is_kept(store, begin):
    """Not one the journal would split: DuckDB's own limit for a line must not stop a fold."""
    journal = begin()
    name = "n" * 3_000_000
    journal.metric(name, 1.0, 1)
    assert store.metrics(journal.run) == {name: 1.0}
    journal.close()
    assert store.fold().reason is None
    assert store.metrics(journal.run) == {name: 1.0}


def test_folding_again_changes_nothing(store, begin, ledger):
    journal = begin()
    append(journal, b"garbage\n")
    journal.metric("a", 1.0, 1)
    assert store.fold().lines == 3
    assert store.fold().lines == 0
    journal.close()
    store.fold()
    store.fold()
    assert ledger("SELECT count(*) FROM metrics") == 1
    assert ledger("SELECT sum(corrupt)::INT FROM journals") == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_journal_restored_from_a_backup_is_not_folded_twice(share, store, begin, ledger):
    journal = begin()
    for step in range(100):
        journal.metric("a", float(step), step)
    journal.close()
    content = journal.path.read_bytes()
    store.fold()
    assert not journal.path.exists()
    # The backup may have been made before the journal was complete, in the middle of a line.
    journal.path.write_bytes(content[: int(len(content) * share)])
    report = store.fold()
    assert (report.lines, report.corrupt, report.reason) == (0, 0, None)
    assert ledger("SELECT count(*) FROM metrics") == 100
    assert not journal.path.exists()
    assert values(store, journal.run)[-1] == ("a", 99, 99.0)


def test_a_whole_store_restored_beside_newer_journals_folds_what_it_lacks(store, begin, tmp_path):
    journal = begin()
    journal.metric("a", 1.0, 1)
    store.fold()
    shutil.copyfile(store.path / "main.duckdb", tmp_path / "backup")
    journal.metric("a", 2.0, 2)
    store.fold()
    shutil.copyfile(tmp_path / "backup", store.path / "main.duckdb")
    assert values(open_store(store.path), journal.run) == [("a", 1, 1.0), ("a", 2, 2.0)]


def test_a_journal_of_a_newer_schema_is_left_alone(store, begin):
    newer, known = begin(name="newer"), begin(name="known")
    known.metric("a", 1.0, 1)
    newer.close()
    content = newer.path.read_bytes().replace(b'"schema":2', b'"schema":99', 1)
    newer.path.write_bytes(content)
    for _ in range(2):
        assert [run.name for run in store.all_runs()] == ["known"]
        assert store.fold().reason is None
    known.close()
    store.fold()
    assert newer.path.read_bytes() == content
    assert values(store, "known") == [("a", 1, 1.0)]


def test_a_store_of_a_newer_format_is_refused(store, begin):
    begin().close()
    settings = store.path / "store.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"format": 2}))
    with pytest.raises(StoreError, match=r"has format 2, this version knows up to 1\. Upgrade"):
        open_store(store.path)
    with pytest.raises(StoreError, match="format 2"):
        store.open_journal()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": null}'])
def test_damaged_settings_are_named(content, store, begin):
    begin().close()
    (store.path / "store.json").write_text(content)
    with pytest.raises(StoreError, match=r"store\.json is damaged|has format"):
        open_store(store.path)


def test_a_database_of_a_newer_schema_is_refused_and_loses_nothing(store, begin):
    journal = begin()
    journal.metric("a", 1.0, 1)
    store.fold()
    with duckdb.connect(str(store.path / "main.duckdb")) as connection:
        connection.execute("INSERT INTO migrations VALUES (99, 'from the future', now()::TIMESTAMP)")
    journal.metric("a", 2.0, 2)
    before = journal.path.read_bytes()
    with pytest.raises(StoreError, match=r"of schema 99, this version knows up to 2\. Upgrade"):
        store.runs()
    assert "schema 99" in store.fold().reason
    journal.close()
    assert "schema 99" in store.fold().reason
    assert journal.path.read_bytes() == before
    with duckdb.connect(str(store.path / "main.duckdb")) as connection:
        connection.execute("DELETE FROM migrations WHERE number = 99")
    assert values(store, journal.run) == [("a", 1, 1.0), ("a", 2, 2.0)]


def test_a_database_that_is_no_database_is_named_and_journals_are_kept(store, begin):
    journal = begin()
    journal.metric("a", 1.0, 1)
    (store.path / "main.duckdb").write_bytes(b"no database at all" * 1000)
    assert store.fold().reason is not None
    with pytest.raises(StoreError):
        store.runs()
    (store.path / "main.duckdb").unlink()
    assert values(store, journal.run) == [("a", 1, 1.0)]
