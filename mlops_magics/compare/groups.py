"""Which value of a parameter does best: runs grouped by it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_magics.look import Column, Document, Line, Mark, Shown, Table, Title
from mlops_magics.look.numbers import count, number, timestamp
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    import pandas

    from mlops_magics.store.grouping import Group
    from mlops_magics.store.queries import Store

DIGITS = 4


@dataclass(frozen=True, repr=False)
class Groups(Shown):
    """Runs that have the same value of something, and the best and the mean of their metrics.

    Attributes
    ----------
    by
        What the value is of: ``params.depth``.
    metrics
        Those looked at.
    groups
        By their value; or the best first, where the board was sorted by a metric. Runs without a value come last, as
        the group None.
    parts
        How many of the runs are parts of others among them, as candidates of a search are.
    nothing
        What is said where there is no run.
    """

    by: str
    metrics: tuple[str, ...]
    groups: tuple[Group, ...]
    parts: int = 0
    nothing: str = ""

    @property
    def frame(self) -> pandas.DataFrame:
        """A row per group: the value, ``runs``, then ``METRIC best`` and ``METRIC mean`` of each metric."""
        import pandas

        columns = [self.by, "runs", *(f"{key} {what}" for key in self.metrics for what in ("best", "mean"))]
        return pandas.DataFrame([self._cells(group) for group in self.groups], columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The groups, JSON-ready; a metric has how many runs have it, its best and its mean."""
        return {
            "by": self.by,
            "groups": [
                {
                    "value": timestamp(group.value) if isinstance(group.value, datetime) else group.value,
                    "runs": group.runs,
                    "metrics": {
                        key: {"runs": found.count, "best": _best(group, key), "mean": found.mean}
                        for key, found in group.metrics.items()
                    },
                }
                for group in self.groups
            ],
        }

    def document(self) -> Document:
        """A table with a row per group, the best value of each column marked."""
        if not self.groups:
            return Document(Line(self.nothing, tone="quiet"))
        rows = [self._cells(group) for group in self.groups]
        columns: list[str | Column] = [self.by, Column("runs", align="right")]
        for key in self.metrics:
            best, mean = ([row[len(columns) + at] for row in rows] for at in (0, 1))
            # Where the best are all 0 or 1, these are shares as their means are, and no counts.
            is_share = all(value is None or abs(value) <= 1 for value in best)
            for what, values in (("best", mean if is_share else best), ("mean", mean)):
                digits = metric_digits(values)
                _mark(rows, len(columns), smallest=lower_is_better(key), digits=digits)
                columns.append(Column(f"{key} {what}", align="right", digits=digits))
        many = count(sum(group.runs for group in self.groups) - self.parts, "run")
        parts = f" and {count(self.parts, 'part')} of them" if self.parts else ""
        note = f"{many}{parts} by {self.by.partition('.')[2] or self.by}"
        return Document(Title("Runs", note), Table(columns, [[_shown(row[0]), *row[1:]] for row in rows]))

    def _cells(self, group: Group) -> list[Any]:
        cells: list[Any] = [group.value, group.runs]
        for key in self.metrics:
            cells += [_best(group, key), group.metrics[key].mean if key in group.metrics else None]
        return cells


def groups(  # noqa: PLR0913 - which runs, and what is told of them
    store: Store, ids: Sequence[str], by: str, metrics: Sequence[str], *, sorted_by: str | None, parts: int,
    nothing: str,
) -> Groups:
    """Group the runs with these ids by what ``by`` names; see :meth:`Leaderboard.by`.

    Raises
    ------
    ConditionError
        Nothing is called so.
    """
    with store.snapshot():
        thing = store.names().read(by)
        wanted = tuple(dict.fromkeys([*((sorted_by,) if sorted_by else ()), *metrics]))
        found = store.grouped(ids, thing, wanted)
    if sorted_by is None:
        found.sort(key=lambda group: _order(group.value))
    else:
        sign = 1 if lower_is_better(sorted_by) else -1
        found.sort(key=lambda group: (sorted_by not in group.metrics, sign * (_best(group, sorted_by) or 0.0)))
    return Groups(thing.column, wanted, tuple(found), parts, nothing)


def _best(group: Group, key: str) -> float | None:
    found = group.metrics.get(key)
    if found is None:
        return None
    return found.low if lower_is_better(key) else found.high


def _order(value: Any) -> tuple[int, float, str]:
    """Numbers by size, then anything else as it reads; None last."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, value, ""
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))


def _shown(value: Any) -> Any:
    is_plain = value is None or isinstance(value, str | bool | int | float) or hasattr(value, "isoformat")
    return value if is_plain else str(value)


def metric_digits(values: Iterable[float | None]) -> int:
    """The decimals of a column of metrics: none where all are whole, as counts are, else four.

    >>> metric_digits([30.0, None, 8.0]), metric_digits([0.5, 1.0])
    (0, 4)
    """
    return 0 if all(value is None or not math.isfinite(value) or value.is_integer() for value in values) else DIGITS


def _mark(rows: list[list[Any]], at: int, *, smallest: bool, digits: int) -> None:
    known = [row[at] for row in rows if row[at] is not None]
    if len(known) < 2 or min(known) == max(known):
        return
    best = min(known) if smallest else max(known)
    for row in rows:
        if row[at] == best:
            row[at] = Mark(number(row[at], digits=digits), "good")
