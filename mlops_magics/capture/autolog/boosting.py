"""Boosted trees of XGBoost and LightGBM: what they measure at each iteration, and their own ``train``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import CellType, ModuleType
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.facts import FEATURES_LIMIT, FitFacts
from mlops_magics.capture.autolog.methods import Visit, Watcher, cell_of, watched
from mlops_magics.capture.autolog.sink import Sink, count_now
from mlops_magics.capture.autolog.visits import Desk, Outcome, Tell
from mlops_magics.capture.cells import error_text
from mlops_magics.capture.parameters import Word
from mlops_magics.model.estimator import Description, class_name_of, param_value

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

Curves = Mapping[str, Mapping[str, list[float]]]
"""Set, metric, and a value per iteration."""

HOMES = {"xgboost.training": "xgboost", "lightgbm.engine": "lightgbm"}
"""Where ``train`` is defined, and where people find it."""

TASKS = {"binary": "binary", "multi": "multiclass", "softmax": "multiclass", "reg": "regression", "rank": "ranking"}
"""How objectives begin, and what they are for."""


def curves_of(estimator: Any) -> Curves | None:
    """What a booster of scikit-learn's kind measured while it was last fitted with an evaluation set."""
    held = getattr(estimator, "__dict__", {})
    found = held.get("evals_result_") or held.get("_evals_result")
    return found if isinstance(found, Mapping) else None


def log_curves(sink: Sink, run: ActiveRun, curves: Curves) -> None:
    """Record curves as ``SET/METRIC``, a step per iteration, off the person's path."""
    copied = {f"{part}/{metric}": list(values) for part, found in curves.items() for metric, values in found.items()}

    def write() -> None:
        for step in range(max(map(len, copied.values()), default=0)):
            run.observe_metrics({name: values[step] for name, values in copied.items() if step < len(values)}, step)

    sink.later(write)


class TrainWatch:
    """Watches the ``train`` of the libraries that were imported.

    XGBoost's under every name it has, inside of its decorator. LightGBM's has none: ``from lightgbm import train``
    before a run begins leads to what nobody watches, ``lightgbm.train`` does not.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._exchanged: list[tuple[ModuleType, Any, Any]] = []
        self._cells: list[tuple[CellType, Any, Any]] = []
        self._known: set[str] = set()

    def start(self) -> None:
        """Watch what was imported since."""
        for home, package in HOMES.items():
            module = sys.modules.get(home)
            train = getattr(module, "train", None)
            if home in self._known or not inspect.isfunction(train):
                continue
            self._known.add(home)
            found = cell_of(train)
            if found is not None:
                inner = found.cell_contents
                found.cell_contents = watched(inner, _watcher_of(self._desk, package, inner))
                self._cells.append((found, inner, found.cell_contents))
                continue
            ours = watched(train, _watcher_of(self._desk, package, train))
            for place in (module, sys.modules.get(package)):
                if place is not None and getattr(place, "train", None) is train:
                    setattr(place, "train", ours)  # noqa: B010 - a module's name
                    self._exchanged.append((place, train, ours))

    def stop(self) -> None:
        """Put back what was exchanged, unless somebody has put theirs there since."""
        for place, train, ours in self._exchanged:
            if getattr(place, "train", None) is ours:
                setattr(place, "train", train)  # noqa: B010
        for cell, inner, ours in self._cells:
            if cell.cell_contents is ours:
                cell.cell_contents = inner
        self._exchanged.clear()
        self._cells.clear()
        self._known.clear()


def _watcher_of(desk: Desk, package: str, train: Callable[..., Any]) -> Watcher:
    signature = inspect.signature(train)

    def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Visit | None:
        def prepare(run: ActiveRun) -> Tell:  # noqa: ARG001
            said = signature.bind(*arguments, **named).arguments
            curves = (_listen_xgboost if package == "xgboost" else _listen_lightgbm)(said, named)
            return lambda outcome: _tell(desk, outcome, package, said, curves)

        return desk.admit(prepare)

    return begin


def _listen_xgboost(said: Mapping[str, Any], named: dict[str, Any]) -> Curves:
    """The mapping that training fills: the person's own, or one handed in beside what they said."""
    curves: Curves | None = said.get("evals_result")
    if curves is None:
        curves = {}
        if said.get("evals"):
            named["evals_result"] = curves
    return curves


def _listen_lightgbm(said: Mapping[str, Any], named: dict[str, Any]) -> Curves:
    curves: dict[str, dict[str, list[float]]] = {}
    is_by_name = "callbacks" in named or "callbacks" not in said
    if said.get("valid_sets") and is_by_name:
        listen = sys.modules["lightgbm"].record_evaluation(curves)
        named["callbacks"] = [*(said.get("callbacks") or ()), listen]
    return curves


def _tell(desk: Desk, outcome: Outcome, package: str, said: Mapping[str, Any], curves: Curves) -> None:
    run, booster = outcome.run, outcome.result
    if run.status != "running":
        return
    facts = _facts_of(outcome, package, said)
    if outcome.error is None:
        run.describe_model(facts.params(), Word.FITTED)
        desk.models.fitted(run, booster, None, task=_task_of(said))
    count_now(run)
    log_curves(desk.sink, run, curves)
    told = facts.without(run.private)
    desk.sink.later(lambda: run.observe(told.fit(name=desk.sink.name_of(booster), fingerprint=None)))


def _facts_of(outcome: Outcome, package: str, said: Mapping[str, Any]) -> FitFacts:
    data = said.get("dtrain", said.get("train_set"))
    params = dict(said.get("params") or {})
    for name in ("num_boost_round", "early_stopping_rounds"):
        if said.get(name) is not None:
            params[name] = said[name]
    class_name = f"{package}.train" if outcome.result is None else class_name_of(outcome.result)
    names = getattr(data, "feature_names", None) or getattr(data, "feature_name", None)
    return FitFacts(
        description=Description(class_name, {str(key): param_value(value) for key, value in sorted(params.items())}),
        summary=f"{package}.train",
        shape=_shape_of(data),
        features=tuple(map(str, names)) if isinstance(names, list) and len(names) <= FEATURES_LIMIT else None,
        seconds=outcome.seconds,
        warnings=tuple(outcome.warnings),
        error=error_text(outcome.error) if outcome.error is not None else None,
    )


def _shape_of(data: Any) -> tuple[int | None, int | None]:
    for rows, columns in (("num_row", "num_col"), ("num_data", "num_feature")):
        if hasattr(data, rows):
            return int(getattr(data, rows)()), int(getattr(data, columns)())
    return None, None


def _task_of(said: Mapping[str, Any]) -> str:
    objective = str((said.get("params") or {}).get("objective", ""))
    return next((task for start, task in TASKS.items() if objective.startswith(start)), "unknown")
