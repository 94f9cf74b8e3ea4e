"""What came of a replay: whether the run came out the same, and where it first did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mlops_magics.look import Code, Column, Document, Fold, Line, Mark, Shown, Table, Title
from mlops_magics.look.numbers import count, duration
from mlops_magics.records import Run, VerdictValue, plain
from mlops_magics.rerun.deviation import Deviation
from mlops_magics.rerun.facts import Kind
from mlops_magics.store.location import shown

Outcome = Literal["same", "differs", "failed", "written"]
NOUNS: Mapping[Kind, str] = {"data": "table", "param": "parameter", "metric": "metric"}
MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a replay has no answer: the cell that stopped it (None: no cell did), what it raised, what to do about it."""

    cell: str | None
    error: str
    traceback: str = ""
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"cell": self.cell, "error": self.error, "traceback": self.traceback, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Surrounding:
    """Something around the code that is not what it was: Python, a package, the state of git. None: not there."""

    name: str
    original: str | None
    replayed: str | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"name": self.name, "original": self.original, "replayed": self.replayed}


@dataclass(frozen=True, repr=False)
class Replay(Shown):
    """A run, and the same cells executed again.

    Attributes
    ----------
    outcome
        ``same``: every metric, parameter and table is. ``differs``: at least one is not. ``failed``: it could not be
        executed to its end. ``written``: the notebook was only written.
    path
        The notebook.
    cells, executed
        How many cells the notebook repeats, of how many that ran.
    compared
        The last value of every metric that both have, as the original has it.
    ignored
        Metrics that were left out of the comparison, by name.
    deviations
        What differs, in the order in which it went apart.
    surroundings
        Differences of Python, packages and git. They alone do not make it another outcome.
    seconds
        Wall time of the execution.
    labels
        What people know the original's cells by, by position.
    """

    run: Run
    outcome: Outcome
    path: Path
    cells: int
    executed: int
    tolerance: float = 0.0
    compared: Mapping[str, float] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    surroundings: tuple[Surrounding, ...] = ()
    failure: Failure | None = None
    seconds: float | None = None
    labels: Mapping[int, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> VerdictValue:
        """``pass`` only when something was compared and all of it is the same; ``unknown`` when it could not be."""
        if self.outcome == "differs":
            return "fail"
        return "pass" if self.outcome == "same" and self.compared else "unknown"

    @property
    def exit_code(self) -> int:
        """For a shell: 0 the same (or written, when nothing else was asked), 1 it differs, 2 it could not be run."""
        if self.outcome == "written":
            return 0
        return {"pass": 0, "fail": 1, "unknown": 2}[self.verdict]

    @property
    def first(self) -> Deviation | None:
        """Where it first went apart, or None."""
        return self.deviations[0] if self.deviations else None

    @property
    def sentence(self) -> str:
        """The answer."""
        how = (
            "exactly"
            if self.tolerance == 0
            else f"within {_share(self.tolerance)} of {'its' if len(self.compared) == 1 else 'their'} size"
        )
        of = f"{self.cells} of {count(self.executed, 'cell')}"
        if self.outcome == "written":
            return f"{of} {'is' if self.cells == 1 else 'are'} in {shown(self.path)}; nothing was executed."
        if self.failure is not None:
            where = f"{self.failure.cell}: " if self.failure.cell else ""
            return f"It could not be executed to its end. {where}{self.failure.error}"
        if self.outcome == "same" and not self.compared:
            return f"{of} ran, but the run recorded no metric that could be compared."
        if self.outcome == "same":
            ran = f"{of} ran, in {duration(self.seconds or 0)}"
            return f"{_all(len(self.compared), 'metric')} came out the same, {how}: {ran}."
        differing = sum(1 for deviation in self.deviations if deviation.kind == "metric")
        metrics = f"{differing} of {count(len(self.compared) or differing, 'metric')} came out differently."
        return metrics if differing else "Every metric came out the same, but not all that they stand on."

    def to_dict(self) -> dict[str, Any]:
        """Everything, JSON-ready; what :class:`~mlops_magics.records.Judged` keeps of it."""
        first = self.first
        return {
            "run": self.run.id,
            "name": self.run.name,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "cells": self.cells,
            "executed": self.executed,
            "tolerance": self.tolerance,
            "seconds": self.seconds,
            "metrics": plain(dict(self.compared)),
            "ignored": list(self.ignored),
            "first": {**first.to_dict(), "label": self._where(first)} if first else None,
            "deviations": [deviation.to_dict() for deviation in self.deviations],
            "surroundings": [surrounding.to_dict() for surrounding in self.surroundings],
            "failure": self.failure.to_dict() if self.failure else None,
        }

    def document(self) -> Document:
        """The answer, where it first went apart, and everything that differs."""
        note = f"{self.run.experiment}, from {self.run.started:%Y-%m-%d %H:%M} UTC"
        blocks: list[Any] = [Title(f"Replay of {self.run.name}", note)]
        tone = {"pass": "good", "fail": "bad", "unknown": "unknown"}[self.verdict]
        blocks.append(Line(self.sentence, tone="quiet" if self.outcome == "written" else tone))  # type: ignore[arg-type]
        if self.failure:
            blocks += self._failure_blocks(self.failure)
        if self.first:
            blocks.append(Line(self._first_sentence(self.first)))
            blocks.append(self._table())
        elif self.compared:
            rows = sorted(self.compared.items())
            blocks.append(Fold(_all(len(rows), "metric"), Table(["metric", Column("value", align="right")], rows)))
        if self.ignored:
            blocks.append(Line(f"Not compared: {', '.join(self.ignored)}.", tone="quiet"))
        blocks += self._surroundings()
        blocks += [Line(remark, tone="quiet") for remark in self.remarks]
        if self.outcome != "written":
            blocks.append(Line(f"The notebook is {shown(self.path)}", tone="quiet"))
        return Document(*blocks)

    def _failure_blocks(self, failure: Failure) -> Iterator[Any]:
        if failure.hint:
            yield Line(failure.hint)
        if failure.traceback:
            yield Fold("What it said", Code(failure.traceback, language="text"))

    def _first_sentence(self, first: Deviation) -> str:
        where = self._where(first)
        step = f", at step {first.step}" if first.step is not None else ""
        words = {"data": f"the data of {first.key}", "param": f"the parameter {first.key}", "metric": first.key}
        what = words[first.kind]
        when = "It had gone apart before" if self.failure else "It first went apart"
        return f"{when}, in {where}: {what}{step}." if where else f"{when}: {what}{step}."

    def _where(self, deviation: Deviation) -> str | None:
        return None if deviation.cell is None else self.labels.get(deviation.cell, f"cell {deviation.cell}")

    def _table(self) -> Table:
        columns: list[str | Column] = ["", "name", Column("original", align="right"), Column("replay", align="right"),
                   Column("change", align="right"), "cell"]  # fmt: skip
        rows = [
            (
                NOUNS[deviation.kind],
                deviation.key,
                _cell(deviation, deviation.original),
                _cell(deviation, deviation.replayed),
                _change(deviation),
                self._where(deviation),
            )
            for deviation in self.deviations[:MOST_ROWS]
        ]
        more = len(self.deviations) - MOST_ROWS
        return Table(columns, rows, caption=f"The first {MOST_ROWS}; {more} more differ." if more > 0 else "")

    def _surroundings(self) -> Iterator[Any]:
        if not self.surroundings:
            if self.outcome in {"same", "differs"}:
                yield Line("Python and packages are what they were.", tone="quiet")
            return
        rows = [(one.name, one.original, one.replayed) for one in self.surroundings]
        title = f"Not what it was around the code: {count(len(rows), 'thing')}"
        yield Fold(title, Table(["", "original", "replay"], rows), open=len(rows) <= 6)


def _share(tolerance: float) -> str:
    digits = f"{100 * tolerance:.12f}".rstrip("0").rstrip(".")
    return f"{digits} %"


def _all(number: int, noun: str) -> str:
    return f"The {noun}" if number == 1 else f"All {count(number, noun)}"


def _cell(deviation: Deviation, value: Any) -> Any:
    if deviation.kind == "data" and value is not None:
        return str(value)[:12]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _change(deviation: Deviation) -> Any:
    if deviation.is_last_equal:
        return Mark("on the way" if deviation.step is None else f"from step {deviation.step}", "unknown")
    if deviation.kind != "metric" or deviation.original is None or deviation.replayed is None:
        return None
    return Mark(f"{deviation.replayed - deviation.original:+.3g}", "bad")
