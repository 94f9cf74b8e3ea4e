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

ROOTS = "surveyed_roots"


@dataclass(frozen=True, slots=True)
class Row:
    """A run as a table shows it; ``parts`` of it (candidates of a search) are among the chosen."""

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
    """The runs that were chosen, newest or best first, and what is known of those that are no part of another.

    Attributes
    ----------
    ids
        Every chosen run, in order.
    count
        How many of them are no part of another one that was chosen too: the roots.
    rows
        The first of the roots.
    metrics, params
        Every key the roots have.
    """

    ids: tuple[str, ...]
    count: int
    rows: tuple[Row, ...]
    metrics: Mapping[str, MetricSpan] = field(default_factory=dict)
    params: Mapping[str, ParamSpread] = field(default_factory=dict)


def survey(database: Database, selection: Selection, *, limit: int) -> Survey:
    """See :meth:`mlops_magics.store.queries.Store.survey`. Needs the views."""
    choose_runs(database, selection)
    count = _find_roots(database)
    ids = database.query(f"SELECT id FROM {CHOSEN} ORDER BY position").fetchnumpy()["id"]
    rows = _rows(database, limit)
    return Survey(tuple(map(str, ids)), count, rows, _metrics(database, rows), _params(database, rows, count))


def _find_roots(database: Database) -> int:
    """Fill the table of the runs that are no part of another; returns how many there are."""
    database.fill(
        ROOTS,
        f"""SELECT id, (row_number() OVER (ORDER BY position))::INTEGER AS position FROM {CHOSEN}
            WHERE parent IS NULL OR parent NOT IN (SELECT id FROM {CHOSEN})""",
    )
    return int(database.query(f"SELECT count(*) FROM {ROOTS}").fetchall()[0][0])


def _rows(database: Database, limit: int) -> tuple[Row, ...]:
    found = database.query(
        f"""SELECT id, experiment, name, status, started, ended, seconds, parent, source, message,
                   (SELECT count(*) FROM {CHOSEN} AS part WHERE part.parent = {CHOSEN}.id) AS parts
            FROM {CHOSEN} JOIN {ROOTS} AS roots USING (id)
            WHERE roots.position <= {limit:d} ORDER BY roots.position"""
    )
    return tuple(Row(*row) for row in found.fetchall())


# One pass over a table tells what all runs come to and what the first have: long ids are what takes the time.


def _metrics(database: Database, rows: tuple[Row, ...]) -> dict[str, MetricSpan]:
    found = database.query(
        f"""SELECT key, count(value) FILTER (NOT isnan(value)), min(value) FILTER (NOT isnan(value)),
                   max(value) FILTER (NOT isnan(value)),
                   list({{'at': position, 'value': value}}) FILTER (position <= {len(rows)})
            FROM metric_sums JOIN {ROOTS} ON run = id GROUP BY key ORDER BY key"""
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
            FROM param_revs JOIN {ROOTS} ON run = id GROUP BY key ORDER BY key"""
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
                  FROM param_revs JOIN {ROOTS} ON run = id
                  WHERE key IN (SELECT unnest($keys::VARCHAR[])) GROUP BY key, position)
            WHERE value IS NOT NULL GROUP BY key""",
        {"keys": wanted},
    ).fetchall()
    return {key: ParamSpread(*spread) for key, *spread in found}
