"""Who looks on sees what is so, whoever folds meanwhile, and writes nothing."""

import orjson
import pytest

from mlops_magics.errors import StoreError
from mlops_magics.records import Artifact, Judged, RunRevision, Tag
from mlops_magics.store import open_store
from mlops_magics.store.journal import Journal
from mlops_magics.store.queries import Store
from mlops_magics.store.watch import CHUNK_BYTES, NEWEST, Watch
from mlops_magics.store.watched import WatchedRun


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(tmp_path / ".mlops")


def begin(store: Store, name: str = "run") -> Journal:
    journal = store.open_journal(store.new_run_id())
    journal.record(RunRevision(experiment="flights", name=name, status="running"))
    return journal


def statuses(watch: Watch) -> dict[str, str]:
    return {run.name: run.status for run in runs_of(watch)}


def runs_of(watch: Watch) -> list[WatchedRun]:
    """From the oldest on."""
    return sorted((run for one in watch.look().experiments for run in one.newest), key=lambda run: run.started)


def test_a_store_that_is_not_there_yet_is_empty_until_it_is(tmp_path, store) -> None:
    watch = Watch(store.path)
    assert watch.look().experiments == ()
    journal = begin(store)
    assert statuses(watch) == {"run": "running"}
    journal.close()


def test_while_nothing_happens_it_is_the_same_answer(store) -> None:
    journal, watch = begin(store), Watch(store.path)
    first = watch.look()
    assert watch.look() is first
    journal.metric("loss", 0.5, 3)
    second = watch.look()
    assert second.stamp != first.stamp
    (run,) = second.live
    assert (run.last.key, run.last.value, run.last.step) == ("loss", 0.5, 3)
    journal.close()


def test_a_run_ends_or_is_interrupted(store) -> None:
    ended, died, watch = begin(store, "ended"), begin(store, "died"), Watch(store.path)
    assert statuses(watch) == {"ended": "running", "died": "running"}
    ended.record(RunRevision(status="finished"))
    ended.close()
    died.close()
    assert statuses(watch) == {"ended": "finished", "died": "interrupted"}


def test_what_is_folded_meanwhile_is_neither_lost_nor_doubled(store) -> None:
    watch = Watch(store.path)
    journals = [begin(store, f"run{number}") for number in range(3)]
    for number, journal in enumerate(journals):
        assert watch.look().count == 3
        journal.record(Judged(question="drift", subject="july", verdict="fail", detail={}))
        journal.record(Artifact(name="model", type="model", sha256="0" * 64, size_bytes=number))
        if number != 1:
            store.fold()
        journal.record(RunRevision(name=f"renamed{number}", status="finished"))
        journal.close()
        if number == 2:
            store.fold()
    seen = watch.look()
    assert [run.name for run in runs_of(watch)] == ["renamed0", "renamed1", "renamed2"]
    assert {run.status for run in runs_of(watch)} == {"finished"}
    assert [len(model.verdicts) for model in seen.models] == [1, 1, 1]
    assert seen.count == 3


def test_it_says_what_the_store_says(store) -> None:
    """Also of a run that was renamed, folded, and revised by another journal."""
    first = begin(store, "before")
    first.close()
    store.fold()
    store.record(first.run, RunRevision(name="after", message="again"))
    watch, known = Watch(store.path), store.all_runs()
    assert [(run.id, run.name, run.status, run.message) for run in runs_of(watch)] == [
        (run.id, run.name, run.status, run.message) for run in known
    ]


def test_of_many_runs_all_are_counted_and_the_newest_told(store) -> None:
    """Whether they are folded, have a journal, or both, and parts of others not at all."""
    for number in range(NEWEST + 5):
        journal = begin(store, f"run{number}")
        journal.record(RunRevision(status="finished", source="notebook.ipynb"))
        journal.close()
        part = store.open_journal(store.new_run_id())
        part.record(RunRevision(experiment="flights", name="part", status="finished", parent=journal.run))
        part.close()
        if number == 10:
            resumed = journal.run
            store.fold()
    resume = store.open_journal(resumed)
    resume.record(RunRevision(status="running"))
    watch = Watch(store.path)
    for _ in range(2):
        (told,) = watch.look().experiments
        assert (told.runs, told.running) == (NEWEST + 5, 1)
        assert [run.name for run in told.newest] == [f"run{NEWEST + 4 - number}" for number in range(NEWEST)]
        assert watch.look().sources["notebook.ipynb"].id == resumed
        store.fold()
    resume.close()


def test_the_last_point_is_found_behind_what_the_cell_was(store) -> None:
    journal, watch = begin(store), Watch(store.path)
    journal.metric("loss", 0.25, 3)
    for number in range(5):
        journal.record(Tag(key=f"tag{number}", value="x"))
    assert [(run.last.key, run.last.value) for run in runs_of(watch)] == [("loss", 0.25)]
    journal.record(Tag(key="later", value="x"))
    assert [(run.last.key, run.last.value) for run in runs_of(watch)] == [("loss", 0.25)]
    journal.close()


def test_points_and_long_lines_are_stepped_over_and_a_torn_one_hides_nothing(store) -> None:
    journal, watch = begin(store), Watch(store.path)
    watch.look()
    torn = b'{"t":1,"w":2,"k":"text","d":{"text":"' + b"x" * (CHUNK_BYTES + 10)
    end = orjson.dumps({"t": 4_000_000_000_000_000, "w": 2, "k": "run", "d": {"status": "finished", "name": "found"}})
    with journal.path.open("ab") as file:
        file.write(torn + end + b"\n")
    assert statuses(watch) == {"found": "finished"}
    journal.close()


def test_who_reads_only_writes_nothing(store) -> None:
    journal = begin(store)
    journal.record(Tag(key="team", value="ops"))
    journal.close()
    read = open_store(store.path, read_only=True)
    assert not store._layout.database.exists()
    assert read.tags("run") == {"team": "ops"}
    assert read.fold().reason
    assert not store._layout.database.exists()
    assert journal.path.exists()
    for write in (lambda: read.open_journal("x"), lambda: read.record("x", Tag(key="a", value="b")), read.optimize):
        with pytest.raises(StoreError, match="reading only"):
            write()


def test_who_never_folds_reads_the_journals_in_question_first(store, monkeypatch) -> None:
    from mlops_magics.store import access

    noisy, quiet = begin(store, "noisy"), begin(store, "quiet")
    for step in range(2000):
        noisy.metric("loss", 1.0, step)
    quiet.metric("loss", 0.5, 1)
    monkeypatch.setattr(access, "READ_BYTES", 4096)
    read = open_store(store.path, read_only=True)
    with read.focused(quiet.run):
        assert read.metrics(quiet.run) == {"loss": 0.5}
    noisy.close()
    quiet.close()
