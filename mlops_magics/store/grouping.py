"""Runs that have the same value of something, and what their metrics come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_magics.records import decode
from mlops_magics.store.conditions.names import nested_value

if TYPE_CHECKING:
    from mlops_magics.store.conditions.names import Thing
    from mlops_magics.store.database import Database

_VALUES = {
    "params": "SELECT run, nullif(value, 'null') AS value FROM params WHERE key = $key",
    "tags": "SELECT run, value FROM tags WHERE key = $key",
    "metrics": "SELECT run, value FROM metric_sums WHERE key = $key",
}


@dataclass(frozen=True, slots=True)
class MetricOfGroup:
    """A metric over the runs of a group, without those that lack it or have NaN."""

    count: int
    low: float
    high: float
    mean: float


@dataclass(frozen=True, slots=True)
class Group:
    """The runs whose value this is; None of those that have none."""

    value: Any
    runs: int
    metrics: Mapping[str, MetricOfGroup] = field(default_factory=dict)


def grouped(database: Database, ids: Sequence[str], by: Thing, metrics: Sequence[str]) -> list[Group]:
    """See :meth:`mlops_magics.store.queries.Store.grouped`. Needs the views."""
    if by.family == "runs":
        values = f"SELECT id AS run, {by.key} AS value FROM (SELECT *, epoch(ended - started) AS seconds FROM runs)"
        parameters: dict[str, Any] = {}
    else:
        values, parameters = _VALUES[by.family], {"key": by.key}
        if by.path:
            values = values.replace("nullif(value,", f"nullif({nested_value(by)},")
    database.fill(
        "grouped_runs",
        f"SELECT run, value FROM (SELECT unnest($ids::VARCHAR[]) AS run) LEFT JOIN ({values}) USING (run)",
        {**parameters, "ids": list(ids)},
    )
    sizes = database.query("SELECT value, count(*) FROM grouped_runs GROUP BY value ORDER BY 2 DESC, 1").fetchall()
    found: dict[Any, dict[str, MetricOfGroup]] = {}
    spans = database.query(
        """SELECT grouped_runs.value, key, count(*), min(sums.value), max(sums.value), avg(sums.value)
           FROM grouped_runs JOIN metric_sums AS sums USING (run)
           WHERE key IN (SELECT unnest($metrics::VARCHAR[])) AND NOT isnan(sums.value) GROUP BY ALL""",
        {"metrics": list(metrics)},
    ).fetchall()
    for value, key, *numbers in spans:
        found.setdefault(value, {})[key] = MetricOfGroup(*numbers)
    return [Group(_shown(by, value), count, found.get(value, {})) for value, count in sizes]


def _shown(by: Thing, value: Any) -> Any:
    return decode(value) if by.family == "params" and value is not None else value
