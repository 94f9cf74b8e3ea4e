"""The answers to the lab extension's questions: each calls one function of the house and says what it returned."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.curves import curves
from mlops_magics.compare.leaderboard import runs
from mlops_magics.errors import RunNotFound
from mlops_magics.faces.panels.board import meeting, table_of
from mlops_magics.faces.server.answers import (
    CurvesQuestion,
    DiffAnswer,
    MarksAnswer,
    MarksQuestion,
    OverviewAnswer,
    RunAnswer,
)
from mlops_magics.faces.server.marks import executions_of, marks
from mlops_magics.faces.server.outcomes import Outcomes
from mlops_magics.faces.server.overview import line, line_of, overview
from mlops_magics.faces.server.pages import page
from mlops_magics.faces.server.places import Places
from mlops_magics.records import Artifact
from mlops_magics.store import open_store
from mlops_magics.store.location import source_of
from mlops_magics.store.watch import Watch
from mlops_magics.store.watched import Watched, WatchedRun

if TYPE_CHECKING:
    from mlops_magics.capture.notebook.flow import Execution
    from mlops_magics.store.queries import Store

KEPT = 8
"""Notebooks whose cells are kept, so that marking again while one types asks the store nothing."""


@dataclass(slots=True)
class _Opened:
    """A store that is looked at: watched by one question at a time, and read by others meanwhile."""

    store: Store
    watch: Watch
    outcomes: Outcomes
    watching: threading.Lock = field(default_factory=threading.Lock)
    ran: OrderedDict[str, tuple[str, list[Execution]]] = field(default_factory=OrderedDict)

    def look(self) -> Watched:
        with self.watching:
            return self.watch.look()


class Desk:
    """Answers from the stores below a server's root; reads only. Safe to ask from several threads.

    Every question that names a store or a path raises StoreError where there is none, or where it is not below the
    root.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._opened: dict[Path, _Opened] = {}
        self._opening = threading.Lock()

    def overview(self, notebook: str, stamp: str) -> OverviewAnswer:
        """What the store of a notebook holds; without a notebook, that of the root."""
        name = self._places.store_of(notebook)
        if name is None:
            return OverviewAnswer(None, "", None, None)
        opened = self._open(name)
        watched = opened.look()
        said = f"{id(opened)}.{watched.stamp}"
        newest = self._newest(opened, watched, notebook)
        active = line(newest) if newest is not None and newest.status == "running" else None
        told = None if said == stamp else overview(watched, opened.store.path, opened.outcomes.of(watched))
        return OverviewAnswer(name, said, active, told)

    def marks(self, question: MarksQuestion) -> MarksAnswer:
        """How the cells of a notebook stand to the run it is writing, or else to its last one."""
        name = self._places.store_of(question.notebook)
        if name is None:
            return MarksAnswer(None, "", ())
        opened = self._open(name)
        run = self._newest(opened, opened.look(), question.notebook)
        if run is None:
            return MarksAnswer(None, "", ())
        return marks(line(run), self._ran(opened, run.id), question.cells)

    def run(self, store: str, run: str) -> RunAnswer:
        """One run, whole.

        Raises
        ------
        RunNotFound
            It is not in the store.
        """
        place = self._open(store).store
        return page(place, run, partial(self._places.notebook_of, place.path))

    def curves(self, question: CurvesQuestion) -> dict[str, Any]:
        """How metrics of runs went, as few points as a picture has columns.

        Raises
        ------
        RunNotFound, DataError
            A run, or one of the metrics, is not there.
        """
        place = self._open(question.store).store
        with place.focused(*question.runs):
            asked = {name: getattr(question, name) for name in ("columns", "low", "high")}
            return curves(question.runs, question.keys or None, store=place, **asked).to_dict()

    def board(self, store: str) -> dict[str, Any]:
        """Every run by column, as the notebook's leaderboard panel has them."""
        return table_of(runs(store=self._open(store).store))

    def meeting(self, store: str, where: str) -> dict[str, Any]:
        """The ids of the runs that meet a condition, as the notebook's leaderboard panel has them; or what of it is not
        understood, which is an answer too: a browser writes every other status into its console.
        """
        return meeting(where, self._open(store).store)

    def diff(self, store: str, left: str, right: str) -> DiffAnswer:
        """What differs between two runs, named as everywhere: by an id, a piece of it, a name, ``@best:METRIC``.

        Raises
        ------
        RunNotFound
            One of them is not in the store.
        """
        from mlops_magics import diff

        place = self._open(store).store
        with place.focused(left, right):
            one, other = place.find(left), place.find(right)
            return DiffAnswer(line_of(one), line_of(other), diff(one, other, store=place)._repr_html_())

    def artifact(self, store: str, run: str, sha256: str) -> tuple[Artifact, Path]:
        """A file of a run, by its digest, and where it is.

        Raises
        ------
        RunNotFound, StoreError
            The run has no such file, or the store has lost it.
        """
        place = self._open(store).store
        with place.focused(run):
            found = [item for item in place.artifacts(run) if item.sha256 == sha256]
        if not found:
            raise RunNotFound(f"run {run} has no file {sha256[:12]}…")
        return found[-1], place.blob(found[-1].sha256)

    def _newest(self, opened: _Opened, watched: Watched, notebook: str) -> WatchedRun | None:
        """The run that a notebook is writing, else the last one it wrote."""
        if not notebook:
            return None
        return watched.sources.get(source_of(opened.store.path, self._places.inside(notebook)))

    def _ran(self, opened: _Opened, run: str) -> list[Execution]:
        """What a run's kernel executed; asked again when a journal of the run, or the database, has changed."""
        state = opened.watch.state_of(run)
        with self._opening:
            known = opened.ran.get(run)
        if known and known[0] == state:
            return known[1]
        found = executions_of(opened.store, run)
        with self._opening:
            opened.ran[run] = state, found
            while len(opened.ran) > KEPT:
                opened.ran.popitem(last=False)
        return found

    def _open(self, name: str) -> _Opened:
        folder = self._places.folder_of(name)
        with self._opening:
            if folder not in self._opened:
                store = open_store(folder, read_only=True)
                self._opened[folder] = _Opened(store, Watch(folder), Outcomes(store))
            return self._opened[folder]
