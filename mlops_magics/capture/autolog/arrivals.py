"""Noticing estimators as they come into being: modules that are imported, classes that are made, also within a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from typing import Any

PACKAGES = frozenset({"sklearn", "xgboost", "lightgbm"})
"""Packages whose imports are a reason to look again."""


class ImportWatch(MetaPathFinder):
    """Is asked for each module that is about to be imported, and never knows where it is.

    That is enough: when the second module of a package is looked for, the first can be wrapped. Nothing is imported,
    replaced or delayed.
    """

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002
        """Know nothing about where a module is."""
        if fullname.partition(".")[0] in PACKAGES:
            self._arrived()

    def start(self) -> None:
        """Begin to be asked."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Be asked no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class SubclassWatch:
    """Tells of every class that derives from one, those that exist and those that are made while it is on."""

    def __init__(self, tell: Callable[[type], None]) -> None:
        self._tell = tell
        self._known: type | None = None
        self._base: type | None = None
        self._hook: Any = None

    def start(self, base: type) -> None:
        """Tell of the subclasses there are, and of each that is made from now on."""
        if self._known is not None:
            return
        if "__init_subclass__" not in base.__dict__:
            tell = self._tell

            def __init_subclass__(cls: type, /, **named: Any) -> None:  # noqa: N807 - Python's own name
                super(base, cls).__init_subclass__(**named)  # type: ignore[arg-type]
                tell(cls)

            self._base, self._hook = base, classmethod(__init_subclass__)
            setattr(base, "__init_subclass__", self._hook)  # noqa: B010 - the attribute of a class
        self._known = base
        self.look()

    @property
    def is_on(self) -> bool:
        """Whether it was started."""
        return self._known is not None

    def look(self) -> None:
        """Tell of the subclasses there are: of those whose making went unseen too."""
        for found in _family(self._known) if self._known else ():
            self._tell(found)

    def stop(self) -> None:
        """Tell of no more."""
        if self._base is not None and self._base.__dict__.get("__init_subclass__") is self._hook:
            delattr(self._base, "__init_subclass__")
        self._known = self._base = self._hook = None


def _family(base: type) -> Iterator[type]:
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            yield found
            waiting.extend(found.__subclasses__())
