"""Runs as a frame: one row per run, a column per parameter and metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_magics.errors import StoreError
from mlops_magics.records import decode

if TYPE_CHECKING:
    import pandas

    from mlops_magics.store.database import Database

RUN_COLUMNS = ("id", "experiment", "name", "status", "started", "ended", "seconds", "parent", "source")


def runs_frame(database: Database, experiment: str | None, where: str | None) -> pandas.DataFrame:
    """See :meth:`mlops_magics.store.queries.Store.runs`. Needs the views."""
    import pandas

    runs = _chosen(database, experiment, where)
    is_every = experiment is None and where is None
    some = "" if is_every else " WHERE run IN (SELECT unnest($ids::VARCHAR[]))"
    parameters = None if is_every else {"ids": runs["id"].tolist()}
    params = database.frame(f"SELECT run, key, value FROM params{some}", parameters)
    metrics = database.frame(f"SELECT run, key, value FROM metric_sums{some}", parameters)
    params["value"] = pandas.Series([decode(value) for value in params["value"]], dtype=object)
    return runs.join(_wide(params, "params"), on="id").join(_wide(metrics, "metrics"), on="id")


def _wide(long: pandas.DataFrame, prefix: str) -> pandas.DataFrame:
    wide = long.pivot(index="run", columns="key", values="value")
    wide.columns = [f"{prefix}.{key}" for key in wide.columns]
    return wide.infer_objects()


def _chosen(database: Database, experiment: str | None, where: str | None) -> pandas.DataFrame:
    source = "runs" if where is None else f"({_conditioned(database, where)})"
    try:
        return database.frame(
            f"""SELECT {', '.join(RUN_COLUMNS)} FROM (SELECT *, epoch(ended - started) AS seconds FROM {source})
                WHERE $experiment IS NULL OR experiment = $experiment ORDER BY started DESC, id DESC""",
            {"experiment": experiment},
        )
    except StoreError as error:
        if where is None:
            raise
        hint = """Quote names that are no words: metrics."val/auc\""""
        raise StoreError(f"where={where!r}: {error.what}", exists=_names(database), hint=hint) from error


def _conditioned(database: Database, where: str) -> str:
    """SELECT of the runs that meet a condition, in which ``params.max_depth`` is a column of the table ``params``."""
    params = _columns(database, "params", where, "coalesce(TRY_CAST(value AS DOUBLE)::VARCHAR, value ->> '$')")
    metrics = _columns(database, "metric_sums", where, "value")
    return f"""
        WITH params AS ({params}), metrics AS ({metrics}),
             runs AS (SELECT *, epoch(ended - started) AS seconds FROM runs)
        SELECT runs.* EXCLUDE seconds FROM runs
        LEFT JOIN params ON params.{_RUN} = runs.id LEFT JOIN metrics ON metrics.{_RUN} = runs.id
        WHERE ({where}
        )
    """


_RUN = '"the run"'
"""Not ``run``, which somebody's parameter may be called."""


def _columns(database: Database, table: str, where: str, value: str) -> str:
    """SELECT with a row per run, and a column per key that the condition mentions."""
    keys = database.query(
        f"""SELECT key, bool_and(TRY_CAST(value AS DOUBLE) IS NOT NULL) FROM {table}
            WHERE key <> '' AND contains(lower($where), lower(replace(key, '"', '""'))) GROUP BY key ORDER BY key""",
        {"where": where},
    ).fetchall()
    # SQL names have no case: of "lr" and "LR", the one that is spelled as in the condition.
    meant = {key.lower(): (key, is_numeric) for key, is_numeric in sorted(keys, key=lambda pair: pair[0] in where)}
    columns = [f"run AS {_RUN}"]
    for key, is_numeric in meant.values():
        literal, name = key.replace("'", "''"), key.replace('"', '""')
        shown = f"TRY_CAST({value} AS DOUBLE)" if is_numeric else value
        columns.append(f"any_value({shown}) FILTER (key = '{literal}') AS \"{name}\"")
    return f"SELECT {', '.join(columns)} FROM {table} GROUP BY run"


def _names(database: Database) -> list[str]:
    rows = database.query(
        """SELECT DISTINCT 'metrics.' || key AS name FROM metric_sums
           UNION ALL SELECT DISTINCT 'params.' || key FROM params ORDER BY name"""
    )
    return [str(name) for (name,) in rows.fetchall()]
