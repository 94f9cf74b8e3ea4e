"""Cross-validation: one fit, of which the mean over the folds is the metric; fold by fold it is a run of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from types import CellType
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.candidates import Candidate
from mlops_magics.capture.autolog.estimators import tell_fit
from mlops_magics.capture.autolog.facts import facts_of
from mlops_magics.capture.autolog.methods import Visit, Watcher, cell_of, watched
from mlops_magics.capture.autolog.progress import works_in_processes
from mlops_magics.capture.autolog.splits import Splits, SplitWatch
from mlops_magics.capture.autolog.tables import FittedOn
from mlops_magics.capture.autolog.visits import Desk, Outcome, Tell
from mlops_magics.capture.parameters import Word
from mlops_magics.errors import MlopsError
from mlops_magics.records import CrossValidated, Note

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
"""Whose scores are recorded: the mean ``cv/test_SCORER`` and the standard deviation over the folds
``cv/test_SCORER/std``, which the run has of the last one; and in a run of its own, as the candidates of a search have,
fold by fold ``cv/test_SCORER/folds`` too."""

_TIMES = {"fit_time": "fit_seconds", "score_time": "score_seconds"}

TESTED = "cv/test_"

UNHEARD = "what a cross-validation warns of in processes of its own (n_jobs) is not recorded"

Scores = Mapping[str, tuple[float, ...]]

_NO_SCORES = frozenset({"estimator", "indices"})


class FoldWatch:
    """Watches the functions of cross-validation, also those that were imported by name before.

    scikit-learn's decorator holds each of them in a cell of its closure. What is called through the decorator is
    exchanged there, so that every name for the function leads to the watcher.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._splits = SplitWatch()
        self._noted: set[str] = set()
        self._cells: dict[str, tuple[CellType, Any, Any]] = {}
        self._is_done = False

    def start(self) -> None:
        """Watch them if they were imported; say once if they are built in another way than is known."""
        module = sys.modules.get(MODULE)
        if self._is_done or module is None or not hasattr(module, FUNCTIONS[-1]):
            return
        self._is_done = True
        self._splits.start()
        for name in FUNCTIONS:
            found = cell_of(getattr(module, name, None))
            if found is None:
                self._desk.sink.warn(name, MlopsError("this version of scikit-learn builds it in an unknown way"))
                continue
            inner = found.cell_contents
            ours = watched(inner, _watcher_of(self._desk, name, self._splits, self._noted))
            found.cell_contents = ours
            self._cells[name] = found, inner, ours

    def stop(self) -> None:
        """Put back what was exchanged, unless somebody has put theirs there since."""
        for cell, inner, ours in self._cells.values():
            if cell.cell_contents is ours:
                cell.cell_contents = inner
        self._cells.clear()
        self._splits.stop()
        self._is_done = False


def _watcher_of(desk: Desk, name: str, splits: SplitWatch, noted: set[str]) -> Watcher:
    def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Visit | None:
        def prepare(run: ActiveRun) -> Tell:  # noqa: ARG001
            estimator = arguments[0] if arguments else named.get("estimator")
            X = arguments[1] if len(arguments) > 1 else named.get("X")
            y = arguments[2] if len(arguments) > 2 else named.get("y")
            seen, scoring = splits.expect() if name in SCORED else None, named.get("scoring")

            def tell(outcome: Outcome) -> None:
                splits.cease()
                if outcome.run.id not in noted and works_in_processes(named.get("n_jobs")):
                    noted.add(outcome.run.id)
                    outcome.run.observe(Note(text=UNHEARD))
                held = _tell_fit(desk, outcome, estimator, X, y)
                if seen is not None and held is not None and outcome.error is None:
                    _tell_scores(desk, outcome, estimator, held, seen, _scores(outcome.result, scoring))

            return tell

        return desk.admit(prepare)

    return begin


def _tell_fit(desk: Desk, outcome: Outcome, estimator: Any, X: Any, y: Any) -> FittedOn | None:
    if outcome.run.status != "running":
        return None
    return tell_fit(desk, outcome, estimator, X, y, role="cv", word=Word.CROSS_VALIDATED)


def _tell_scores(  # noqa: PLR0913, PLR0917 - what is known of a cross-validation
    desk: Desk, outcome: Outcome, estimator: Any, held: FittedOn, splits: Splits, scores: Scores
) -> None:
    run = outcome.run
    metrics: dict[str, float] = {}
    for name, values in scores.items():
        metrics |= _mean_and_spread(name, values)
    # The last fold says nothing of the model: what runs are ranked and compared by is the mean of all.
    run.log_whole("cv", metrics)
    facts = facts_of(estimator, None, seconds=0.0, warnings=[])
    chosen = [param for param in facts.params() if not param.is_default]
    is_seen = splits.digest is not None

    def candidates() -> Iterator[Candidate]:
        fingerprint, target_fingerprint = held.fingerprints(desk.tables, run)
        done = CrossValidated(
            name=desk.sink.name_of(estimator),
            class_name=facts.description.class_name,
            folds=max(map(len, scores.values()), default=0),
            train_rows=splits.train_rows if is_seen else None,
            test_rows=splits.test_rows if is_seen else None,
            splits=splits.digest,
            fingerprint=fingerprint,
            target_fingerprint=target_fingerprint,
            scores=scores,
        )
        run.observe(done)
        means = {f"mean_{key}": metrics[name] for key, name in _of_candidates(scores)}
        yield Candidate(chosen, metrics | means, _by_fold(scores), (done,))

    desk.candidates.tell(run, candidates)


def _by_fold(scores: Scores) -> list[dict[str, float]]:
    names = [f"{name}/folds" for name in scores]
    return [dict(zip(names, map(float, fold), strict=True)) for fold in zip(*scores.values(), strict=True)]


def _of_candidates(scores: Scores) -> Iterator[tuple[str, str]]:
    """What a search calls the scores of test folds: of a single scorer ``test_score``, whatever it is."""
    tests = [name for name in scores if name.startswith(TESTED)]
    for name in tests:
        yield ("test_score" if len(tests) == 1 else f"test_{name.removeprefix(TESTED)}"), name


def _scores(result: Any, scoring: Any) -> Scores:
    """Scores by name, one per fold."""
    found = result if isinstance(result, Mapping) else {"test_score": result}
    scorer = _scorer_name(scoring)
    names = {**_TIMES, "test_score": f"test_{scorer}", "train_score": f"train_{scorer}"}
    return {
        f"cv/{names.get(key, key)}": tuple(map(float, values)) for key, values in found.items() if key not in _NO_SCORES
    }


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
