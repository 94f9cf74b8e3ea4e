"""How a run begins: a new one, or one that was interrupted and goes on."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.open_runs import OPEN_RUNS
from mlops_magics.capture.run import ActiveRun
from mlops_magics.capture.script import SCRIPT
from mlops_magics.capture.surroundings import EnvironmentLook
from mlops_magics.errors import CommandError, MlopsError, RunNotFound
from mlops_magics.records import Run, RunRevision
from mlops_magics.store import open_store
from mlops_magics.store.location import source_of

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

_NAME = re.compile(r"[^\s@/][^\s/]{0,99}")


def track(  # noqa: PLR0913 - all that can be said of a run when it begins
    experiment: str,
    name: str | None = None,
    *,
    store: Store | str | os.PathLike[str] | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    resume: bool = False,
    source: str | None = None,
    private: bool = False,
    autolog: bool = True,
    system_seconds: float | None = None,
) -> ActiveRun:
    """Start a run of an experiment, or go on with one that was interrupted.

    Parameters
    ----------
    experiment
        What the runs that are compared with each other have in common.
    name
        What this variant is called. Made up from the experiment when not given. May be used again.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.
    params, tags
        Recorded at once.
    resume
        Go on with the newest run of this name, keeping its id and what it recorded.
    source
        The notebook or script. Kept is the way to it from the folder that holds the store.
    private
        Keep neither outputs nor previews nor row-wise predictions nor example rows, nor by itself a model that holds
        texts or rows of data (categories, neighbours, support vectors); so do the store's settings.
    autolog
        Record fits of estimators, searches and boosters by themselves, in a script as in a notebook.
    system_seconds
        Record CPU, memory and GPU each so many seconds.

    Raises
    ------
    CommandError
        A name is not 1 to 100 characters without spaces, slashes or a leading ``@``.
    RunNotFound
        ``resume``, and there is no such run.
    StoreError
        No store can be made there.

    Examples
    --------
    >>> with track("flights", "baseline", params={"C": 1.0}) as run:
    ...     run.log({"val/auc": 0.72})
    >>> run.store.metrics("baseline")
    {'val/auc': 0.72}
    """
    for what, value in (("experiment", experiment), ("run", name)):
        if value is not None and not _NAME.fullmatch(value):
            raise CommandError(
                f"{value!r} cannot be the name of {'an' if what[0] in 'aeiou' else 'a'} {what}",
                hint="Use 1 to 100 characters without spaces or slashes, not beginning with @",
            )
    place = open_store(store)
    identity = _resumed(place, experiment, name) if resume else _new(place, experiment, name)
    settings = place.settings
    run = ActiveRun(place, identity, settings=settings, private=private, autolog=autolog)
    # What it failed of before is over with being resumed.
    message = "" if resume else None
    if resume:
        run.goes_on()
    called = source_of(place.path, source) if source else None
    run.record(RunRevision(experiment=run.experiment, name=run.name, status="running", source=called, message=message))
    run.params(params)
    run.tag(tags)
    run.watch(EnvironmentLook(run, Path.cwd()))
    if every := system_seconds or settings.system_seconds:
        from mlops_magics.capture.system import SystemWatch

        run.watch(SystemWatch(run.observe_metrics, seconds=every))
    if run.autolog:
        SCRIPT.follow_fits()
    OPEN_RUNS.add(run)
    return run


def _new(store: Store, experiment: str, name: str | None) -> Run:
    run_id = store.new_run_id()
    started = datetime.now(UTC).replace(tzinfo=None)
    return Run(
        id=run_id, experiment=experiment, name=name or f"{experiment}-{run_id[-4:]}", status="running", started=started
    )


def _resumed(store: Store, experiment: str, name: str | None) -> Run:
    candidates = [run for run in store.all_runs() if run.experiment == experiment and name in {None, run.name}]
    if not candidates:
        raise RunNotFound(
            f"there is no run {experiment}/{name} to resume" if name else f"{experiment} has no run to resume",
            seen=name,
            exists=list(dict.fromkeys(run.name for run in store.all_runs() if run.experiment == experiment)),
            hint="Leave --resume out to start it",
        )
    run = candidates[-1]
    if run.status == "running":
        raise MlopsError(
            f"{experiment}/{run.name} is running somewhere",
            hint="End it there first, or start a new one without --resume",
        )
    return run
