"""The runs of a leaderboard as columns of values, for a grid that sorts and pictures that brush them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.groups import metric_digits
from mlops_magics.compare.leaderboard import TONES, Leaderboard, runs
from mlops_magics.errors import ConditionError
from mlops_magics.look.numbers import common_digits, duration, time
from mlops_magics.look.palette import signed_text
from mlops_magics.store.conditions.names import Thing
from mlops_magics.store.conditions.parse import parse_condition
from mlops_magics.store.conditions.tree import Name
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    import pandas

    from mlops_magics.store.queries import Store

PLAIN = ("experiment", "name", "id", "status", "started", "seconds")


def table_of(board: Leaderboard) -> dict[str, Any]:
    """``{ids, parents, columns, goal, unfolded}``, JSON-ready, rows in the order of the board.

    ``parents`` are the ids of the searches that rows are candidates of, None where it is not on the board. A column has
    a ``name``, what ``where`` calls it; a ``label``; its ``family``; the ``kind`` of its values (number, time, text);
    the ``values``, None where there is none, and ``texts`` where these read differently; the ``digits`` of numbers;
    whether it is ``shown`` at first; and for metrics of one experiment and the same rows the ``best`` value among runs
    that are no candidates. Shown are the columns of the plain leaderboard, in its order, before the others. ``goal``
    names the metric in question: the one the board is sorted by, else the first that is shown, else the one most runs
    have; None without metrics. ``unfolded`` says whether candidates are shown at first.
    """
    frame = board.frame
    ids = frame["id"].tolist()
    known = set(ids)
    parents = [parent if parent in known else None for parent in frame["parent"].tolist()]
    columns = [_own(frame, name) for name in PLAIN]
    params = [_of(*one) for column in frame.columns if column.startswith(("params.", "tags."))
              for one in _leaves(column, frame[column].astype(object).tolist())]  # fmt: skip
    metrics = [_of(column, frame[column].astype(object).tolist()) for column in frame.columns
               if column.startswith("metrics.")]  # fmt: skip
    if len(set(frame["experiment"])) == 1:
        # Others need not have measured the same thing.
        for column in metrics:
            if not board.is_mixed(column["label"]):
                _mark_best(column, parents)
    columns = _ordered(board, [*columns, *params, *metrics])
    if board.trust:
        texts = [board.trust.get(run) for run in ids]
        columns.append({"name": "notebook", "label": "notebook", "family": "runs", "kind": "text", "values": texts,
                        "shown": any(texts)})  # fmt: skip
    is_unfolded = board.survey.shown > board.survey.count
    return {"ids": ids, "parents": parents, "columns": columns, "goal": _goal(board, columns), "unfolded": is_unfolded}


def meeting(condition: str, store: Store) -> dict[str, Any]:
    """``{ids, columns, problem}``, JSON-ready: the runs that meet a condition, and the columns it names.

    ``problem`` says what of the condition is not understood, None where it is: while one types, that is no failure.
    """
    try:
        ids = list(runs(where=condition, limit=1, store=store).ids)
    except ConditionError as error:
        return {"ids": [], "columns": [], "problem": error.brief()}
    return {"ids": ids, "columns": columns_of(condition, store), "problem": None}


def columns_of(condition: str, store: Store) -> list[str]:
    """The columns of the table that a condition names; none where it is SQL."""
    try:
        names = store.names()
        things = [names.meant(name) for name in _names(parse_condition(condition))]
    except ConditionError:
        return []
    return list(dict.fromkeys(map(_column, things)))


def _column(thing: Thing) -> str:
    return thing.key if thing.family == "runs" else f"{thing.family}.{thing.key}"


def _names(part: object) -> Iterator[Name]:
    """The names in a condition, wherever they stand in it."""
    if isinstance(part, Name):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _names(one)
    elif is_dataclass(part):
        for one in fields(part):
            yield from _names(getattr(part, one.name))


def _ordered(board: Leaderboard, columns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the plain leaderboard first, as it has them; the others follow as they come, not shown at first."""
    things = board.things()
    if board.sorted_by is not None:
        things.append(Thing("metrics", board.sorted_by))
    wanted = [_column(thing) for thing in things]
    experiments = next(column["values"] for column in columns if column["name"] == "experiment")
    if "experiment" not in wanted and len(set(experiments)) > 1:
        # The plain leaderboard has it where the first rows are of several; here one can scroll.
        wanted.insert(1, "experiment")
    place = {name: at for at, name in reversed(list(enumerate(wanted)))}
    for column in columns:
        column["shown"] = _whole(column["name"], place) in place
    return sorted(columns, key=lambda column: place.get(_whole(column["name"], place), len(wanted)))


