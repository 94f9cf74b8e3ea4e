"""A method of a class, watched: calls on instances pass through a watcher, the class looks as it always did."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from types import CellType, MethodType
from typing import Any, Protocol


class Visit(Protocol):
    """One call that is being watched."""

    def done(self, result: Any) -> None:
        """It returned."""

    def failed(self, error: BaseException) -> None:
        """It raised."""


Watcher = Callable[[tuple[Any, ...], dict[str, Any]], Visit | None]
"""Told of a call before it begins, with its arguments by position and by name; None when it is not worth watching. Must
not raise. What it puts among the named arguments is handed on.
"""


def watched(function: Callable[..., Any], watcher: Watcher) -> Callable[..., Any]:
    """Make a function that does what ``function`` does, and tells ``watcher``."""

    @functools.wraps(function)
    def passing(*arguments: Any, **named: Any) -> Any:
        # IPython leaves frames with this name out of tracebacks: the person did not write this one.
        __tracebackhide__ = True
        visit = watcher(arguments, named)
        if visit is None:
            return function(*arguments, **named)
        try:
            result = function(*arguments, **named)
        except BaseException as error:
            visit.failed(error)
            raise
        visit.done(result)
        return result

    return passing


class WatchedMethod:
    """Stands in a class in place of one of its methods.

    Seen from the class, the method is what it was: signatures, ``%autoreload``, metadata routing and people who patch
    find the function they know. Only a method bound to an instance is watched. Pickled by value with its class, as
    joblib does with those of a notebook, it is the original: nothing of this package travels.

    Parameters
    ----------
    original
        What stood there: a function, a descriptor with one inside (scikit-learn's ``available_if``), or another of
        this kind.
    """

    def __init__(self, original: Any, watcher: Watcher) -> None:
        self.original = original
        self.watcher = watcher
        self._function = watched(function_of(original), watcher)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        found = self.original.__get__(instance, owner)
        return found if instance is None else MethodType(self._function, instance)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return copy.copy, (self.original,)


def function_of(held: Any) -> Any:
    """The function that is called when what a class holds is called on an instance, or None."""
    if inspect.isfunction(held) or type(held).__name__ == "cython_function_or_method":
        return held
    if isinstance(held, WatchedMethod):
        return held._function
    is_conditional = callable(getattr(held, "check", None)) and hasattr(held, "attribute_name")
    inside = getattr(held, "fn", None) if is_conditional else None
    return inside if inspect.isfunction(inside) else None


def cell_of(function: Any) -> CellType | None:
    """The cell through which a decorator of scikit-learn or XGBoost calls what it decorates; None where there is none.

    What is exchanged there is called under every name the function has, also one it was imported by before.
    """
    inner = getattr(function, "__wrapped__", None)
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    cells = dict(zip(names, getattr(function, "__closure__", None) or (), strict=False))
    found: CellType | None = cells.get("func")
    if found is None or not inspect.isfunction(found.cell_contents):
        return None
    is_known = inner is found.cell_contents or getattr(found.cell_contents, "__wrapped__", None) is inner
    return found if is_known else None
