"""What a search tried: each candidate a run of its own under the run that searched."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.capture.numbers import metric_value
from mlops_magics.capture.parameters import BEST
from mlops_magics.errors import StoreError
from mlops_magics.model.estimator import param_value
from mlops_magics.records import Param, RunRevision

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

RENAMED = {"mean_fit_time": "fit_seconds", "mean_score_time": "score_seconds"}
"""The times of a search, with their unit. What they spread over the folds is not kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: ``results`` has a column of a number per candidate, ``params`` what each of them was."""

    params: list[Mapping[str, Any]]
    results: Mapping[str, Any]
    best_score: float | None


def found_by(estimator: Any) -> Found | None:
    """What a search that was fitted found, or None for what is no search."""
    base = getattr(sys.modules.get("sklearn.model_selection._search"), "BaseSearchCV", None)
    if base is None or not isinstance(estimator, base) or not hasattr(estimator, "cv_results_"):
        return None
    return Found(
        params=list(estimator.cv_results_["params"]),
        results=dict(estimator.cv_results_),
        best_score=getattr(estimator, "best_score_", None),
    )


def best_params_of(estimator: Any) -> list[Param]:
    """What a search that was fitted chose, as ``best.NAME``; nothing for what is no search."""
    base = getattr(sys.modules.get("sklearn.model_selection._search"), "BaseSearchCV", None)
    best = getattr(estimator, "best_params_", None) if base and isinstance(estimator, base) else None
    return [Param(key=BEST + key, value=param_value(value)) for key, value in (best or {}).items()]


class SearchBook:
    """Writes candidates down, numbered on through all searches of a run."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._numbered: dict[str, int] = {}

    def tell(self, run: ActiveRun, found: Found) -> None:
        """Record how good the best is at once, and all candidates off the person's path."""
        candidates = {"candidates": float(len(found.params))}
        run.log(candidates if found.best_score is None else {**candidates, "best_score": found.best_score})
        self._sink.later(lambda: self._write(run, found))

    def _write(self, run: ActiveRun, found: Found) -> None:
        first = self._first_number(run)
        self._numbered[run.id] = first + len(found.params)
        columns = dict(_columns(found.results))
        lost = 0
        for index, params in enumerate(found.params):
            metrics = {name: metric_value(name, values[index]) for name, values in columns.items()}
            lost += _write_candidate(run, f"{run.name}.{first + index}", params, metrics)
        if lost:
            raise StoreError(f"{lost} facts about candidates of {run.name} could not be written to {run.store.path}")

    def _first_number(self, run: ActiveRun) -> int:
        known = self._numbered.get(run.id)
        if known is None:
            # A run that was resumed has candidates from before.
            known = sum(other.parent == run.id for other in run.store.all_runs())
        return known


def _write_candidate(
    run: ActiveRun, name: str, params: Mapping[str, Any], metrics: Mapping[str, float | str]
) -> int:
    journal = run.store.open_journal(run.store.new_run_id())
    has_failed = all(value == "NaN" for key, value in metrics.items() if key.startswith("mean_test_"))
    journal.record(
        RunRevision(
            experiment=run.experiment,
            name=name,
            parent=run.id,
            status="failed" if has_failed else "finished",
            message="no fit of this candidate could be scored" if has_failed else None,
        )
    )
    for key, value in params.items():
        journal.record(*run.private.params([Param(key=key, value=param_value(value))]))
    journal.metrics(metrics, None)
    journal.close()
    return journal.lost


def _columns(results: Mapping[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """The columns that are numbers, by the names they are recorded under."""
    for name, values in results.items():
        if name == "params" or name.startswith("param_") or name in {"std_fit_time", "std_score_time"}:
            continue
        if getattr(getattr(values, "dtype", None), "kind", "") in "iuf" or _is_numbers(values):
            yield RENAMED.get(name, name), [float(value) for value in values]


def _is_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, int | float) for value in values)
