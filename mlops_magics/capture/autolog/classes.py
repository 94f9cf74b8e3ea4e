"""The classes whose methods are watched: each method where it is defined, found again when it was replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from weakref import WeakSet, ref

from mlops_magics.capture.autolog.methods import WatchedMethod, Watcher, function_of

WITHOUT_NEWS = frozenset({"sklearn", "abc", "typing"})
"""Packages whose classes are complete when they are made, and bring into estimators only what calls ``fit``."""


class WatchedClasses:
    """Stands in for methods of classes, and gives them back.

    Parameters
    ----------
    watchers
        Who is told of the calls of each method.
    warn
        Told once of classes that cannot be watched.
    """

    def __init__(self, watchers: Mapping[str, Watcher], warn: Callable[[str, BaseException], None]) -> None:
        self._watchers = watchers
        self._warn = warn
        self._classes: WeakSet[type] = WeakSet()
        self._own: WeakSet[type] = WeakSet()
        self._slots: list[tuple[ref[type], str, WatchedMethod]] = []

    def add(self, found: type) -> None:
        """Watch an estimator, and what it has of classes that are none."""
        if found in self._classes:
            return
        for kind in (found, *found.__mro__[1:-1]):
            is_complete = str(kind.__module__).partition(".")[0] in WITHOUT_NEWS
            if kind not in self._classes and (kind is found or not is_complete):
                self._classes.add(kind)
                if not is_complete:
                    self._own.add(kind)
                self._watch(kind)

    def refresh(self) -> None:
        """Watch again what was replaced: by somebody who patches, or by a class that came back from another process."""
        lost = {
            kind
            for held, method, watched in self._slots
            if (kind := held()) is not None and kind.__dict__.get(method) is not watched
        }
        if lost:
            self._slots = [slot for slot in self._slots if slot[0]() is not None and slot[0]() not in lost]
        for kind in lost.union(self._own):
            self._watch(kind)

    def remove(self) -> None:
        """Give every class back what is its own."""
        for held, method, watched in self._slots:
            kind = held()
            # Unless somebody has put theirs there since: it stays, and never led to ours.
            if kind is not None and kind.__dict__.get(method) is watched:
                setattr(kind, method, watched.original)
        self._slots.clear()
        self._classes.clear()
        self._own.clear()

    def _watch(self, kind: type) -> None:
        try:
            self._exchange(kind)
        except Exception as trouble:  # noqa: BLE001 - a class of the person that lets nobody set anything
            self._warn(f"fits of {kind.__name__}", trouble)

    def _exchange(self, kind: type) -> None:
        for method, watcher in self._watchers.items():
            found = kind.__dict__.get(method)
            if found is None or (isinstance(found, WatchedMethod) and found.watcher is watcher):
                continue
            if function_of(found) is not None and not getattr(found, "__isabstractmethod__", False):
                watched = WatchedMethod(found, watcher)
                setattr(kind, method, watched)
                self._slots.append((ref(kind), method, watched))
