"""Models that learn bit by bit: all calls of ``partial_fit`` on one object in one cell are one fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.facts import facts_of, shape_of
from mlops_magics.capture.autolog.sink import Sink, count_now
from mlops_magics.capture.parameters import Word

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


@dataclass(slots=True, eq=False)
class Stream:
    """What was learned from so far. ``rows`` is the sum over the batches; the batches themselves are not looked at."""

    run: ActiveRun
    estimator: Any
    columns: int | None = None
    features: tuple[str, ...] | None = None
    rows: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: BaseException | None = None


class StreamBook:
    """Adds calls up, a few microseconds each, and records them when the cell is over."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._streams: dict[tuple[str, int], Stream] = {}

    def add(  # noqa: PLR0913 - what is known of a call
        self,
        run: ActiveRun,
        estimator: Any,
        X: Any,
        *,
        seconds: float,
        warnings: list[str],
        error: BaseException | None,
    ) -> None:
        """One more call."""
        stream = self._streams.get((run.id, id(estimator)))
        if stream is None:
            facts = facts_of(estimator, X, seconds=0.0, warnings=[])
            stream = Stream(run, estimator, facts.shape[1], facts.features)
            self._streams[run.id, id(estimator)] = stream
            if hasattr(estimator, "predict") and error is None:
                run.describe_model(facts.params(), Word.FITTED)
            count_now(run)
        stream.rows += shape_of(X)[0] or 0
        stream.seconds += seconds
        stream.warnings += warnings
        stream.error = error

    def settle(self, run: ActiveRun | None = None) -> None:
        """Record what was added up, for all runs or for one."""
        for key in [key for key in self._streams if run is None or key[0] == run.id]:
            stream = self._streams.pop(key)
            facts = facts_of(
                stream.estimator, None, seconds=stream.seconds, warnings=stream.warnings, error=stream.error
            )
            features = facts.features or stream.features
            told = replace(facts.without(stream.run.private), shape=(stream.rows, stream.columns), features=features)
            stream.run.observe(told.fit(name=self._sink.name_of(stream.estimator), fingerprint=None))
