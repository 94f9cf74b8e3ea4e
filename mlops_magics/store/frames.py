"""Runs as a frame: one row per run, a column per parameter and metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_magics.records import decode

if TYPE_CHECKING:
    import pandas

    from mlops_magics.store.database import Database

RUN_COLUMNS = ("id", "experiment", "name", "status", "started", "ended", "seconds", "parent", "source")


def runs_frame(database: Database, experiment: str | None, where: str | None) -> pandas.DataFrame:
    """See :meth:`mlops_magics.store.queries.Store.runs`. Needs the views."""
    import pandas

    database.query("CREATE OR REPLACE TEMP TABLE chosen AS " + _chosen(database, where), None)
    runs = database.frame(
        f"""SELECT {', '.join(RUN_COLUMNS)} FROM chosen WHERE $experiment IS NULL OR experiment = $experiment
            ORDER BY started DESC, id DESC""",
        {"experiment": experiment},
    )
    params = database.frame("SELECT run, key, value FROM params WHERE run IN (SELECT id FROM chosen)")
    metrics = database.frame("SELECT run, key, value FROM metric_sums WHERE run IN (SELECT id FROM chosen)")
    params["value"] = pandas.Series([decode(value) for value in params["value"]], dtype=object)
    return runs.join(_wide(params, "params"), on="id").join(_wide(metrics, "metrics"), on="id")


def _wide(long: pandas.DataFrame, prefix: str) -> pandas.DataFrame:
    wide = long.pivot(index="run", columns="key", values="value")
    wide.columns = [f"{prefix}.{key}" for key in wide.columns]
    return wide.infer_objects()


def _chosen(database: Database, where: str | None) -> str:
    seconds = "epoch(ended - started) AS seconds"
    if where is None:
        return f"SELECT *, {seconds} FROM runs"
    params = _structs(database, "params", "coalesce(TRY_CAST(value AS DOUBLE)::VARCHAR, value ->> '$')")
    metrics = _structs(database, "metric_sums", "value")
    return f"""
        WITH params AS ({params}), metrics AS ({metrics})
        SELECT runs.*, {seconds} FROM runs
        LEFT JOIN params ON params.run = runs.id LEFT JOIN metrics ON metrics.run = runs.id
        WHERE {where}
    """


def _structs(database: Database, table: str, value: str) -> str:
    """SELECT with a column per key, so that ``params.max_depth`` is a column of the table ``params``."""
    keys: list[tuple[Any, ...]] = database.query(
        f"""SELECT key, bool_and(TRY_CAST(value AS DOUBLE) IS NOT NULL) FROM {table} GROUP BY key"""
    ).fetchall()
    columns = ["run"]
    for key, numeric in keys:
        literal, name = key.replace("'", "''"), key.replace('"', '""')
        shown = f"TRY_CAST({value} AS DOUBLE)" if numeric else value
        columns.append(f"any_value({shown}) FILTER (key = '{literal}') AS \"{name}\"")
    return f"SELECT {', '.join(columns)} FROM {table} GROUP BY run"
