"""Which rows two runs were both evaluated on, what each answered there, and the proof that they are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.telling import split_rank
from mlops_magics.errors import MOST_NAMES, DataError, StoreError
from mlops_magics.records import Evaluated, Run, decode

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from mlops_magics.store.queries import Store

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two runs are not compared row by row, as a sentence.

    ``is_missing`` where one of them was not evaluated, ``is_silent`` where neither was: then nobody has asked.
    """

    text: str
    is_missing: bool = False
    is_silent: bool = False


@dataclass(frozen=True, eq=False)
class Answers:
    """What one run answered.

    Attributes
    ----------
    answer
        Codes of labels, or numbers of a regression.
    scores
        None, one number per row for the positive label (binary), or rows × labels known to the model.
    metrics
        As they were recorded; which of them have a value says what the scores are.
    """

    answer: Array
    scores: Array | None
    metrics: Mapping[str, float]

    def take(self, rows: Array) -> Answers:
        """The same for some of the rows: positions. The metrics stay those of all."""
        return replace(self, answer=self.answer[rows], scores=None if self.scores is None else self.scores[rows])


@dataclass(frozen=True, eq=False)
class SameRows:
    """The rows of a split with what was true and what both runs answered.

    ``truth`` are codes of ``labels`` (the second one is positive where the task is binary), or numbers. ``levels``
    are further columns that were kept with the predictions, as text.
    """

    split: str
    task: str
    labels: tuple[str, ...]
    truth: Array
    left: Answers
    right: Answers
    levels: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: Array) -> SameRows:
        """The same for some of the rows: positions. Without their levels."""
        return replace(
            self, truth=self.truth[rows], left=self.left.take(rows), right=self.right.take(rows), levels={}
        )


@dataclass(frozen=True, slots=True)
class Shared:
    """A split whose rows both runs were evaluated on, as proven by what was recorded."""

    split: str
    left: Evaluated
    right: Evaluated


def shared_split(left: Run, right: Run, *, store: Store, split: str | None = None) -> Shared | Reason:
    """Find the rows both runs were evaluated on, if they can be proven to be the same ones in the same order.

    Proven by what was recorded: the fingerprints of the tables and those of the true answers are equal. Of several
    splits the test set comes first, then the validation set, then the others, and training data is never chosen by
    itself where there is another; the newest evaluation of a split counts.

    Parameters
    ----------
    left, right
        Two runs.
    store
        That holds them.
    split
        Only this one.

    Raises
    ------
    DataError
        ``split`` is none that both were evaluated on.
    """
    first, second = _by_split(store, left), _by_split(store, right)
    shared = sorted(first.keys() & second.keys(), key=lambda name: (split_rank(name), name))
    if split is not None and split not in shared:
        raise DataError(
            f"{left.name} and {right.name} were not both evaluated on {split!r}", seen=split, exists=shared,
            hint="" if shared else "Evaluate both: %mlops evaluate MODEL X y",
        )
    if not shared:
        return _nothing_shared(left, right, first, second)
    reasons = []
    for name in [split] if split else shared:
        reason = _why_not(store, (left, first[name]), (right, second[name]), name)
        if reason is None:
            return Shared(name, first[name], second[name])
        reasons.append(reason)
    return Reason(reasons[0])


def read_rows(shared: Shared, *, store: Store) -> SameRows | Reason:
    """Read what both runs answered on the rows they share; a reason where that cannot be compared after all."""
    import numpy as np
    import pyarrow.parquet as pq

    sides, split, task = (shared.left, shared.right), shared.split, shared.left.task
    # Not read_table, which imports what it takes to read whole folders of files.
    tables = [pq.ParquetFile(store.blob(evaluated.predictions or "")).read() for evaluated in sides]
    labels: tuple[str, ...] = ()
    if task != "regression":
        own = [_labels(store, evaluated, table) for evaluated, table in zip(sides, tables, strict=True)]
        if task == "binary" and own[0][:2] != own[1][:2]:
            return Reason(f"the labels are {' and '.join(own[0])} for one model, {' and '.join(own[1])} for the other")
        labels = tuple(dict.fromkeys([*own[0], *own[1]]))
    truths = [_column(table, "truth", labels) for table in tables]
    if not np.array_equal(truths[0], truths[1]):
        return Reason(f"the true answers kept with the predictions of {split} differ")
    first, second = (
        Answers(_column(table, "prediction", labels), _scores(table, labels), evaluated.metrics)
        for table, evaluated in zip(tables, sides, strict=True)
    )
    further = {name: table[name] for table in tables for name in table.column_names if _is_level(name)}
    levels = {name: _values(column) for name, column in further.items()}
    return SameRows(split, task, labels, truths[0], first, second, levels=levels)


def same_rows(left: Run, right: Run, *, store: Store, split: str | None = None) -> SameRows | Reason:
    """Find with :func:`shared_split` and read."""
    found = shared_split(left, right, store=store, split=split)
    return found if isinstance(found, Reason) else read_rows(found, store=store)


def _by_split(store: Store, run: Run) -> dict[str, Evaluated]:
    return {evaluated.split: evaluated for evaluated in store.evaluations(run)}


