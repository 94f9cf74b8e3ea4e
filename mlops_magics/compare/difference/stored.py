"""Curves whose points are in a store: compared by what DuckDB makes of them, and read when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from mlops_magics.compare.difference.curves import Curve, Outline, continued

if TYPE_CHECKING:
    import pandas

    from mlops_magics.compare.difference.curves import Points
    from mlops_magics.records import Run
    from mlops_magics.store.queries import Store

_ASKED = """(SELECT unnest($runs::VARCHAR[]) AS run, unnest($keys::VARCHAR[]) AS key,
             unnest(range(len($runs))) AS position) AS asked"""

_DIGESTS = f"""
    SELECT position, stepped || '/' || loose AS digest FROM (
        SELECT position, coalesce(sum(hash(step, value)::HUGEINT) FILTER (step IS NOT NULL), 0)::VARCHAR AS stepped,
               coalesce(hash(list(value ORDER BY time) FILTER (step IS NULL)), 0)::VARCHAR AS loose
        FROM metrics JOIN {_ASKED} USING (run, key) GROUP BY position)
"""
"""A sum needs no order, which would take fifteen times as long; only points without a step have to be put in order."""

_POINTS = f"""
    SELECT position, step::DOUBLE AS step, epoch_us(time) AS time, value
    FROM metrics JOIN {_ASKED} USING (run, key)
"""


class StoredCurve(Curve):
    """A curve of a run in a store, whose points are read when they are first needed."""

    def __init__(self, run: str, key: str, outline: Outline, shelf: StoredCurves) -> None:
        self.run, self.key, self.outline = run, key, outline
        self.shelf: StoredCurves = shelf

    def __repr__(self) -> str:
        return f"StoredCurve({self.run!r}, {self.key!r}, {self.outline!r})"

    def points(self) -> Points:
        """See :meth:`~.curves.Curve.points`."""
        return self.shelf.points(self)

    def digest(self) -> str:
        """See :meth:`~.curves.Curve.digest`."""
        return self.shelf.digest(self)

    def _has_points_of(self, other: Curve) -> bool:
        if isinstance(other, StoredCurve) and (self.run, self.key) == (other.run, other.key):
            return True
        return super()._has_points_of(other)


class StoredCurves:
    """The curves of a store. Digests are remembered, points are handed out and forgotten."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._digests: dict[tuple[str, str], str] = {}
        self._points: dict[tuple[str, str], Points] = {}

    def of(self, run: Run) -> dict[str, Curve]:
        """The curves of a run by the names of their metrics: those with more than one point."""
        sums = self._store.metric_sums(run)
        return {key: StoredCurve(run.id, key, Outline(*found), self) for key, found in sums.items() if found[0] > 1}

    def prefetch(self, curves: Sequence[StoredCurve], what: Literal["digests", "points"]) -> None:
        """Read the digests or the points of several curves at once."""
        known = self._digests if what == "digests" else self._points
        wanted = list(dict.fromkeys((one.run, one.key) for one in curves if (one.run, one.key) not in known))
        if not wanted:
            return
        asked = {"runs": [run for run, _ in wanted], "keys": [key for _, key in wanted]}
        if what == "digests":
            found = self._store.sql(_DIGESTS, asked)
            at = (wanted[position] for position in found["position"])
            self._digests.update(zip(at, found["digest"].astype(str), strict=True))
        else:
            self._points.update(zip(wanted, _split(self._store.sql(_POINTS, asked), len(wanted)), strict=True))

    def digest(self, curve: StoredCurve) -> str:
        """What is the same for curves of the same points."""
        self.prefetch([curve], "digests")
        return self._digests[curve.run, curve.key]

    def points(self, curve: StoredCurve) -> Points:
        """The points of a curve, in order."""
        self.prefetch([curve], "points")
        return self._points.pop((curve.run, curve.key))


def _split(frame: pandas.DataFrame, count: int) -> list[Points]:
    import numpy

    columns = (frame[name].to_numpy() for name in ("position", "step", "time", "value"))
    position, step, time, value = columns
    # NaN, which a point without a step has here, is put last.
    order = numpy.lexsort((time, step, position))
    ends = numpy.searchsorted(position[order], numpy.arange(count + 1))
    pieces = [order[start:end] for start, end in pairwise(ends)]
    return [(continued(step[piece].astype(float)), value[piece].astype(float)) for piece in pieces]
