"""What came of an execution: the run it recorded beside the one it repeats."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_magics.records import Environment, Run, decode
from mlops_magics.rerun.deviation import Deviation, deviations
from mlops_magics.rerun.execution import Execution, Stop
from mlops_magics.rerun.facts import Facts, facts_of
from mlops_magics.rerun.recipe import Recipe
from mlops_magics.rerun.report import Failure, Replay, Surrounding
from mlops_magics.store.location import VARIABLE

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store


def judge(  # noqa: PLR0913 - both sides, and how to compare them
    execution: Execution,
    steps: Recipe,
    *,
    store: Store,
    second: Store,
    path: Path,
    tolerance: float,
    ignore: Collection[str] = (),
) -> Replay:
    """Compare a run with what executing its cells again recorded in the store ``second``.

    Metrics whose names match a pattern of ``ignore`` are left out. Of an execution that was stopped, what was recorded
    up to there is compared: what went apart may be why it stopped.
    """
    twin = twin_of(steps.run, second)
    failure = _failure(execution.stop, steps) if execution.stop else None
    if failure is None and twin is None:
        failure = _not_recorded(steps.run, second)
    # The first cell of the notebook says what it is; the others are those of the recipe.
    began = [(time, index - 1) for index, time in execution.began.items()]
    whole = facts_of(store, steps.run)
    again = facts_of(second, twin, began) if twin else Facts({}, ())
    original, replayed = whole.without_metrics(ignore), again.without_metrics(ignore)
    metrics = {key: points[-1].value for (kind, key), points in original.series.items() if kind == "metric"}
    ignored = {*whole.series, *again.series} - {*original.series, *replayed.series}
    if execution.stop is not None:
        original, replayed = _up_to(execution.stop, steps, original, replayed)
    found: tuple[Deviation, ...] = ()
    if twin:
        positions = [cell.position for cell in steps.cells]
        found = deviations(original, replayed, tolerance=tolerance, positions=positions, skipped=steps.skipped)
    return Replay(
        run=steps.run,
        outcome="failed" if failure else "differs" if found else "same",
        path=path,
        cells=steps.repeated,
        executed=steps.executed,
        tolerance=tolerance,
        compared={} if failure else metrics,
        ignored=tuple(sorted(key for _, key in ignored)),
        deviations=found,
        surroundings=_surroundings(store, steps.run, second, twin),
        failure=failure,
        seconds=execution.seconds,
        labels=_labels(store, steps.run),
        remarks=(*steps.remarks, *_unused(ignore, [key for _, key in ignored])),
    )


def _unused(ignore: Collection[str], ignored: Collection[str]) -> Iterator[str]:
    """A word that leaves nothing out is likely a mistyped one."""
    for pattern in ignore:
        if not any(fnmatchcase(key, pattern) for key in ignored):
            yield f"No metric is called {pattern}, which was not to be compared."


def twin_of(run: Run, second: Store) -> Run | None:
    """The run that a replay recorded for ``run``: its cells may track several. None where it cannot be told."""
    runs = [one for one in second.all_runs() if one.experiment == run.experiment and one.parent is None]
    named = [one for one in runs if one.name == run.name]
    return (named or runs)[-1] if named or len(runs) == 1 else None


def _up_to(stop: Stop, steps: Recipe, original: Facts, replayed: Facts) -> tuple[Facts, Facts]:
    """Both sides without the cell that stopped it, and what follows."""
    begins = {cell: time for time, cell in original.began}
    position = None if stop.index is None else steps.cells[stop.index - 1].position
    if stop.index is None or position not in begins:
        return Facts({}, ()), Facts({}, ())
    again = next((time for time, place in replayed.began if place == stop.index - 1), None)
    return original.until(begins[position]), replayed if again is None else replayed.until(again)


def _labels(store: Store, run: Run) -> dict[int, str]:
    return {
        cell.position: f"cell {cell.position}" if cell.execution_count is None else f"In [{cell.execution_count}]"
        for cell in store.cells(run)
    }


def _failure(stop: Stop, steps: Recipe) -> Failure:
    if stop.index is None:
        return Failure(None, f"the kernel did not start: {stop.error}", stop.traceback)
    step = steps.cells[stop.index - 1]
    return Failure(step.label, stop.error, stop.traceback, _advice(stop.error, steps))


def _advice(error: str, steps: Recipe) -> str:
    kind = error.partition(":")[0]
    if kind == "NameError":
        return "A name is missing: the run stood on something that no cell of it made, or that was set by hand."
    if kind == "FileNotFoundError":
        return "A file is not where it was when the run read it."
    if kind in {"ModuleNotFoundError", "ImportError"}:
        missing = ", ".join(f"{name} {version}" for name, version in steps.packages.items())
        return f"The run had these packages: {missing}." if missing else "The run had a package that is not here."
    if kind == "StdinNotImplementedError":
        return "It asks somebody for an input, and nobody is there: put the answer into the cell, or the environment."
    if kind in {"RunNotFound", "CommandError"}:
        return "A replay has a store of its own, which holds no other runs."
    return ""


def _not_recorded(run: Run, store: Store) -> Failure:
    names = ", ".join(f"{one.experiment}/{one.name}" for one in store.all_runs()) or "none"
    return Failure(
        None,
        f"no run {run.experiment}/{run.name} came out of it; there is: {names}",
        hint=f"Its cells name the run by themselves, or set {VARIABLE}: give it a name, and the store from outside.",
    )


def _surroundings(store: Store, run: Run, second: Store, twin: Run | None) -> tuple[Surrounding, ...]:
    """Where the two ran differently; what was not looked at is not known to differ."""
    left, right = store.environment(run), second.environment(twin) if twin else None
    if left is None or right is None:
        return ()
    packages = _versions(store, left), _versions(second, right)
    states = [
        ("Python", left.python, right.python),
        ("platform", left.platform, right.platform),
        ("git commit", _short(left.git_commit), _short(right.git_commit)),
        ("uncommitted patch", _short(left.git_patch), _short(right.git_patch)),
        *((name, packages[0].get(name), packages[1].get(name)) for name in sorted({*packages[0], *packages[1]})),
    ]
    return tuple(Surrounding(name, was, now) for name, was, now in states if was != now)


def _versions(store: Store, environment: Environment) -> Mapping[str, str]:
    return dict(decode(store.texts([environment.packages]).get(environment.packages, "{}")))


def _short(digest: str | None) -> str | None:
    return digest and digest[:12]
