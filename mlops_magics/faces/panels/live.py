"""The curves of runs that go on, drawn while they grow."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Container, Mapping, Sequence
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any

import orjson

from mlops_magics.compare.curves import COLUMNS, MOST_COLUMNS, Curves, Point, curves, extended
from mlops_magics.errors import DataError, MlopsError
from mlops_magics.faces.panels.display import Panel
from mlops_magics.faces.panels.packing import pack

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

EVERY_SECONDS = 0.1
ASK_SECONDS = 1.0
"""How often at most the store is asked: a loop that keeps Python to itself makes each of its many steps wait."""
QUIET_SECONDS = 5.0
"""How often at least, while a run goes on."""
SHARE = 5
"""Following takes at most one part in so many of the time."""


class LivePanel(Panel):
    """Curves in a notebook, renewed while one of their runs goes on.

    A thread of its own reads what the journals of the runs have grown by, at most ten times a second and at most a
    fifth of the time, and asks the store now and then. It ends with the runs, with :meth:`close`, or when nobody looks
    any more.
    """

    module = "live"

    def __init__(self, result: Curves, *, store: Store, keys: str | Sequence[str] | None = None) -> None:
        super().__init__(result)
        self.result: Curves = result
        self._store = store
        self._keys = keys
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_following(self) -> bool:
        """Whether its thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def values(self) -> dict[str, Any]:
        """The curves, packed."""
        return {"curves": pack(self.result)}

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The part of the curves between two positions, in more detail."""
        if question.get("kind") != "zoom":
            return super().answer(question)
        return pack(zoomed(question, [going.run.id for going in self.result.runs], self._store))

    def opened(self) -> None:
        """Begin to follow, where there is something to follow."""
        self._follow()

    def close(self) -> None:
        """Stop following, and take the widget off the page."""
        self._stop.set()
        super().close()

    def looked_at(self, *, is_seen: bool) -> None:
        """Follow while somebody looks."""
        if is_seen:
            self._follow()
        else:
            self._stop.set()

    def _follow(self) -> None:
        with self._lock:
            if not self.result.is_running or (self.is_following and not self._stop.is_set()):
                return
            # An event of its own: the thread before it may not have noticed yet that it is over.
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._work, args=(self._stop,), name="mlops-live", daemon=True)
            self._thread.start()
            _following.add(self._thread, self._stop)

    def _work(self, stop: threading.Event) -> None:
        ids = [going.run.id for going in self.result.runs]
        read_to: dict[str, int] = {}
        self._store.news(ids, read_to)
        asked_at, pause, is_due = -QUIET_SECONDS, 0.0, True
        while not stop.wait(pause):
            pause = EVERY_SECONDS
            points, has_other = read_points(self._store.news(ids, read_to), {curve.key for curve in self.result.curves})
            is_due = is_due or has_other or _is_long(self.result)
            now, began = monotonic(), thread_time()
            if (is_due and now - asked_at > ASK_SECONDS) or now - asked_at > QUIET_SECONDS:
                # What the tail does not say: how the runs are, and curves in as many columns as there are pixels.
                try:
                    found = self._asked(ids)
                except MlopsError:
                    continue  # busy, or the first point of a metric asked for is yet to come; a later look will tell
                finally:
                    asked_at = monotonic()
                is_due = False
            elif points:
                found = extended(self.result, points)
            else:
                continue
            pause = max(EVERY_SECONDS, SHARE * (thread_time() - began))
            if stop.is_set():
                return
            self.result = found
            self.put(curves=pack(found))
            if not found.is_running:
                self.renew_plain()
                return

    def _asked(self, ids: Sequence[str]) -> Curves:
        with self._store.snapshot():
            return curves(self._store.runs_of(ids), self._keys, store=self._store, columns=COLUMNS)


def read_points(
    tails: Sequence[tuple[str, bytes]], keys: Container[str]
) -> tuple[dict[tuple[str, str], list[Point]], bool]:
    """The points of these metrics in whole journal lines, and whether the lines tell of anything else."""
    points: dict[tuple[str, str], list[Point]] = {}
    has_other = False
    for run, content in tails:
        for line in content.splitlines():
            try:
                record = orjson.loads(line)
                time, step = record["t"], record.get("s")
                logged = {record["n"]: record["v"]} if "n" in record else record["m"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                has_other = True
                continue
            for key, value in logged.items():
                if key in keys:
                    points.setdefault((run, key), []).append((step, time, float(value)))
                else:
                    has_other = True
    return points, has_other


def _is_long(found: Curves) -> bool:
    return any(len(curve.x) > 2 * found.columns for curve in found.curves)


def zoomed(question: Mapping[str, Any], runs: Sequence[str], store: Store) -> Curves:
    """The part that a drawing asks for.

    Raises
    ------
    DataError
        The question is not one.
    """
    low, high, keys = question.get("low"), question.get("high"), question.get("keys")
    if not (isinstance(low, int | float) and isinstance(high, int | float) and isinstance(keys, list)):
        raise DataError("a zoom needs low, high and keys", seen=str(question))
    columns = min(max(1, int(question.get("columns") or COLUMNS)), MOST_COLUMNS)
    return curves(list(runs), keys, store=store, columns=columns, low=float(low), high=float(high))


class _Following:
    """The threads that follow; a thread still asking DuckDB when the interpreter goes would make it complain."""

    def __init__(self) -> None:
        self._threads: dict[threading.Thread, threading.Event] = {}
        atexit.register(self.end)

    def add(self, thread: threading.Thread, stop: threading.Event) -> None:
        self._threads = {one: its for one, its in self._threads.items() if one.is_alive()} | {thread: stop}

    def end(self) -> None:
        for stop in self._threads.values():
            stop.set()
        for thread in self._threads:
            thread.join(1.0)


_following = _Following()
