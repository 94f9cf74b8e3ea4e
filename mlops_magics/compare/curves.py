"""How metrics went: the curves of one or several runs over each other, as few points as a picture has columns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from mlops_magics.compare.telling import MACHINE
from mlops_magics.errors import DataError
from mlops_magics.look import Chart, Charts, Document, Fold, Line, Series, Shown, Title
from mlops_magics.look.numbers import count, duration
from mlops_magics.records import Run
from mlops_magics.store import open_store
from mlops_magics.store.curves import Curve, Window

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

COLUMNS = 800
MOST_COLUMNS = 20_000
OPEN_CHARTS = 6
MOST_CHARTS = 24
TOTALS = frozenset({
    "epochs", "n_epochs", "num_epochs", "max_epochs", "num_train_epochs", "steps", "n_steps", "num_steps", "max_steps",
    "total_steps", "iterations", "n_iter", "max_iter", "num_iterations", "n_estimators", "num_boost_round", "rounds",
})  # fmt: skip
"""Parameters by which libraries say how many steps there will be, at most."""


@dataclass(frozen=True)
class Going:
    """How far a run is.

    Attributes
    ----------
    elapsed
        Seconds since it began; once it ended, how long it took.
    step
        The newest step, or None without any.
    total
        How many steps there will be at most, where exactly one parameter says so; else None.
    remaining
        Seconds until then at the pace of the steps so far, or None where that cannot be known.
    """

    run: Run
    elapsed: float
    step: int | None = None
    total: int | None = None
    remaining: float | None = None

    @property
    def sentence(self) -> str:
        """How far it is, in words."""
        took = f"{self.run.name} {self.run.status}: {duration(self.elapsed)}"
        at = f", step {self.step:,}" if self.step is not None else ""
        of = f" of at most {self.total:,}" if self.total is not None else ""
        left = f", about {duration(self.remaining)} left" if self.remaining else ""
        return f"{took}{at}{of}{left}"

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        run = {name: getattr(self.run, name) for name in ("id", "name", "experiment", "status")}
        told = {name: getattr(self, name) for name in ("elapsed", "step", "total", "remaining", "sentence")}
        return {**run, **told}


@dataclass(frozen=True, repr=False, eq=False)
class Curves(Shown):
    """Metrics of runs over their steps, or over time where they were logged without.

    Attributes
    ----------
    runs
        How far each run is, in the order asked for.
    curves
        By metric, then by run; a metric a run does not have is left out.
    low, high
        The part of the x axis that was asked for; None is the end of the data.
    columns
        At most so many values per curve: the least, greatest and last of each pixel column.
    """

    runs: tuple[Going, ...]
    curves: tuple[Curve, ...]
    low: float | None = None
    high: float | None = None
    columns: int = COLUMNS

    @property
    def keys(self) -> tuple[str, ...]:
        """The metrics there are curves of."""
        return tuple(dict.fromkeys(curve.key for curve in self.curves))

    @property
    def is_running(self) -> bool:
        """Whether one of the runs goes on."""
        return any(going.run.status == "running" for going in self.runs)

    def to_dict(self) -> dict[str, Any]:
        """The runs, and the curves as lists of numbers; JSON-ready but for NaN where a column has no finite value."""
        return {
            "runs": [{**going.to_dict(), "label": self.labels[going.run.id]} for going in self.runs],
            "curves": [curve.to_dict() for curve in self.curves],
            "low": self.low,
            "high": self.high,
        }

    def document(self) -> Document:
        """A chart per metric, the first few in the open."""
        names = ", ".join(going.run.name for going in self.runs)
        lines = [Line(going.sentence, tone="quiet") for going in self.runs]
        if not self.curves:
            return Document(Title("Curves", names), *lines, Line(_NO_CURVES, tone="quiet"))
        charts = [self._chart(key) for key in self.keys[:MOST_CHARTS]]
        blocks: list[Any] = [Title("Curves", names), *lines, Charts(*charts[:OPEN_CHARTS])]
        if rest := charts[OPEN_CHARTS:]:
            blocks.append(Fold(f"{count(len(rest), 'more metric')}", Charts(*rest)))
        if hidden := self.keys[MOST_CHARTS:]:
            blocks.append(Line(f"Not drawn, ask for them by name: {', '.join(hidden)}", tone="quiet"))
        return Document(*blocks, *self._strange())

    def _chart(self, key: str) -> Chart:
        names = self.labels
        curves = [curve for curve in self.curves if curve.key == key]
        series = [Series(names[curve.run], *_zigzag(curve)) for curve in curves]
        label = "step" if curves[0].by == "step" else "seconds"
        return Chart("line", tuple(series), x_label=label, title=key, width=420)

    @property
    def labels(self) -> dict[str, str]:
        """What tells the runs apart, by id: their names, with a piece of the id where that is not enough."""
        names = [going.run.name for going in self.runs]
        return {
            going.run.id: going.run.name
            if names.count(going.run.name) == 1
            else f"{going.run.name} {going.run.short_id}"
            for going in self.runs
        }

    def _strange(self) -> Iterable[Line]:
        names = self.labels
        for curve in self.curves:
            if curve.not_finite:
                said = f"{curve.not_finite:,} of {count(curve.points, 'point')} of {curve.key} are NaN or infinite"
                yield Line(f"{names[curve.run]}: {said}; the curve has gaps there", tone="unknown")


_NO_CURVES = "No metric was logged more than once. In a loop: run.log(loss=…, step=…), of run = %mlops track …"


def curves(  # noqa: PLR0913 - the last three are the part of the picture
    runs: Run | str | Sequence[Run | str],
    keys: str | Sequence[str] | None = None,
    *,
    store: Store | str | os.PathLike[str] | None = None,
    columns: int = COLUMNS,
    low: float | None = None,
    high: float | None = None,
    by: Literal["step", "seconds"] | None = None,
) -> Curves:
    """The curves of one or several runs, for drawing: no extreme is lost, however many points there are.

    Parameters
    ----------
    runs
        What :meth:`~mlops_magics.store.queries.Store.find` understands, one or several. A run may be going on.
    keys
        Metrics. None: all that were logged more than once; those of the machine (``system/…``) only when there are no
        others.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.
    columns
        At most so many values per curve, 1 to 20,000: as many as the picture has pixels from left to right.
    low, high
        Only this part of the x axis, in steps or seconds.
    by
        ``"step"``, or ``"seconds"`` since the run began. None: each metric by its steps where its newest point has one.

    Raises
    ------
    RunNotFound
        A run is not in the store.
    DataError
        None of the runs has a metric of ``keys``, or ``columns`` is out of range.

    Examples
    --------
    >>> from mlops_magics import track
    >>> with track("flights", "baseline") as run:
    ...     for step in range(100):
    ...         run.log(loss=1 / (1 + step), step=step)
    >>> found = curves("baseline", columns=10)
    >>> found.curves[0].points, len(found.curves[0].x), float(found.curves[0].high[0])
    (100, 10, 1.0)
    """
    if not 1 <= columns <= MOST_COLUMNS:
        raise DataError(f"curves are drawn in 1 to {MOST_COLUMNS:,} columns, not in {columns:,}", seen=columns)
    place = open_store(store)
    with place.snapshot():
        asked = [runs] if isinstance(runs, Run | str) else list(runs)
        found = list({run.id: run for run in map(place.find, asked)}.values())
        ids = [run.id for run in found]
        known = place.curve_keys(ids)
        chosen = _chosen(known, keys)
        positions: dict[str, Literal["step", "seconds"]] = {
            key: by or ("step" if known[key][1] else "seconds") for key in chosen
        }
        lines = place.curves(ids, positions, Window(columns, low, high))
        lines.sort(key=lambda line: (chosen.index(line.key), ids.index(line.run)))
        running = [run for run in found if run.status == "running"]
        params = {run.id: _said(place, run) for run in running}
    goings = tuple(_going(run, [line for line in lines if line.run == run.id], params.get(run.id, {})) for run in found)
    return Curves(goings, tuple(lines), low, high, columns)


Point = tuple[int | None, int, float]
"""The step, the time in microseconds since 1970, UTC, and the value of something logged."""


def extended(found: Curves, points: Mapping[tuple[str, str], Sequence[Point]]) -> Curves:
    """The curves with points appended that were logged since, by run and metric: a column each, so that they grow
    longer than ``columns`` until the store is asked again. Points that do not lie behind the last one wait for that.
    """
    begun = {going.run.id: going.run.started for going in found.runs}
    grown = tuple(_grown(curve, points.get((curve.run, curve.key), ()), begun[curve.run]) for curve in found.curves)
    totals = {going.run.id: going.total for going in found.runs}
    goings = tuple(
        _going(going.run, [curve for curve in grown if curve.run == going.run.id], {"steps": totals[going.run.id]})
        for going in found.runs
    )
    return replace(found, runs=goings, curves=grown)


def _grown(curve: Curve, points: Sequence[Point], begun: datetime) -> Curve:
    import numpy

    start = begun.replace(tzinfo=UTC).timestamp()
    placed = [(step if curve.by == "step" else time / 1e6 - start, time, value) for step, time, value in points]
    fresh, end = [], curve.extent[1]
    for x, time, value in placed:
        if x is not None and x > end:
            fresh.append((float(x), time, value))
            end = float(x)
    if not fresh:
        return curve
    xs, values = numpy.array([x for x, _, _ in fresh]), numpy.array([value for _, _, value in fresh])
    heights = numpy.where(numpy.isfinite(values), values, numpy.nan)
    newest = datetime.fromtimestamp(fresh[-1][1] / 1e6, UTC).replace(tzinfo=None)
    steps = curve.steps if curve.by == "seconds" or curve.steps is None else (curve.steps[0], int(end))
    return replace(
        curve,
        x=numpy.concatenate([curve.x, xs]),
        low=numpy.concatenate([curve.low, heights]),
        high=numpy.concatenate([curve.high, heights]),
        last=numpy.concatenate([curve.last, heights]),
        points=curve.points + len(fresh),
        not_finite=curve.not_finite + int((~numpy.isfinite(values)).sum()),
        extent=(curve.extent[0], end),
        steps=steps,
        times=(curve.times[0], newest),
    )


def _chosen(known: Mapping[str, tuple[int, bool]], keys: str | Sequence[str] | None) -> list[str]:
    if keys is None:
        curved = [key for key, (points, _) in known.items() if points > 1]
        return [key for key in curved if not key.startswith(MACHINE)] or curved
    asked = [keys] if isinstance(keys, str) else list(dict.fromkeys(keys))
    for key in asked:
        if key not in known:
            raise DataError(f"no run has a metric {key!r}", seen=key, exists=list(known))
    return asked


def _zigzag(curve: Curve) -> tuple[list[float], list[float]]:
    """The least and greatest value of each column, then its last, at one position: what a line through them shows is
    the envelope of all points.
    """
    xs: list[float] = []
    ys: list[float] = []
    for x, low, high, last in zip(
        curve.x.tolist(), curve.low.tolist(), curve.high.tolist(), curve.last.tolist(), strict=True
    ):
        heights = [last] if low == high else [low, high, last]
        xs += [x] * len(heights)
        ys += heights
    return xs, ys


def _going(run: Run, lines: Sequence[Curve], params: Mapping[str, Any]) -> Going:
    now = datetime.now(UTC).replace(tzinfo=None)
    started = run.started or now
    elapsed = max(0.0, ((run.ended or now) - started).total_seconds())
    stepped = [(line.steps, line.times) for line in lines if line.steps is not None]
    if not stepped:
        return Going(run, elapsed)
    (first, last), (began, newest) = max(stepped, key=lambda pair: pair[0][1])
    if run.status != "running" or last == first:
        return Going(run, elapsed, last)
    total = _total(params, last)
    if total is None:
        return Going(run, elapsed, last)
    pace = (newest - began).total_seconds() / (last - first)
    # Steps count from 0 or from 1; the newest may have been logged a while ago.
    left = pace * (total - last - (first == 0)) - (now - newest).total_seconds()
    return Going(run, elapsed, last, total, max(0.0, left))


def _said(store: Store, run: Run) -> dict[str, Any]:
    """The parameters that the person said: what a model was fitted with tells nothing of a loop around it."""
    marked = store.param_marks(run)
    return {key: value for key, value in store.params(run).items() if key not in marked}


def _total(params: Mapping[str, Any], step: int) -> int | None:
    """How many steps there will be, where exactly one parameter above the step says so."""
    said = {
        value
        for name, value in params.items()
        if type(value) is int and value >= step and name.replace(".", "__").rpartition("__")[2].lower() in TOTALS
    }
    return said.pop() if len(said) == 1 else None


__all__ = ["Curve", "Curves", "Going", "Point", "curves", "extended"]
