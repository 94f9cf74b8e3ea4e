"""Fits of scikit-learn's kind of estimators: what is recorded of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.facts import facts_of
from mlops_magics.capture.autolog.methods import Visit, Watcher
from mlops_magics.capture.autolog.sink import count_now, record_late
from mlops_magics.capture.autolog.visits import Desk, Outcome, Tell

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

METHODS = ("fit", "partial_fit", "fit_predict", "fit_transform")
"""What fits an estimator. Those that call ``fit`` are one fit with it."""


def watcher_of(desk: Desk, method: str) -> Watcher:
    """What is told of each call of a method."""

    def begin(estimator: Any, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Visit | None:  # noqa: ARG001
        def prepare(run: ActiveRun) -> Tell:  # noqa: ARG001
            X = arguments[0] if arguments else named.get("X")
            y = arguments[1] if len(arguments) > 1 else named.get("y")
            return _FitTale(desk, estimator, X, y, is_partial=method == "partial_fit").tell

        return desk.admit(prepare)

    return begin


class _FitTale:
    """One fit of an estimator."""

    def __init__(self, desk: Desk, estimator: Any, X: Any, y: Any, *, is_partial: bool) -> None:
        self._desk = desk
        self._estimator = estimator
        self._X = X
        self._y = y
        self._is_partial = is_partial
        desk.models.begins(estimator)

    def tell(self, outcome: Outcome) -> None:
        """Record what became of it."""
        if outcome.run.status != "running":
            return
        if self._is_partial:
            self._tell_batch(outcome)
        else:
            self._tell_fit(outcome)
        if outcome.error is None and hasattr(self._estimator, "predict"):
            self._desk.models.fitted(outcome.run, self._estimator, self._y)

    def _tell_batch(self, outcome: Outcome) -> None:
        self._desk.streams.add(
            outcome.run,
            self._estimator,
            self._X,
            seconds=outcome.seconds,
            warnings=outcome.warnings,
            error=outcome.error,
        )

    def _tell_fit(self, outcome: Outcome) -> None:
        desk, estimator, run = self._desk, self._estimator, outcome.run
        facts = facts_of(
            estimator, self._X, seconds=outcome.seconds, warnings=outcome.warnings, error=outcome.error
        )
        is_fitted = outcome.error is None
        if is_fitted and hasattr(estimator, "predict"):
            run.record(*facts.params())
        held = desk.tables.hold(self._X, role="fit") if is_fitted and self._X is not None else None
        count_now(run)

        def write() -> None:
            fingerprint = desk.tables.record(held, run) if held else None
            # By now the notebook has a name for it, if it will ever have one: model = Ridge().fit(X, y)
            record_late(run, facts.fit(name=desk.sink.name_of(estimator), fingerprint=fingerprint))

        desk.sink.later(write)
