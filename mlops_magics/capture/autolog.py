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
    another fit, as in a pipeline or a search, is part of the outer one.

    Parameters
    ----------
    on_fit
        Called after an outermost fit returned. What it raises is its own affair: it must not raise.
    """

    def __init__(self, on_fit: OnFit) -> None:
        self._on_fit = on_fit
        self._inside = threading.local()
        self._wrapped: dict[type, Any] = {}

    def refresh(self) -> None:
        """Wrap the classes that were imported since."""
        for estimator in _estimators():
            fit = estimator.__dict__.get("fit")
            if estimator not in self._wrapped and inspect.isfunction(fit):
                self._wrapped[estimator] = fit
                setattr(estimator, "fit", self._watched(fit))  # noqa: B010 - the attribute of a class mypy cannot see

    def remove(self) -> None:
        """Give every class its own ``fit`` back."""
        for estimator, fit in self._wrapped.items():
            setattr(estimator, "fit", fit)  # noqa: B010
        self._wrapped.clear()

    def _watched(self, fit: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fit)
        def watched(estimator: Any, *arguments: Any, **named: Any) -> Any:
            if getattr(self._inside, "fit", False):
                return fit(estimator, *arguments, **named)
            self._inside.fit = True
            try:
                fitted = fit(estimator, *arguments, **named)
            finally:
                self._inside.fit = False
            self._on_fit(estimator, arguments[0] if arguments else named.get("X"))
            return fitted

        return watched


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
