"""What a run recorded, in the order it did, and which cell was running then."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from mlops_magics.records import decode

if TYPE_CHECKING:
    from mlops_magics.records import Run
    from mlops_magics.store.queries import Store

Kind = Literal["data", "param", "metric"]
NOT_OF_THE_CODE = "system/"
"""Metrics that tell how busy the machine was: no two executions agree in them."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Point:
    """One value recorded: a metric's number, a parameter's value, a table's fingerprint. ``step`` of a metric."""

    value: Any
    time: datetime
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that can be compared of a run.

    Attributes
    ----------
    series
        What was recorded under each name, in the order it was: ``("metric", "val/auc")`` to its points. Tables go by
        their role, such as ``("data", "test")``.
    began
        Cells as ``(when, which)``, in the order they began.
    """

    series: Mapping[tuple[Kind, str], Sequence[Point]]
    began: Sequence[tuple[datetime, int]]

    def cell_at(self, time: datetime) -> int | None:
        """Which cell was the last to begin before this moment; None where no cell had."""
        place = bisect_right(self.began, time, key=lambda cell: cell[0])
        return self.began[place - 1][1] if place else None

    def until(self, time: datetime) -> Facts:
        """What was recorded before this moment."""
        series = {name: [point for point in points if point.time < time] for name, points in self.series.items()}
        return Facts({name: points for name, points in series.items() if points}, self.began)

    def without_metrics(self, patterns: Collection[str]) -> Facts:
        """All but the metrics whose names match one of these: ``*`` stands for anything, ``?`` for one letter."""
        kept = {
            (kind, key): points
            for (kind, key), points in self.series.items()
            if kind != "metric" or not any(fnmatchcase(key, pattern) for pattern in patterns)
        }
        return Facts(kept, self.began)


def facts_of(store: Store, run: Run, began: Sequence[tuple[datetime, int]] | None = None) -> Facts:
    """Read what a run recorded while it was going on. What somebody added later is no part of it.

    Parameters
    ----------
    store, run
        Where to read, and what.
    began
        When its cells began; None: as the run knows it, with their positions.
    """
    with store.snapshot():
        series: dict[tuple[Kind, str], list[Point]] = {}
        for kind, key, point in (*_metrics(store, run), *_params(store, run), *_tables(store, run)):
            if run.ended is None or point.time <= run.ended:
                series.setdefault((kind, key), []).append(point)
        cells = _beginnings(store, run) if began is None else began
    return Facts(series, sorted(cells))


def _metrics(store: Store, run: Run) -> Iterator[tuple[Kind, str, Point]]:
    query = "SELECT key, value, time, step::DOUBLE AS step FROM metrics WHERE run = ? ORDER BY time"
    for key, value, time, step in _rows(store, query, run):
        if not key.startswith(NOT_OF_THE_CODE):
            # A missing step comes as NaN, a missing value as the NaN it was.
            yield "metric", key, Point(float(value), time, int(step) if step == step else None)  # noqa: PLR0124


def _params(store: Store, run: Run) -> Iterator[tuple[Kind, str, Point]]:
    query = "SELECT key, value, time FROM param_revs WHERE run = ? AND value IS NOT NULL ORDER BY time"
    for key, value, time in _rows(store, query, run):
        # Where an object was in memory says nothing about it.
        yield "param", key, Point(decode(_ADDRESS.sub("", value)), time)


def _tables(store: Store, run: Run) -> Iterator[tuple[Kind, str, Point]]:
    query = "SELECT role, fingerprint, time FROM datasets WHERE run = ? AND fingerprint <> '' ORDER BY time"
    for role, fingerprint, time in _rows(store, query, run):
        yield "data", role, Point(fingerprint, time)


def _beginnings(store: Store, run: Run) -> list[tuple[datetime, int]]:
    # A cell is recorded when it is over: without its start, that is so many seconds before. Cells from before the run
    # are all recorded when it begins.
    query = """SELECT position, time, started, coalesce(seconds, 0) FROM cells
               WHERE run = ? AND NOT coalesce(is_before, false)"""
    return [
        (started or time - timedelta(seconds=seconds), int(position))
        for position, time, started, seconds in _rows(store, query, run)
    ]


def _rows(store: Store, query: str, run: Run) -> Iterator[tuple[Any, ...]]:
    """Rows of Python values; times as datetimes without zone."""
    frame = store.sql(query, [run.id])
    columns = [_times(frame[name]) if frame[name].dtype.kind == "M" else frame[name].tolist() for name in frame]
    return zip(*columns, strict=True)


def _times(column: Any) -> list[datetime | None]:
    return [None if missing else time.to_pydatetime() for time, missing in zip(column, column.isna(), strict=True)]
