"""A store, a run in it, and notebooks with fits to see."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from IPython.core.events import EventManager, available_events
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from mlops_magics import open_store, track
from mlops_magics.capture.run import ActiveRun
from mlops_magics.capture.session import Session
from mlops_magics.store.queries import Store
from tests.settling import settle


@pytest.fixture(name="settle")
def _settle() -> Callable[[], None]:
    return settle


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    yield open_store(tmp_path / ".mlops")
    settle()


@pytest.fixture
def run(store) -> Iterator[ActiveRun]:
    with track("flights", "baseline", store=store) as run:
        yield run


@pytest.fixture
def execute(tmp_path, monkeypatch) -> Iterator[Callable[..., object]]:
    """Executes a cell in a real shell, in a folder of its own; returns what the cell ended with."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    shell = InteractiveShell.instance(config=config)

    def execute(source: str, *, fails: bool = False) -> object:
        with capture_output():
            result = shell.run_cell(source, store_history=True)
        assert result.success is not fails, result.error_in_exec or result.error_before_exec
        return result.result

    yield execute
    shell.run_cell("%unload_ext mlops_magics")
    shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()
    settle()


@pytest.fixture
def session(store) -> Iterator[Session]:
    """A notebook with an open run, as far as a session needs one: events, and names."""
    shell = SimpleNamespace(user_ns={})
    shell.events = EventManager(shell, available_events)
    session = Session(shell)
    session.start()
    session.names = shell.user_ns
    session.track("flights", "baseline")
    yield session
    session.stop()
    settle()
