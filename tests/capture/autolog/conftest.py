"""A notebook as far as autologging needs one: an open run, names, a thread for the slow part, and what was said."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mlops_magics import open_store, track
from mlops_magics.capture.autolog import Autolog
from mlops_magics.capture.guard import Guard
from mlops_magics.capture.open_runs import OPEN_RUNS
from mlops_magics.capture.run import ActiveRun
from mlops_magics.capture.script import SCRIPT
from mlops_magics.capture.worker import Worker


class Notebook:
    """What a session does for autologging, without a shell. A cell is a ``with`` block."""

    def __init__(self, run: ActiveRun) -> None:
        self.run = run
        self.names: dict[str, Any] = {}
        self.bars: list[tuple[str, list[tuple[float, str]]]] = []
        self.guard = Guard()
        self.worker = Worker(self.guard)
        self.autolog = Autolog(self)

    @contextmanager
    def cell(self) -> Iterator[dict[str, Any]]:
        self.autolog.refresh()
        yield self.names
        self.autolog.refresh()
        self.worker.finish()

    def end(self) -> None:
        self.autolog.remove()
        self.worker.finish()
        self.run.end()

    def current(self) -> ActiveRun | None:
        return self.run if self.run.status == "running" else None

    def later(self, work: Callable[[], None]) -> None:
        self.worker.later(work)

    def name_of(self, value: Any) -> str | None:
        return next((name for name, held in list(self.names.items()) if held is value), None)

    def origins_of(self, name: str) -> tuple[str, ...]:
        return (f"{name}.csv",)

    def warn(self, what: str, error: BaseException) -> None:
        self.guard.warn(what, error)

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[float, str], None]]:
        said: list[tuple[float, str]] = []
        self.bars.append((label, said))
        yield lambda share, what: said.append((share, what))

    # -- what the store then holds ----------------------------------------------------------------------------------

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self.run.store.sql(query).to_dict("records")

    def fits(self) -> list[dict[str, Any]]:
        return self.rows(f"SELECT * FROM fits WHERE run = '{self.run.id}' ORDER BY time")

    def params(self) -> dict[str, Any]:
        return self.run.store.params(self.run.id)

    def tables(self) -> list[tuple[str, str, int]]:
        tables = self.run.store.datasets(self.run.id)
        return [(table.name, table.role, table.rows) for table in tables if not table.role.endswith("target")]


@pytest.fixture
def heard() -> Iterator[None]:
    """Runs are heard of by a notebook, so that this process is not followed as a script."""

    def tell(run: ActiveRun) -> None:
        """The notebook is asked for its run by autologging itself."""

    SCRIPT.leave_fits()
    OPEN_RUNS.listen(tell)
    yield
    OPEN_RUNS.cease(tell)


@pytest.fixture
def notebook(tmp_path, heard) -> Iterator[Notebook]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook = Notebook(track("flights", "baseline", store=open_store(tmp_path / ".mlops")))
        yield notebook
        notebook.end()
        notebook.worker.close()
