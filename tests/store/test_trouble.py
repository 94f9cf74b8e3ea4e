"""Full disks, forbidden folders, foreign tools: logging goes on, reading answers, and nothing recorded is lost."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from mlops_magics.errors import StoreError
from mlops_magics.records import Note, Param, RunRevision
from mlops_magics.store import open_store
from mlops_magics.store.journal import Journal
from mlops_magics.store.location import StoreWarning

posix = pytest.mark.skipif(os.name != "posix", reason="resource limits and users are POSIX")


def values(store, run) -> list[float]:
    return store.history(run)["value"].tolist()


FULL_DISK = """
import json, resource, signal, sys, warnings
from mlops_magics.records import Note, RunRevision
from mlops_magics.store import open_store

def leave(free):
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
journal = open_store(sys.argv[1]).open_journal(sys.argv[2])
journal.record(RunRevision(experiment="full", name="full", status="running"))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    leave(journal.size_bytes() + 200)
    for step in range(100):
        journal.metric("a", float(step), step)
    journal.metrics({"b": 1.0, "c": 2.0}, 1)
    journal.record(Note(text="lost"))
    journal.record(Note(text="lost and large" * 100_000))
    lost = journal.lost
    leave(soft)
    for step in range(100, 110):
        journal.metric("a", float(step), step)
    journal.record(Note(text="kept"))
assert journal.lost == lost
journal.record(RunRevision(status="finished"))
journal.close()
print(json.dumps({"lost": lost, "said": [str(warning.message) for warning in said]}))
"""


@posix
def test_a_full_disk_costs_what_was_logged_meanwhile_and_nothing_after(store, script, answer):
    run = store.new_run_id()
    report = answer(script(FULL_DISK, store.path, run))
    kept = values(store, run)
    before = kept[: kept.index(100.0)]
    assert before == [float(step) for step in range(len(before))]
    assert 0 < len(before) < 10
    assert kept[len(before) :] == [float(step) for step in range(100, 110)]
    assert report["lost"] == 100 - len(before) + 3
    assert len(report["said"]) == 1
    assert "not recorded: " in report["said"][0]
    assert [note.text for note in store.notes(run)] == ["kept"]
    assert store.find(run).status == "finished"
    assert not [path for path in (store.path / "blob").rglob("*") if path.is_file()]


NO_ROOM_TO_FOLD = """
import json, resource, signal, sys
from mlops_magics.records import RunRevision
from mlops_magics.store import open_store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
store = open_store(sys.argv[1])
run = store.new_run_id()
for part in range(2):
    journal = store.open_journal(run)
    journal.record(RunRevision(experiment="full", name="full", status="running"))
    for step in range(500):
        journal.metric("a", float(step + 500 * part), step + 500 * part)
    journal.close()
    if part == 0 and sys.argv[2] == "grown":
        store.fold()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
reason = store.fold().reason
meanwhile = store._rows("SELECT count(*) FROM metrics")[0][0]
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
afterwards = store.fold().reason
points = store._rows("SELECT count(*) FROM metrics")[0][0]
journals = len(list((store.path / "journal").glob("*.jsonl")))
print(json.dumps({"reason": reason, "meanwhile": meanwhile, "afterwards": afterwards, "points": points,
                  "journals": journals}))
"""


@posix
@pytest.mark.parametrize("database", ["new", "grown"])
def test_no_room_to_fold_loses_nothing(database, store, script, answer):
    report = answer(script(NO_ROOM_TO_FOLD, store.path, database))
    assert report.pop("reason") is not None
    assert report == {"meanwhile": 1000, "afterwards": None, "points": 1000, "journals": 0}


@pytest.fixture
def public():
    """A folder that others may enter, unlike those pytest makes."""
    folder = Path(tempfile.mkdtemp(prefix="mlops-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


READ_ONLY = """
import json, os, sys, tempfile, warnings
from mlops_magics.errors import StoreError
from mlops_magics.records import Note, RunRevision
from mlops_magics.store import open_store
place, run = sys.argv[1:]
# Everything is imported before the rights are given away: the interpreter may be somewhere private.
with tempfile.TemporaryDirectory() as folder:
    warm = open_store(folder + "/.mlops")
    warm.record(warm.new_run_id(), RunRevision(experiment="e", name="n", status="finished"))
    warm.find("n"), warm.fold()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
store = open_store(place)
answers = {"points": store.metrics(run), "status": store.find(run).status,
           "runs": len(store.all_runs()), "reason": store.fold().reason, "notice": store.notice}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    journal = store.open_journal(run)
    journal.metric("a", 9.0, 9)
    journal.record(Note(text="nowhere"))
    journal.close()
answers |= {"said": len(said), "lost": journal.lost}
try:
    store.record(run, Note(text="nowhere"))
except StoreError as error:
    answers["error"] = str(error)
try:
    open_store(place + "/deeper/.mlops").open_journal()
except StoreError as error:
    answers["nowhere"] = str(error)
