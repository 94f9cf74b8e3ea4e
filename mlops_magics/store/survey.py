"""What a short table of many runs needs, without a frame of them all: their order, and what each key comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_magics.records import decode
from mlops_magics.store.selection import CHOSEN, Selection, choose_runs

if TYPE_CHECKING:
    from mlops_magics.store.database import Database

SHOWN = "surveyed_runs"


@dataclass(frozen=True, slots=True)
class Row:
    """A run as a table shows it; ``parts`` of it (candidates of a search) are among the chosen, and not shown
    themselves. ``level`` is how many runs it stands under.
    """

    id: str
    experiment: str
    name: str
    status: str
    started: datetime
    ended: datetime | None
    seconds: float | None
    parent: str | None
    source: str | None
    message: str | None
    parts: int
    level: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricSpan:
    """The last values of a metric over runs: how many are numbers, the least and the greatest of them."""

    count: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ParamSpread:
    """A parameter over runs: how many have it, other than as None, whether it differs between them, and in how many it
    was said, by a person or a search: an estimator was not just left with it.
    """

    count: int
    differs: bool
    said: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The runs that were chosen, newest or best first, and what is known of those to show: all, or those that are no
    part of another.

    Attributes
    ----------
    ids
        Every chosen run, in order.
    count
        How many of them are no part of another one that was chosen too: the roots.
    rows
        The first of those shown.
    shown
        How many that could be: the roots, or all that were chosen.
    metrics, params
        Every key of those.
    evaluated_on
        By the name of a split, on how many different sets of rows they were evaluated.
    """

    ids: tuple[str, ...]
    count: int
    rows: tuple[Row, ...]
    shown: int
    metrics: Mapping[str, MetricSpan] = field(default_factory=dict)
    params: Mapping[str, ParamSpread] = field(default_factory=dict)
    evaluated_on: Mapping[str, int] = field(default_factory=dict)


def survey(database: Database, selection: Selection, *, limit: int, children: bool = False) -> Survey:
    """See :meth:`mlops_magics.store.queries.Store.survey`. Needs the views."""
    choose_runs(database, selection)
    # Who asks for the best asks for it among all of them; else parts stand below what they are parts of.
    query = _ROOTS if not children else _TREE if selection.best is None else _FLAT
    database.fill(SHOWN, query)
    shown, count = database.query(f"SELECT count(*), count(*) FILTER (is_root) FROM {SHOWN}").fetchall()[0]
    ids = database.query(f"SELECT id FROM {CHOSEN} ORDER BY position").fetchnumpy()["id"]
    rows = _rows(database, limit, children=children)
    metrics, params = _metrics(database, rows), _params(database, rows, shown)
    return Survey(tuple(map(str, ids)), count, rows, shown, metrics, params, _evaluated_on(database))


_IS_ROOT = f"(parent IS NULL OR parent NOT IN (SELECT id FROM {CHOSEN}))"
_ROOTS = f"""
    SELECT id, (row_number() OVER (ORDER BY position))::INTEGER AS position, 0 AS level, true AS is_root
    FROM {CHOSEN} WHERE {_IS_ROOT}"""
_FLAT = f"SELECT id, position, 0 AS level, {_IS_ROOT} AS is_root FROM {CHOSEN}"
_TREE = f"""
    WITH RECURSIVE tree AS (
        SELECT id, [position] AS path FROM {CHOSEN} WHERE {_IS_ROOT}
        UNION ALL
        SELECT part.id, list_append(tree.path, -part.position)
        FROM {CHOSEN} AS part JOIN tree ON part.parent = tree.id)
    SELECT id, (row_number() OVER (ORDER BY path))::INTEGER AS position, len(path)::INTEGER - 1 AS level,
           len(path) = 1 AS is_root FROM tree"""
"""Parts as they began: positions are those of the newest first."""


