"""A person at a notebook: a real shell in this process whose runs are replayed in real kernels."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from mlops_magics.records import Cell, Environment, Run, RunRevision, Text, encode
from mlops_magics.store import open_store
from mlops_magics.store.queries import Store
from tests.settling import settle


class Notebook:
    """Cells by id, executed in whatever order, edited on the way."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.run("%load_ext mlops_magics", "load")

    def run(self, source: str, cell: str | None = None, *, fails: bool = False) -> None:
        with capture_output():
            result = self.shell.run_cell(source, store_history=True, cell_id=cell)
        error = result.error_before_exec or result.error_in_exec
        assert bool(error) == fails, error

    def run_all(self, *sources: str) -> None:
        for place, source in enumerate(sources):
            self.run(source, f"cell-{place}")
        settle()


@pytest.fixture
def notebook(tmp_path, monkeypatch) -> Iterator[Notebook]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    yield Notebook(shell)
    shell.run_cell("%unload_ext mlops_magics")
    shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()
    settle()


@pytest.fixture
def store() -> Store:
    """The store that cells write to: the one of the test's folder."""
    return open_store()


@pytest.fixture
def write(store) -> Callable[..., Run]:
    """Write a finished run fact by fact; its cells are sources, or ``(source, {field: value})``. Those up to the one
    that tracks ran before it; those that log have facts.
    """

    def run(*cells: str | tuple[str, dict[str, Any]], status: str = "finished") -> Run:
        identity = store.new_run_id()
        packages = Text.of(encode({"pandas": "3.1.1", "scikit-learn": "1.9.1", "zipp": "1.0"}))
        records = [RunRevision(experiment="flights", name="baseline", status="running"), packages]
        records.append(Environment(python="3.13.1", platform="Linux", packages=packages.sha256))
        is_before = any("track" in (cell if isinstance(cell, str) else cell[0]) for cell in cells)
        start = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
        for position, cell in enumerate(cells, 1):
            source, given = (cell, {}) if isinstance(cell, str) else cell
            text = Text.of(source)
            is_before = is_before and "%mlops track flights --name baseline" not in source
            fields = {"status": "ok", "is_before": is_before, "facts": 0 if is_before else int("%mlops log" in source)}
            fields |= {"execution_count": position + 10, "started": start + timedelta(seconds=position), **given}
            records += [text, Cell(position=position, source=text.sha256, **fields)]
        store.record(identity, *records, RunRevision(status=status))
        return store.find(identity)

    return run


@pytest.fixture
def holds() -> Callable[[], dict[str, bytes]]:
    """What the working folder holds, by content; without the store and what Python leaves behind."""

    def read() -> dict[str, bytes]:
        kept = (path for path in Path().rglob("*") if path.is_file())
        own = {".mlops", "ipython", "__pycache__"}
        return {path.as_posix(): path.read_bytes() for path in kept if not own & set(path.parts)}

    return read
