"""Curves whose points are in a store: compared by what DuckDB makes of them, and read when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from mlops_magics.compare.difference.curves import Curve, Outline, continued

if TYPE_CHECKING:
    import numpy
    import pandas
    from numpy.typing import NDArray

    from mlops_magics.compare.difference.curves import Points
    from mlops_magics.records import Run
    from mlops_magics.store.queries import Store

_ASKED = """(SELECT unnest($runs::VARCHAR[]) AS run, unnest($keys::VARCHAR[]) AS key,
             unnest(range(len($runs))) AS position) AS asked"""

_DIGESTS = f"""
    SELECT position, sum(hash(step, value)::HUGEINT)::VARCHAR AS digest, bool_or(step IS NULL) AS is_loose
    FROM metrics JOIN {_ASKED} USING (run, key) GROUP BY position
"""
"""A sum needs no order: putting a million points in order takes a second."""

_LOOSE = f"""
    SELECT position, hash(list(value ORDER BY time))::VARCHAR AS digest
    FROM metrics JOIN {_ASKED} USING (run, key) WHERE step IS NULL GROUP BY position
"""
"""Points without a step are told apart by their order alone."""

_POINTS = f"""
    SELECT position::SMALLINT AS position, step::DOUBLE AS step, epoch_us(time) AS time, value
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
        if what == "points":
            self._points.update(zip(wanted, _split(self._store.sql(_POINTS, asked), len(wanted)), strict=True))
            return
        found = self._store.sql(_DIGESTS, asked)
        digests = dict(zip(found["position"], found["digest"], strict=True))
        if found["is_loose"].any():
            loose = self._store.sql(_LOOSE, asked)
            more = zip(loose["position"], loose["digest"], strict=True)
            digests |= {position: f"{digests[position]} {digest}" for position, digest in more}
        self._digests.update((wanted[position], digest) for position, digest in digests.items())

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

    position = frame["position"].to_numpy()
    # Small integers are sorted in one pass; the points of a curve mostly lie in order already.
    order = numpy.argsort(position, kind="stable")
    step, time, value = (frame[name].to_numpy()[order] for name in ("step", "time", "value"))
    ends = numpy.searchsorted(position[order], numpy.arange(count + 1))
    return [
        _in_order(step[start:end].astype(float), time[start:end], value[start:end].astype(float))
        for start, end in pairwise(ends)
    ]


def _in_order(
    step: NDArray[numpy.float64], time: NDArray[numpy.int64], value: NDArray[numpy.float64]
) -> Points:
    import numpy

    if not (numpy.diff(step) > 0).all():
        # NaN, which a point without a step has here, is put last.
        order = numpy.lexsort((time, step))
        step, value = step[order], value[order]
    return continued(step), value
