"""A run, again: its recipe executed in a fresh kernel with a store of its own, and compared with what was recorded."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.machine import VARIABLES
from mlops_magics.capture.secrets import mask
from mlops_magics.errors import MlopsError
from mlops_magics.records import Environment, Judged, Run
from mlops_magics.rerun.execution import execute, kernel_environment
from mlops_magics.rerun.notebook import clear_outputs, read_notebook, save, write_notebook
from mlops_magics.rerun.outcome import judge, twin_of
from mlops_magics.rerun.recipe import Recipe, recipe
from mlops_magics.rerun.report import Replay
from mlops_magics.rerun.restoring import files_in_reach, put_back
from mlops_magics.store import open_store
from mlops_magics.store.location import FOLDER_NAME, VARIABLE, shown
from mlops_magics.store.settings import FILE_NAME as SETTINGS

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.store.queries import Store

ENVIRONMENT_SECONDS = 15.0
"""How long a replay waits to hear in which environment it ran; that is looked at beside the cells."""

REPEATED = frozenset(VARIABLES) - {"CONDA_DEFAULT_ENV", "VIRTUAL_ENV"}
"""Environment variables that change what comes out: a replay gets the values the run had, or none where it had none."""

_UNSAFE = str.maketrans(dict.fromkeys('<>:"|?*\\', "-"))


def replay(  # noqa: PLR0913 - how to run it again
    run: Run | str,
    *,
    store: Store | str | os.PathLike[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    tolerance: float = 0.0,
    ignore: Collection[str] = (),
    notebook_only: bool = False,
    timeout_seconds: float | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Write the cells a run stood on as a notebook, execute it in a fresh kernel, and tell what came out differently.

    The kernel is one of this interpreter, in the folder the run worked in, with a store of its own: nothing is added to
    the run's store but the verdict, on the run. What the cells themselves do to files and databases, they do again, in
    that folder: files they write, add to or remove by a path that the code tells are put back afterwards as they were,
    up to 2 GiB of them; files that were not there stay. Databases, and paths that are not told, are as the cells left
    them.

    Parameters
    ----------
    run
        A run that is over, or what names it: a name, a piece of an id, ``@last``, ``@best:METRIC``.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.
    path
        Where to write the notebook; None: ``RUN.replay.ipynb`` in the folder the run worked in. A replay that is there
        is replaced, another file never.
    tolerance
        Two numbers of a metric are the same when they differ by at most this share of the larger one: ``0.01`` is one
        percent. 0: exactly. NaN is the same as NaN.
    ignore
        Names of metrics that are not compared, such as ``fit_seconds`` or ``time/*``: ``*`` stands for anything.
    notebook_only
        Write it, and do not execute it.
    timeout_seconds
        The longest one cell may take; None: as long as it wants.
    progress
        Told the share of the cells that are done.

    Raises
    ------
    RunNotFound
        There is no such run.
    MlopsError
        It is still going on, has no cells, holds a masked secret, or its folder is gone; or ``tolerance`` or
        ``timeout_seconds`` is no such number.
    """
    _check(tolerance, timeout_seconds)
    place = open_store(store)
    found = place.find(run)
    if found.status == "running":
        raise MlopsError(f"{found.name} is still going on", hint="End it first: %mlops end")
    steps = recipe(found, place)
    surroundings = place.environment(found)
    folder = _folder(place, surroundings)
    if not folder.is_dir() and not (path and notebook_only):
        raise MlopsError(f"the folder the run worked in is gone: {folder}", hint="Bring it back, data files included")
    target = write_notebook(steps, path or folder / f"{found.name.translate(_UNSAFE)}.replay.ipynb")
    if notebook_only:
        return Replay(run=found, outcome="written", path=target, cells=steps.repeated, executed=steps.executed)
    _check_executable(steps, target)
    with _own_store(place) as second, put_back(files_in_reach(steps, folder)) as lost:
        notebook = read_notebook(target)
        execution = execute(
            notebook,
            folder=folder,
            environment=kernel_environment(**_variables(surroundings), **{VARIABLE: str(second.path)}),
            timeout_seconds=timeout_seconds,
            progress=progress,
            before_shutdown=lambda: _wait_for_environment(second, found),
        )
        result = judge(execution, steps, store=place, second=second, path=target, tolerance=tolerance, ignore=ignore)
    told = tuple(f"{shown(path)} was in reach of the cells, and too large to be put back as it was." for path in lost)
    result = replace(result, remarks=(*result.remarks, *told))
    if place.settings.private or any("--private" in cell.source for cell in steps.cells):
        clear_outputs(notebook)
    save(notebook, target)
    place.record(found.id, Judged(question="replay", subject=found.name, verdict=result.verdict, detail=_kept(result)))
    return result


def _kept(result: Replay) -> dict[str, Any]:
    """What the store keeps: no traceback, which shows paths of this machine and lines of other people's code."""
    detail = result.to_dict()
    if result.failure:
        detail["failure"] = {**result.failure.to_dict(), "error": mask(result.failure.error), "traceback": ""}
    return detail


def _check(tolerance: float, timeout_seconds: float | None) -> None:
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise MlopsError(f"a tolerance is a share, 0 or more, and not {tolerance}", hint="0.01 is one percent")
    if timeout_seconds is not None and not (math.isfinite(timeout_seconds) and timeout_seconds > 0):
        raise MlopsError(f"a cell cannot be given {timeout_seconds} seconds", hint="Leave it out for no limit")


def _folder(store: Store, environment: Environment | None) -> Path:
    """Where the run worked; where that is not known, where its store is."""
    home = store.path.absolute().parent
    return Path(os.path.normpath(home / (environment.folder or "."))) if environment else home


def _check_executable(steps: Recipe, notebook: Path) -> None:
    if steps.masked:
        cells = ", ".join(steps.masked)
        raise MlopsError(
            f"a secret is masked as *** in {cells}: without it the cells cannot be executed",
            hint=f"Fill it in, better by os.environ, and run {notebook}",
        )
    if steps.bound:
        raise MlopsError(
            f"{', '.join(steps.bound)} sets {VARIABLE}: executed again, it would add to a store that is in use",
            hint=f"Set it outside of the notebook, and run {notebook}",
        )


@contextmanager
def _own_store(store: Store) -> Iterator[Store]:
    """An empty store with the same settings, for as long as the block."""
    with TemporaryDirectory(prefix="mlops-replay-", ignore_cleanup_errors=True) as folder:
        second = open_store(Path(folder) / FOLDER_NAME)
        settings = store.path / SETTINGS
        if settings.is_file():
            second.path.mkdir(parents=True)
            shutil.copy(settings, second.path / SETTINGS)
        yield second


def _variables(environment: Environment | None) -> dict[str, str | None]:
    if environment is None or environment.variables is None:
        return {}
    return {name: environment.variables.get(name) for name in REPEATED}


def _wait_for_environment(store: Store, run: Run) -> None:
    end = time.monotonic() + ENVIRONMENT_SECONDS
    while time.monotonic() < end:
        twin = twin_of(run, store)
        if twin is None or store.environment(twin):
            return
        time.sleep(0.1)
