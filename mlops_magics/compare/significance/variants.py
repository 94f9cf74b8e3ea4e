"""Several variants against one reference: which of them are really better."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.significance.adjust import holm
from mlops_magics.compare.significance.comparison import CONTRARY, Comparison, MetricComparison, contrary
from mlops_magics.compare.significance.estimate import LEVEL
from mlops_magics.compare.significance.kept import compare_and_keep, find_or_read
from mlops_magics.compare.significance.report import comparison_row, methods, metric_columns
from mlops_magics.compare.significance.rows import Reason, SameRows, Shared, shared_split
from mlops_magics.compare.significance.sentence import MOST_NAMED, listed
from mlops_magics.compare.significance.verdicts import TONES
from mlops_magics.errors import DataError
from mlops_magics.look import Document, Line, Shown, Table, Title
from mlops_magics.look.numbers import count
from mlops_magics.records import Run
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.store.queries import Store


@dataclass(frozen=True, repr=False)
class Variants(Shown):
    """Several runs compared with one by one metric.

    ``variants`` are those compared, the best first; ``contrary`` tells by id of which of them other metrics say the
    opposite, and which ones; ``reasons`` by name why others were not compared. ``is_telling`` is false where no run was
    evaluated at all.
    """

    reference: Run
    metric: str
    split: str
    variants: tuple[tuple[Run, MetricComparison], ...]
    reasons: dict[str, str]
    level: float = LEVEL
    is_telling: bool = True
    contrary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, JSON-ready; a run is its id and name."""
        return {
            "reference": {"id": self.reference.id, "name": self.reference.name},
            "metric": self.metric, "split": self.split, "level": self.level, "reasons": dict(self.reasons),
            "variants": [
                {"id": run.id, "name": run.name, **found.to_dict(), "contrary": list(self.contrary.get(run.id, ()))}
                for run, found in self.variants
            ],
        }

    @property
    def sentence(self) -> str:
        """``boosted and forest are better than linear by roc_auc; deep too, but worse by f1.`` Where none is told apart
        as better, over how many p-values were adjusted: some may score higher all the same.
        """
        won = [run for run, found in self.variants if found.verdict == "better"]
        if not self.variants:
            return f"Nothing could be compared with {self.reference.name}."
        if not won:
            over = f" (Holm over {count(len(self.variants), 'variant')})" if len(self.variants) > 1 else ""
            return f"None is told apart from {self.reference.name} as better, by {self.metric}{over}."
        clear = [run.name for run in won if run.id not in self.contrary]
        torn = [(run.name, listed(self.contrary[run.id])) for run in won if run.id in self.contrary]
        than = f"better than {self.reference.name} by {self.metric}"
        said = [f"{listed(clear)} {'are' if len(clear) > 1 else 'is'} {than}"] if clear else []
        for name, against in torn[:MOST_NAMED]:
            said.append(f"{name} {'too' if said else f'is {than}'}, but worse by {against}")
        more = len(torn) - MOST_NAMED
        said += [f"{count(more, 'other')} too, but worse by other metrics"] if more > 0 else []
        return f"{'; '.join(said)}."

    @property
    def is_won(self) -> bool:
        """Whether one is better than the reference, and no metric tells the contrary."""
        return any(found.verdict == "better" and run.id not in self.contrary for run, found in self.variants)

    def document(self) -> Document:
        """The sentence, and a row per variant."""
        note = f"{count(len(self.variants), 'variant')}, {self.split}" if self.variants else ""
        tests = methods((found for _, found in self.variants), adjusted="Holm")
        table: list[Any] = [self._table(), tests] if self.variants else []
        why = (Line(f"{name} is not compared: {reason}.", tone="quiet") for name, reason in self.reasons.items())
        return Document(
            Title(f"{self.reference.name} → …", note),
            Line(self.sentence, tone=TONES["better" if self.is_won else "not told apart"]), *table, *why,
        )

    def _table(self) -> Table:
        columns = metric_columns("variant", (self.reference.name, "variant"), level=self.level)
        rows = [comparison_row(run.name, found) for run, found in self.variants]
        if self.contrary:
            columns.append("but")
            rows = [(*row, self._but(run, found)) for row, (run, found) in zip(rows, self.variants, strict=True)]
        return Table(columns, rows)

    def _but(self, run: Run, found: MetricComparison) -> str | None:
        against = self.contrary.get(run.id)
        return f"{CONTRARY[found.verdict]} by {listed(against)}" if against else None


