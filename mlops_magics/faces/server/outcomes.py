"""What runs that are over came to: of each the metric in question, as the leaderboard of its experiment chooses it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_magics.compare.leaderboard import runs
from mlops_magics.errors import RunNotFound, StoreError
from mlops_magics.look.numbers import number
from mlops_magics.store.watched import Watched, WatchedExperiment

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

State = tuple[tuple[str, str], ...]


class Outcomes:
    """Asked with every look at a store; asks the store itself only when a run of an experiment began or ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[State, dict[str, str]]] = {}
        self._asking = threading.Lock()

    def of(self, watched: Watched) -> Mapping[str, str]:
        """What to say of each run that is told and over, such as ``auc 0.8712``, by id; those without metrics are
        left out.
        """
        told: dict[str, str] = {}
        with self._asking:
            for one in watched.experiments:
                told |= self._of(one)
        return told

    def _of(self, experiment: WatchedExperiment) -> dict[str, str]:
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
        keys = [thing.key for thing in board.things() if thing.family == "metrics"]
        found = {row.id: _first(row.metrics, keys) for row in board.survey.rows}
        said = {run: text for run, text in found.items() if text}
        self._known[experiment.name] = state, said
        return said


def _first(metrics: Mapping[str, float], keys: list[str]) -> str:
    """The first of the metrics that a run has."""
    return next((f"{key} {number(metrics[key])}" for key in keys if metrics.get(key) is not None), "")
