"""One run, whole: what it was given, what came of it, what it stood on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.displays import Displayed, displayed
from mlops_magics.compare.source import own_sources
from mlops_magics.compare.telling import in_order
from mlops_magics.look import Code, Column, Document, Fold, Line, Mark, Shown, Table, Title, Tone
from mlops_magics.look.numbers import count, duration, timestamp
from mlops_magics.records import Artifact, Dataset, Environment, Fit, Judged, Record, Run, plain
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

SHOWN_CHILDREN = 20
SHOWN_NAMESAKES = 3
SCORE = "mean_test_score"

QUESTIONS = {"significance": "better than {}", "drift": "drift of {}"}
"""How a question reads with what it was asked about; others speak for themselves."""

VERDICT_TONES: Mapping[str, Tone] = {"pass": "good", "fail": "bad", "unknown": "unknown"}


@dataclass(frozen=True, repr=False)
class RunPage(Shown):
    """Everything recorded of one run, each part as the store returns it; ``namesakes`` are the ids of others that are
    called as it is.
    """

    run: Run
    params: Mapping[str, Any]
    defaults: frozenset[str]
    metrics: Mapping[str, float]
    children: tuple[Child, ...]
    fits: tuple[Fit, ...]
    tags: Mapping[str, str]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    datasets: tuple[Dataset, ...]
    artifacts: tuple[Artifact, ...]
    displays: tuple[Displayed, ...]
    verdicts: tuple[Judged, ...]
    environment: Environment | None
    namesakes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The parts by name, JSON-ready."""
        return {
            "run": {
                **{name: getattr(self.run, name) for name in ("id", "experiment", "name", "status")},
                **{name: timestamp(at) for name in ("started", "ended") if (at := getattr(self.run, name))},
            },
            "params": dict(self.params),
            "defaults": sorted(self.defaults),
            "metrics": dict(self.metrics),
            "children": [child.to_dict() for child in self.children],
            "fits": [_values(fit) for fit in self.fits],
            "tags": dict(self.tags),
            "notes": list(self.notes),
            "cells": list(self.sources),
            "datasets": [_values(table) for table in self.datasets],
            "artifacts": [_values(artifact) for artifact in self.artifacts],
            "verdicts": [_values(verdict) for verdict in self.verdicts],
            "environment": _values(self.environment) if self.environment else None,
        }

    def document(self) -> Document:
        """Metrics and parameters in the open, the rest folded."""
        run = self.run
        message = f": {run.message}" if run.message else ""
        blocks: list[Any] = [
            Title(f"{run.experiment} / {run.name}", run.short_id),
            Line(f"{run.status}{message}, started {run.started:%Y-%m-%d %H:%M} UTC{_duration(run)}"),
        ]
        if self.namesakes:
            others = ", ".join(self.namesakes[:SHOWN_NAMESAKES])
            blocks.append(Line(f"Called so too: {others}{self._more()}", tone="quiet"))
        if self.tags:
            blocks.append(Line(", ".join(f"{key}: {value}" for key, value in self.tags.items()), tone="quiet"))
        blocks += [Line(f"“{note}”", tone="quiet") for note in self.notes]
        if self.metrics:
            values = [(key, _count(value)) for key, value in in_order(self.metrics).items()]
            blocks.append(Table(["metric", Column("last value", align="right")], values))
        blocks += self._params()
        blocks += self._children()
        blocks += self._fits()
        blocks += self._notebook()
        blocks += self._verdicts()
        if self.datasets:
            blocks.append(self._datasets())
        if self.displays:
            shown = count(len(self.displays), "display")
            blocks.append(Fold(shown, *(display.block() for display in self.displays)))
        if self.artifacts:
            kept = [(item.name, item.type, item.size_bytes, item.sha256[:12]) for item in self.artifacts]
            header = ("artifact", "type", Column("bytes", align="right"), "sha256")
            blocks.append(Fold(count(len(kept), "artifact"), Table(header, kept)))
        if self.sources:
            blocks.append(Fold(count(len(self.sources), "cell"), *(Code(source) for source in self.sources)))
        blocks += self._environment()
        return Document(*blocks)

    def _more(self) -> str:
        more = len(self.namesakes) - SHOWN_NAMESAKES
        return f" and {more} more" if more > 0 else ""

    def _datasets(self) -> Table:
        """A row per table and what it was for, however often it was fitted or evaluated on."""
        sizes = Column("rows", align="right"), Column("columns", align="right")
        tables = {(item.name, item.role, item.fingerprint): item for item in self.datasets}.values()
        has_origins = any(item.origins for item in tables)
        rows = [
            (
                item.name,
                item.role,
                item.rows,
                len(item.columns),
                *((", ".join(item.origins or ()) or None,) if has_origins else ()),
                item.fingerprint[:12],
            )
            for item in tables
        ]
        return Table(("table", "role", *sizes, *(("from",) if has_origins else ()), "fingerprint"), rows)

    def _params(self) -> list[Any]:
        """What somebody chose in the open; what an estimator has anyway folded."""
        chosen = {key: value for key, value in self.params.items() if key not in self.defaults}
        left = {key: value for key, value in self.params.items() if key in self.defaults}
        blocks = []
        for word, values in (("parameter", chosen), ("default", left)):
            if values:
                table = Table([word, "value"], [(key, _cell(value)) for key, value in values.items()])
                blocks.append(Fold(count(len(values), word), table, open=word == "parameter" and len(values) <= 12))
        return blocks

    def _children(self) -> list[Any]:
        """The candidates of a search, the best first."""
        if not self.children:
            return []
        keys = list(dict.fromkeys(key for child in self.children for key in child.params))
        rows = [
            (child.run.name, *(_cell(child.params.get(key)) for key in keys), child.score) for child in self.children
        ]
        table = Table(["candidate", *keys, Column("mean score", align="right", digits=4)], rows[:SHOWN_CHILDREN])
        hidden = len(rows) - SHOWN_CHILDREN
        where = f"{hidden} more are in the store: their parent is {self.run.id}"
        more = [Line(where, tone="quiet")] if hidden > 0 else []
        return [Fold(count(len(rows), "candidate"), table, *more)]

    def _fits(self) -> list[Any]:
        if not self.fits:
            return []
        rows = [
            (
                fit.name,
                fit.class_name.rpartition(".")[2],
                fit.rows,
                fit.columns,
                duration(fit.seconds),
                Mark(fit.error or "failed", "bad") if fit.status == "error" else _warned(fit) or None,
            )
            for fit in self.fits
        ]
        sizes = [Column(word, align="right") for word in ("rows", "columns", "took")]
        return [Fold(count(len(rows), "fit"), Table(["fit of", "class", *sizes, "warnings"], rows))]

    def _notebook(self) -> list[Any]:
        """How far the notebook can be trusted: one quiet line, with what was found folded behind it."""
        judged = [item for item in self.verdicts if item.question == "notebook"]
        sentence = notebook_sentence(judged[-1]) if judged else None
        if sentence is None:
            return []
        findings = [Line(str(finding.get("sentence", "")), tone="quiet") for finding in judged[-1].detail["findings"]]
        return [Fold(sentence, *findings)]

    def _verdicts(self) -> list[Any]:
        rows = [
            (asked(item.question, item.subject), Mark(item.verdict, VERDICT_TONES[item.verdict]))
            for item in self.verdicts
            if item.question != "notebook"
        ]
        return [Table(["question", "verdict"], rows)] if rows else []

    def _environment(self) -> list[Any]:
        found = self.environment
        if not found:
            return []
        dirty = " with uncommitted changes" if found.git_dirty else ""
        git = f", git {found.git_commit[:12]}{dirty}" if found.git_commit else ""
        return [Line(f"Python {found.python} on {found.platform}{git}", tone="quiet")]


