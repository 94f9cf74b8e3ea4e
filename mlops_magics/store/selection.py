"""Which runs are meant by an experiment and a condition, which is of our language or else SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import ConditionError, StoreError
from mlops_magics.store.conditions.meaning import meaning_of
from mlops_magics.store.conditions.names import names_of
from mlops_magics.store.conditions.parse import parse_condition
from mlops_magics.store.conditions.tree import Condition

if TYPE_CHECKING:
    from mlops_magics.store.database import Database

CHOSEN = "chosen_runs"
"""The table that :func:`choose_runs` fills: the columns of ``runs``, and ``seconds``."""

_RUNS = "SELECT *, epoch(ended - started) AS seconds FROM runs"
_LIKE_SQL = re.compile(r"\w\(|::|;|--|[+*|]|\b(select|case|between|ilike|cast)\b", re.IGNORECASE)
_RUN = '"the run"'
"""Not ``run``, which somebody's parameter may be called."""


def choose_runs(database: Database, experiment: str | None, where: str | Condition | None) -> None:
    """Fill a table of this connection with the runs of an experiment that meet a condition. Needs the views.

    A text that the language of :mod:`~mlops_magics.store.conditions` does not understand is taken for SQL; when DuckDB
    does not understand it either, what is said is what the language did not understand. A :class:`Condition` never
    becomes SQL of the person's own.

    Raises
    ------
    ConditionError
        The condition is neither.
    """
    if where is None:
        _choose(database, _RUNS, experiment, {})
    elif isinstance(where, str):
        _choose_by_text(database, experiment, where)
    else:
        _choose_by_language(database, experiment, where, str(where))


def _choose_by_text(database: Database, experiment: str | None, where: str) -> None:
    condition = None
    try:
        condition = parse_condition(where)
        _choose_by_language(database, experiment, condition, where)
    except ConditionError as error:
        try:
            _choose(database, _conditioned(database, where), experiment, {})
        except StoreError as refused:
            raise (error if condition else _neither(database, error, refused)) from None


def _choose_by_language(database: Database, experiment: str | None, condition: Condition, told: str) -> None:
    meaning = meaning_of(condition, names_of(database), told=told)
    query = f"SELECT runs.* FROM ({_RUNS}) AS runs {meaning.joins} WHERE {meaning.test}"
    _choose(database, query, experiment, meaning.parameters)


def _choose(database: Database, query: str, experiment: str | None, parameters: dict[str, Any]) -> None:
    database.fill(
        CHOSEN,
        f"SELECT * FROM ({query}) WHERE $experiment IS NULL OR experiment = $experiment",
        {**parameters, "experiment": experiment},
    )


def _neither(database: Database, error: ConditionError, refused: StoreError) -> ConditionError:
    """What to say of a text that is neither; what DuckDB says of it too, where the person seems to have meant SQL."""
    hint = error.hint
    if _LIKE_SQL.search(error.condition):
        said = refused.what.removeprefix("DuckDB does not understand: ")
        hint = f"As SQL: {said.partition(' You might need')[0]}"
    return ConditionError(
        error.reason, condition=error.condition, at=error.at, exists=names_of(database).all(), hint=hint
    )


# -- SQL ------------------------------------------------------------------------------------------------------------


def _conditioned(database: Database, where: str) -> str:
    """SELECT of the runs that meet a condition, in which ``params.max_depth`` is a column of the table ``params``."""
    params = _columns(database, "params", where, "coalesce(TRY_CAST(value AS DOUBLE)::VARCHAR, value ->> '$')")
    metrics = _columns(database, "metric_sums", where, "value")
    return f"""
        WITH params AS ({params}), metrics AS ({metrics}), runs AS ({_RUNS})
        SELECT runs.* FROM runs
        LEFT JOIN params ON params.{_RUN} = runs.id LEFT JOIN metrics ON metrics.{_RUN} = runs.id
        WHERE ({where}
        )
    """


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