def compare_variants(  # noqa: PLR0913 - which runs, and the settings of the test
    reference: Run | str, variants: Sequence[Run | str], *, store: Store | str | os.PathLike[str] | None = None,
    metric: str | None = None, split: str | None = None, is_kept: bool = True, progress: Progress | None = None,
) -> Variants:
    """Tell which of several variants are really better than the reference, by one metric.

    The p-values are adjusted by Holm, so that the chance of one wrong winner among all stays below 5 %. The intervals
    are those of each pair. Each pair is compared by all its metrics, as :func:`~.better.better_of_two` does and keeps
    it, and those that tell the contrary are named.

    Parameters
    ----------
    reference, variants
        Runs, or what names them.
    store
        A store or where it is.
    metric
        By default the one that speaks for a model of this task: area under the ROC curve, accuracy, or mean absolute
        error.
    split
        As :func:`~mlops_magics.compare.significance.comparing.compare_predictions` chooses it, if not given: by the
        first variant, then for all.
    is_kept
        Whether what is found of each pair may be written to the store.
    progress
        Told how far the work is.

    Raises
    ------
    RunNotFound
        One of the runs is not in the store.
    DataError
        No variant, or a metric that a pair does not have.
    """
    if not variants:
        raise DataError("there is no variant to compare", hint="Name the runs to compare with the reference")
    place = open_store(store)
    asked: list[tuple[Run, Shared, Comparison | SameRows]] = []
    reasons: dict[str, str] = {}
    is_telling = False
    with place.snapshot():
        first, others = place.find(reference), [place.find(variant) for variant in variants]
        for other in others:
            shared = _shared(first, other, place, split)
            if isinstance(shared, Reason):
                reasons[other.name] = shared.text
                is_telling = is_telling or not shared.is_silent
                continue
            found = find_or_read(first, other, shared, store=place)
            if isinstance(found, Reason):
                reasons[other.name], is_telling = found.text, True
                continue
            split = shared.split
            asked.append((other, shared, found))
    pairs = [
        found if isinstance(found, Comparison) else compare_and_keep(
            first, other, shared, found, store=place, is_kept=is_kept and other.id != first.id,
            progress=_part(progress, number, len(asked)),
        )
        for number, (other, shared, found) in enumerate(asked)
    ]
    return _adjusted(first, pairs, metric, split or "", reasons, is_telling=is_telling or bool(pairs))


def _shared(reference: Run, other: Run, store: Store, split: str | None) -> Shared | Reason:
    """A variant that was not evaluated on the split at all is no reason to compare nothing."""
    try:
        return shared_split(reference, other, store=store, split=split)
    except DataError as error:
        return Reason(error.what)


def _part(progress: Progress | None, number: int, many: int) -> Progress | None:
    """The progress of one of many comparisons, as a part of all of them."""
    if progress is None:
        return None
    return lambda share, text: progress((number + share) / many, text)


def _adjusted(  # noqa: PLR0913 - what was compared, and what was not
    reference: Run, pairs: Sequence[Comparison], metric: str | None, split: str, reasons: dict[str, str], *,
    is_telling: bool,
) -> Variants:
    """What pairs say by one metric, with p-values adjusted over the pairs."""
    told: list[tuple[Comparison, MetricComparison]] = []
    for pair in pairs:
        known = {one.metric: one for one in pair.metrics}
        name = (metric or next(iter(known), "")).removeprefix(f"{split}/")
        if name in known:
            metric = name
            told.append((pair, known[name]))
        elif name in pair.notes or not known:
            reasons[pair.right.name] = pair.notes.get(name) or pair.reason
        else:
            raise DataError(f"the runs do not both have a metric {name!r} of {split}", seen=name, exists=list(known))
    adjusted = holm([one.estimate.p_value for _, one in told])
    found = [(pair, replace(one, adjusted_p=p)) for (pair, one), p in zip(told, adjusted, strict=True)]
    found.sort(key=lambda both: -both[1].gain[0])
    against = {pair.right.id: contrary(one, pair.metrics) for pair, one in found}
    return Variants(
        reference, metric or "", split, tuple((pair.right, one) for pair, one in found), reasons, LEVEL,
        is_telling=is_telling,
        contrary={run: tuple(one.metric for one in several) for run, several in against.items() if several},
    )
