"""Autologging as a whole: on while a run is open, and leaving nothing behind when it is off."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlops_magics.capture.autolog.arrivals import ImportWatch, SubclassWatch
from mlops_magics.capture.autolog.boosting import TrainWatch
from mlops_magics.capture.autolog.classes import WatchedClasses
from mlops_magics.capture.autolog.estimators import METHODS, watcher_of
from mlops_magics.capture.autolog.folds import FoldWatch
from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.capture.autolog.visits import Desk

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


class Autolog:
    """Sees what is fitted while it is on, and records it for the run that is open.

    Of every fit that is no part of another: what was fitted with which parameters on which table, how long it took,
    what it warned of, what it raised; of a search its candidates, of a cross-validation its folds, of a booster its
    curves; and, when the cell is over, the newest model. Nothing is imported to look for estimators. What a fit
    returns, raises or draws at random stays what it is, and so does the estimator.

    Not seen: fits in processes that the person starts (``joblib.Parallel``, ``multiprocessing``); a model that comes
    back from one is recorded when it is evaluated. Those of processes that a fit starts itself are part of it. Nor
    ``lightgbm.train`` by a name that it was imported under before the run began.

    Parameters
    ----------
    sink
        Whose fits these are.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._desk = Desk(sink)
        self._classes = WatchedClasses({method: watcher_of(self._desk, method) for method in METHODS}, sink.warn)
        self._imports = ImportWatch(self._arrived)
        self._subclasses = SubclassWatch(self._classes.add)
        self._folds = FoldWatch(self._desk)
        self._trains = TrainWatch(self._desk)
        self._modules = -1

    def refresh(self) -> None:
        """Be on, and settle what the cell before left: to be called before each cell. Costs a few microseconds unless
        something was imported since.
        """
        self._desk.settle()
        self.watch()

    def watch(self) -> None:
        """Be on: where a run begins, in the midst of a cell too."""
        self._imports.start()
        self._classes.refresh()
        if self._modules != len(sys.modules):
            self._modules = len(sys.modules)
            self._look_around()
            self._subclasses.look()

    def settle(self, run: ActiveRun) -> None:
        """Settle what is left of one run, which ends."""
        self._desk.settle_run(run)

    def remove(self) -> None:
        """Settle what is left, and give every class back what is its own."""
        self._imports.stop()
        self._subclasses.stop()
        self._folds.stop()
        self._trains.stop()
        self._classes.remove()
        self._modules = -1
        self._desk.settle()

    def _arrived(self) -> None:
        """A module is about to be imported; those before it are there."""
        try:
            self._look_around()
        except Exception as trouble:  # noqa: BLE001 - an import of the person is going on
            self._sink.warn("estimators that are being imported", trouble)

    def _look_around(self) -> None:
        base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
        if base is not None:
            self._subclasses.start(base)
        self._folds.start()
        self._trains.start()
