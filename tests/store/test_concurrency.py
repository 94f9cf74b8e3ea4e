"""Threads, forks and processes share a store, and each of their records arrives once."""

import os
import signal
import subprocess
import threading
import time

import pytest

from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
from mlops_magics.store.journal import open_journals
from mlops_magics.store.locks import FileLock, holding, taking_turns

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def test_threads_log_into_one_journal_while_another_reads_and_folds(store, begin):
    journal = begin()
    failures: list[BaseException] = []
    seen: list[int] = []
    done = threading.Event()

    def log(name: str) -> None:
        for step in range(3000):
            journal.metric(name, float(step), step)

    def read(own) -> None:
        while not done.is_set():
            seen.append(len(own.history("baseline")))
            own.fold()

    def guarded(work, *arguments) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    readers = [guarded(read, store), guarded(read, store), guarded(read, open_store(store.path))]
    writers = [guarded(log, name) for name in "abcd"]
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert len(seen) > 0
    points = store.sql("SELECT key, count(*), count(DISTINCT step) FROM metrics GROUP BY key ORDER BY key")
    assert points.to_numpy().tolist() == [[name, 3000, 3000] for name in "abcd"]


def test_journals_come_and_go_in_threads(store):
    """The keeper walks the open journals while others open and close theirs."""
    failures: list[BaseException] = []
    done = threading.Event()

    def come_and_go() -> None:
        try:
            for _ in range(50):
                store.record(store.new_run_id(), RunRevision(experiment="e", name="n", status="finished"))
        except BaseException as error:
            failures.append(error)

    def walk() -> None:
        try:
            while not done.is_set():
                open_journals()
        except BaseException as error:
            failures.append(error)

    walker = threading.Thread(target=walk)
    walker.start()
    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    walker.join()
    assert failures == []
    assert len(store.all_runs()) == 150


FORK = """
import json, os, sys, multiprocessing
from mlops_magics.records import Note, RunRevision
from mlops_magics.store import open_store
place, run = sys.argv[1:]
store = open_store(place)
journal = store.open_journal(run)
journal.record(RunRevision(experiment="fork", name="fork", status="running"))
closed = store.open_journal()
closed.close()

def work(first):
    for step in range(first, first + 500):
        journal.metric("a", float(step), step)
    journal.metrics({"b": 1.0}, first)
    journal.record(Note(text=f"from {first}"))
    closed.metric("never", 1.0, 1)
    assert journal.lost == 0, journal.lost
    assert len(store.all_runs()) == 1

store.all_runs()
journal.metric("a", 0.0, 0)
context = multiprocessing.get_context("fork")
children = [context.Process(target=work, args=(first,)) for first in (1000, 2000, 3000)]
for child in children:
    child.start()
for step in range(1, 500):
    journal.metric("a", float(step), step)
for child in children:
    child.join()
assert [child.exitcode for child in children] == [0, 0, 0]
child = os.fork()
if not child:
    work(4000)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
journal.metric("a", 9999.0, 9999)
statuses = [store.find(run).status]
journal.record(RunRevision(status="finished"))
journal.close()
print(json.dumps({"statuses": statuses, "lost": journal.lost}))
"""


@forks
def test_parent_and_children_of_a_fork_log_each_into_their_own(store, script, answer):
    run = store.new_run_id()
    assert answer(script(FORK, store.path, run), quiet=False) == {"statuses": ["running"], "lost": 0}
    steps = store.history(run, "a")["step"].tolist()
    assert steps == [*range(500), *range(1000, 1500), *range(2000, 2500), *range(3000, 3500), *range(4000, 4500), 9999]
    assert sorted(note.text for note in store.notes(run)) == [f"from {first}" for first in (1000, 2000, 3000, 4000)]
    assert store.metric_names() == ["a", "b"]
    assert store.find(run).status == "finished"


ORPHAN = """
import os, sys, time
from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
place, run, logs = sys.argv[1:]
journal = open_store(place).open_journal(run)
journal.record(RunRevision(experiment="fork", name="fork", status="running"))
child = os.fork()
if child:
    print(child, flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), 9)
if logs == "logs":
    journal.metric("a", 1.0, 1)
time.sleep(60)
"""


@forks
@pytest.mark.parametrize("logs", ["logs", "silent"])
def test_a_run_is_interrupted_when_its_last_writer_is_gone(logs, store, script):
    run = store.new_run_id()
    parent = script(ORPHAN, store.path, run, logs, stdin=subprocess.PIPE)
    child = int(parent.stdout.readline())
    deadline = time.monotonic() + 20
    while logs == "logs" and not len(store.history(run)) and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        assert store.find(run).status == "running"
        parent.stdin.write("\n")
        parent.stdin.flush()
        assert parent.wait(20) == -signal.SIGKILL
        # A child that never logged is no writer, though it inherited everything.
        expected = "running" if logs == "logs" else "interrupted"
        assert store.find(run).status == expected
        store.fold()
        assert store.find(run).status == expected
    finally:
        os.kill(child, signal.SIGKILL)
    while store.find(run).status == "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert store.find(run).status == "interrupted"
    store.fold()
    assert store.find(run).status == "interrupted"


