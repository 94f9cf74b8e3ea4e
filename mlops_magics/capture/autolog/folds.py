"""Cross-validation: one fit, of which the mean over the folds is the metric, and the folds are a curve beside it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import CellType
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.estimators import tell_fit
from mlops_magics.capture.autolog.methods import Visit, Watcher, cell_of, watched
from mlops_magics.capture.autolog.visits import Desk, Outcome, Tell
from mlops_magics.capture.parameters import Word
from mlops_magics.errors import MlopsError

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

MODULE = "sklearn.model_selection._validation"
FUNCTIONS = (
    "cross_validate",
    "cross_val_score",
    "cross_val_predict",
    "learning_curve",
    "validation_curve",
    "permutation_test_score",
)
"""What fits an estimator many times. Each call is one fit."""

SCORED = FUNCTIONS[:2]
"""Whose scores are recorded: the mean ``cv/test_SCORER``, the standard deviation over the folds ``cv/test_SCORER/std``,
and fold by fold ``cv/test_SCORER/folds``."""

_TIMES = {"fit_time": "fit_seconds", "score_time": "score_seconds"}

_NO_SCORES = frozenset({"estimator", "indices"})


class FoldWatch:
    """Watches the functions of cross-validation, also those that were imported by name before.

    scikit-learn's decorator holds each of them in a cell of its closure. What is called through the decorator is
    exchanged there, so that every name for the function leads to the watcher.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cells: dict[str, tuple[CellType, Any, Any]] = {}
        self._is_done = False

    def start(self) -> None:
        """Watch them if they were imported; say once if they are built in another way than is known."""
        module = sys.modules.get(MODULE)
        if self._is_done or module is None or not hasattr(module, FUNCTIONS[-1]):
            return
        self._is_done = True
        for name in FUNCTIONS:
            found = cell_of(getattr(module, name, None))
            if found is None:
                self._desk.sink.warn(name, MlopsError("this version of scikit-learn builds it in an unknown way"))
                continue
            inner = found.cell_contents
            ours = watched(inner, _watcher_of(self._desk, name))
            found.cell_contents = ours
            self._cells[name] = found, inner, ours

    def stop(self) -> None:
        """Put back what was exchanged, unless somebody has put theirs there since."""
        for cell, inner, ours in self._cells.values():
            if cell.cell_contents is ours:
                cell.cell_contents = inner
        self._cells.clear()
        self._is_done = False


def _watcher_of(desk: Desk, name: str) -> Watcher:
    def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Visit | None:
        def prepare(run: ActiveRun) -> Tell:  # noqa: ARG001
            estimator = arguments[0] if arguments else named.get("estimator")
            X = arguments[1] if len(arguments) > 1 else named.get("X")
            y = arguments[2] if len(arguments) > 2 else named.get("y")
            scored = named.get("scoring") if name in SCORED else _UNSCORED
            return lambda outcome: _tell(desk, outcome, estimator, X, y, scoring=scored)

        return desk.admit(prepare)

    return begin


_UNSCORED = object()


def _tell(  # noqa: PLR0913 - the words of a cross-validation
    desk: Desk, outcome: Outcome, estimator: Any, X: Any, y: Any, *, scoring: Any
) -> None:
    run = outcome.run
    if run.status != "running":
        return
    tell_fit(desk, outcome, estimator, X, y, role="cv", word=Word.CROSS_VALIDATED)
    if scoring is _UNSCORED or outcome.error is not None:
        return
    folds = _folds(outcome.result, scoring)
    for step in range(max(map(len, folds.values()), default=0)):
        run.log({f"{name}/folds": float(values[step]) for name, values in folds.items()}, step=step)
    # The last fold says nothing of the model: what runs are ranked and compared by is the mean of all.
    for name, values in folds.items():
        run.log(_mean_and_spread(name, values))


def _folds(result: Any, scoring: Any) -> dict[str, Sequence[float]]:
    """Scores by name, one per fold."""
    scores = result if isinstance(result, Mapping) else {"test_score": result}
    scorer = _scorer_name(scoring)
    names = {**_TIMES, "test_score": f"test_{scorer}", "train_score": f"train_{scorer}"}
    return {f"cv/{names.get(key, key)}": values for key, values in scores.items() if key not in _NO_SCORES}


def _scorer_name(scoring: Any) -> str:
    """What scikit-learn calls the one scorer, or the function it is made of; ``score`` is the model's own."""
    if isinstance(scoring, str):
        return scoring
    function = getattr(scoring, "_score_func", scoring)
    name = getattr(function, "__name__", "")
    sign = "neg_" if getattr(scoring, "_sign", 1) < 0 else ""
    return f"{sign}{name}" if name.isidentifier() else "score"


def _mean_and_spread(name: str, values: Sequence[float]) -> dict[str, float]:
    import numpy as np

    with np.errstate(invalid="ignore"):  # a fold may have failed, and its score be NaN or infinite
        return {name: float(np.mean(values)), f"{name}/std": float(np.std(values))}
