"""Curves as many points as a picture has columns: least, greatest and last value of each, worked out by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy

    from mlops_magics.store.database import Database

    Array = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

Position = Literal["step", "seconds"]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One metric of one run, a value per pixel column that has points.

    Attributes
    ----------
    run, key
        The id of the run, and the metric.
    by
        What stands on the x axis: the ``"step"``, or ``"seconds"`` since the run began.
    x
        Where the last point of each column stands, ascending, float64.
    low, high, last
        The least, the greatest and the newest finite value of each column, float64; NaN where it has none.
    points
        How many points these stand for.
    not_finite
        How many of them are NaN or infinite.
    extent, steps, times
        Of all points, not only of the part asked for: where the first and the last stand on the x axis; the least and
        the greatest step, or None; when the first and the last were logged, UTC.
    """

    run: str
    key: str
    by: Position
    x: Array
    low: Array
    high: Array
    last: Array
    points: int
    not_finite: int
    extent: tuple[float, float]
    steps: tuple[int, int] | None
    times: tuple[datetime, datetime]

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, arrays as lists."""
        arrays = {name: getattr(self, name).tolist() for name in ("x", "low", "high", "last")}
        told = {name: getattr(self, name) for name in ("run", "key", "by", "points", "not_finite")}
        return {**told, "extent": list(self.extent), **arrays}


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the x axis that is asked for, and in how many columns. None is the end of the data."""

    columns: int
    low: float | None = None
    high: float | None = None


def curve_keys(database: Database, runs: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """The metrics of these runs: how many points the longest has, and whether their newest point has a step."""
    found = database.query(
        """SELECT key, max(points), bool_or(step IS NOT NULL) FROM metric_sums
           WHERE run IN (SELECT unnest(?::VARCHAR[])) GROUP BY key ORDER BY key""",
        [list(runs)],
    )
    return {key: (points, has_steps) for key, points, has_steps in found.fetchall()}


def reduced(database: Database, runs: Sequence[str], keys: Mapping[str, Position], window: Window) -> list[Curve]:
    """See :meth:`mlops_magics.store.queries.Store.curves`; ``keys`` tells of each metric what it is drawn over."""
    found = []
    for position in ("step", "seconds"):
        asked = [key for key, by in keys.items() if by == position]
        if asked:
            found += _reduced(database, runs, asked, window, position)
    return found


_POINTS = """
    SELECT asked.position AS run, names.position AS key, time, step, value, {x} AS x
    FROM metrics
    JOIN (SELECT unnest($runs::VARCHAR[]) AS run, unnest(range(len($runs))) AS position) AS asked USING (run)
    JOIN (SELECT unnest($keys::VARCHAR[]) AS key, unnest(range(len($keys))) AS position) AS names USING (key)
    {begun}
    WHERE {x} IS NOT NULL
"""
_BEGUN = """
    LEFT JOIN (SELECT id, started FROM runs WHERE id IN (SELECT unnest($runs::VARCHAR[]))) AS begun
    ON begun.id = metrics.run
"""
_X: Mapping[Position, str] = {
    "step": "step::DOUBLE",
    "seconds": "(epoch_us(time) - epoch_us(begun.started)) / 1e6",
}


def _reduced(
    database: Database, runs: Sequence[str], keys: Sequence[str], window: Window, by: Position
) -> list[Curve]:  # fmt: skip
    asked: dict[str, Any] = {"runs": list(runs), "keys": list(keys)}
    points = _POINTS.format(x=_X[by], begun=_BEGUN if by == "seconds" else "")
    spans = database.query(
        f"""SELECT run, key, min(x), max(x), min(step), max(step), min(time), max(time) FROM ({points})
            GROUP BY run, key ORDER BY key, run""",
        asked,
    ).fetchall()
    if not spans:
        return []
    # One scale for all: curves over each other share their columns.
    low = min(span[2] for span in spans) if window.low is None else window.low
    high = max(span[3] for span in spans) if window.high is None else window.high
    width = max(high - low, 1e-12)
    columns = database.query(
        f"""SELECT run, key, max(x) AS x, min(value) FILTER (isfinite(value)) AS low,
                   max(value) FILTER (isfinite(value)) AS high, max_by(value, time) FILTER (isfinite(value)) AS last,
                   count(*) AS points, count(*) FILTER (NOT isfinite(value)) AS strange,
                   least(floor((x - $low) / $width * $columns), $columns - 1) AS bin
            FROM ({points}) WHERE x BETWEEN $low AND $high GROUP BY run, key, bin ORDER BY key, run, bin""",
        {**asked, "low": low, "high": high, "width": width, "columns": window.columns},
    ).fetchnumpy()
    return [_curve(columns, span, runs, keys, by) for span in spans]


def _curve(
    columns: Mapping[str, Any], span: Sequence[Any], runs: Sequence[str], keys: Sequence[str], by: Position
) -> Curve:
    import numpy

    chosen = (columns["run"] == span[0]) & (columns["key"] == span[1])
    arrays = {
        name: numpy.ma.filled(columns[name][chosen].astype(numpy.float64), numpy.nan)
        for name in ("x", "low", "high", "last")
    }
    return Curve(
        runs[span[0]],
        keys[span[1]],
        by,
        **arrays,
        points=int(columns["points"][chosen].sum()),
        not_finite=int(columns["strange"][chosen].sum()),
        extent=(span[2], span[3]),
        steps=None if span[4] is None else (span[4], span[5]),
        times=(span[6], span[7]),
    )