@forks
def test_a_childs_exit_leaves_its_parent_alive(store, script):
    run = store.new_run_id()
    text = ORPHAN.replace("time.sleep(60)", "os._exit(0)").replace("print(child", "os.waitpid(child, 0); print(child")
    parent = script(text, store.path, run, "logs", stdin=subprocess.PIPE)
    parent.stdout.readline()
    for _ in range(2):
        assert store.find(run).status == "running"
        store.fold()
    parent.stdin.write("\n")
    parent.stdin.flush()
    parent.wait(20)
    assert store.find(run).status == "interrupted"


HELD_AT_FORK = """
import os, sys, threading, time
from pathlib import Path
from mlops_magics.store.locks import holding
got, go = threading.Event(), threading.Event()
def hold():
    with holding(Path(sys.argv[1])):
        got.set()
        go.wait()
thread = threading.Thread(target=hold)
thread.start()
got.wait()
if not os.fork():
    time.sleep(60)
    os._exit(0)
go.set()
thread.join()
print("released", flush=True)
sys.stdin.readline()
"""


MANY_JOURNALS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
store = open_store(sys.argv[1])
for number in range(300):
    store.record(store.new_run_id(), RunRevision(experiment="e", name=f"run-{number}", status="finished"))
journals = store.path / "journal"
print(len(list(journals.glob("*.jsonl"))), len(store.all_runs()), len(list(journals.iterdir())))
"""


@forks
def test_a_lock_held_by_a_thread_is_not_taken_along_by_a_fork(tmp_path, script):
    process = script(HELD_AT_FORK, tmp_path / "lock", start_new_session=True, stdin=subprocess.PIPE)
    try:
        assert process.stdout.readline() == "released\n"
        with holding(tmp_path / "lock", wait_seconds=5) as got:
            assert got
    finally:
        os.killpg(process.pid, signal.SIGKILL)


def test_a_run_begun_while_a_reader_opens_the_store_is_running(store, begin):
    """Its first lines may be folded by others, but not while a reader looks."""
    begin(name="first")
    with store.snapshot():
        begin(name="late")
        assert open_store(store.path).fold().reason == "readers kept the database"
        assert {run.name: run.status for run in store.all_runs()} == {"first": "running"}
    open_store(store.path).fold()
    assert store.find("late").status == "running"


def test_a_thousand_journals_need_no_thousand_descriptors(tmp_path, script):
    """Nobody read between 300 runs, and the system allows this process 100 open files."""
    process = script(MANY_JOURNALS, tmp_path / ".mlops")
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("300 300 0\n", "")


def test_the_end_of_an_interrupted_run_is_that_of_its_last_journal(store, begin):
    journal = begin()
    for _ in range(3):
        time.sleep(0.02)
        another = begin(journal.run)
        another.record(RunRevision(name="renamed"))
        another.close()
    journal.close()
    for _ in range(2):
        run = store.find("renamed")
        assert run.status == "interrupted"
        assert run.seconds >= 0.05
        store.fold()


def test_a_reader_gets_in_while_a_folder_waits_for_a_long_reader(tmp_path):
    """The turnstile is there for folders, and must not make readers fail one after the other."""
    lock, turn = tmp_path / "db.lock", tmp_path / "turn.lock"
    long_reader = FileLock(lock, shared=True)
    assert long_reader.acquire()
    stop = threading.Event()

    def fold() -> None:
        while not stop.is_set():
            with taking_turns(lock, turn, shared=False, wait_seconds=1.0) as got:
                assert not got

    folders = [threading.Thread(target=fold) for _ in range(3)]
    for thread in folders:
        thread.start()
    try:
        for _ in range(3):
            with taking_turns(lock, turn, shared=True, wait_seconds=1.0) as got:
                assert got
    finally:
        stop.set()
        for thread in folders:
            thread.join()
        long_reader.release()


def test_a_folder_gets_in_between_readers_without_a_pause(tmp_path):
    lock, turn = tmp_path / "db.lock", tmp_path / "turn.lock"
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with taking_turns(lock, turn, shared=True, wait_seconds=5.0):
                time.sleep(0.02)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    try:
        for _ in range(5):
            with taking_turns(lock, turn, shared=False, wait_seconds=5.0) as got:
                assert got
    finally:
        stop.set()
        for thread in readers:
            thread.join()


def test_folding_inside_a_snapshot_waits_for_its_end(store, begin):
    journal = begin()
    journal.metric("a", 1.0, 1)
    with store.snapshot():
        assert store.fold().reason == "a snapshot of this store is open"
        assert len(store.history("baseline")) == 1
    assert store.fold().reason is None


def test_a_run_is_interrupted_while_another_process_keeps_the_folding(store, begin):
    """All of it is folded, nothing is left to read, and nobody can write its end down yet."""
    journal = begin()
    store.fold()
    with holding(store.path / "lock" / "fold.lock"):
        assert store.find("baseline").status == "running"
        journal.close()
        assert store.find("baseline").status == "interrupted"
        assert store.fold().reason == "another process is folding"
    store.fold()
    assert store.find("baseline").status == "interrupted"
