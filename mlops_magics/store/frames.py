"""Runs as a frame: one row per run, a column per parameter and metric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import StoreError
from mlops_magics.records import decode

if TYPE_CHECKING:
    import numpy
    import pandas

    from mlops_magics.store.database import Database

TABLES = {"params": "params", "metrics": "metric_sums"}
RUN_COLUMNS = ("id", "experiment", "name", "status", "started", "ended", "seconds", "parent", "source")


def runs_frame(database: Database, experiment: str | None, where: str | None) -> pandas.DataFrame:
    """See :meth:`mlops_magics.store.queries.Store.runs`. Needs the views."""
    import pandas

    runs = _chosen(database, experiment, where)
    ids = runs["id"].tolist()
    return pandas.concat([runs, _wide(database, "params", ids), _wide(database, "metrics", ids)], axis="columns")


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
