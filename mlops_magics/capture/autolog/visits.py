"""One call that fits something and is no part of another: from before it begins until it is told what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.candidates import CandidateBook
from mlops_magics.capture.autolog.methods import Visit
from mlops_magics.capture.autolog.models import ModelKeeper
from mlops_magics.capture.autolog.nesting import Nesting, Place
from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.capture.autolog.streams import StreamBook
from mlops_magics.capture.autolog.tables import TableBook
from mlops_magics.capture.autolog.warned import WarningEar

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call. ``error`` is what it raised; ``warnings`` are ``Type: message``."""

    run: ActiveRun
    seconds: float
    warnings: list[str]
    result: Any = None
    error: BaseException | None = None


Tell = Callable[[Outcome], None]
"""Given what became of a call; also when its run has ended meanwhile."""


class Desk:
    """Where watched calls are admitted, and everything lies that is kept while they go on."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.tables = TableBook(sink)
        self.models = ModelKeeper(sink)
        self.candidates = CandidateBook(sink)
        self.streams = StreamBook(sink, self.tables)
        self._nesting = Nesting()
        self._ear = WarningEar(self._nesting.hear)

    def admit(self, prepare: Callable[[ActiveRun], Tell]) -> Visit | None:
        """A call begins. ``prepare`` is asked if it is outermost and a run is open; what it answers is told the end."""
        try:
            if self._nesting.is_inside:
                return None
            run = self.sink.current()
            if run is None:
                return None
            place = self._nesting.enter()
        except Exception as trouble:  # noqa: BLE001 - the autologger's guard
            self.sink.warn("a fit", trouble)
            return None
        if not place.is_outermost:
            return _Part(self, place)
        try:
            return _Outermost(self, run, place, prepare(run))
        except Exception as trouble:  # noqa: BLE001
            self.sink.warn("a fit", trouble)
            return _Part(self, place)

    def attempt(self, act: Callable[[], object]) -> None:
        """Do what follows a call: whatever breaks, the person gets what the call returned or raised."""
        try:
            act()
        except Exception as trouble:  # noqa: BLE001 - the autologger's guard
            self.sink.warn("a fit", trouble)

    def leave(self, place: Place) -> None:
        """A call is over."""
        self.attempt(lambda: self._nesting.leave(place))

    def settle(self) -> None:
        """A cell is over: write what waited for that."""
        self._nesting.forget_this_thread()
        self.streams.settle()
        self.models.settle()
        self.tables.let_go()

    def settle_run(self, run: ActiveRun) -> None:
        """A run ends, maybe in the midst of a cell: write what waited of it."""
        self.streams.settle(run)
        self.models.settle(run)


class _Part:
    """A fit that is nothing of its own, but what it does in its thread is part of an outer one."""

    def __init__(self, desk: Desk, place: Place) -> None:
        self._desk = desk
        self._place = place

    def done(self, result: Any) -> None:  # noqa: ARG002 - the outer fit's to tell
        """It returned."""
        self._desk.leave(self._place)

    def failed(self, error: BaseException) -> None:  # noqa: ARG002
        """It raised."""
        self._desk.leave(self._place)


class _Outermost:
    """A call that will be recorded."""

    def __init__(self, desk: Desk, run: ActiveRun, place: Place, tell: Tell) -> None:
        self._desk = desk
        self._run = run
        self._place = place
        self._tell = tell
        desk._ear.listen()
        self._began = time.perf_counter()

    def done(self, result: Any) -> None:
        """It returned."""
        self._finish(result, None)

    def failed(self, error: BaseException) -> None:
        """It raised."""
        self._finish(None, error)

    def _finish(self, result: Any, error: BaseException | None) -> None:
        seconds = time.perf_counter() - self._began
        desk = self._desk
        desk.attempt(desk._ear.cease)
        desk.leave(self._place)
        outcome = Outcome(self._run, seconds, self._place.fit.warnings, result, error)
        desk.attempt(lambda: self._tell(outcome))
