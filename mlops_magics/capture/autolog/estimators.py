"""Fits of scikit-learn's kind of estimators: what is recorded of each."""

from __future__ import annotations

import sys
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.boosting import curves_of, log_curves
from mlops_magics.capture.autolog.facts import facts_of
from mlops_magics.capture.autolog.methods import Visit, Watcher
from mlops_magics.capture.autolog.progress import Follower, follow
from mlops_magics.capture.autolog.searches import best_params_of, found_by, tell_search
from mlops_magics.capture.autolog.sink import count_now
from mlops_magics.capture.autolog.tables import VALIDATION, FittedOn, hold_both
from mlops_magics.capture.autolog.validating import validation_sets
from mlops_magics.capture.autolog.visits import Desk, Outcome, Tell
from mlops_magics.capture.parameters import Word

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

METHODS = ("fit", "partial_fit", "fit_predict", "fit_transform")
"""What fits an estimator. Those that call ``fit`` are one fit with it."""

_THROUGH = frozenset({"sklearn.base", "sklearn.utils._set_output"})
"""Where calls of estimators pass through, whoever makes them."""


def watcher_of(desk: Desk, method: str) -> Watcher:
    """What is told of each call of a method."""

    def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Visit | None:
        if _is_fitted_by_its_library(arguments[0]):
            return None

        def prepare(run: ActiveRun) -> Tell:  # noqa: ARG001
            estimator, *rest = arguments
            X = rest[0] if rest else named.get("X")
            y = rest[1] if len(rest) > 1 else named.get("y")
            if method == "partial_fit":
                return _BatchTale(desk, estimator, X, y).tell
            return _FitTale(desk, estimator, X, y, checked=tuple(validation_sets(named))).tell

        return desk.admit(prepare)

    return begin


def _is_fitted_by_its_library(estimator: Any) -> bool:
    """Whether scikit-learn fits a transformer for its own ends, as ``log_loss`` does a LabelBinarizer."""
    if hasattr(type(estimator), "predict"):
        return False
    # Below this frame lie those of the watcher and of the watched call, and then who called.
    caller: FrameType | None = sys._getframe(3)
    while caller is not None and _module(caller) in _THROUGH:
        caller = caller.f_back
    return caller is not None and _module(caller).startswith("sklearn.")


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def tell_fit(  # noqa: PLR0913 - the words of a fit
    desk: Desk, outcome: Outcome, estimator: Any, X: Any, y: Any, *, role: str, word: Word = Word.FITTED
) -> FittedOn:
    """Record that something was fitted: a model's parameters at once, its tables and the fit itself in a moment.

    The answers are a table of their own, of which the fingerprints say whether two runs learned from the same.
    """
    run, is_done = outcome.run, outcome.error is None
    run.private.meet(X, y, estimator, *_chosen(estimator))
    facts = facts_of(estimator, X, seconds=outcome.seconds, warnings=outcome.warnings, error=outcome.error)
    if is_done and hasattr(estimator, "predict"):
        run.describe_model([*facts.params(), *best_params_of(estimator)], word)
    held = hold_both(desk.tables, X, y, role=role) if is_done else FittedOn()
    fit = _fit_of(outcome, estimator) if role == "fit" else None
    count_now(run)

    def write() -> None:
        fingerprint, _ = held.fingerprints(desk.tables, run)
        # By now the notebook has a name for it, if it will ever have one: model = Ridge().fit(X, y)
        told = facts.without(run.private)
        run.observe(told.fit(name=desk.sink.name_of(estimator), fingerprint=fingerprint, fit=fit))

    desk.sink.later(write)
    return held


def _fit_of(outcome: Outcome, estimator: Any) -> str | None:
    """What a model that came out of this fit will refer to it by."""
    if outcome.error is None:
        return outcome.run.fitted.by_new_fit(estimator, *_chosen(estimator))
    outcome.run.fitted.forget(estimator)
    return None


def _chosen(estimator: Any) -> tuple[Any, ...]:
    """What a search fitted once more, which is then evaluated in its place."""
    best = getattr(estimator, "__dict__", {}).get("best_estimator_")
    return () if best is None else (best,)


class _FitTale:
    """One fit of an estimator, from before it begins."""

    def __init__(
        self, desk: Desk, estimator: Any, X: Any, y: Any, *, checked: tuple[tuple[Any, Any], ...] = ()
    ) -> None:
        self._desk = desk
        self._estimator = estimator
        self._X = X
        self._y = y
        self._checked = checked
        self._curves_before = curves_of(estimator)
        self._former = desk.models.begins(estimator)
        self._follower: Follower | None = follow(estimator, X, desk.sink)

    def tell(self, outcome: Outcome) -> None:
        """Record what became of it."""
        if self._follower is not None:
            self._follower.leave()
            outcome.warnings.extend(self._follower.warned)
        desk, estimator, run = self._desk, self._estimator, outcome.run
        if run.status != "running":
            return
        tell_fit(desk, outcome, estimator, self._X, self._y, role="fit")
        if outcome.error is not None:
            desk.models.failed(self._former, outcome.error)
            return
        for rows, answers in self._checked:
            if rows is not self._X:
                run.private.meet(rows, answers)
                held = hold_both(desk.tables, rows, answers, role=VALIDATION)
                desk.sink.later(partial(held.fingerprints, desk.tables, run))
        found = found_by(estimator)
        if found is not None:
            tell_search(desk.candidates, run, found)
        curves = curves_of(estimator)
        if curves is not None and curves is not self._curves_before:
            log_curves(desk.sink, run, curves)
        if hasattr(estimator, "predict"):
            desk.models.fitted(run, estimator, self._y)


class _BatchTale:
    """One call of ``partial_fit``."""

    def __init__(self, desk: Desk, estimator: Any, X: Any, y: Any) -> None:
        self._desk = desk
        self._estimator = estimator
        self._X = X
        self._y = y
        self._former = desk.models.begins(estimator)

    def tell(self, outcome: Outcome) -> None:
        """Add it to what was learned before."""
        if outcome.run.status != "running":
            return
        outcome.run.private.meet(self._X, self._y, self._estimator)
        self._desk.streams.add(
            outcome.run,
            self._estimator,
            self._X,
            self._y,
            seconds=outcome.seconds,
            warnings=outcome.warnings,
            error=outcome.error,
        )
        if outcome.error is not None:
            self._desk.models.failed(self._former, outcome.error)
        elif hasattr(self._estimator, "predict"):
            self._desk.models.fitted(outcome.run, self._estimator, self._y)
