"""Runs as a frame: one row per run, a column per parameter and metric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlops_magics.records import decode
from mlops_magics.store.selection import CHOSEN, choose_runs

if TYPE_CHECKING:
    import numpy
    import pandas

    from mlops_magics.store.conditions.tree import Condition
    from mlops_magics.store.database import Database

TABLES = {"params": "params", "metrics": "metric_sums"}
RUN_COLUMNS = ("id", "experiment", "name", "status", "started", "ended", "seconds", "parent", "source")


def runs_frame(
    database: Database, experiment: str | None = None, where: str | Condition | None = None, *,
    ids: Sequence[str] | None = None,
) -> pandas.DataFrame:  # fmt: skip
    """See :meth:`mlops_magics.store.queries.Store.runs`. With ``ids``, those runs in their order. Needs the views."""
    import pandas

    choose_runs(database, experiment, where)
    source, order = CHOSEN, "started DESC, id DESC"
    if ids is not None:
        wanted = "(SELECT unnest($ids::VARCHAR[]) AS id, unnest(range(len($ids))) AS position)"
        source, order = f"{CHOSEN} JOIN {wanted} USING (id)", "position"
    runs = database.frame(
        f"SELECT {', '.join(RUN_COLUMNS)} FROM {source} ORDER BY {order}", None if ids is None else {"ids": list(ids)}
    )
    known = runs["id"].tolist()
    return pandas.concat([runs, _wide(database, "params", known), _wide(database, "metrics", known)], axis="columns")


def history_frame(database: Database, runs: Sequence[str], key: str | None) -> pandas.DataFrame:
    """See :meth:`mlops_magics.store.queries.Store.history`. Needs the views."""
    import pandas

    runs = sorted(set(runs))
    found = database.query(
        "SELECT DISTINCT key FROM metric_sums WHERE run IN (SELECT unnest($runs::VARCHAR[]))", {"runs": runs}
    ).fetchall()
    names = sorted(name for (name,) in found if key in {None, name})
    # Positions again, for two long texts of every point.
    points = database.frame(
        """SELECT runs.position AS run, names.position AS key, step, time, value
           FROM metrics
           JOIN (SELECT unnest($runs::VARCHAR[]) AS run, unnest(range(len($runs))) AS position) AS runs USING (run)
           JOIN (SELECT unnest($names::VARCHAR[]) AS key, unnest(range(len($names))) AS position) AS names USING (key)
           ORDER BY runs.position, names.position, step NULLS LAST, time""",
        {"runs": runs, "names": names},
    )
    for column, texts in (("run", runs), ("key", names)):
        known = pandas.Series(texts, dtype=None if texts else object)
        points[column] = known.take(points[column].to_numpy()).array
    return points


def _wide(database: Database, what: str, ids: list[str]) -> pandas.DataFrame:
    """A row per run, in the order of ``ids``, and a column per key."""
    import numpy
    import pandas

    # Arrays of positions and keys, not a frame with the id in every row: long texts are what takes the time.
    long = database.query(
        f"""SELECT position, key, value FROM {TABLES[what]}
            JOIN (SELECT unnest($ids::VARCHAR[]) AS run, unnest(range(len($ids))) AS position) USING (run)""",
        {"ids": ids},
    ).fetchnumpy()
    values = numpy.ma.filled(long["value"], numpy.nan) if what == "metrics" else _decoded(long["value"])
    codes, keys = pandas.factorize(long["key"], sort=True)
    wide = numpy.full((len(keys), len(ids)), numpy.nan, dtype=values.dtype)
    wide[codes, long["position"]] = values
    columns = {f"{what}.{key}": column for key, column in zip(keys, wide, strict=True)}
    return pandas.DataFrame(columns, index=range(len(ids))).infer_objects()


def _decoded(texts: Iterable[str]) -> numpy.ndarray[Any, Any]:
    """The values of encoded texts, read in one go."""
    import pandas

    return pandas.Series(decode(f"[{','.join(texts)}]"), dtype=object).to_numpy()
