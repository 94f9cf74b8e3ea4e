"""What comparing two runs row by row found: metric by metric, in a sentence, and where the other one wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_magics.compare.significance.estimate import LEVEL, Estimate
from mlops_magics.compare.significance.power import rough
from mlops_magics.compare.significance.verdicts import Overall, Verdict
from mlops_magics.look import Document, Shown, Title
from mlops_magics.look.numbers import count, number
from mlops_magics.records import Run

CONTRARY: Mapping[Verdict, Verdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricComparison:
    """One metric of both sides, and whether they are told apart.

    Attributes
    ----------
    estimate
        The difference, right minus left, with interval and p-value.
    adjusted_p
        The p-value, adjusted for the metrics (Benjamini-Hochberg), slices (Benjamini-Hochberg) or variants (Holm)
        it was looked at with.
    more_rows
        Rows to add until a difference of this size is told apart with a power of 80 %; 0 if it is, None where there
        is no difference or rows are not what is missing.
    """

    metric: str
    is_lower_better: bool
    estimate: Estimate
    adjusted_p: float
    level: float = LEVEL
    more_rows: int | None = None

    @property
    def gain(self) -> tuple[float, float, float]:
        """By how much the right side is better, and the ends of the interval: negative where it is worse."""
        found = self.estimate
        if self.is_lower_better:
            return -found.difference + 0.0, -found.high + 0.0, -found.low + 0.0
        return found.difference, found.low, found.high

    @property
    def verdict(self) -> Verdict:
        """What the right side is, compared with the left one."""
        if self.adjusted_p >= 1 - self.level or self.estimate.has_zero:
            return "not told apart"
        return "better" if self.gain[0] > 0 else "worse"

    @property
    def chance_right_is_better(self) -> float:
        """The probability that the right side truly is the better one, were any difference as likely beforehand."""
        greater = self.estimate.chance_greater
        return 1 - greater if self.is_lower_better else greater

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, JSON-ready."""
        return {
            "metric": self.metric, "is_lower_better": self.is_lower_better, **self.estimate.to_dict(),
            "adjusted_p": self.adjusted_p, "verdict": self.verdict, "more_rows": self.more_rows,
            "chance_right_is_better": self.chance_right_is_better, "level": self.level,
        }

    def sentence(self, left: str, right: str) -> str:
        """What was found, in words and without a full stop."""
        gain, low, high = self.gain
        if self.verdict == "not told apart":
            rows = f"; about {rough(self.more_rows)} more rows would do" if self.more_rows else ""
            return (
                f"{left} and {right} are not told apart by {self.metric}: the difference is "
                f"{number(self.estimate.difference, sign=True)} "
                f"[{number(self.estimate.low, sign=True)}, {number(self.estimate.high, sign=True)}]{rows}"
            )
        winner = right if self.verdict == "better" else left
        ends = (low, high) if self.verdict == "better" else (-high, -low)
        return f"{winner} is better by {number(abs(gain))} {self.metric} [{number(ends[0])}, {number(ends[1])}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceComparison:
    """The same within the rows that have one level of a column."""

    column: str
    level: str
    rows: int
    comparison: MetricComparison

    @property
    def name(self) -> str:
        """``origin = EWR``."""
        return f"{self.column} = {self.level}"

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, JSON-ready; ``level`` is that of the interval, ``of`` the level of the column."""
        return {"column": self.column, "of": self.level, "rows": self.rows, **self.comparison.to_dict()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """The rows on which two models answer differently.

    Attributes
    ----------
    rows, of_rows
        How many, of how many. Of a regression: rows whose answers are not the same number.
    only_left, only_right
        Rows that only this side has right; of a regression, rows in which its answer is closer to the truth.
    examples
        Numbers of the rows, from 0, in which the two are furthest apart, the greatest distance first.
    answers
        Of these rows what is true, and what the left and the right side answer: labels or numbers.
    """

    rows: int
    of_rows: int
    only_left: int
    only_right: int
    examples: tuple[int, ...]
    answers: tuple[tuple[Any, Any, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, JSON-ready."""
        return {
            "rows": self.rows, "of_rows": self.of_rows, "only_left": self.only_left, "only_right": self.only_right,
            "examples": list(self.examples), "answers": [list(said) for said in self.answers],
        }


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """Whether one of two runs is really better, on the same rows.

    Attributes
    ----------
    split, task, rows
        What both were evaluated on; None and 0 where nothing was compared.
    metrics
        One comparison per metric, the most telling one first; empty with a ``reason``.
    reason
        Why nothing was compared row by row; empty where it was.
    hint
        What to do about it, where one side was not evaluated.
    notes
        Metrics that could not be compared, and why.
    slices
        The first metric on levels of columns; where the loser wins is in :attr:`where_loser_wins`.
    folds
        Scores of a cross-validation both did on the same data; independent of the rest.
    """

    left: Run
    right: Run
    split: str | None = None
    task: str | None = None
    rows: int = 0
    metrics: tuple[MetricComparison, ...] = ()
    reason: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    disagreement: Disagreement | None = None
    slices: tuple[SliceComparison, ...] = ()
    folds: tuple[MetricComparison, ...] = ()
    level: float = LEVEL
    seed: int = 0
    hint: str = ""

    @property
    def verdict(self) -> Overall | None:
        """Of the right side by the first metric, or by cross-validation alone; ``mixed`` where other metrics tell the
        contrary, None where nothing was compared.
        """
        if not self.telling:
            return None
        return "mixed" if self.contrary else self.telling[0].verdict

    @property
    def contrary(self) -> tuple[MetricComparison, ...]:
        """The metrics that are told apart the other way than the first."""
        return contrary(self.telling[0], self.telling) if self.telling else ()

    @property
    def telling(self) -> tuple[MetricComparison, ...]:
        """What speaks for a model: the metrics of the same rows, or else the scores of the same folds."""
        return self.metrics or self.folds

    @property
    def is_same(self) -> bool:
        """Whether both answer the same in every row, and so by every metric: then there is nothing to test."""
        return (
            bool(self.metrics) and self.disagreement is not None and not self.disagreement.rows
            and all(found.estimate.left == found.estimate.right for found in self.metrics)
        )

    @property
    def where_loser_wins(self) -> tuple[SliceComparison, ...]:
        """Slices on which the side that is worse on all rows, by the first metric, is told apart as the better one."""
        other = CONTRARY.get(self.telling[0].verdict) if self.telling else None
        return tuple(piece for piece in self.slices if piece.comparison.verdict == other)

    @property
    def sentence(self) -> str:
        """What was found, by the first metric: ``boosted is better by 0.041 roc_auc [0.036, 0.046].``; and by which
        other ones the contrary.
        """
        from mlops_magics.compare.significance.sentence import sentence

        return sentence(self)

    @property
    def names(self) -> tuple[str, str]:
        """What the sides are called; with their ids where their names are equal."""
        if self.left.name != self.right.name:
            return self.left.name, self.right.name
        return f"{self.left.name} ({self.left.short_id})", f"{self.right.name} ({self.right.short_id})"

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, JSON-ready; a run is its id and name."""
        return {
            "left": {"id": self.left.id, "name": self.left.name},
            "right": {"id": self.right.id, "name": self.right.name},
            "split": self.split, "task": self.task, "rows": self.rows, "level": self.level, "seed": self.seed,
            "verdict": self.verdict, "sentence": self.sentence, "reason": self.reason, "hint": self.hint,
            "notes": dict(self.notes),
            "metrics": [found.to_dict() for found in self.metrics],
            "disagreement": self.disagreement.to_dict() if self.disagreement else None,
            "slices": [piece.to_dict() for piece in self.slices],
            "folds": [found.to_dict() for found in self.folds],
        }

    def document(self) -> Document:
        """The sentence, the metrics, and what is behind them."""
        from mlops_magics.compare.significance.report import blocks

        note = f"{count(self.rows, 'row')} of {self.split}" if self.metrics else ""
        return Document(Title(f"{self.names[0]} → {self.names[1]}", note), *blocks(self))


def contrary(first: MetricComparison, others: Iterable[MetricComparison]) -> tuple[MetricComparison, ...]:
    """Those of several metrics that are told apart the other way than one."""
    other = CONTRARY.get(first.verdict)
    return tuple(one for one in others if one.verdict == other)
