"""A Jupyter server as it is started by people, in a folder with stores, asked over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mlops_magics import open_store
from mlops_magics.records import Cell, Record, RunRevision, Text
from mlops_magics.store.queries import Store

TOKEN = "of-the-tests"


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server and its root."""

    root: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def ask(self, name: str, *, token: str | None = TOKEN, verb: str = "GET", body: Any = None, **words: Any) -> Reply:
        """One request below ``/mlops/``."""
        query = urlencode(words, doseq=True)
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/mlops/{name}?{query}", method=verb)
        if token is not None:
            request.add_header("Authorization", f"token {token}")
        if body is not None:
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the tests of a worker; each test has a folder of its own in its root."""
    place = tmp_path_factory.mktemp("server")
    root, port = place / "root", _free_port()
    root.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "MLOPS_STORE"}
    environment |= {f"JUPYTER_{what}_DIR": str(place / what) for what in ("CONFIG", "DATA", "RUNTIME")}
    config = {"ServerApp": {"jpserver_extensions": {"mlops_magics": True}}}
    (place / "CONFIG").mkdir()
    (place / "CONFIG" / "jupyter_server_config.json").write_text(json.dumps(config), encoding="utf-8")
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", f"--ServerApp.port={port}",
             "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={TOKEN}",
             "--ServerApp.allow_root=True", "--ServerApp.ip=127.0.0.1"],
            cwd=root, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    found = Server(root, port, process)
    end = time.monotonic() + 60
    while not _answers(found):
        assert time.monotonic() < end, (place / "log").read_text(encoding="utf-8")
        time.sleep(0.1)
    yield found
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(server: Server) -> bool:
    try:
        return server.ask("overview").status == 200
    except OSError:
        return False


@pytest.fixture
def folder(server: Server, tmp_path: Path) -> Path:
    """A folder of this test in the server's root."""
    made = server.root / tmp_path.name
    made.mkdir()
    return made


@pytest.fixture
def notebook(server: Server, folder: Path) -> str:
    """The path of a notebook in it, which need not exist."""
    return (folder.relative_to(server.root) / "flights.ipynb").as_posix()


@pytest.fixture
def store(folder: Path) -> Store:
    """The store in it."""
    return open_store(folder / ".mlops")


@pytest.fixture
def add(store: Store) -> Callable[..., str]:
    """Write a run of a notebook with cells (id, source, facts); returns its id."""

    def one(
        name: str = "baseline",
        *records: Record,
        cells: Sequence[tuple[str, str, int]] = (),
        metrics: dict[str, float] | None = None,
        ends: bool = True,
        notebook: str = "flights.ipynb",
    ) -> str:
        run = store.new_run_id()
        journal = store.open_journal(run)
        journal.record(RunRevision(experiment="flights", name=name, status="running", source=notebook))
        for position, (cell, source, facts) in enumerate(cells, 1):
            text = Text.of(source)
            journal.record(text)
            journal.record(
                Cell(
                    cell=cell, position=position, execution_count=position, source=text.sha256, status="ok", facts=facts
                )
            )
        for record in records:
            journal.record(record)
        if metrics:
            journal.metrics(metrics, None)
        if ends:
            journal.record(RunRevision(status="finished"))
            journal.close()
        else:
            _open.append(journal)
        return run

    _open: list[Any] = []
    yield one
    for journal in _open:
        journal.close()
