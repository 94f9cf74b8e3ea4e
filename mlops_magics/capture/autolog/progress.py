"""How far a long fit is, told by scikit-learn itself where an estimator supports callbacks."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.capture.autolog.warned import WarningEar
from mlops_magics.look.progress import Progress

PATIENCE_SECONDS = 1.0
"""A fit that is over sooner shows no bar."""

PAUSE_SECONDS = 0.1
"""A bar moves no more often."""

LARGE_SIZE = 5_000_000
"""A solver is followed through its iterations from so many values on: below, following would cost more than 2 %."""

LOCAL_BACKENDS = frozenset({"SequentialBackend", "ThreadingBackend", "LokyBackend", "MultiprocessingBackend"})
"""Workers of other backends may be on machines that have no such package as this."""

Step = tuple[tuple[int, int | None], ...]
"""A task that ended: its number and how many there may be, at each level from the outermost in."""


class FitProgress:
    """A callback of one estimator that tells of each task that ends. It never raises, and asks for no data.

    It is not propagated to the estimators inside, so that scikit-learn has nothing to warn of. In a worker process it
    sends what it has to say home by scikit-learn's own transport, and with it what was warned of during the task.

    Parameters
    ----------
    depth
        The level of tasks whose share is told: 0 for all of the fit.
    tell
        Given each task that ended.
    """

    def __init__(self, depth: int, tell: Callable[[Step], None]) -> None:
        self._depth = depth
        self._tell: Callable[[Step], None] | None = tell
        self.handle: Any = None
        self._ear: WarningEar | None = None
        self._warned: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        return {"_depth": self._depth, "_tell": None, "handle": self.handle, "_ear": None, "_warned": []}

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing is to be done before a fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nor after it."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:  # noqa: ARG002 - the words of the protocol
        """Hear what is warned of in a worker process: in this one somebody does already."""
        if self._tell is None and self._ear is None:
            with contextlib.suppress(Exception):
                self._ear = WarningEar(self._warned.append)
                self._ear.listen()

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:  # noqa: ARG002 - the words of the protocol
        """Tell of a task."""
        with contextlib.suppress(Exception):
            if self._ear is not None:
                self._ear.cease()
                self._ear = None
            step = _step_of(context)[self._depth :]
            if len(step) < 2:
                return
            if self._tell is not None:
                self._tell(step)
            elif self.handle is not None:
                from sklearn.callback._transport import send

                warned, self._warned = self._warned, []
                send(self.handle, (step, warned))


def _step_of(context: Any) -> Step:
    path: list[tuple[int, int | None]] = []
    while context is not None:
        path.append((context.task_id, context.max_subtasks))
        context = context.parent
    return tuple(reversed(path))


class Follower:
    """Follows one fit, and shows a bar once it takes long. Afterwards the estimator is what it was.

    Attributes
    ----------
    warned
        What was warned of in other processes, as ``Type: message``.
    """

    def __init__(self, estimator: Any, depth: int, sink: Sink) -> None:
        self._estimator = estimator
        self._sink = sink
        self._lock = threading.Lock()
        self._shares: dict[tuple[int, ...], float] = {}
        self._done = 0
        self._began = self._moved = time.monotonic()
        self._bar: Progress | None = None
        self._stack = ExitStack()
        self._is_over = False
        self.warned: list[str] = []
        self.callback = FitProgress(depth, self._hear)
        estimator._skl_callbacks = [self.callback]

    def listen_to_processes(self) -> None:
        """Hear workers of other processes too."""
        from sklearn.callback._transport import close_listener, open_listener

        self.callback.handle = open_listener(self._hear_process)
        self._stack.callback(close_listener, self.callback.handle)

    def leave(self) -> None:
        """The fit is over."""
        if self._estimator.__dict__.get("_skl_callbacks") == [self.callback]:
            del self._estimator._skl_callbacks
        with self._lock:
            self._is_over = True
        self._stack.close()

    def _hear_process(self, said: tuple[Step, list[str]]) -> None:
        step, warned = said
        self.warned.extend(warned)
        self._hear(step)

    def _hear(self, step: Step) -> None:
        with self._lock:
            if self._is_over:
                return
            share = self._add(step)
            now = time.monotonic()
            if now - self._began < PATIENCE_SECONDS or now - self._moved < PAUSE_SECONDS:
                return
            self._moved = now
            if self._bar is None:
                self._bar = self._stack.enter_context(self._sink.progress(type(self._estimator).__name__))
            total = step[-2][1]
            self._bar(share, f"{self._done} of {total}" if total and len(step) == 2 else f"{self._done} done")

    def _add(self, step: Step) -> float:
        """Count a task as done, and what it is worth to those around it; the share of the outermost."""
        path = tuple(number for number, _ in step)
        self._done += path not in self._shares
        more = 1.0 - self._shares.get(path, 0.0)
        self._shares[path] = 1.0
        for level in range(len(step) - 2, -1, -1):
            most = step[level][1]
            more = more / most if most else 0.0
            above = path[: level + 1]
            self._shares[above] = min(self._shares.get(above, 0.0) + more, 1.0)
        return self._shares[path[:1]]


def follow(estimator: Any, X: Any, sink: Sink) -> Follower | None:
    """Follow a fit that is about to begin, where scikit-learn can tell and the person follows nothing themselves."""
    support = getattr(sys.modules.get("sklearn.callback"), "CallbackSupportMixin", None)
    if support is None or not isinstance(estimator, support) or "_skl_callbacks" in estimator.__dict__:
        return None
    search = getattr(sys.modules.get("sklearn.model_selection._search"), "BaseSearchCV", None)
    if search is None or not isinstance(estimator, search):
        return Follower(estimator, 0, sink) if _is_worth_it(estimator, X) else None
    backend, jobs = _backend_of(estimator)
    if backend not in LOCAL_BACKENDS:
        return None
    # The tasks of a search are those of its first part; the second is to fit the best once more.
    follower = Follower(estimator, 1, sink)
    if jobs not in {None, 1} and backend != "ThreadingBackend":
        follower.listen_to_processes()
    return follower


def _is_worth_it(estimator: Any, X: Any) -> bool:
    if hasattr(estimator, "steps"):
        return True
    return getattr(estimator, "solver", None) == "lbfgs" and getattr(X, "size", 0) >= LARGE_SIZE


def works_in_processes(asked: int | None) -> bool:
    """Whether joblib would do so many jobs in processes, as it is set now."""
    backend, jobs = sys.modules["joblib"].parallel.get_active_backend()
    is_parallel = (jobs if asked is None else asked) not in {None, 1}
    return is_parallel and type(backend).__name__ not in {"SequentialBackend", "ThreadingBackend"}


def _backend_of(estimator: Any) -> tuple[str, int | None]:
    backend, jobs = sys.modules["joblib"].parallel.get_active_backend()
    asked = getattr(estimator, "n_jobs", None)
    return type(backend).__name__, jobs if asked is None else asked