def _nothing_shared(left: Run, right: Run, first: Mapping[str, Any], second: Mapping[str, Any]) -> Reason:
    for run, splits in ((left, first), (right, second)):
        if not splits:
            return Reason(
                f"{run.name} was not evaluated, so there are no predictions to compare row by row",
                is_missing=True, is_silent=not first and not second,
            )
    return Reason(
        f"{left.name} was evaluated on {', '.join(sorted(first))}, {right.name} on {', '.join(sorted(second))}: "
        "no split in common, so nothing is compared row by row"
    )


def _why_not(store: Store, left: tuple[Run, Evaluated], right: tuple[Run, Evaluated], split: str) -> str | None:
    """The first reason not to compare, or None."""
    return _other_rows(store, left, right, split) or _no_predictions(store, (left, right), split)


def _other_rows(
    store: Store, left: tuple[Run, Evaluated], right: tuple[Run, Evaluated], split: str
) -> str | None:
    names = f"{left[0].name} and {right[0].name}"
    if left[1].task != right[1].task:
        return f"{names} have different tasks on {split}: {left[1].task} and {right[1].task}"
    if left[1].rows != right[1].rows:
        return f"{names} were evaluated on different rows of {split}: {left[1].rows:,} and {right[1].rows:,} of them"
    for what, one, other in (
        ("rows", left[1].fingerprint, right[1].fingerprint),
        ("true answers", *(_target_fingerprint(store, run, split) for run, _ in (left, right))),
    ):
        if not one or not other:
            return f"it is not known whether the {what} of {split} are the same: a fingerprint is missing"
        if one != other:
            if what == "rows" and (columns := _other_columns(store, left, right)):
                return (
                    f"the columns of {split} differ: {columns}, so nothing is compared row by row; evaluate both on "
                    "one table, and let the model's pipeline leave columns out"
                )
            hint = ", or their order," if what == "rows" else ""
            return f"the {what} of {split}{hint} differ between {names}, so nothing is compared row by row"
    return None


def _other_columns(store: Store, left: tuple[Run, Evaluated], right: tuple[Run, Evaluated]) -> str:
    """Which columns only one of two runs was evaluated on, in words."""
    sides = []
    for run, evaluated in (left, right):
        tables = [table for table in store.datasets(run) if table.fingerprint == evaluated.fingerprint]
        sides.append(tuple(tables[-1].columns) if tables else ())
    told = []
    for (run, _), own, other in zip((left, right), sides, reversed(sides), strict=True):
        if only := [name for name in own if name not in other]:
            more = f" and {len(only) - MOST_NAMES} more" if len(only) > MOST_NAMES else ""
            told.append(f"only {run.name} has {', '.join(only[:MOST_NAMES])}{more}")
    return "; ".join(told)


def _no_predictions(store: Store, sides: Sequence[tuple[Run, Evaluated]], split: str) -> str | None:
    for run, evaluated in sides:
        if evaluated.predictions is None:
            return f"{run.name} kept no row-wise predictions of {split}: the run or its answers are private"
        try:
            store.blob(evaluated.predictions)
        except StoreError:
            return f"the row-wise predictions {run.name} made of {split} are no longer in the store"
    return None


def _target_fingerprint(store: Store, run: Run, split: str) -> str:
    found = [table.fingerprint for table in store.datasets(run) if table.role == f"{split} target"]
    return found[-1] if found else ""


def _is_level(name: str) -> bool:
    return name not in {"row", "truth", "prediction", "score"} and not name.startswith("score_")


def _labels(store: Store, evaluated: Evaluated, table: pa.Table) -> list[str]:
    """The labels in the order of the model, which is kept with the confusion matrix."""
    if evaluated.curves:
        kept = decode(store.text(evaluated.curves)).get("confusion")
        if kept:
            return [str(label) for label in kept["labels"]]
    values = {*table["truth"].unique().to_pylist(), *table["prediction"].unique().to_pylist()}
    return [str(value) for value in sorted(values)]


def _column(table: pa.Table, name: str, labels: Sequence[str]) -> Array:
    """Numbers as they are, labels as positions in ``labels``."""
    import numpy as np

    column = table[name].combine_chunks()
    if not labels:
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    coded = column.dictionary_encode()
    positions = {label: position for position, label in enumerate(labels)}
    of_code = np.array([positions[str(value)] for value in coded.dictionary.to_pylist()], dtype=np.intp)
    codes: Array = of_code[coded.indices.to_numpy()]
    return codes


def _values(column: pa.ChunkedArray) -> Array:
    """The values of a column of few distinct ones, None where it has none."""
    import numpy as np

    coded = column.combine_chunks().dictionary_encode()
    values = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    found: Array = values[coded.indices.fill_null(len(values) - 1).to_numpy()]
    return found


def _scores(table: pa.Table, labels: Sequence[str]) -> Array | None:
    """The scores, a column per label that the model knows in the order of ``labels``; NaN for one it does not."""
    import numpy as np

    if "score" in table.column_names:
        return np.asarray(table["score"].to_numpy(), dtype=np.float64)
    if not any(f"score_{label}" in table.column_names for label in labels):
        return None
    missing = np.full(table.num_rows, np.nan)
    columns = [
        table[f"score_{label}"].to_numpy() if f"score_{label}" in table.column_names else missing for label in labels
    ]
    return np.stack(columns, axis=1)
