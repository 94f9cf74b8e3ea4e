"""Several variants against one reference: which of them are really better."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.significance.adjust import holm
from mlops_magics.compare.significance.comparing import metrics_of
from mlops_magics.compare.significance.comparison import MetricComparison
from mlops_magics.compare.significance.estimate import LEVEL, Estimate
from mlops_magics.compare.significance.power import more_rows
from mlops_magics.compare.significance.report import comparison_row, methods, metric_columns
from mlops_magics.compare.significance.rows import Reason, SameRows, same_rows
from mlops_magics.compare.significance.verdicts import TONES
from mlops_magics.errors import DataError
from mlops_magics.look import Document, Line, Shown, Table, Title
from mlops_magics.look.numbers import count
from mlops_magics.records import Run
from mlops_magics.store import open_store
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store


@dataclass(frozen=True, repr=False)
class Variants(Shown):
    """Several runs compared with one by one metric.

    ``variants`` are those compared, the best first; ``reasons`` tells by name why others were not. ``is_telling`` is
    false where no run was evaluated at all.
    """

    reference: Run
    metric: str
    split: str
    variants: tuple[tuple[Run, MetricComparison], ...]
    reasons: dict[str, str]
    level: float = LEVEL
    is_telling: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, JSON-ready; a run is its id and name."""
        return {
            "reference": {"id": self.reference.id, "name": self.reference.name},
            "metric": self.metric, "split": self.split, "level": self.level, "reasons": dict(self.reasons),
            "variants": [{"id": run.id, "name": run.name, **found.to_dict()} for run, found in self.variants],
        }

    @property
    def sentence(self) -> str:
        """``boosted, forest are better than linear by roc_auc.`` Where none is told apart as better, over how many
        p-values were adjusted: some may score higher all the same.
        """
        better = [run.name for run, found in self.variants if found.verdict == "better"]
        if not self.variants:
            return f"Nothing could be compared with {self.reference.name}."
        if not better:
            over = f" (Holm over {count(len(self.variants), 'variant')})" if len(self.variants) > 1 else ""
            return f"None is told apart from {self.reference.name} as better, by {self.metric}{over}."
        verb = "are" if len(better) > 1 else "is"
        return f"{', '.join(better)} {verb} better than {self.reference.name} by {self.metric}."

    def document(self) -> Document:
        """The sentence, and a row per variant."""
        note = f"{count(len(self.variants), 'variant')}, {self.split}" if self.variants else ""
        is_won = any(found.verdict == "better" for _, found in self.variants)
        table: list[Any] = [Table(
            metric_columns("variant", (self.reference.name, "variant"), level=self.level),
            [comparison_row(run.name, found) for run, found in self.variants],
        ), methods((found for _, found in self.variants), adjusted="Holm")] if self.variants else []
        why = (Line(f"{name} is not compared: {reason}.", tone="quiet") for name, reason in self.reasons.items())
        return Document(
            Title(f"{self.reference.name} → …", note),
            Line(self.sentence, tone=TONES["better" if is_won else "not told apart"]), *table, *why,
        )


def compare_variants(  # noqa: PLR0913 - which runs, and the settings of the test
    reference: Run | str, variants: Sequence[Run | str], *, store: Store | str | os.PathLike[str] | None = None,
    metric: str | None = None, split: str | None = None, seed: int = 0, level: float = LEVEL,
) -> Variants:
    """Tell which of several variants are really better than the reference, by one metric.

    The p-values are adjusted by Holm, so that the chance of one wrong winner among all stays below 1 - level. The
    intervals are those of each pair.

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
    seed
        Of the bootstrap.
    level
        Of the intervals.

    Raises
    ------
    RunNotFound
        One of the runs is not in the store.
    DataError
        No variant, or a metric that a pair does not have.
    """
    from mlops_magics.compare.significance.testing import estimates

    if not variants:
        raise DataError("there is no variant to compare", hint="Name the runs to compare with the reference")
    place = open_store(store)
    found: list[tuple[Run, Estimate, int]] = []
    reasons: dict[str, str] = {}
    is_telling = False
    with place.snapshot():
        first, others = place.find(reference), [place.find(variant) for variant in variants]
        for other in others:
            rows = _rows(first, other, place, split)
            if isinstance(rows, Reason):
                reasons[other.name] = rows.text
                is_telling = is_telling or not rows.is_silent
                continue
            split = rows.split
            metric = metrics_of(rows, [metric] if metric else None)[0]
            estimated, notes = estimates(rows, [metric], seed=seed, level=level)
            if metric in estimated:
                found.append((other, estimated[metric], len(rows)))
            else:
                reasons[other.name] = notes[metric]
    adjusted = holm([estimate.p_value for _, estimate, _ in found])
    compared = [
        (run, MetricComparison(
            metric=metric or "", is_lower_better=lower_is_better(metric or ""), estimate=estimate, adjusted_p=p_value,
            level=level,
            more_rows=more_rows(estimate.difference, estimate.standard_error, rows=rows_seen, level=level),
        ))
        for (run, estimate, rows_seen), p_value in zip(found, adjusted, strict=True)
    ]
    best_first = tuple(sorted(compared, key=lambda pair: -pair[1].gain[0]))
    return Variants(first, metric or "", split or "", best_first, reasons, level, is_telling=is_telling or bool(found))


def _rows(reference: Run, other: Run, store: Store, split: str | None) -> SameRows | Reason:
    """A variant that was not evaluated on the split at all is no reason to compare nothing."""
    try:
        return same_rows(reference, other, store=store, split=split)
    except DataError as error:
        return Reason(error.what)
