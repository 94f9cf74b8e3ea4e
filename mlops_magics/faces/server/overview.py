"""What a store holds, in the lines that the panel shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from mlops_magics.compare.page import asked
from mlops_magics.faces.server.answers import ExperimentLine, ModelLine, Overview, RunLine, VerdictLine
from mlops_magics.faces.server.outcomes import Outcome
from mlops_magics.look.numbers import duration, number
from mlops_magics.records import Run
from mlops_magics.store.location import shown
from mlops_magics.store.watched import Watched, WatchedExperiment, WatchedModel, WatchedRun


def overview(watched: Watched, folder: Path, outcomes: Mapping[str, Outcome]) -> Overview:
    """Experiments by their newest run, live runs, and models; parts of a search are left out. ``outcomes`` are those of
    runs that are over, by id; of the others it is told how long they took.
    """

    def told(run: WatchedRun, metric: str = "") -> RunLine:
        found, outcome = line(run), outcomes.get(run.id)
        if run.status == "running":
            return found
        # Below the name of a metric, a duration alone would be read as one.
        took = f"took {found.said}" if metric else found.said
        return replace(found, said=outcome.beside(metric) if outcome else took)

    def experiment(one: WatchedExperiment) -> ExperimentLine:
        metric = Outcome.spoken(outcomes[run.id] for run in one.newest if run.id in outcomes)
        return ExperimentLine(one.name, one.runs, one.running, metric, tuple(told(run, metric) for run in one.newest))

    return Overview(
        folder=shown(folder),
        notice=watched.notice,
        runs=watched.count,
        live=tuple(map(told, watched.live)),
        experiments=tuple(map(experiment, watched.experiments)),
        models=tuple(ModelLine(told(one.run), verdicts(one), one.aliases) for one in watched.models),
    )


def verdicts(model: WatchedModel) -> tuple[VerdictLine, ...]:
    """The newest answer to each question, whatever its subject. That nobody knows about a notebook is no news."""
    newest = {one.question: one for one in sorted(model.verdicts, key=lambda one: one.time)}
    return tuple(
        VerdictLine(one.question, one.subject, one.verdict, f"{asked(one.question, one.subject)}: {one.verdict}")
        for one in newest.values()
        if (one.question, one.verdict) != ("notebook", "unknown")
    )


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