def _whole(name: str, known: Mapping[str, int]) -> str:
    """The column that is known, of which another may be a part."""
    whole = name
    while whole not in known and whole.startswith("params.") and "." in whole:
        whole = whole.rpartition(".")[0]
    return whole if whole in known else name


def _goal(board: Leaderboard, columns: Sequence[Mapping[str, Any]]) -> str | None:
    metrics = [column for column in columns if column["family"] == "metrics"]

    def rank(column: Mapping[str, Any]) -> tuple[bool, bool, int]:
        many = 0 if column["shown"] else sum(value is not None for value in column["values"])
        return column["label"] != board.sorted_by, not column["shown"], -many

    return min(metrics, key=rank)["name"] if metrics else None


def _own(frame: pandas.DataFrame, name: str) -> dict[str, Any]:
    """A column of every run."""
    values = frame[name].tolist()
    column: dict[str, Any] = {"name": name, "label": "run" if name == "name" else name, "family": "runs",
                              "kind": "text"}  # fmt: skip
    if name == "started":
        moments = [value if isinstance(value, datetime) and value == value else None for value in values]  # noqa: PLR0124
        texts = ["" if moment is None else time(moment) for moment in moments]
        return {**column, "kind": "time", "values": [None if at is None else at.timestamp() for at in moments],
                "texts": texts}  # fmt: skip
    if name == "seconds":
        seconds = [None if value != value else value for value in values]  # noqa: PLR0124
        texts = ["" if value is None else duration(value) for value in seconds]
        return {**column, "label": "took", "kind": "number", "values": seconds, "texts": texts, "lower": True}
    if name == "status":
        tones = [TONES.get(value, "plain") for value in values]
        texts = [signed_text(str(value), tone) for value, tone in zip(values, tones, strict=True)]
        return {**column, "values": values, "texts": texts, "tones": tones}
    if name == "id":
        return {**column, "values": values, "texts": [value[-8:] for value in values]}
    return {**column, "values": values}


def _leaves(name: str, values: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """A column, or where all its values hold others by name a column for each of these."""
    keys = dict.fromkeys(key for value in values if isinstance(value, dict) for key in value)
    if not keys or any(_said(value) is not None and not isinstance(value, dict) for value in values):
        yield name, list(values)
        return
    for key in keys:
        yield from _leaves(f"{name}.{key}", [value.get(key) if isinstance(value, dict) else None for value in values])


def _of(name: str, held: Sequence[Any]) -> dict[str, Any]:
    """A parameter, a tag or a metric."""
    family, _, label = name.partition(".")
    values = [_said(value) for value in held]
    present = [value for value in values if value is not None]
    is_numeric = bool(present) and all(isinstance(value, int | float) and type(value) is not bool for value in present)
    if not is_numeric:
        texts = [None if value is None else value if isinstance(value, str) else str(value) for value in values]
        return {"name": name, "label": label, "family": family, "kind": "text", "values": texts}
    floats = [value for value in present if isinstance(value, float)]
    digits = metric_digits(floats) if family == "metrics" else common_digits(floats)
    is_whole = all(isinstance(value, int) for value in present)
    numbers = [value if value is None or math.isfinite(value) else str(value) for value in values]
    return {"name": name, "label": label, "family": family, "kind": "number", "values": numbers,
            "digits": 0 if is_whole else digits, "lower": family == "metrics" and lower_is_better(label)}  # fmt: skip


def _said(value: Any) -> Any:
    """None for what a frame has where nothing is known; a metric that is NaN reads as missing too."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _mark_best(column: dict[str, Any], parents: Sequence[str | None]) -> None:
    numbers = [
        value
        for value, parent in zip(column["values"], parents, strict=True)
        if parent is None and isinstance(value, int | float)
    ]
    if len(numbers) > 1 and min(numbers) < max(numbers):
        column["best"] = min(numbers) if column["lower"] else max(numbers)
