"""One run, whole: what it was given, what came of it, what it stood on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.source import final_sources
from mlops_magics.records import Artifact, Dataset, Environment, Judged, Record, Run, plain
from mlops_magics.show import Code, Column, Document, Fold, Line, Mark, Shown, Table, Title, Tone
from mlops_magics.show.numbers import count
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

VERDICT_TONES: Mapping[str, Tone] = {"pass": "good", "fail": "bad", "unknown": "unknown"}


@dataclass(frozen=True, repr=False)
class RunPage(Shown):
    """Everything recorded of one run, each part as the store returns it."""

    run: Run
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    datasets: tuple[Dataset, ...]
    artifacts: tuple[Artifact, ...]
    verdicts: tuple[Judged, ...]
    environment: Environment | None

    def to_dict(self) -> dict[str, Any]:
        """The parts by name, JSON-ready."""
        return {
            "run": {name: getattr(self.run, name) for name in ("id", "experiment", "name", "status")},
            "params": dict(self.params),
            "metrics": dict(self.metrics),
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
        if self.tags:
            blocks.append(Line(", ".join(f"{key}: {value}" for key, value in self.tags.items()), tone="quiet"))
        blocks += [Line(f"“{note}”", tone="quiet") for note in self.notes]
        if self.metrics:
            blocks.append(Table(["metric", Column("last value", align="right")], list(self.metrics.items())))
        if self.params:
            table = Table(["parameter", "value"], [(key, _cell(value)) for key, value in self.params.items()])
            blocks.append(Fold(count(len(self.params), "parameter"), table, open=len(self.params) <= 12))
        blocks += self._verdicts()
        if self.datasets:
            rows = [
                (item.name, item.role, item.rows, len(item.columns), item.fingerprint[:12]) for item in self.datasets
            ]
            sizes = Column("rows", align="right"), Column("columns", align="right")
            blocks.append(Table(("table", "role", *sizes, "fingerprint"), rows))
        if self.artifacts:
            kept = [(item.name, item.type, item.size_bytes, item.sha256[:12]) for item in self.artifacts]
            header = ("artifact", "type", Column("bytes", align="right"), "sha256")
            blocks.append(Fold(count(len(kept), "artifact"), Table(header, kept)))
        if self.sources:
            blocks.append(Fold(count(len(self.sources), "cell"), *(Code(source) for source in self.sources)))
        blocks += self._environment()
        return Document(*blocks)

    def _verdicts(self) -> list[Any]:
        rows = [
            (item.question, item.subject, Mark(item.verdict, VERDICT_TONES[item.verdict])) for item in self.verdicts
        ]
        return [Table(["question", "of", "verdict"], rows)] if rows else []

    def _environment(self) -> list[Any]:
        found = self.environment
        if not found:
            return []
        dirty = " with uncommitted changes" if found.git_dirty else ""
        git = f", git {found.git_commit[:12]}{dirty}" if found.git_commit else ""
        return [Line(f"Python {found.python} on {found.platform}{git}", tone="quiet")]


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
        return RunPage(
            run=found,
            params=place.params(found),
            metrics=place.metrics(found),
            tags=place.tags(found),
            notes=tuple(note.text for note in place.notes(found)),
            sources=tuple(final_sources(cells, place.texts([cell.source for cell in cells]))),
            datasets=tuple(place.datasets(found)),
            artifacts=tuple(place.artifacts(found)),
            verdicts=tuple(place.verdicts(found)),
            environment=place.environment(found),
        )


def _values(record: Record) -> dict[str, Any]:
    """What is known of a fact, by name. Not its body: there, structures are text already."""
    values = {field.name: plain(getattr(record, field.name)) for field in fields(record)}
    return {name: value for name, value in values.items() if value is not None}


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _duration(run: Run) -> str:
    if run.seconds is None:
        return ""
    return f", {run.seconds:.1f} s" if run.seconds < 120 else f", {run.seconds / 60:.1f} min"
