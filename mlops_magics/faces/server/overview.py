"""What a store holds, in the lines that the panel shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mlops_magics.faces.server.answers import ExperimentLine, ModelLine, Overview, RunLine, VerdictLine
from mlops_magics.look.numbers import duration, number
from mlops_magics.records import Run
from mlops_magics.store.location import shown
from mlops_magics.store.watched import Watched, WatchedModel, WatchedRun

QUESTIONS = {"significance": "better than {}", "drift": "drift of {}"}
"""How a question reads with what it was asked about; others speak for themselves."""


def overview(watched: Watched, folder: Path, outcomes: Mapping[str, str]) -> Overview:
    """Experiments by their newest run, live runs, and models; parts of a search are left out. ``outcomes`` is what to
    say of runs that are over, by id; of the others it is how long they took.
    """

    def told(run: WatchedRun) -> RunLine:
        found = line(run)
        return replace(found, said=outcomes.get(run.id, found.said)) if run.status != "running" else found

    return Overview(
        folder=shown(folder),
        notice=watched.notice,
        runs=watched.count,
        live=tuple(map(told, watched.live)),
        experiments=tuple(
            ExperimentLine(one.name, one.runs, one.running, tuple(map(told, one.newest)))
            for one in watched.experiments
        ),
        # No registry gives names to models yet.
        models=tuple(ModelLine(told(one.run), verdicts(one), aliases=()) for one in watched.models),
    )


def verdicts(model: WatchedModel) -> tuple[VerdictLine, ...]:
    """The newest answer to each question, whatever its subject. That nobody knows about a notebook is no news."""
    newest = {one.question: one for one in sorted(model.verdicts, key=lambda one: one.time)}
    return tuple(
        VerdictLine(one.question, one.subject, one.verdict, f"{_asked(one.question, one.subject)}: {one.verdict}")
        for one in newest.values()
        if (one.question, one.verdict) != ("notebook", "unknown")
    )


def _asked(question: str, subject: str) -> str:
    return QUESTIONS[question].format(subject) if question in QUESTIONS else question


def line(run: WatchedRun) -> RunLine:
    """A watched run in one line."""
    if run.status == "running":
        return RunLine(run.id, run.name, run.experiment, run.status, stamp(run.started), _last(run))
    took = duration((run.changed - run.started).total_seconds())
    return RunLine(run.id, run.name, run.experiment, run.status, stamp(run.started), took)


def line_of(run: Run) -> RunLine:
    """A run of the store in one line."""
    took = duration(run.seconds) if run.seconds is not None else ""
    return RunLine(run.id, run.name, run.experiment, run.status, stamp(run.started), took)


def stamp(time: datetime) -> str:
    """A time of the store as ISO text.

    >>> stamp(datetime(2026, 1, 2, 3, 4, 5))
    '2026-01-02T03:04:05Z'
    """
    return time.replace(tzinfo=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _last(run: WatchedRun) -> str:
    if run.last is None:
        return ""
    value = number(run.last.value) if run.last.value is not None else "not a number"
    return f"{run.last.key} {value}" + (f" at step {run.last.step:,}" if run.last.step is not None else "")