def _rows(database: Database, limit: int, *, children: bool) -> tuple[Row, ...]:
    parts = "0" if children else f"(SELECT count(*) FROM {CHOSEN} AS part WHERE part.parent = {CHOSEN}.id)"
    found = database.query(
        f"""SELECT id, experiment, name, status, started, ended, seconds, parent, source, message, {parts}, level
            FROM {CHOSEN} JOIN {SHOWN} AS shown USING (id)
            WHERE shown.position <= {limit:d} ORDER BY shown.position"""
    )
    return tuple(Row(*row) for row in found.fetchall())


def _evaluated_on(database: Database) -> dict[str, int]:
    """Told by the true answers, which are the same whatever columns a model is given of a row."""
    found = database.query(
        f"""SELECT split, count(DISTINCT fingerprint)
            FROM (SELECT run, split, max_by(tables.fingerprint, tables.time) AS fingerprint
                  FROM evaluations JOIN {SHOWN} ON run = id
                  JOIN datasets AS tables USING (run) WHERE tables.role = split || ' target' GROUP BY run, split)
            GROUP BY split ORDER BY split"""
    )
    return dict(found.fetchall())


# One pass over a table tells what all runs come to and what the first have: long ids are what takes the time.


def _metrics(database: Database, rows: tuple[Row, ...]) -> dict[str, MetricSpan]:
    found = database.query(
        f"""SELECT key, count(value) FILTER (NOT isnan(value)), min(value) FILTER (NOT isnan(value)),
                   max(value) FILTER (NOT isnan(value)),
                   list({{'at': position, 'value': value}}) FILTER (position <= {len(rows)})
            FROM metric_sums JOIN {SHOWN} ON run = id GROUP BY key ORDER BY key"""
    ).fetchall()
    for key, _, _, _, first in found:
        for item in first or ():
            rows[item["at"] - 1].metrics[key] = item["value"]
    return {key: MetricSpan(count, low, high) for key, count, low, high, _ in found}


def _params(database: Database, rows: tuple[Row, ...], count: int) -> dict[str, ParamSpread]:
    if not count:
        return {}
    found = database.query(
        f"""SELECT key, count({_SAID}), coalesce(min({_SAID}) <> max({_SAID}), false),
                   count({_SAID}) FILTER (is_default IS DISTINCT FROM true),
                   count(*) > bit_count(bitstring_agg(position, 1, {count})),
                   list({{'at': position, 'value': value, 'time': time}}) FILTER (position <= {len(rows)})
            FROM param_revs JOIN {SHOWN} ON run = id GROUP BY key ORDER BY key"""
    ).fetchall()
    for key, *_, first in found:
        for item in sorted(first or (), key=lambda item: item["time"]):
            if item["value"] is None:  # withdrawn
                rows[item["at"] - 1].params.pop(key, None)
            else:
                rows[item["at"] - 1].params[key] = decode(item["value"])
    spreads = {key: ParamSpread(*spread) for key, *spread, is_revised, _ in found if not is_revised}
    revised = _revised(database, [key for key, *_, is_revised, _ in found if is_revised])
    return {key: told for key, *_ in found if (told := spreads.get(key) or revised.get(key))}


_SAID = "CASE WHEN value NOT IN ('null', 'NaN') THEN value END"


def _revised(database: Database, keys: Iterable[str]) -> dict[str, ParamSpread]:
    """Parameters that some run logged again or withdrew, by their newest versions alone: as in the view ``params``,
    but by the short positions of runs.
    """
    wanted = list(keys)
    if not wanted:
        return {}
    found = database.query(
        f"""SELECT key, count({_SAID}), coalesce(min({_SAID}) <> max({_SAID}), false),
                   count({_SAID}) FILTER (is_default IS DISTINCT FROM true)
            FROM (SELECT key, arg_max_null(value, time) AS value, arg_max_null(is_default, time) AS is_default
                  FROM param_revs JOIN {SHOWN} ON run = id
                  WHERE key IN (SELECT unnest($keys::VARCHAR[])) GROUP BY key, position)
            WHERE value IS NOT NULL GROUP BY key""",
        {"keys": wanted},
    ).fetchall()
    return {key: ParamSpread(*spread) for key, *spread in found}
