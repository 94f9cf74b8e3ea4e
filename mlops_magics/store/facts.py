"""What the store holds of one run, as the records that were written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any, TypeVar

from mlops_magics.records import (
    Artifact,
    Cell,
    CrossValidated,
    Dataset,
    Environment,
    Evaluated,
    Fit,
    Judged,
    Model,
    Note,
    Record,
    Run,
    Seed,
    decode,
)
from mlops_magics.store.models import Reference, RunModel, model_of, reference_of
from mlops_magics.store.schema import FACT_TABLES

_R = TypeVar("_R", bound=Record)


class RunFacts(ABC):
    """The questions about one run. Each takes a run, or a reference that :meth:`find` understands."""

    @abstractmethod
    def find(self, reference: Run | str) -> Run:
        """The run that is meant."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Answer every question asked inside the block from one moment."""

    @abstractmethod
    def _rows(self, query: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    def params(self, run: Run | str) -> dict[str, Any]:
        """The newest version of every parameter, as the values that were logged: those that were said, and those of
        the run's model. What only an earlier model had is in its :meth:`fits`.
        """
        rows = self._values("params", run)
        return {key: decode(value) for key, value in rows}

    def default_params(self, run: Run | str) -> set[str]:
        """The names of the parameters that an estimator was left with."""
        with self.snapshot():
            rows = self._rows("SELECT key FROM params WHERE run = ? AND is_default", [self.find(run).id])
        return {str(key) for (key,) in rows}

    def param_marks(self, run: Run | str) -> dict[str, bool]:
        """Of the parameters that an estimator has: whether it was left with them."""
        with self.snapshot():
            query = "SELECT key, is_default FROM params WHERE run = ? AND is_default IS NOT NULL"
            rows = self._rows(query, [self.find(run).id])
        return dict(rows)

    def params_of(self, runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
        """The parameters of several runs by their ids, in one query."""
        rows = self._rows(
            "SELECT run, key, value FROM params WHERE run IN (SELECT unnest(?)) ORDER BY run, key",
            [[run.id for run in runs]],
        )
        found: dict[str, dict[str, Any]] = {}
        for run, key, value in rows:
            found.setdefault(run, {})[key] = decode(value)
        return found

    def tags_of(self, ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """The tags of several runs by their ids, in one query."""
        rows = self._rows(
            "SELECT run, key, value FROM tags WHERE run IN (SELECT unnest(?)) ORDER BY run, key", [list(ids)]
        )
        found: dict[str, dict[str, str]] = {}
        for run, key, value in rows:
            found.setdefault(run, {})[key] = value
        return found

    def metric_of(self, runs: Sequence[Run], key: str) -> dict[str, float]:
        """The last value of a metric of several runs by their ids, in one query."""
        rows = self._rows(
            "SELECT run, value FROM metric_sums WHERE key = ? AND run IN (SELECT unnest(?))",
            [key, [run.id for run in runs]],
        )
        return dict(rows)

    def metrics(self, run: Run | str) -> dict[str, float]:
        """The last value of every metric."""
        rows = self._values("metric_sums", run)
        return dict(rows)

    def metric_sums(self, run: Run | str) -> dict[str, tuple[int, int | None, float, float | None, float | None]]:
        """What is known of every metric without reading its points: how many, step and value of the last one, and the
        least and greatest finite value.
        """
        with self.snapshot():
            query = "SELECT key, points, step, value, low, high FROM metric_sums WHERE run = ? ORDER BY key"
            return {key: tuple(known) for key, *known in self._rows(query, [self.find(run).id])}

    def tags(self, run: Run | str) -> dict[str, str]:
        """The newest value of every tag."""
        return dict(self._values("tags", run))

    def notes(self, run: Run | str) -> list[Note]:
        """What people wrote down, the newest last."""
        return self._facts(run, Note)

    def cells(self, run: Run | str) -> list[Cell]:
        """The cells a run stands on, in the order they ran: those of its kernel before it began, then its own."""
        return self._facts(run, Cell)

    def own_cells(self, run: Run | str) -> list[Cell]:
        """The cells that ran while the run was open, in the order they ran."""
        return [cell for cell in self.cells(run) if not cell.is_before]

    def fits(self, run: Run | str) -> list[Fit]:
        """The fits that were seen, in the order they ended."""
        return self._facts(run, Fit)

    def seeds(self, run: Run | str) -> list[Seed]:
        """The random generators that its cells seed."""
        return self._facts(run, Seed)

    def artifacts(self, run: Run | str) -> list[Artifact]:
        """Files of the run, the newest last."""
        return self._facts(run, Artifact)

    def model(self, run: Run | str) -> RunModel | None:
        """The run's model with what is its own; None where it has none. Its file may not have been kept."""
        with self.snapshot():
            found = self.find(run)
            facts = self._facts(found, Model), self.artifacts(found), self.fits(found), self.evaluations(found)
        return model_of(*facts)

    def reference(self, run: Run | str) -> Reference | None:
        """The table that new data is compared with: the one the run's model was fitted on; see
        :func:`~mlops_magics.store.models.reference_of`. None where no table of it has a profile.
        """
        with self.snapshot():
            found = self.find(run)
            return reference_of(self.model(found), self.datasets(found))

    def datasets(self, run: Run | str) -> list[Dataset]:
        """Tables the run stood on, the newest last."""
        return self._facts(run, Dataset)

    def evaluations(self, run: Run | str) -> list[Evaluated]:
        """How its models did, the newest last."""
        return self._facts(run, Evaluated)

    def cross_validations(self, run: Run | str) -> list[CrossValidated]:
        """How estimators did in cross-validations, the newest last."""
        return self._facts(run, CrossValidated)

    def verdicts(self, run: Run | str) -> list[Judged]:
        """What was judged about it, the newest last."""
        return self._facts(run, Judged)

    def environment(self, run: Run | str) -> Environment | None:
        """Where it happened, or None when that was not recorded."""
        found = self._facts(run, Environment)
        return found[-1] if found else None

    def _facts(self, run: Run | str, record: type[_R]) -> list[_R]:
        names = [field.name for field in fields(record)]
        table = FACT_TABLES[record.kind]
        with self.snapshot():
            query = f"SELECT {', '.join(names)} FROM {table} WHERE run = ? ORDER BY time"
            rows = self._rows(query, [self.find(run).id])
        return [record(**_decoded(record, dict(zip(names, row, strict=True)))) for row in rows]

    def _values(self, table: str, run: Run | str) -> list[tuple[Any, ...]]:
        with self.snapshot():
            return self._rows(f"SELECT key, value FROM {table} WHERE run = ? ORDER BY key", [self.find(run).id])


def _decoded(record: type[Record], values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _frozen(decode(value)) if name in record.encoded and value is not None else value
        for name, value in values.items()
    }


def _frozen(value: Any) -> Any:
    """As the record held it: a sequence of one is a tuple."""
    return tuple(value) if isinstance(value, list) else value
