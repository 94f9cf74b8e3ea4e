"""Which fits are parts of others: those that happen inside one, in its thread or in one that works for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import FrameType
from typing import Any


@dataclass(slots=True, eq=False)
class Outermost:
    """A fit that is no part of another, while it goes on.

    ``idents`` are the threads that are fitting parts of it now, its own among them.
    """

    thread: threading.Thread
    alive_before: frozenset[threading.Thread]
    idents: set[int] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    is_over: bool = False


@dataclass(slots=True)
class Place:
    """Where a fit that begins stands. To be given back to :meth:`Nesting.leave`."""

    fit: Outermost
    is_outermost: bool
    token: Token[Outermost | None]


class Nesting:
    """Knows every fit that is going on in this process.

    A fit in the same context is a part of the one around it, and costs one look. In another thread it is one if that
    thread is a worker of a joblib pool that the outer fit waits for, or was started while the outer fit kept the main
    thread busy: nobody else can have started it. Fits that people run in threads of their own are each outermost.
    """

    def __init__(self) -> None:
        self._current: ContextVar[Outermost | None] = ContextVar("mlops_fit", default=None)
        self._lock = threading.Lock()
        self._open: list[Outermost] = []

    @property
    def is_inside(self) -> bool:
        """Whether this context is already inside a fit."""
        fit = self._current.get()
        return fit is not None and not fit.is_over

    def enter(self) -> Place:
        """A fit begins that is not inside another of its own context."""
        thread = threading.current_thread()
        with self._lock:
            outer = self._outer_of(thread)
            fit = outer or Outermost(thread, frozenset(threading.enumerate()))
            fit.idents.add(threading.get_ident())
            if outer is None:
                self._open.append(fit)
        return Place(fit, outer is None, self._current.set(fit))

    def leave(self, place: Place) -> None:
        """The fit is over."""
        self._current.reset(place.token)
        with self._lock:
            place.fit.idents.discard(threading.get_ident())
            if place.is_outermost:
                self._close(place.fit)

    def forget_this_thread(self) -> None:
        """Nothing is being fitted in this thread: what an interrupt kept from being left is over."""
        thread = threading.current_thread()
        with self._lock:
            for fit in [fit for fit in self._open if fit.thread is thread]:
                self._close(fit)

    def _close(self, fit: Outermost) -> None:
        fit.is_over = True
        if fit in self._open:
            self._open.remove(fit)

    def hear(self, warning: str) -> None:
        """A warning was given: it belongs to the fit around it, or to the only one that goes on."""
        fit = self._current.get() or (self._open[0] if len(self._open) == 1 else None)
        if fit is not None:
            fit.warnings.append(warning)

    def _outer_of(self, thread: threading.Thread) -> Outermost | None:
        if not self._open:
            return None
        frames = sys._current_frames()
        for fit in self._open:
            keeps_main_busy = fit.thread is threading.main_thread() and thread not in fit.alive_before
            if keeps_main_busy or any(_waits_for(frames.get(ident), thread) for ident in fit.idents):
                return fit
        return None


def _waits_for(frame: FrameType | None, thread: threading.Thread) -> bool:
    """Whether somewhere in a stack joblib waits for a pool that the thread belongs to."""
    joblib = sys.modules.get("joblib")
    call = getattr(joblib, "Parallel", object).__call__
    code = getattr(call, "__code__", None)
    return any(
        found.f_code is code and thread in _workers_of(found.f_locals.get("self")) for found in _stack(frame)
    )


def _workers_of(parallel: Any) -> tuple[Any, ...]:
    pool = getattr(getattr(parallel, "_backend", None), "_pool", None)
    return tuple(getattr(pool, "_pool", None) or ())


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
