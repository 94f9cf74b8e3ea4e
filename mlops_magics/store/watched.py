"""What looking at a store tells: runs in short, experiments, models, all of it as of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mlops_magics.records import RunStatus, VerdictValue


@dataclass(frozen=True, slots=True)
class Point:
    """The last value a run logged, and its step where it was told."""

    key: str
    value: float | None
    step: int | None


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A run as it is now. ``changed`` is the time of the newest revision known; ``last`` only of a running one."""

    id: str
    started: datetime
    changed: datetime
    experiment: str = ""
    name: str = ""
    status: RunStatus = "running"
    parent: str | None = None
    source: str | None = None
    message: str | None = None
    last: Point | None = None


@dataclass(frozen=True, slots=True)
class WatchedVerdict:
    """The newest answer to one question about a run."""

    question: str
    subject: str
    verdict: VerdictValue
    time: datetime


@dataclass(frozen=True, slots=True)
class WatchedExperiment:
    """How many runs an experiment has that are no part of another one, and the newest of them."""

    name: str
    runs: int
    running: int
    newest: tuple[WatchedRun, ...]


@dataclass(frozen=True, slots=True)
class WatchedModel:
    """A run that holds a model, the newest answers to what was asked about it, and what people call it."""

    run: WatchedRun
    verdicts: tuple[WatchedVerdict, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """What a store holds now, the newest first everywhere.

    Attributes
    ----------
    stamp
        Another one whenever anything else is another.
    experiments, live, models
        Without runs that are a part of another one; models with them.
    sources
        By what the store calls a notebook or script, the run it is writing, or else the last one it wrote.
    notice
        Why what was folded may be a little old; else None.
    """

    stamp: str
    experiments: tuple[WatchedExperiment, ...]
    live: tuple[WatchedRun, ...]
    models: tuple[WatchedModel, ...]
    sources: Mapping[str, WatchedRun]
    notice: str | None

    @property
    def count(self) -> int:
        """How many runs there are that are no part of another one."""
        return sum(one.runs for one in self.experiments)