print(json.dumps(answers))
"""


@posix
@pytest.mark.parametrize("state", ["tail", "folded", "mixed", "damaged"])
def test_a_store_that_may_only_be_read_is_read(state, public, script, answer):
    store = open_store(public / ".mlops")
    run = store.new_run_id()
    for part in range(2):
        store.record(run, RunRevision(experiment="e", name="n", status="running"))
        journal = store.open_journal(run)
        journal.metric(f"part {part}", float(part), part)
        journal.close()
        if state == "damaged":
            with journal.path.open("ab") as file:
                file.write(b"garbage\n")
        if state == "folded" or (state == "mixed" and part == 0):
            store.fold()
    for path in (store.path, *store.path.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()}
    report = answer(script(READ_ONLY, store.path, run), quiet=False)
    assert {path: path.read_bytes() for path in store.path.rglob("*") if path.is_file()} == before
    for path in (store.path, *store.path.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert report["points"] == {"part 0": 0.0, "part 1": 1.0}
    assert report["status"] == "interrupted"
    assert (report["runs"], report["notice"]) == (1, None)
    assert report["reason"] == "the store cannot be written to: Permission denied"
    assert (report["said"], report["lost"]) == (1, 2)
    assert report["error"].startswith("1 of 1 records could not be written")
    assert "no store can be made at" in report["nowhere"]
    assert store.fold().reason is None
    assert values(store, run) == [0.0, 1.0]


HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("SELECT 1")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_foreign_tool_that_holds_the_database_stops_nobody(store, begin, script):
    import subprocess

    journal = begin()
    journal.metric("a", 1.0, 1)
    store.fold()
    gone = begin(name="gone")
    gone.metric("a", 5.0, 5)
    gone.close()
    holder = script(HOLDER, store.path / "main.duckdb", stdin=subprocess.PIPE)
    assert holder.stdout.readline() == "held\n"

    journal.metric("a", 2.0, 2)
    journal.record(Note(text="while held"))
    assert journal.lost == 0
    points = store.sql("SELECT value FROM metrics ORDER BY value")["value"].tolist()
    assert points == [1.0, 2.0, 5.0]
    assert f"process {holder.pid}" in store.notice
    assert "has the store's database open for writing" in store.notice
    assert store.find("gone").status == "interrupted"
    assert [note.text for note in store.notes("baseline")] == ["while held"]
    report = store.fold()
    assert f"process {holder.pid}" in report.reason
    assert (report.lines, report.journals) == (0, 0)
    with pytest.raises(StoreError, match=f"process {holder.pid}"):
        store.optimize()

    holder.communicate("")
    assert store.fold().reason is None
    assert store.sql("SELECT value FROM metrics ORDER BY value")["value"].tolist() == [1.0, 2.0, 5.0]
    assert store.notice is None
    store.optimize()
    assert store.sql("SELECT count(*) AS n FROM metrics")["n"][0] == 3
    assert not gone.path.exists()


FOREIGN_READER = HOLDER.replace("sys.argv[1])", "sys.argv[1], read_only=True)")


def test_a_foreign_reader_delays_folds_and_nothing_else(store, begin, script):
    import subprocess

    journal = begin()
    journal.metric("a", 1.0, 1)
    store.fold()
    reader = script(FOREIGN_READER, store.path / "main.duckdb", stdin=subprocess.PIPE)
    assert reader.stdout.readline() == "held\n"
    journal.metric("a", 2.0, 2)
    assert store.fold().reason is not None
    assert values(store, journal.run) == [1.0, 2.0]
    assert store.notice is None
    reader.communicate("")
    assert store.fold().reason is None
    assert values(store, journal.run) == [1.0, 2.0]


def test_a_file_in_the_place_of_the_store_is_named(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(StoreError, match=r"notes\.txt is a file, not a store folder"):
        open_store(file)
    assert file.read_text() == "mine"


def test_a_store_that_is_not_there_is_empty_and_stays_away(tmp_path):
    store = open_store(tmp_path / "absent")
    assert store.runs().empty
    assert store.all_runs() == []
    assert store.sql("SELECT * FROM metrics").empty
    assert store.fold().lines == 0
    store.optimize()
    assert set(store.sizes().values()) == {0}
    assert not store.path.exists()


def test_a_store_without_its_empty_folders_is_whole_again_when_written(store, begin):
    """Archives and version control leave empty folders and lock files out."""
    begin().close()
    store.fold()
    for folder in ("journal", "lock"):
        shutil.rmtree(store.path / folder)
    moved = open_store(store.path)
    assert len(moved.all_runs()) == 1
    run = moved.new_run_id()
    moved.record(run, RunRevision(experiment="e", name="later", status="finished"))
    assert len(moved.all_runs()) == 2


@pytest.mark.parametrize("name", ["else where", "it's", 'a"b', "ünï", "[ab]*", "100%", "a;b"])
def test_a_moved_store_works_and_knows_no_path(name, store, begin, tmp_path):
    journal = begin()
    journal.metric("a", 1.0, 1)
    store.fold()
    journal.metric("a", 2.0, 2)
    journal.record(Param(key="large", value="x" * 2_000_000))
    journal.close()
    old = store.path
    new = tmp_path / name / ".mlops"
    new.parent.mkdir()
    shutil.move(old, new)
    moved = open_store(new)
    assert values(moved, "baseline") == [1.0, 2.0]
    moved.fold()
    assert moved.params("baseline") == {"large": "x" * 2_000_000}
    another = moved.open_journal(moved.find("baseline").id)
    another.metric("a", 3.0, 3)
    another.close()
    assert values(moved, "baseline") == [1.0, 2.0, 3.0]
    for path in new.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert os.fsencode(old) not in content, path
            assert os.fsencode(new) not in content, path


def test_a_journal_that_cannot_be_made_warns_once(store, begin):
    begin().close()
    store.fold()
    shutil.rmtree(store.path / "journal")
    (store.path / "journal").write_text("in the way")
    with pytest.raises(StoreError, match="no store can be made"):
        store.open_journal()
    (store.path / "journal").unlink()
    with pytest.warns(StoreWarning, match="not recorded: "):
        journal = Journal(store._layout, store.new_run_id())
    # Said once: a second warning would be an error here.
    journal.metric("a", 1.0, 1)
    journal.metrics({"a": 1.0}, 1)
    assert journal.lost == 2
    journal.close()
