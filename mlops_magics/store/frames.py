"""Runs as a frame: one row per run, a column per parameter and metric."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlops_magics.records import decode
from mlops_magics.store.selection import CHOSEN, Selection, choose_runs

if TYPE_CHECKING:
    import numpy
    import pandas

    from mlops_magics.store.database import Database

TABLES = {"params": "params", "metrics": "metric_sums"}
RUN_COLUMNS = ("id", "experiment", "name", "status", "started", "ended", "seconds", "parent", "source")


def runs_frame(database: Database, selection: Selection) -> pandas.DataFrame:
    """See :meth:`mlops_magics.store.queries.Store.runs`. Needs the views."""
    choose_runs(database, selection)
    return _with_values(database, f"SELECT {', '.join(RUN_COLUMNS)} FROM {CHOSEN} ORDER BY position", {})


def frame_of(database: Database, ids: Sequence[str], tags: Sequence[str]) -> pandas.DataFrame:
    """See :meth:`mlops_magics.store.queries.Store.frame_of`. Needs the views."""
    import pandas

    frame = _with_values(
        database,
        f"""SELECT {', '.join(RUN_COLUMNS)} FROM (SELECT *, epoch(ended - started) AS seconds FROM runs)
            JOIN (SELECT unnest($ids::VARCHAR[]) AS id, unnest(range(len($ids))) AS position) USING (id)
            ORDER BY position""",
        {"ids": list(ids)},
    )
    if not tags:
        return frame
    asked = {key: [None] * len(frame) for key in tags}
    columns = [*frame.columns[: len(RUN_COLUMNS)], *(f"tags.{key}" for key in tags), *frame.columns[len(RUN_COLUMNS) :]]
    places = {run: place for place, run in enumerate(frame["id"])}
    found = database.query(
        "SELECT run, key, value FROM tags WHERE key IN (SELECT unnest($tags::VARCHAR[]))", {"tags": list(tags)}
    )
    for run, key, value in found.fetchall():
        if run in places:
            asked[key][places[run]] = value
    told = pandas.DataFrame({f"tags.{key}": values for key, values in asked.items()}, dtype=object)
    return pandas.concat([frame, told], axis="columns")[columns]


def _with_values(database: Database, query: str, parameters: dict[str, Any]) -> pandas.DataFrame:
    """Runs, their parameters and their metrics."""
    import pandas

    runs = database.frame(query, parameters)
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
