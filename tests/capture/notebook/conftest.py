"""Small sessions, written as a line per execution."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import pytest

from mlops_magics.capture.notebook.document import SavedCell, SavedNotebook
from mlops_magics.capture.notebook.flow import Execution


def executed(*runs: tuple[str | None, str] | tuple[str | None, str, str]) -> tuple[Execution, ...]:
    return tuple(
        Execution(position, run[0], run[1], *run[2:], execution_count=position) for position, run in enumerate(runs, 1)
    )


def document(*cells: tuple[str, str]) -> SavedNotebook:
    return SavedNotebook(Path("study.ipynb"), tuple(SavedCell(*cell) for cell in cells), datetime(2026, 1, 1))


def run_all(sources: Iterable[str]) -> tuple[tuple[Execution, ...], SavedNotebook]:
    """Restart & Run All: every cell once, in order, as it is saved."""
    cells = [(f"c{number}", source) for number, source in enumerate(sources)]
    return executed(*cells), document(*cells)


@pytest.fixture(name="executed")
def _executed() -> Callable[..., tuple[Execution, ...]]:
    return executed


@pytest.fixture(name="document")
def _document() -> Callable[..., SavedNotebook]:
    return document


@pytest.fixture(name="run_all")
def _run_all() -> Callable[[Iterable[str]], tuple[tuple[Execution, ...], SavedNotebook]]:
    return run_all
