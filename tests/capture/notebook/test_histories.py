"""What is said about small notebook sessions, against labels written before the code that says it, but for a dozen.

``histories.toml`` tells what each session is, what is to be found in it, and why.
"""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_magics.capture.notebook.document import SavedCell, SavedNotebook
from mlops_magics.capture.notebook.findings import Examination, examine
from mlops_magics.capture.notebook.flow import Execution

FOUND_AT_LEAST = 0.95
FALSE_AT_MOST = 0.05
KINDS = ("stale", "out_of_order", "repeated", "edited", "deleted", "skipped", "failed")

Pairs = frozenset[tuple[str, str]]
"""Of a kind of finding and the cell it concerns."""


@dataclass(frozen=True)
class History:
    name: str
    why: str
    saved: SavedNotebook | None
    executions: tuple[Execution, ...]
    expected: Pairs

    @property
    def is_clean(self) -> bool:
        return not self.expected

    def examine(self) -> Examination:
        return examine(self.executions, self.saved)


def read_history(entry: dict[str, Any]) -> History:
    notebook = entry.get("notebook")
    sources = {cell: source.strip("\n") for cell, source in [*(notebook or ()), *entry.get("gone", ())]}
    runs = [cell for cell, _ in notebook] if entry["runs"] == "in order" else entry["runs"]
    tables = [{"cell": run} if isinstance(run, str) else run for run in runs]
    executions = tuple(
        Execution(
            position=position,
            cell=run["cell"],
            source=run.get("source", sources[run["cell"]]).strip("\n"),
            status=run.get("status", "ok"),
            is_before=run.get("before", False),
            execution_count=position,
        )
        for position, run in enumerate(tables, start=1)
    )
    saved = notebook and SavedNotebook(
        path=Path("study.ipynb"),
        cells=tuple(SavedCell(id=cell, source=sources[cell]) for cell, _ in notebook),
        saved=datetime(2026, 1, 1),
    )
    expected = frozenset((kind, cell) for kind, cells in entry["expect"].items() for cell in cells)
    return History(entry["name"], entry["why"], saved or None, executions, expected)


def read_histories() -> list[History]:
    path = Path(__file__).with_name("histories.toml")
    return [read_history(entry) for entry in tomllib.loads(path.read_text(encoding="utf-8"))["history"]]


def found(examination: Examination) -> Pairs:
    return frozenset((finding.kind, cell) for finding in examination.findings for cell in finding.cells)


HISTORIES = read_histories()
CLEAN = [history for history in HISTORIES if history.is_clean]
OTHERS = [history for history in HISTORIES if not history.is_clean]


def test_the_set_is_large_enough_and_says_why():
    assert len(OTHERS) >= 60
    assert len(CLEAN) >= 25
    assert len({history.name for history in HISTORIES}) == len(HISTORIES)
    assert all(history.why for history in HISTORIES)
    for kind in KINDS:
        assert sum(any(kind == planted for planted, _ in history.expected) for history in OTHERS) >= 5, kind
    assert {kind for history in HISTORIES for kind, _ in history.expected} == set(KINDS)


@pytest.mark.parametrize("history", CLEAN, ids=lambda history: history.name)
def test_nothing_is_said_about_a_clean_history(history):
    examination = history.examine()
    assert found(examination) == frozenset(), f"{history.why}\n{examination!r}"
    assert examination.verdict == ("pass" if history.saved else "unknown")


def test_what_was_planted_is_found():
    planted = sum(len(history.expected) for history in OTHERS)
    misses = {history.name: history.expected - found(history.examine()) for history in OTHERS}
    for name, missed in misses.items():
        if missed:
            print(f"missed in {name!r}: {sorted(missed)}")
    share = 1 - sum(map(len, misses.values())) / planted
    print(f"{share:.1%} of {planted} found")
    assert share >= FOUND_AT_LEAST


def test_little_else_is_said():
    said = {history.name: found(history.examine()) for history in OTHERS}
    false = {history.name: said[history.name] - history.expected for history in OTHERS}
    for name, wrong in false.items():
        if wrong:
            print(f"false alarm in {name!r}: {sorted(wrong)}")
    share = sum(map(len, false.values())) / max(1, sum(map(len, said.values())))
    print(f"{share:.1%} of what is said is false")
    assert share <= FALSE_AT_MOST


@pytest.mark.parametrize("history", [one for one in OTHERS if one.saved], ids=lambda history: history.name)
def test_restart_and_run_all_of_any_document_is_clean(history):
    """Whatever the session was: its saved cells, each run once in order, give no finding."""
    executions = [
        Execution(position=position, cell=cell.id, source=cell.source, execution_count=position)
        for position, cell in enumerate(history.saved.cells, start=1)
    ]
    assert found(examine(executions, history.saved)) == frozenset()
