"""A store, and runs written into it fact by fact."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from mlops_magics import open_store
from mlops_magics.capture.numbers import metric_value
from mlops_magics.records import Cell, Dataset, Environment, Param, Record, Run, RunRevision, Text, encode
from mlops_magics.store.queries import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return open_store(tmp_path / ".mlops")


def text_of(content: str) -> Text:
    return Text(sha256=hashlib.sha256(content.encode()).hexdigest(), text=content)


@pytest.fixture
def add(store) -> Callable[..., Run]:
    """Write a finished run: its params, metrics, cells, tables and environment."""

    def one(
        name: str = "run",
        *,
        params: Mapping[str, Any] = {},
        metrics: Mapping[str, float] = {},
        cells: Sequence[str | tuple[str, str]] = (),
        tables: Sequence[Dataset] = (),
        packages: Mapping[str, str] | None = None,
        git: Mapping[str, Any] = {},
        experiment: str = "flights",
        status: str = "finished",
    ) -> Run:
        run = store.new_run_id()
        records: list[Record] = [RunRevision(experiment=experiment, name=name, status="running")]
        records += [Param(key=key, value=value) for key, value in params.items()]
        for position, cell in enumerate(cells, 1):
            label, source = cell if isinstance(cell, tuple) else (f"c{position}", cell)
            text = text_of(source)
            records += [text, Cell(cell=label or None, position=position, source=text.sha256, status="ok")]
        records += tables
        if packages is not None:
            text = text_of(encode(packages))
            records += [text, Environment(python="3.13.1", platform="Linux", packages=text.sha256, **git)]
        journal = store.open_journal(run)
        for record in records:
            journal.record(record)
        if metrics:
            journal.metrics({key: metric_value(key, value) for key, value in metrics.items()}, None)
        journal.record(RunRevision(status=status))
        journal.close()
        return store.find(run)

    return one
