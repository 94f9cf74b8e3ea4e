"""Stores to break: a fresh one, journals that end with their test, and processes of their own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import duckdb
import pytest

from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
from mlops_magics.store.journal import Journal
from mlops_magics.store.queries import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(tmp_path / ".mlops")


@pytest.fixture
def begin(store) -> Iterator[Callable[..., Journal]]:
    """Begin a run and hold its journal open; ``begin(run)`` is one more writer of a run that is there."""
    journals = []

    def open_one(run: str | None = None, *, name: str = "baseline", experiment: str = "flights") -> Journal:
        journal = store.open_journal(run or store.new_run_id())
        journals.append(journal)
        if run is None:
            journal.record(RunRevision(experiment=experiment, name=name, status="running"))
        return journal

    yield open_one
    for journal in journals:
        journal.close()


@pytest.fixture
def ledger(store) -> Callable[[str], object]:
    """Ask the database file itself, beside the store object."""

    def ask(query: str) -> object:
        with duckdb.connect(str(store.path / "main.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchone()[0]

    return ask


@pytest.fixture
def script(tmp_path) -> Callable[..., subprocess.Popen]:
    """Start Python on a text in a process of its own; its folder is the test's."""
    started = []

    def start(text: str, *arguments: object, **options) -> subprocess.Popen:
        file = tmp_path / f"script{len(started)}.py"
        file.write_text(text)
        process = subprocess.Popen(
            [sys.executable, "-W", "always", str(file), *map(str, arguments)],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path} | options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def answer() -> Callable[[subprocess.Popen], dict]:
    """Wait for a script, insist that it did well and quietly, and read the JSON it printed last."""

    def wait(process: subprocess.Popen, *, quiet: bool = True) -> dict:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert not quiet or err == ""
        return json.loads(out.splitlines()[-1])

    return wait
