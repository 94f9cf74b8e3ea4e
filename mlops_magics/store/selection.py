"""Which runs are meant by an experiment and a condition, which is of our language or else SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import ConditionError, StoreError
from mlops_magics.store.conditions.meaning import meaning_of
from mlops_magics.store.conditions.names import names_of
from mlops_magics.store.conditions.parse import parse_condition
from mlops_magics.store.conditions.tree import Condition

if TYPE_CHECKING:
    from mlops_magics.store.database import Database

CHOSEN = "chosen_runs"
"""The table that :func:`choose_runs` fills: the columns of ``runs``, ``seconds``, and the ``position`` from 1 on."""

NEWEST_FIRST = "started DESC, id DESC"

_RUNS = "SELECT *, epoch(ended - started) AS seconds FROM runs"
_LIKE_SQL = re.compile(r"\w\(|::|;|--|[+*|]|\b(select|case|between|ilike|cast)\b", re.IGNORECASE)
_RUN = '"the run"'
"""Not ``run``, which somebody's parameter may be called."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which runs, and in which order: the newest first, or those with the best value of a metric."""

    experiment: str | None = None
    where: str | Condition | None = None
    best: str | None = None
    smallest: bool = False


def choose_runs(database: Database, selection: Selection) -> None:
    """Fill a table of this connection with the runs that are meant, in order. Needs the views.

    A text that the language of :mod:`~mlops_magics.store.conditions` does not understand is taken for SQL; when DuckDB
    does not understand it either, what is said is what the language did not understand. A :class:`Condition` never
    becomes SQL of the person's own.

    Raises
    ------
    ConditionError
        The condition is neither.
    """
    where = selection.where
    if where is None:
        _choose(database, _RUNS, selection, {})
    elif isinstance(where, str):
        _choose_by_text(database, where, selection)
    else:
        _choose_by_language(database, where, str(where), selection)


_FORM = "A condition reads like: auc > 0.7 and tag.team = 'ops'"


def _choose_by_text(database: Database, where: str, selection: Selection) -> None:
    condition = None
    try:
        condition = parse_condition(where)
        _choose_by_language(database, condition, where, selection)
    except ConditionError as error:
        try:
            database.insist_on_expression(where)
            _choose(database, _conditioned(database, where), selection, {})
        except StoreError as refused:
            raise (error if condition else _neither(database, error, refused)) from None


def _choose_by_language(database: Database, condition: Condition, told: str, selection: Selection) -> None:
    meaning = meaning_of(condition, names_of(database), told=told)
    query = f"SELECT runs.* FROM ({_RUNS}) AS runs {meaning.joins} WHERE {meaning.test}"
    _choose(database, query, selection, meaning.parameters)


def _choose(database: Database, query: str, selection: Selection, parameters: dict[str, Any]) -> None:
    order, joined = NEWEST_FIRST, ""
    parameters = {**parameters, "experiment": selection.experiment}
    if selection.best is not None:
        order = f"best.value {'ASC' if selection.smallest else 'DESC'} NULLS LAST, {NEWEST_FIRST}"
        values = "SELECT run, value FROM metric_sums WHERE key = $best AND NOT isnan(value)"
        joined = f"LEFT JOIN ({values}) AS best ON best.run = chosen.id"
        parameters["best"] = selection.best
    database.fill(
        CHOSEN,
        f"""SELECT chosen.*, (row_number() OVER (ORDER BY {order}))::INTEGER AS position
            FROM ({query}) AS chosen {joined} WHERE $experiment IS NULL OR experiment = $experiment""",
        parameters,
    )


def _neither(database: Database, error: ConditionError, refused: StoreError) -> ConditionError:
    """What to say of a text that is neither; what DuckDB says of it too, where the person seems to have meant SQL."""
    hint = error.hint
    if _LIKE_SQL.search(error.condition):
        said = refused.what.removeprefix("DuckDB does not understand: ")
        hint = f"As SQL: {said.partition(' You might need')[0]}"
    exists = names_of(database).all()
    return ConditionError(error.reason, condition=error.condition, at=error.at, exists=exists, hint=hint or _FORM)


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
