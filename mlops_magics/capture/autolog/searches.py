"""What a search tried: each candidate a run of its own under the run that searched."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.candidates import Candidate, CandidateBook
from mlops_magics.capture.numbers import metric_value
from mlops_magics.capture.parameters import BEST, BEST_SCORE, SEARCH
from mlops_magics.model.estimator import param_value
from mlops_magics.records import Param

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

RENAMED = {"mean_fit_time": "fit_seconds", "mean_score_time": "score_seconds"}
"""The times of a search, with their unit. What they spread over the folds is not kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: ``results`` has a column of a number per candidate, ``params`` what each of them was; and
    ``best`` what it chose.
    """

    params: list[Mapping[str, Any]]
    results: Mapping[str, Any]
    best_score: float | None
    best: Sequence[Param] = ()


def found_by(estimator: Any) -> Found | None:
    """What a search that was fitted found, or None for what is no search."""
    base = getattr(sys.modules.get("sklearn.model_selection._search"), "BaseSearchCV", None)
    if base is None or not isinstance(estimator, base) or not hasattr(estimator, "cv_results_"):
        return None
    return Found(
        params=list(estimator.cv_results_["params"]),
        results=dict(estimator.cv_results_),
        best_score=getattr(estimator, "best_score_", None),
        best=best_params_of(estimator),
    )


def best_params_of(estimator: Any) -> list[Param]:
    """What a search that was fitted chose, as ``best.NAME``; nothing for what is no search."""
    base = getattr(sys.modules.get("sklearn.model_selection._search"), "BaseSearchCV", None)
    best = getattr(estimator, "best_params_", None) if base and isinstance(estimator, base) else None
    return [Param(key=BEST + key, value=param_value(value)) for key, value in (best or {}).items()]


def tell_search(book: CandidateBook, run: ActiveRun, found: Found) -> None:
    """Record how many candidates there were at once, and all of them off the person's path.

    How good the best is, is recorded beside what it is: where the person named another model, the run has neither.
    """
    run.log(candidates=float(len(found.params)))
    if found.best_score is not None and run.is_described(found.best):
        run.log_whole(SEARCH, {BEST_SCORE: found.best_score})
    book.tell(run, lambda: _candidates(found))


def _candidates(found: Found) -> Iterator[Candidate]:
    columns = dict(_columns(found.results))
    for index, params in enumerate(found.params):
        yield Candidate(
            [Param(key=key, value=param_value(value)) for key, value in params.items()],
            {name: metric_value(name, values[index]) for name, values in columns.items()},
        )


def _columns(results: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """The columns that are numbers, by the names they are recorded under."""
    for name, values in results.items():
        if name == "params" or name.startswith("param_") or name in {"std_fit_time", "std_score_time"}:
            continue
        if getattr(getattr(values, "dtype", None), "kind", "") in "iuf" or _is_numbers(values):
            yield RENAMED.get(name, name), [float(value) for value in values]


def _is_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, int | float) for value in values)
