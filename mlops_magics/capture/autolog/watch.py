"""Seeing fits: the outermost ``fit`` of an estimator that is already imported, without touching what it does."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

OnFit = Callable[[Any, Any], None]
"""Told the fitted estimator, and the X it was given."""


class FitWatch:
    """Wraps ``fit`` of the scikit-learn estimators in memory while it is on.

    Classes imported later are found by the next :meth:`refresh`; nothing is imported to look for more. A fit inside
    another fit, as in a pipeline or a search, is part of the outer one, also when it happens in another thread.

    Parameters
    ----------
    on_fit
        Called after an outermost fit returned. What it raises is its own affair: it must not raise.
    """

    def __init__(self, on_fit: OnFit) -> None:
        self._on_fit = on_fit
        # Held while something is fitted, by whichever thread: the parts of a search may be fitted by several.
        self._fitting = threading.Lock()
        self._wrapped: dict[type, tuple[Callable[..., Any], Callable[..., Any]]] = {}

    def __reduce__(self) -> tuple[type[FitWatch], tuple[OnFit]]:
        """Travel to another process, with the ``fit`` of a class that is pickled by value, as one that sees nothing."""
        return FitWatch, (_ignore,)

    def refresh(self) -> None:
        """Wrap the classes that were imported since, and those whose wrapper was lost."""
        for estimator in _estimators():
            fit = estimator.__dict__.get("fit")
            if not inspect.isfunction(fit):
                continue
            if estimator not in self._wrapped:
                watched = self._watched(fit)
                self._wrapped[estimator] = fit, watched
                setattr(estimator, "fit", watched)  # noqa: B010 - the attribute of a class mypy cannot see
            elif _came_back(fit):
                setattr(estimator, "fit", self._wrapped[estimator][1])  # noqa: B010

    def remove(self) -> None:
        """Give every class its own ``fit`` back."""
        for estimator, (fit, watched) in self._wrapped.items():
            # Unless somebody has wrapped it since: theirs stays, and leads to ours, which has nothing to tell.
            current = estimator.__dict__.get("fit")
            if current is watched or _came_back(current):
                setattr(estimator, "fit", fit)  # noqa: B010
        self._wrapped.clear()

    def _watched(self, fit: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fit)
        def watched(estimator: Any, *arguments: Any, **named: Any) -> Any:
            if not self._fitting.acquire(blocking=False):
                return fit(estimator, *arguments, **named)
            try:
                fitted = fit(estimator, *arguments, **named)
            finally:
                self._fitting.release()
            self._on_fit(estimator, arguments[0] if arguments else named.get("X"))
            return fitted

        return watched


def _ignore(estimator: Any, X: Any) -> None:
    """See nothing."""


def _came_back(fit: Any) -> bool:
    """Whether a ``fit`` is a wrapper of ours that travelled to another process, and back with what was fitted there.

    With an object whose class was pickled by value, the class gets its attributes set again, to what was pickled.
    """
    names = getattr(getattr(fit, "__code__", None), "co_freevars", ())
    held = dict(zip(names, getattr(fit, "__closure__", None) or (), strict=False)).get("self")
    watch = held.cell_contents if held is not None else None
    return isinstance(watch, FitWatch) and watch._on_fit is _ignore


def _estimators() -> Iterator[type]:
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    seen: set[type] = set()
    waiting = [base] if base else []
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            yield found
            waiting.extend(found.__subclasses__())
