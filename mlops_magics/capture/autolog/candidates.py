"""What was tried beside what a run came to: each candidate a run of its own under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.errors import StoreError
from mlops_magics.records import Param, Record, RunRevision

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

MEAN = "mean_test_"
"""How the metrics begin that candidates are compared by: those of a search as of a cross-validation."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was tried: its parameters, its metrics, maybe some over its folds (a mapping per fold), and more facts."""

    params: Sequence[Param]
    metrics: Mapping[str, float | str]
    folds: Sequence[Mapping[str, float | str]] = ()
    facts: Sequence[Record] = ()


class CandidateBook:
    """Writes candidates down off the person's path, numbered on through all searches and cross-validations of a run."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._numbered: dict[str, int] = {}

    def tell(self, run: ActiveRun, candidates: Callable[[], Iterator[Candidate]]) -> None:
        """Have the candidates of a run written down; they are asked for when their turn comes."""
        self._sink.later(lambda: self._write(run, candidates()))

    def _write(self, run: ActiveRun, candidates: Iterator[Candidate]) -> None:
        lost, number = 0, self._first_number(run)
        for number, candidate in enumerate(candidates, number):  # noqa: B020 - goes on from where it was
            self._numbered[run.id] = number + 1
            lost += _write(run, f"{run.name}.{number}", candidate)
        if lost:
            raise StoreError(f"{lost} facts about candidates of {run.name} could not be written to {run.store.path}")

    def _first_number(self, run: ActiveRun) -> int:
        known = self._numbered.get(run.id)
        if known is None:
            # A run that was resumed has candidates from before.
            known = sum(other.parent == run.id for other in run.store.all_runs())
        return known


def _write(run: ActiveRun, name: str, candidate: Candidate) -> int:
    journal = run.store.open_journal(run.store.new_run_id())
    has_failed = all(value == "NaN" for key, value in candidate.metrics.items() if key.startswith(MEAN))
    journal.record(
        RunRevision(
            experiment=run.experiment,
            name=name,
            parent=run.id,
            status="failed" if has_failed else "finished",
            message="no fit of this candidate could be scored" if has_failed else None,
        )
    )
    for record in (*run.private.params(list(candidate.params)), *candidate.facts):
        journal.record(record)
    for step, values in enumerate(candidate.folds):
        journal.metrics(values, step)
    journal.metrics(candidate.metrics, None)
    journal.close()
    return journal.lost
