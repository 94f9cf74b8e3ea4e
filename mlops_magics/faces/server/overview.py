"""What a store holds, in the lines that the panel shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from posixpath import basename

from mlops_magics.faces.server.answers import ExperimentLine, ModelLine, Overview, RunLine, VerdictLine
from mlops_magics.look.numbers import duration, number
from mlops_magics.records import Run
from mlops_magics.store.location import shown
from mlops_magics.store.watch import Watched, WatchedRun, WatchedVerdict

NEWEST = 20
"""Runs of an experiment that are told, the newest; the leaderboard has them all."""


def overview(watched: Watched, folder: Path) -> Overview:
    """Experiments by their newest run, live runs, and models; parts of a search are left out."""
    whole = sorted((run for run in watched.runs.values() if run.parent is None), key=_age, reverse=True)
    groups: dict[str, list[WatchedRun]] = {}
    for run in whole:
        groups.setdefault(run.experiment, []).append(run)
    models = (_model(watched.runs[run], verdicts) for run, verdicts in watched.models.items())
    return Overview(
        folder=shown(folder),
        notice=watched.notice,
        runs=len(whole),
        live=tuple(line(run) for run in whole if run.status == "running"),
        experiments=tuple(_experiment(name, runs) for name, runs in groups.items()),
        models=tuple(models),
    )


def newest_of(watched: Watched, notebook: str) -> WatchedRun | None:
    """The run that a notebook is writing, else the last one it wrote."""
    name = basename(notebook)
    own = [run for run in watched.runs.values() if name and run.source == name and run.parent is None]
    return max(own, key=lambda run: (run.status == "running", _age(run)), default=None)


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


def _experiment(name: str, runs: Iterable[WatchedRun]) -> ExperimentLine:
    held = list(runs)
    running = sum(run.status == "running" for run in held)
    return ExperimentLine(name, len(held), running, tuple(line(run) for run in held[:NEWEST]))


def _model(run: WatchedRun, verdicts: Iterable[WatchedVerdict]) -> ModelLine:
    lines = tuple(VerdictLine(one.question, one.subject, one.verdict) for one in verdicts)
    return ModelLine(line(run), lines, aliases=())  # no registry gives names to models yet


def _last(run: WatchedRun) -> str:
    if run.last is None:
        return ""
    value = number(run.last.value) if run.last.value is not None else "not a number"
    return f"{run.last.key} {value}" + (f" at step {run.last.step:,}" if run.last.step is not None else "")


def _age(run: WatchedRun) -> tuple[datetime, str]:
    return run.started, run.id