@dataclass(frozen=True)
class Child:
    """One candidate of a search: its run, the parameters it was tried with, and how it did."""

    run: Run
    params: Mapping[str, Any]
    score: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"id": self.run.id, "name": self.run.name, "params": dict(self.params), "score": self.score}


def asked(question: str, subject: str) -> str:
    """What was asked of a run, in words.

    >>> asked("significance", "baseline"), asked("drift", "july"), asked("replay", "x")
    ('better than baseline', 'drift of july', 'replay')
    """
    return QUESTIONS[question].format(subject) if question in QUESTIONS else question


def notebook_sentence(judged: Judged) -> str | None:
    """What was found about the notebook of a run, in one line; None where nothing was."""
    return str(judged.detail.get("sentence")) if judged.verdict == "fail" else None


def _children(store: Store, run: Run) -> tuple[Child, ...]:
    children = [child for child in store.all_runs() if child.parent == run.id]
    if not children:
        return ()
    params, scores = store.params_of(children), store.metric_of(children, SCORE)
    found = [Child(child, params.get(child.id, {}), scores.get(child.id)) for child in children]
    return tuple(sorted(found, key=lambda child: (child.score is None, -(child.score or 0.0))))


def show(run: Run | str, store: Store | str | os.PathLike[str] | None = None) -> RunPage:
    """Everything recorded of a run.

    Parameters
    ----------
    run
        A name, a piece of an id, ``@last``, ``@best:METRIC``, or a run.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.

    Raises
    ------
    RunNotFound
        It is not in the store.
    """
    place = open_store(store)
    with place.snapshot():
        found = place.find(run)
        cells = place.cells(found)
        artifacts = place.artifacts(found)
        before = {cell.source for cell in cells if cell.is_before}
        namesakes = place.runs_called(found.experiment, found.name)
        return RunPage(
            run=found,
            params=place.params(found),
            defaults=frozenset(place.default_params(found)),
            children=_children(place, found),
            fits=tuple(place.fits(found)),
            metrics=place.metrics(found),
            tags=place.tags(found),
            notes=tuple(dict.fromkeys(note.text for note in place.notes(found))),
            sources=tuple(own_sources(cells, place.texts([cell.source for cell in cells]), known=before)),
            datasets=tuple(place.datasets(found)),
            artifacts=tuple(artifacts),
            displays=displayed(place, artifacts),
            verdicts=tuple(place.verdicts(found)),
            environment=place.environment(found),
            namesakes=tuple(other.short_id for other in reversed(namesakes) if other.id != found.id),
        )


def _warned(fit: Fit) -> str:
    return "; ".join(text if times == 1 else f"{text} ({times} times)" for text, times in fit.warnings.items())


def _values(record: Record) -> dict[str, Any]:
    """What is known of a fact, by name. Not its body: there, structures are text already."""
    values = {field.name: plain(getattr(record, field.name)) for field in fields(record)}
    return {name: value for name, value in values.items() if value is not None}


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _count(value: float) -> float:
    """Metrics are floats; a whole number greater than a share can be is a count, whatever stands above and below."""
    return int(value) if value.is_integer() and abs(value) > 1 else value


def _duration(run: Run) -> str:
    return f", {duration(run.seconds)}" if run.seconds is not None else ""
