"""The run that is going on: what a notebook, a script or a library logs to."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from mlops_magics.capture.fitted import FittedModels
from mlops_magics.capture.numbers import metric_step, metric_value
from mlops_magics.capture.parameters import BEST_SCORE, SEARCH, Parameters, Word
from mlops_magics.capture.privacy import Privacy
from mlops_magics.capture.private import PrivateValues
from mlops_magics.errors import MlopsError, RunEnded, ValueNotRecorded
from mlops_magics.look import Document, Line, Shown
from mlops_magics.records import Evaluated, Fit, Note, Param, Record, Run, RunRevision, RunStatus, Tag, Text
from mlops_magics.store.location import StoreWarning, shown

if TYPE_CHECKING:
    from mlops_magics.model.evaluation import Evaluation
    from mlops_magics.records import Artifact
    from mlops_magics.store.queries import Store
    from mlops_magics.store.settings import Settings

ENDS = ("finished", "failed")
_COMMON_STEPS = 1 << 53
_FACTS = (Param, Tag, Note, Fit, Evaluated)
"""What a cell that records it is needed for when the run is to happen again."""


class Watch(Protocol):
    """Something that goes on beside a run."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Be over, before this returns."""


class ActiveRun(Shown):
    """A run that is being recorded. Made by :func:`mlops_magics.track`; ended by :meth:`end` or by leaving its ``with``
    block.

    What a log call returned from survives the death of the process. Logging never waits for a lock, and never raises
    because of the disk: it warns once, and :meth:`end` says how much was not recorded.

    Attributes
    ----------
    id, experiment, name
        What the run is called. The id is unique; a name may be used again, and then means its newest run.
    settings
        What the owner of the store decided for every run.
    autolog
        Whether fits are recorded by themselves.
    privacy, private
        What of it is not written down in the clear, and the values of that which it has met.
    fitted
        The models that were seen being fitted.
    facts
        How many facts were recorded so far that stem from what the notebook does. Threads that log at the same moment
        may be counted once.
    has_own_model
        Whether the person named the run's model, by evaluating or keeping one.
    is_resumed
        Whether it goes on from what was recorded before.
    """

    def __init__(
        self, store: Store, identity: Run, *, settings: Settings, private: bool = False, autolog: bool = True
    ) -> None:
        self.store = store
        self.id = identity.id
        self.experiment = identity.experiment
        self.name = identity.name
        self.status: RunStatus = "running"
        self.settings = settings
        self.autolog = autolog and settings.autolog
        self.privacy = Privacy(private or settings.private, settings.private_columns)
        self.facts = 0
        self.has_own_model = self.is_resumed = False
        self.private = PrivateValues(self.privacy)
        self.fitted = FittedModels()
        self._parameters = Parameters()
        self._closing = threading.Lock()
        self._before_end: list[Callable[[], object]] = []
        self._journal = store.open_journal(identity.id)
        self._metric = self._journal.metric
        self._names: set[str] = set()
        self._whole: dict[str, set[str]] = {}

    # -- logging ----------------------------------------------------------------------------------------------------

    def log(self, metrics: Mapping[str, Any] | None = None, /, *, step: int | None = None, **named: Any) -> None:
        """Record metrics, now.

        Parameters
        ----------
        metrics
            Name to number; names may hold any character, such as ``"val/loss"``. NaN and infinities are kept.
        step
            Position on the curve: a whole number. Without it the value has no place on a curve but its time.
        **named
            More metrics, for names that are Python identifiers.

        Raises
        ------
        ValueNotRecorded
            A value is not one number, or the step is not whole. Nothing of the call was recorded.
        RunEnded
            The run is over.

        Notes
        -----
        In a loop of PyTorch: ``run.log({"train/loss": loss}, step=step)``, where ``loss`` may be a tensor of one value.
        In Keras: ``fit(…, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: run.log(logs, step=epoch))])``.

        Examples
        --------
        >>> from mlops_magics import track
        >>> with track("flights") as run:
        ...     run.log({"val/loss": 0.31, "val/auc": 0.72}, step=3)
        ...     run.log(seconds=12.5)
        """
        values = named if metrics is None else {**metrics, **named} if named else metrics
        try:
            is_one = len(values) == 1
        except TypeError:
            raise ValueNotRecorded(
                f"metrics have names, and {values!r} has none", seen=values, hint="Write run.log(NAME=VALUE)"
            ) from None
        if is_one:
            ((name, value),) = values.items()
            # The common case by the shortest way: value - value is 0.0 for every finite float, and only for these.
            if (
                type(value) is float
                and value - value == 0.0
                and (step is None or (type(step) is int and 0 <= step <= _COMMON_STEPS))
                and name in self._names
                and self.status == "running"
            ):
                self._metric(name, value, step)
                self.facts += 1
                return
        self._log(values, step)

    def _log(self, values: Mapping[str, Any], step: Any) -> None:
        self._check_open()
        known = self._names
        checked = {
            name: x if type(x) is float and x - x == 0.0 and name in known else metric_value(name, x)
            for name, x in values.items()
        }
        position = metric_step(step)
        try:
            if len(checked) == 1:
                ((name, value),) = checked.items()
                self._journal.metric(name, value, position)
            elif checked:
                self._journal.metrics(checked, position)
        except TypeError:
            raise _unwritable(*checked) from None
        self.facts += len(checked)
        known.update(checked)

    def params(self, params: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Record parameters: any JSON-like value; others by their ``repr``. Logged again, it is a new version.

        What is said here stays, whatever a model has under the same name.

        Raises
        ------
        RunEnded
            The run is over.
        """
        self.record(*(Param(key=str(key), value=value) for key, value in {**(params or {}), **named}.items()))

    def tag(self, tags: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Record labels for people, such as ``team="ops"``."""
        self._record(*(Tag(key=str(key), value=str(value)) for key, value in {**(tags or {}), **named}.items()))

    def note(self, text: str) -> None:
        """Record a sentence."""
        self._record(Note(text=str(text)))

    def artifact(self, content: Any, name: str | None = None) -> Artifact:
        """Keep a file, bytes, text, a frame, a figure, a model or any JSON-like object with the run.

        Frames and JSON-like objects are kept without private columns; everything else is kept as it is.

        Returns
        -------
        Artifact
            Its name, type, SHA-256 and size; ``hidden`` in its detail names the private columns left out.

        Raises
        ------
        MlopsError
            The file is not there, the object is of no kind that can be kept, or all of it is private.
        """
        from mlops_magics.capture.artifacts import keep, model_record
        from mlops_magics.capture.evaluating import params_of

        self._check_open()
        artifact = keep(self.store, content, name=name, private=self.privacy.columns)
        self._record(artifact)
        if artifact.type == "model":
            self.has_own_model = True
            self.describe_model(params_of(content), Word.NAMED)
            self._record(model_record(self, content, artifact))
        self.facts += 1
        return artifact

    def evaluate(  # noqa: PLR0913 - the words of an evaluation
        self,
        model: Any,
        X: Any,
        y: Any,
        *,
        split: str = "test",
        by: Any = None,
        name: str | None = None,
        target: str | None = None,
        origins: tuple[str, ...] = (),
        target_origins: tuple[str, ...] = (),
    ) -> Evaluation:
        """Measure a model on one split in the metrics of its task, and keep what later questions need.

        Recorded: the model's parameters, the metrics as ``SPLIT/METRIC``, curves, row-wise predictions, the table's
        profile and fingerprint, and the fitted model with an input example, so that the run can be exported.

        Parameters
        ----------
        model
            Anything with ``predict``, and ``predict_proba`` or ``decision_function`` where its task has them.
        X, y
            The rows and their true answers; equal lengths. Of rows that are a path to Parquet or CSV, or a query, the
            model gets the columns it was fitted on, and the answers may be the name of a column.
        split
            What the rows are: ``"test"``, ``"validation"``, ``"train"``, …
        by
            A column of ``X``, or values of its length: metrics per group too.
        name
            What the table is called; the split where it is not given.
        target
            What the answers are called; their own name, or ``y``, where it is not given.
        origins, target_origins
            The files and queries that the rows and their answers came from.

        Raises
        ------
        ModelError, DataError
            The model cannot answer, or the table does not fit it.
        """
        from mlops_magics.capture.evaluating import check_groups, facts_of, params_of
        from mlops_magics.capture.rows import open_rows
        from mlops_magics.model.evaluation import evaluate

        self._check_open()
        check_groups(by, self.privacy)
        X, y, by = open_rows(model, X, y, by)
        met = self.private.meet(X, y)
        evaluation = evaluate(model, X, y, split=split, by=by)
        self.describe_model(params_of(model), Word.NAMED)
        metrics = {f"{split}/{key}": value for key, value in evaluation.metrics.items()}
        self.log_whole(split, metrics)
        self.has_own_model = True
        facts = facts_of(
            self,
            evaluation,
            model,
            X,
            split=split,
            name=name or split,
            y=y,
            target=target,
            origins=origins,
            target_origins=target_origins,
            met=met,
        )
        self._record(*facts)
        return evaluation

    def record(self, *records: Record) -> None:
        """Record facts of any kind, parameters as said by the person; for the parts of this package around the run.

        Raises
        ------
        RunEnded
            The run is over.
        """
        self._check_open()
        self._parameters.said(record.key for record in records if isinstance(record, Param))
        self._record(*records)

    def log_whole(self, part: str, metrics: Mapping[str, float]) -> None:
        """Record all the metrics of one thing, such as a split. What it had before and has not now becomes NaN: what an
        earlier evaluation could tell and this one cannot must not stand beside it.
        """
        gone = self._whole.get(part, set()) - metrics.keys()
        self._whole[part] = set(metrics)
        if metrics or gone:
            self.log({**metrics, **dict.fromkeys(gone, math.nan)})

    def is_described(self, params: Sequence[Param]) -> bool:
        """Whether all these are parameters of the run's model."""
        return self._parameters.holds(self.private.params(params))

    def describe_model(self, params: Sequence[Param], word: Word) -> None:
        """Record what the run's model is, in place of what the former one had; see
        :class:`~mlops_magics.capture.parameters.Parameters`.

        Raises
        ------
        RunEnded
            The run is over.
        """
        self._check_open()
        self._record(*self._parameters.of_model(self.private.params(params), word))
        if not self._parameters.has_choice:
            self.log_whole(SEARCH, {})

    def goes_on(self) -> None:
        """Know what the run recorded before it was resumed."""
        self.is_resumed = True
        self._parameters = Parameters.of_run(self.store, self.id)
        if BEST_SCORE in self.store.metrics(self.id):
            self._whole[SEARCH] = {BEST_SCORE}

    def observe(self, *records: Record) -> bool:
        """Record what was seen of the run, maybe in a cell that is over; False when the run is over too.

        Unlike :meth:`record`, it does not count as something the notebook does at this moment.
        """
        with self._closing:
            if self.status == "running":
                self._write(records)
                return True
        return False

    def observe_metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Record metrics that were seen, of the machine or of a fit that is over, as :meth:`observe` does."""
        if self.status == "running" and values:
            checked = {name: metric_value(name, value) for name, value in values.items()}
            self._journal.metrics(checked, metric_step(step))

    # -- its end ----------------------------------------------------------------------------------------------------

    def end(self, status: Literal["finished", "failed"] = "finished", message: str | None = None) -> None:
        """The run is over. Ending it again changes nothing.

        Raises
        ------
        ValueNotRecorded
            A run ends in another way than ``status`` says.

        Warns
        -----
        StoreWarning
            Some records could not be written; says how many.
        """
        if status not in ENDS:
            raise ValueNotRecorded(f"a run does not end as {status!r}", seen=status, exists=ENDS)
        waiting, self._before_end = self._before_end, []
        for act in reversed(waiting):
            act()
        with self._closing:
            if self.status != "running":
                return
            self._record(RunRevision(status=status, message=message))
            self.status = status
            self._journal.close()
        if self._journal.lost:
            warnings.warn(
                f"{self._journal.lost} records of {self.name} could not be written to {self.store.path}",
                StoreWarning,
                stacklevel=2,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end()
        else:
            from mlops_magics.capture.cells import error_text
            from mlops_magics.capture.secrets import mask

            self.end(status="failed", message=self.private.mask(mask(error_text(error))))

    # -- how --------------------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self.status != "running":
            raise RunEnded(f"the run {self.name} is {self.status}", hint="Start another: %mlops track NAME")

    def _record(self, *records: Record) -> None:
        self._check_open()
        self.facts += sum(isinstance(record, _FACTS) for record in records)
        self._write(records)

    def _write(self, records: Iterable[Record]) -> None:
        for record in records:
            if not isinstance(record, Text) or not self._journal.knows_text(record.sha256):
                self._journal.record(record)

    def watch(self, watch: Watch) -> None:
        """Keep something going until the run ends."""
        self.before_end(watch.stop)
        watch.start()

    def before_end(self, act: Callable[[], object]) -> None:
        """Have something done when the run ends, while it can still be recorded to: what is asked last is done first.
        It must not raise.
        """
        self._before_end.append(act)

    def to_dict(self) -> dict[str, str]:
        """What it is called and how it stands, JSON-ready."""
        return {"id": self.id, "experiment": self.experiment, "name": self.name, "status": self.status}

    def document(self) -> Document:
        """One line: what is being tracked, and where."""
        title = f"{self.experiment} / {self.name}"
        if self.status == "running":
            return Document(Line(f"Tracking {title} in {shown(self.store.path)}"))
        return Document(Line(f"{title} is {self.status}"))


def _unwritable(*names: Any) -> MlopsError:
    return ValueNotRecorded(f"a metric's name is text that UTF-8 can write, not {', '.join(map(ascii, names))}")

