"""What runs that are over came to: the metric that speaks for each, as the leaderboard of its experiment chooses it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_magics.compare.groups import metric_digits
from mlops_magics.compare.leaderboard import runs
from mlops_magics.errors import RunNotFound, StoreError
from mlops_magics.look.numbers import number
from mlops_magics.store.watched import Watched, WatchedExperiment

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

State = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A metric of a run, with as many decimals as its experiment's other runs have; ``place`` 0 is the most telling."""

    key: str
    value: str
    place: int

    @staticmethod
    def spoken(outcomes: Iterable[Outcome]) -> str:
        """The metric that speaks for several runs, each by the first that it has; empty where there are none."""
        return min(outcomes, key=lambda one: one.place, default=Outcome("", "", 0)).key

    def beside(self, metric: str) -> str:
        """What to say where that metric is named already.

        >>> Outcome("auc", "0.8712", 0).beside("auc"), Outcome("loss", "0.3000", 1).beside("auc")
        ('0.8712', 'loss 0.3000')
        """
        return self.value if self.key == metric else f"{self.key} {self.value}"


class Outcomes:
    """Asked with every look at a store; asks the store itself only when a run of an experiment began or ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[State, dict[str, Outcome]]] = {}
        self._asking = threading.Lock()

    def of(self, watched: Watched) -> Mapping[str, Outcome]:
        """Those of the runs that are told and over, by id; runs without metrics are left out."""
        told: dict[str, Outcome] = {}
        with self._asking:
            for one in watched.experiments:
                told |= self._of(one)
        return told

    def _of(self, experiment: WatchedExperiment) -> dict[str, Outcome]:
        state = tuple((run.id, run.status) for run in experiment.newest)
        known = self._known.get(experiment.name)
        if known is not None and known[0] == state:
            return known[1]
        if all(run.status == "running" for run in experiment.newest):
            return {}
        try:
            board = runs(experiment.name, limit=len(experiment.newest), store=self._store)
        except (RunNotFound, StoreError):
            return {}  # the database is behind what was watched, or busy: the next look asks again
        found: dict[str, Outcome] = {}
        keys = [thing.key for thing in board.things() if thing.family == "metrics"]
        for place, key in enumerate(keys):
            values = {row.id: row.metrics[key] for row in board.survey.rows if row.metrics.get(key) is not None}
            digits = metric_digits(values.values())
            for run, value in values.items():
                found.setdefault(run, Outcome(key, number(value, digits=digits), place))
        self._known[experiment.name] = state, found
        return found
