"""What a store holds, in the lines that the panel shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from posixpath import basename

from mlops_magics.faces.server.answers import ExperimentLine, ModelLine, Overview, RunLine, VerdictLine
from mlops_magics.look.numbers import duration, number
from mlops_magics.records import Run
from mlops_magics.store.location import shown
from mlops_magics.store.watched import Watched, WatchedModel, WatchedRun


def overview(watched: Watched, folder: Path) -> Overview:
    """Experiments by their newest run, live runs, and models; parts of a search are left out."""
    return Overview(
        folder=shown(folder),
        notice=watched.notice,
        runs=watched.count,
        live=tuple(map(line, watched.live)),
        experiments=tuple(
            ExperimentLine(one.name, one.runs, one.running, tuple(map(line, one.newest)))
            for one in watched.experiments
        ),
        models=tuple(map(_model, watched.models)),
    )


def newest_of(watched: Watched, notebook: str) -> WatchedRun | None:
    """The run that a notebook is writing, else the last one it wrote."""
    return watched.sources.get(basename(notebook))


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


def _model(model: WatchedModel) -> ModelLine:
    verdicts = tuple(VerdictLine(one.question, one.subject, one.verdict) for one in model.verdicts)
    return ModelLine(line(model.run), verdicts, aliases=())  # no registry gives names to models yet


def _last(run: WatchedRun) -> str:
    if run.last is None:
        return ""
    value = number(run.last.value) if run.last.value is not None else "not a number"
    return f"{run.last.key} {value}" + (f" at step {run.last.step:,}" if run.last.step is not None else "")
