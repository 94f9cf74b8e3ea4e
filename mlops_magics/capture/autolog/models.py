"""The model of a run that nobody named: the one that was fitted last, kept when its cell is over."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.artifacts import keep_model, model_record
from mlops_magics.capture.autolog.glance import Glance, glance
from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.errors import MlopsError
from mlops_magics.model.estimator import task_of
from mlops_magics.records import Note

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


NOT_YET = "it was not written down yet when the store last heard of its run"


@dataclass(slots=True, eq=False)
class Candidate:
    """A model that may be kept, and the id of the fit it came out of. ``is_over`` once it is fitted again, ``is_kept``
    once it is written down.
    """

    run: ActiveRun
    model: Any
    y: Any
    task: str | None
    fit: str | None
    is_over: bool = False
    is_kept: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Former:
    """A candidate that is being fitted again, and what it was before."""

    candidate: Candidate
    before: Glance


class ModelKeeper:
    """Keeps the newest model of a cell, so that a loop over a hundred does not leave a hundred behind.

    Writing a model down takes a while, and is done off the person's path. If the model is fitted again meanwhile, what
    was written is dropped: the next one is on its way. That another model is the run's is recorded at once, so that
    nobody takes the one before for it, whatever becomes of the new one.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._newest: dict[str, Candidate] = {}
        self._waiting: dict[str, Candidate] = {}
        self._noted: set[tuple[str, str]] = set()

    def begins(self, model: Any) -> Former | None:
        """A fit of the model begins: what is being written of it would be half the one and half the other.

        Returns what :meth:`failed` is to be told if the fit raises.
        """
        former: Candidate | None = None
        with self._lock:
            for candidate in (*self._waiting.values(), *self._newest.values()):
                if candidate.model is model and not (candidate.is_over or candidate.is_kept):
                    candidate.is_over = True
                    former = candidate
        return Former(former, glance(model)) if former else None

    def fitted(self, run: ActiveRun, model: Any, y: Any, *, task: str | None = None) -> None:
        """A model was fitted to answer ``y``."""
        with self._lock:
            self._newest[run.id] = Candidate(run, model, y, task, run.fitted.fit_of(model))

    def failed(self, former: Former | None, error: BaseException) -> None:
        """A fit of the model raised: it is kept as it was before, unless that fit has changed it."""
        if former is None:
            return
        candidate = former.candidate
        if former.before.is_of(candidate.model):
            if candidate.fit is not None:
                candidate.run.fitted.by_fit(candidate.fit, candidate.model)
            with self._lock:
                if self._newest.get(candidate.run.id, candidate) is candidate:
                    self._newest[candidate.run.id] = replace(candidate, is_over=False)
            return
        reason = f"a later fit of it raised {type(error).__name__}, and left it half fitted"
        self._not_kept(candidate, reason)

    def settle(self, run: ActiveRun | None = None) -> None:
        """Have the newest model kept, of all runs or of one."""
        with self._lock:
            runs = list(self._newest) if run is None else [run.id]
            found = [candidate for key in runs if (candidate := self._newest.pop(key, None)) is not None]
            wanted = [candidate for candidate in found if _is_wanted(candidate)]
            self._waiting |= {candidate.run.id: candidate for candidate in wanted}
        for candidate in wanted:
            candidate.run.observe(model_record(candidate.run, candidate.model, NOT_YET))
            self._sink.later(partial(self._keep, candidate))

    def _keep(self, candidate: Candidate) -> None:
        run = candidate.run
        if not _is_wanted(candidate):
            return
        try:
            task = candidate.task or _task_in_words(candidate.model, candidate.y)
            kept = keep_model(run, candidate.model, task=task)
        except Exception as error:  # noqa: BLE001 - what a model holds may do anything when it is written down
            if not candidate.is_over:
                self._not_kept(candidate, str(error))
                self._sink.warn("the fitted model", error)
            return
        # Asked again: much may have happened while the model was written down.
        with self._lock:
            if _is_wanted(candidate):
                candidate.is_kept = True
                run.observe(*kept)

    def _not_kept(self, candidate: Candidate, reason: str) -> None:
        """Record that the run's model is not there, and say once why, however many of its kind are fitted."""
        run = candidate.run
        run.observe(model_record(run, candidate.model, reason))
        if (run.id, reason) not in self._noted:
            self._noted.add((run.id, reason))
            run.observe(Note(text=f"the model is not kept with the run, so it cannot be exported: {reason}"))


def _is_wanted(candidate: Candidate) -> bool:
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
