"""Models that learn bit by bit: all calls of ``partial_fit`` on one object in one cell are one fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.facts import FitFacts, facts_of, shape_of
from mlops_magics.capture.autolog.sink import Sink, count_now
from mlops_magics.capture.autolog.tables import FittedOn, TableBook, hold_both
from mlops_magics.capture.parameters import Word

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


@dataclass(slots=True, eq=False)
class Stream:
    """What was learned from so far. ``rows`` is the sum over the batches, of which the first is held: it is all there
    is where ``is_one``, as in a loop over epochs; of others only their columns are looked at.
    """

    run: ActiveRun
    estimator: Any
    first: Any
    columns: int | None = None
    features: tuple[str, ...] | None = None
    rows: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: BaseException | None = None
    held: FittedOn | None = None
    is_one: bool = True
    fit: str | None = None


class StreamBook:
    """Adds calls up, a few microseconds each, and records them when the cell is over."""

    def __init__(self, sink: Sink, tables: TableBook) -> None:
        self._sink = sink
        self._tables = tables
        self._streams: dict[tuple[str, int], Stream] = {}

    def add(  # noqa: PLR0913 - what is known of a call
        self,
        run: ActiveRun,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        seconds: float,
        warnings: list[str],
        error: BaseException | None,
    ) -> None:
        """One more call."""
        stream = self._streams.get((run.id, id(estimator)))
        if stream is None:
            facts = facts_of(estimator, X, seconds=0.0, warnings=[])
            stream = Stream(run, estimator, X, facts.shape[1], facts.features)
            if error is None:
                stream.held = hold_both(self._tables, X, y, role="fit")
            self._streams[run.id, id(estimator)] = stream
            if hasattr(estimator, "predict") and error is None:
                run.describe_model(facts.params(), Word.FITTED)
            count_now(run)
        stream.is_one = stream.is_one and X is stream.first
        stream.rows += shape_of(X)[0] or 0
        stream.seconds += seconds
        stream.warnings += warnings
        stream.error = error
        # Each call makes another model of it: the record is of the newest.
        stream.fit = run.fitted.by_new_fit(estimator)

    def settle(self, run: ActiveRun | None = None) -> None:
        """Record what was added up, for all runs or for one."""
        for key in [key for key in self._streams if run is None or key[0] == run.id]:
            stream = self._streams.pop(key)
            facts = facts_of(
                stream.estimator, None, seconds=stream.seconds, warnings=stream.warnings, error=stream.error
            )
            features = facts.features or stream.features
            told = replace(facts.without(stream.run.private), shape=(stream.rows, stream.columns), features=features)
            self._sink.later(partial(self._write, stream, told))

    def _write(self, stream: Stream, told: FitFacts) -> None:
        fingerprint = None
        if stream.held is not None and stream.is_one:
            fingerprint, _ = stream.held.fingerprints(self._tables, stream.run)
        elif stream.held is not None and stream.held.table is not None:
            self._tables.record_piece(stream.held.table, stream.run, rows=stream.rows)
        name = self._sink.name_of(stream.estimator)
        stream.run.observe(told.fit(name=name, fingerprint=fingerprint, fit=stream.fit))
