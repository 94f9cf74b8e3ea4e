"""Boosted trees of XGBoost and LightGBM: what they measure at each iteration, and their own ``train``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import CellType, ModuleType
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.containers import Container, checked_against, of_lightgbm, of_xgboost
from mlops_magics.capture.autolog.facts import FitFacts, counted
from mlops_magics.capture.autolog.methods import Visit, Watcher, cell_of, watched
from mlops_magics.capture.autolog.sink import Sink, count_now
from mlops_magics.capture.autolog.tables import VALIDATION
from mlops_magics.capture.autolog.visits import Desk, Outcome, Tell
from mlops_magics.capture.cells import error_text
from mlops_magics.capture.parameters import Word
from mlops_magics.model.estimator import Description, class_name_of, param_value

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

Curves = Mapping[str, Mapping[str, list[float]]]
"""Set, metric, and a value per iteration."""

HOMES = {"xgboost.training": "xgboost", "lightgbm.engine": "lightgbm"}
"""Where ``train`` and ``cv`` are defined, and where people find them."""

TRAIN, CV = "train", "cv"

ENDS = {"mean": "", "std": "/std", "stdv": "/std"}
"""How the columns of a cross-validation end, and what they are recorded as."""

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
    """Watches the ``train`` and the ``cv`` of the libraries that were imported.

    XGBoost's under every name it has, inside of its decorator. LightGBM's has none: ``from lightgbm import train``
    before a run begins leads to what nobody watches, ``lightgbm.train`` does not.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._exchanged: list[tuple[ModuleType, str, Any, Any]] = []
        self._cells: list[tuple[CellType, Any, Any]] = []
        self._known: set[str] = set()

    def start(self) -> None:
        """Watch what was imported since."""
        for home, package in HOMES.items():
            module = sys.modules.get(home)
            # The last that is defined: before, the module is still being imported.
            if module is None or home in self._known or not inspect.isfunction(getattr(module, CV, None)):
                continue
            self._known.add(home)
            for name in (TRAIN, CV):
                self._watch(module, package, name)

    def _watch(self, module: ModuleType, package: str, name: str) -> None:
        function = getattr(module, name)
        found = cell_of(function)
        if found is not None:
            inner = found.cell_contents
            found.cell_contents = watched(inner, _watcher_of(self._desk, package, name, inner))
            self._cells.append((found, inner, found.cell_contents))
            return
        ours = watched(function, _watcher_of(self._desk, package, name, function))
        for place in (module, sys.modules.get(package)):
            if place is not None and getattr(place, name, None) is function:
                setattr(place, name, ours)
                self._exchanged.append((place, name, function, ours))

    def stop(self) -> None:
        """Put back what was exchanged, unless somebody has put theirs there since."""
        for place, name, function, ours in self._exchanged:
            if getattr(place, name, None) is ours:
                setattr(place, name, function)
        for cell, inner, ours in self._cells:
            if cell.cell_contents is ours:
                cell.cell_contents = inner
        self._exchanged.clear()
        self._cells.clear()
        self._known.clear()


def _watcher_of(desk: Desk, package: str, name: str, function: Callable[..., Any]) -> Watcher:
    signature = inspect.signature(function)
    listen = {"xgboost": _listen_xgboost, "lightgbm": _listen_lightgbm}[package]

    def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Visit | None:
        def prepare(run: ActiveRun) -> Tell:  # noqa: ARG001
            said = signature.bind(*arguments, **named).arguments
            given = said.get("dtrain", said.get("train_set"))
            containers = [given, *checked_against(said, given)]
            # LightGBM lets go of the rows when it trains; those of XGBoost are still there afterwards.
            rows = [of_lightgbm(held) for held in containers] if package == "lightgbm" else None
            curves = listen(said, named) if name == TRAIN else None

            def tell(outcome: Outcome) -> None:
                if outcome.run.status == "running":
                    found = rows or [of_xgboost(held) for held in containers]
                    _tell(desk, outcome, f"{package}.{name}", said, found, curves)

            return tell

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


def _tell(  # noqa: PLR0913, PLR0917 - what is known of a training
    desk: Desk, outcome: Outcome, called: str, said: Mapping[str, Any], rows: list[Container], curves: Curves | None
) -> None:
    run, booster, is_training = outcome.run, outcome.result, curves is not None
    facts = _facts_of(outcome, called, said, rows[0], is_training=is_training)
    fit = None
    if outcome.error is None:
        run.describe_model(facts.params(), Word.FITTED if is_training else Word.CROSS_VALIDATED)
        if is_training:
            fit = run.fitted.by_new_fit(booster)
            desk.models.fitted(run, booster, None, task=_task_of(said))
    count_now(run)
    log_curves(desk.sink, run, _curves_of_folds(booster) if curves is None else curves)
    told = facts.without(run.private)

    def write() -> None:
        fingerprint = None
        if outcome.error is None:
            fingerprint = rows[0].record(desk.tables, run, role="fit" if is_training else "cv")
            for checked in rows[1:]:
                checked.record(desk.tables, run, role=VALIDATION)
        name = desk.sink.name_of(booster) if is_training else None
        run.observe(told.fit(name=name, fingerprint=fingerprint, fit=fit))

    desk.sink.later(write)


def _curves_of_folds(result: Any) -> Curves:
    """The mean over the folds and its standard deviation, as ``cv/SET/METRIC`` and ``cv/SET/METRIC/std``."""
    columns = result.to_dict("list") if hasattr(result, "to_dict") else result
    found: dict[str, dict[str, list[float]]] = {}
    for name, values in (columns or {}).items():
        measured, _, what = str(name).rpartition("-")
        part, _, metric = measured.partition(" " if " " in measured else "-")
        if what in ENDS and isinstance(values, list):
            found.setdefault(f"cv/{part}", {})[metric + ENDS[what]] = values
    return found


def _facts_of(
    outcome: Outcome, called: str, said: Mapping[str, Any], rows: Container, *, is_training: bool
) -> FitFacts:
    params = dict(said.get("params") or {})
    for name in ("num_boost_round", "early_stopping_rounds", "nfold"):
        if said.get(name) is not None:
            params[name] = said[name]
    class_name = class_name_of(outcome.result) if is_training and outcome.result is not None else called
    return FitFacts(
        description=Description(class_name, {str(key): param_value(value) for key, value in sorted(params.items())}),
        summary=called,
        shape=rows.shape,
        features=rows.features,
        seconds=outcome.seconds,
        warnings=counted(outcome.warnings),
        error=error_text(outcome.error) if outcome.error is not None else None,
    )


def _task_of(said: Mapping[str, Any]) -> str:
    objective = str((said.get("params") or {}).get("objective", ""))
    return next((task for start, task in TASKS.items() if objective.startswith(start)), "unknown")
