"""What was tried, and what did best: the runs of a store as a table for people."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.groups import Groups, groups, metric_digits
from mlops_magics.compare.telling import MACHINE, metric_order
from mlops_magics.errors import ConditionError, DataError, RunNotFound
from mlops_magics.look import Column, Document, Line, Mark, Shown, Table, Title, Tone
from mlops_magics.look.numbers import count as counted
from mlops_magics.look.numbers import number, timestamp
from mlops_magics.store import open_store
from mlops_magics.store.conditions.names import Names, Thing
from mlops_magics.store.location import shown
from mlops_magics.store.references import lower_is_better
from mlops_magics.store.selection import Selection

if TYPE_CHECKING:
    import pandas

    from mlops_magics.store.conditions.tree import Condition
    from mlops_magics.store.queries import Store
    from mlops_magics.store.survey import Row, Survey

SHOWN_METRICS = 5
SHOWN_PARAMS = 3
SHOWN_TRUST = 5
BELOW = "└ "
TONES: Mapping[str, Tone] = {"finished": "plain", "running": "plain", "failed": "bad", "interrupted": "unknown"}


@dataclass(frozen=True, repr=False, eq=False)
class Leaderboard(Shown):
    """Runs, newest first or best first.

    The display was read when it was asked for; :attr:`frame` is read when it is first touched.

    Attributes
    ----------
    survey
        What the display is made of. Candidates of a search are among the runs; the display counts them at their search,
        unless ``children`` were asked for.
    limit
        How many rows the display shows. Without ``columns``, its columns are the metrics most runs have, and the
        parameters that differ and were said; below it is how many others there are.
    sorted_by
        The metric whose best value comes first, or None.
    columns
        What was asked to be shown, or None.
    asked
        The condition, as it was written; empty without one.
    among
        Where no run meets it, how many there are.
    trust
        By the id of a run, what was found about its notebook, in a few words; and whether it was replayed.
    """

    survey: Survey
    store: Store
    limit: int
    sorted_by: str | None = None
    columns: tuple[Thing, ...] | None = None
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    trust: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    among: int = 0

    @property
    def ids(self) -> tuple[str, ...]:
        """The runs, in order, those the display does not reach too."""
        return self.survey.ids

    @cached_property
    def frame(self) -> pandas.DataFrame:
        """Everything known: a row per run, as :meth:`mlops_magics.store.queries.Store.runs` has it, in the order of
        the display; with ``tags.KEY`` of tags that are columns of it.
        """
        tags = [thing.key for thing in self.columns or () if thing.family == "tags"]
        return self.store.frame_of(self.ids, tags=tags)

    def by(self, name: str) -> Groups:
        """What a metric comes to for each value of a parameter: the best and the mean, candidates included.

        Parameters
        ----------
        name
            ``depth``, ``params.depth``, ``tag.team``, ``experiment``: what ``where`` could say.

        Raises
        ------
        ConditionError
            Nothing is called so; the closest name is suggested.
        """
        asked = [thing.key for thing in self.columns or () if thing.family == "metrics"]
        return groups(
            self.store, self.ids, name, asked or self._metrics(), sorted_by=self.sorted_by,
            parts=len(self.ids) - self.survey.count, nothing=self._nothing(),
        )

    def to_dict(self) -> dict[str, Any]:
        """The runs as a list of mappings without missing values, JSON-ready: parameters as they were recorded, where a
        frame has floats for integers that not every run has.
        """
        frame = self.frame
        rows = frame.astype(object).to_dict("records")
        is_lossy = any(
            str(name).startswith("params.") and column.dtype == "float64" and column.hasnans
            for name, column in frame.items()
        )
        params = self.store.params_of(self.store.runs_of(self.ids)) if is_lossy else {}
        told = []
        for row in rows:
            own = {f"params.{key}": value for key, value in params.get(row["id"], {}).items()}
            told.append({str(key): _plain(own.get(str(key), value)) for key, value in row.items() if _is(value)})
        return {"runs": told}

    def things(self) -> list[Thing]:
        """What the columns of the display are, in their order: what tells which run it is, then what was asked for;
        where nothing was, what is usual, with :attr:`sorted_by` before the other metrics.
        """
        return list(dict.fromkeys([*self._which(), *(self._usual() if self.columns is None else self.columns)]))

    def document(self) -> Document:
        """A table of the runs, the best value of each metric marked."""
        rows, many = self.survey.rows, self.survey.count
        if not rows:
            return Document(Line(self._nothing(), tone="quiet"))
        things = self.things()
        best = {thing: self._best(thing.key) for thing in things if thing.family == "metrics"}
        digits = {thing: metric_digits(row.metrics.get(thing.key) for row in rows) for thing in best}
        cells = [[self._cell(row, thing, best.get(thing), digits.get(thing)) for thing in things] for row in rows]
        parts = self.survey.shown - many
        note = counted(many, "run") + (f" and {counted(parts, 'part')} of them" if parts else "")
        note += (f", best {self.sorted_by} first" if self.sorted_by else "")
        table = Table([_heading(thing, digits.get(thing)) for thing in things], cells)
        return Document(Title("Runs", note), table, *self._more(things), *self._doubts())

    def _nothing(self) -> str:
        if self.among:
            return f"None of {counted(self.among, 'run')} has {self.asked}."
        return f"No runs yet in {shown(self.store.path)}. Start one: %mlops track EXPERIMENT --name NAME"

    def _more(self, things: Sequence[Thing]) -> list[Line]:
        """How many rows and columns are not shown, and what to add to the words that asked, to see them."""
        lines = []
        if (below := self.survey.shown - len(self.survey.rows)) > 0:
            lines.append(Line(f"{counted(below, 'more run')}: add --limit {self.survey.shown}", tone="quiet"))
        if folded := sum(row.parts for row in self.survey.rows):
            lines.append(Line(f"{counted(folded, 'part')} of them folded, as (+N): add --children", tone="quiet"))
        params = sum(Thing("params", key) not in things for key in self.survey.params)
        metrics = sum(Thing("metrics", key) not in things for key in self.survey.metrics)
        if self.columns is None and (params or metrics):
            hidden = {"more parameter": params, "more metric": metrics}
            told = [counted(many, what) for what, many in hidden.items() if many]
            lines.append(Line(f"{', '.join(told)}: add --columns all", tone="quiet"))
        return lines

    def _which(self) -> list[Thing]:
        """What tells which run it is: its name, which a narrow terminal repeats, and more where that is not enough."""
        rows = self.survey.rows
        several = len({row.experiment for row in rows}) > 1
        doubled = len({row.name for row in rows}) < len(rows)
        names = ("name",) + ("experiment",) * several + ("id",) * doubled
        return [Thing("runs", name) for name in names]

    def _usual(self) -> list[Thing]:
        """How it went before what was tried, and when: so that a narrow page cuts off what tells least."""
        return [
            Thing("runs", "status"),
            *(Thing("metrics", key) for key in self._metrics()),
            *(Thing("params", key) for key in self._params()),
            *(Thing("runs", key) for key in ("started", "seconds")),
        ]

    def _metrics(self) -> list[str]:
        """Those that were asked for, by sorting or in the condition; then those that more than half as many runs have
        as the one most runs have, before rarer ones; the most telling first, and not those of the machine.
        """
        spans = self.survey.metrics
        keys = [key for key, span in spans.items() if span.count]
        wanted = {key for key in keys if key == self.sorted_by or _is_named(key, self.asked)}
        keys = [key for key in keys if key in wanted or not key.startswith(MACHINE)] or keys
        most = max((spans[key].count for key in keys), default=0)
        keys.sort(
            key=lambda key: (
                key != self.sorted_by, key not in wanted, 2 * spans[key].count <= most, metric_order(key),
                -spans[key].count, key,
            )
        )  # fmt: skip
        return keys[: max(SHOWN_METRICS, len(wanted))]

    def _params(self) -> list[str]:
        """Those that differ between the runs, and that somebody said: defaults differ as soon as models do. Those said
        most often come first; those of a model's parts only where no other differ.
        """
        spreads = self.survey.params
        differing = [key for key, spread in spreads.items() if spread.differs and spread.said]
        whole = [key for key in differing if "__" not in key] or differing
        return sorted(whole, key=lambda key: (-spreads[key].said, -spreads[key].count))[:SHOWN_PARAMS]

    def _best(self, key: str) -> float | None:
        """None too where all are the same, and where they were not measured on the same rows, or may not have been, as
        the runs are of several experiments.
        """
        span = self.survey.metrics.get(key)
        is_alone = span is None or span.count < 2 or span.low == span.high
        if span is None or is_alone or not self._is_one_experiment() or self.is_mixed(key):
            return None
        return span.low if lower_is_better(key) else span.high

    def is_mixed(self, metric: str) -> bool:
        """Whether a metric is one of evaluations that were not all of the same rows."""
        return self.survey.evaluated_on.get(metric.rpartition("/")[0], 1) > 1

    def _is_one_experiment(self) -> bool:
        return len({row.experiment for row in self.survey.rows}) == 1

    def _cell(self, row: Row, thing: Thing, best: float | None, digits: int | None) -> Any:
        match thing.family:
            case "metrics":
                return _metric(row.metrics.get(thing.key), best, digits)
            case "params":
                return _param(thing.of(row.params.get(thing.key)))
            case "tags":
                return self.tags.get(row.id, {}).get(thing.key)
        value = getattr(row, thing.key)
        if thing.key == "status":
            return Mark(value, TONES.get(value, "plain"))
        if thing.key == "name":
            return f"{BELOW * row.level}{value} (+{row.parts})" if row.parts else f"{BELOW * row.level}{value}"
        return value[-8:] if thing.key in {"id", "parent"} and value else value

    def _doubts(self) -> list[Line]:
        """What must be known to compare the runs shown, and what was found about their notebooks."""
        mixed = [
            Line(
                f"{split}: evaluated on {many:,} different sets of rows, so none is marked as best: "
                "%mlops diff compares those of the same rows",
                tone="unknown",
            )
            for split, many in self.survey.evaluated_on.items() if many > 1 and self._is_one_experiment()
        ]  # fmt: skip
        doubtful = [(row.name, self.trust[row.id]) for row in self.survey.rows if row.id in self.trust]
        lines = [Line(f"{name}: {sentence}", tone="quiet") for name, sentence in doubtful[:SHOWN_TRUST]]
        if len(doubtful) > SHOWN_TRUST:
            lines.append(Line(f"{len(doubtful) - SHOWN_TRUST} more have findings: %mlops show RUN", tone="quiet"))
        return mixed + lines


def runs(  # noqa: PLR0913 - what can be asked of many runs
    experiment: str | None = None,
    where: str | Condition | None = None,
    *,
    best: str | None = None,
    columns: Sequence[str] | None = None,
    limit: int = 20,
    children: bool = False,
    store: Store | str | os.PathLike[str] | None = None,
) -> Leaderboard:
    """Show what was tried.

    Parameters
    ----------
    experiment
        Only its runs.
    where
        A condition such as ``"auc > 0.7 and params.depth <= 6 and tag.team = 'ops'"``, or SQL; see
        :meth:`mlops_magics.store.queries.Store.runs`.
    best
        A metric to sort by, the best first; whether small or large is good follows from its name.
    columns
        What the display shows beside the name of a run: metrics, parameters, tags and columns of a run, named as in
        ``where``; ``"tags"``, ``"params"`` and ``"metrics"`` mean all that the shown runs have, ``"all"`` all of these.
    limit
        How many rows the display shows, at least 1; the frame holds all.
    children
        Show the candidates of searches too, each below its search; with ``best``, among the others.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.

    Raises
    ------
    ConditionError
        The condition was not understood, or nothing is called as one of the ``columns`` is.
    DataError
        No run has the metric ``best``.
    RunNotFound
        There is no such experiment, but there are others.
    """
    place = open_store(store)
    limit = max(1, limit)
    with place.snapshot():
        selection = Selection(experiment, where, best, best is not None and lower_is_better(best))
        found = place.survey(selection, limit=limit, children=children)
        if experiment is not None and not found.ids:
            _insist_on_experiment(place, experiment)
        if best is not None and not any(best == key for key in found.metrics):
            _insist_on_metric(place, found, best)
        tags = {} if columns is None else place.tags_of([row.id for row in found.rows])
        chosen = None if columns is None else tuple(_things(columns, place.names(), found, tags))
        asked = "" if where is None else str(where)
        among = place.survey(Selection(experiment), limit=1).count if asked and not found.ids else 0
        return Leaderboard(found, place, limit, best, chosen, tags, _trust(place), asked, among)


def _is_named(metric: str, condition: str) -> bool:
    """Whether a condition, which may be SQL, speaks of a metric."""
    name = rf"(?<![\w/])(?<!params\.)(?<!param\.)(?<!tags\.)(?<!tag\.){re.escape(metric)}(?![\w/])"
    return bool(condition) and re.search(name, condition, re.IGNORECASE) is not None


def _insist_on_experiment(store: Store, experiment: str) -> None:
    known = sorted({run.experiment for run in store.all_runs()})
    if known and experiment not in known:
        raise RunNotFound(f"there is no experiment {experiment!r}", seen=experiment, exists=known)


def _insist_on_metric(store: Store, found: Survey, best: str) -> None:
    """Candidates of a search may have it where no root does."""
    if not (found.ids and store.have_metric(found.ids, best)):
        raise DataError(f"no run has a metric {best!r}", seen=best, exists=found.metrics or store.metric_names())


def _things(
    columns: Sequence[str], names: Names, found: Survey, tags: Mapping[str, Mapping[str, str]]
) -> list[Thing]:  # fmt: skip
    """What columns name, in their order."""
    things: list[Thing] = []
    for column in columns:
        match column:
            case "metrics":
                things += [Thing("metrics", key) for key, span in found.metrics.items() if span.count]
            case "params":
                things += [Thing("params", key) for key in found.params]
            case "all":
                things += _things(["status", "started", "seconds", "tags", "params", "metrics"], names, found, tags)
            case "tags":
                things += [Thing("tags", key) for key in sorted({key for held in tags.values() for key in held})]
            case _:
                things.append(_thing(column, names))
    return list(dict.fromkeys(things))


def _thing(column: str, names: Names) -> Thing:
    try:
        return names.read(column)
    except ConditionError as error:
        raise ConditionError(
            error.reason, condition="", at=0, seen=error.seen, exists=error.exists, hint="%mlops runs --columns NAME …"
        ) from None


def _trust(store: Store) -> dict[str, str]:
    """What was found about notebooks, and which runs came out the same when they were replayed."""
    found: dict[str, list[str]] = {}
    for run, sentence in store.newest_verdicts("notebook", "fail"):
        found.setdefault(run, []).append(sentence or "not to be trusted")
    for run, _ in store.newest_verdicts("replay", "pass"):
        found.setdefault(run, []).append("replayed the same")
    return {run: "; ".join(said) for run, said in found.items()}


def _heading(thing: Thing, digits: int | None) -> str | Column:
    if thing.family == "metrics":
        return Column(thing.key, align="right", digits=digits)
    if thing == Thing("runs", "seconds"):
        return Column("seconds", align="right", digits=3)
    return "run" if thing == Thing("runs", "name") else thing.name


def _plain(value: Any) -> Any:
    return timestamp(value) if isinstance(value, datetime) else value


def _is(value: Any) -> bool:
    """Whether a cell of a frame holds something."""
    if isinstance(value, float):
        return value == value  # noqa: PLR0124
    return value is not None and (isinstance(value, str) or str(value) != "NaT")


def _metric(value: Any, best: float | None, digits: int | None) -> Any:
    if not _is(value):
        return None
    return Mark(number(value, digits=digits), "good") if best is not None and value == best else float(value)


def _param(value: Any) -> Any:
    if not _is(value):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)
