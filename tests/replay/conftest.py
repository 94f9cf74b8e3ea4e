"""A person at a notebook: a real shell in this process whose runs are replayed in real kernels."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from mlops_magics.store import open_store
from mlops_magics.store.queries import Store


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


def settle() -> None:
    """Wait for what runs were still looking at when they ended."""
    for thread in threading.enumerate():
        if thread.name == "mlops-environment":
            thread.join()


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
def state() -> "FolderState":
    return FolderState()


class FolderState:
    """What is in the working folder, by content, without the store and what Python leaves behind."""

    def __call__(self) -> dict[str, bytes]:
        kept = (path for path in Path().rglob("*") if path.is_file())
        return {
            path.as_posix(): path.read_bytes()
            for path in kept
            if not {".mlops", "ipython", "__pycache__"} & set(path.parts)
        }


def copy_of(store: Store, target: Path) -> Store:
    """A store of its own with the same content."""
    return open_store(shutil.copytree(store.path, target))
