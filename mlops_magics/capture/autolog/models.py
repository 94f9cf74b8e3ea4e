"""The model of a run that nobody named: the one that was fitted last, kept when its cell is over."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.artifacts import keep_model
from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.errors import MlopsError
from mlops_magics.model.estimator import task_of
from mlops_magics.records import Note

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


@dataclass(slots=True, eq=False)
class Candidate:
    """A fitted model that may be kept. ``is_over`` once it is fitted again, or another one is fitted."""

    run: ActiveRun
    model: Any
    y: Any
    task: str | None
    is_over: bool = False


class ModelKeeper:
    """Keeps the newest model of a cell, so that a loop over a hundred does not leave a hundred behind.

    Writing a model down takes a while, and is done off the person's path. If the model is fitted again meanwhile, what
    was written is dropped: the next one is on its way.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._newest: Candidate | None = None
        self._waiting: Candidate | None = None
        self._noted: set[tuple[str, str]] = set()

    def begins(self, model: Any) -> None:
        """A fit of the model begins: what is being written of it would be half the one and half the other."""
        with self._lock:
            for candidate in (self._newest, self._waiting):
                if candidate is not None and candidate.model is model:
                    candidate.is_over = True

    def fitted(self, run: ActiveRun, model: Any, y: Any, *, task: str | None = None) -> None:
        """A model was fitted to answer ``y``."""
        with self._lock:
            self._newest = Candidate(run, model, y, task)

    def settle(self) -> None:
        """Have the newest model kept."""
        with self._lock:
            candidate, self._newest = self._newest, None
            if candidate is None or candidate.is_over:
                return
            self._waiting = candidate
        self._sink.later(lambda: self._keep(candidate))

    def _keep(self, candidate: Candidate) -> None:
        run = candidate.run
        if not self._is_wanted(candidate):
            return
        try:
            task = candidate.task or _task_in_words(candidate.model, candidate.y)
            artifact = keep_model(run, candidate.model, task=task)
        except Exception as error:  # noqa: BLE001 - what a model holds may do anything when it is written down
            if not candidate.is_over:
                self._note(run, f"the model is not kept with the run, so it cannot be exported: {error}")
                self._sink.warn("the fitted model", error)
            return
        # Asked again: much may have happened while the model was written down.
        if self._is_wanted(candidate):
            run.observe(artifact)

    def _note(self, run: ActiveRun, reason: str) -> None:
        """Say once why a model is not there, however many of its kind are fitted."""
        if (run.id, reason) not in self._noted:
            self._noted.add((run.id, reason))
            run.observe(Note(text=reason))

    def _is_wanted(self, candidate: Candidate) -> bool:
        return not (candidate.is_over or candidate.run.has_own_model) and candidate.run.status == "running"


def _task_in_words(model: Any, y: Any) -> str:
    """The task of a model: one that can be evaluated, or what else it says it is."""
    try:
        return task_of(model, y)
    except MlopsError:
        return str(getattr(model, "_estimator_type", None) or _tagged(model) or "unknown")


def _tagged(model: Any) -> str | None:
    if not hasattr(model, "__sklearn_tags__"):
        return None
    from sklearn.utils import get_tags

    kind = get_tags(model).estimator_type
    return str(kind) if kind else None
