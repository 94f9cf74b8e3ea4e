"""The answer to "does new data still look like the reference?", as data, as a frame and as a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_magics.data.bins import Bins
from mlops_magics.look import Block, Chart, Charts, Column, Document, Fold, Line, Mark, Shown, Table, Title, Tone
from mlops_magics.monitor.distributions import overlaid
from mlops_magics.monitor.power import enough_rows, pictured
from mlops_magics.records import Finding, VerdictValue

if TYPE_CHECKING:
    import pandas

FIELDS = ("column", "kind", "method", "effect", "floor", "detectable", "p_value", "verdict", "reason")
TONES: Mapping[VerdictValue, Tone] = {"pass": "good", "fail": "bad", "unknown": "unknown"}
LEGEND = "effect: Jensen-Shannon distance beyond chance, 0 (alike) to 1; chance: the distance expected without drift"
LEGENDS: Mapping[str, str] = {
    "psi": "effect: population stability index of distributions, else " + LEGEND.removeprefix("effect: ")
}
MOST_CHARTS = 12


@dataclass(frozen=True, repr=False)
class DriftReport(Shown):
    """What changed between the reference and the current data, worst first.

    ``rows`` holds every finding and, for each column without one, the row that says so. A finding is a row whose
    verdict is ``"fail"``. Effects are Jensen-Shannon distances (base 2) beyond chance unless the method says
    otherwise; p-values are adjusted for being many (Benjamini-Hochberg). ``bins`` are the counts of the columns that
    drifted; ``distributions`` those of all that were compared by their distribution, which no verdict keeps.
    """

    name: str
    against: str
    verdict: VerdictValue
    rows: tuple[Finding, ...]
    notes: tuple[str, ...]
    reference_rows: int
    current_rows: int
    method: str
    thresholds: Mapping[str, float]
    importance: Mapping[str, float] = field(default_factory=dict)
    bins: Mapping[str, Bins] = field(default_factory=dict)
    distributions: Mapping[str, Bins] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is drift, worst first."""
        return tuple(row for row in self.rows if row.verdict == "fail")

    @property
    def columns(self) -> pandas.DataFrame:
        """A pandas frame with a row per finding, and one for each column without any, worst first.

        Columns: column, kind, method, effect, floor (what chance alone gives), detectable (the smallest effect that
        would have been seen), p_value, verdict, reason.
        """
        import pandas

        return pandas.DataFrame([row.to_dict() for row in self.rows], columns=list(FIELDS))

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        total = len({row.column for row in self.rows})
        if self.verdict == "fail":
            changed = list(dict.fromkeys(row.column for row in self.findings))
            rest = f", {changed[0]} most" if len(changed) > 1 else f": {changed[0]}"
            return f"{self.name} drifted from {self.against}: {len(changed)} of {_columns(total)} changed{rest}."
        if self.verdict == "pass":
            return f"{self.name} looks like {self.against}: none of {_columns(total)} changed in a way that matters."
        return self._undecided(total)

    def _undecided(self, total: int) -> str:
        coarse, few = self._too_coarse(), self._too_few()
        if not coarse and not few:
            some = f"{sum(row.verdict == 'unknown' for row in self.rows)} of {_columns(total)} changed some"
            return f"Not clear whether {self.name} looks like {self.against}: {some}."
        why = [f"{len(few)} of {_columns(total)} could not be judged"] if few else []
        if coarse:
            worst = max(coarse, key=lambda row: row.detectable or 0.0)
            why.insert(0, f"nothing was seen, but {self.current_rows:,} rows against {self.reference_rows:,} would not "
                          f"show less than {self._pictured(worst)}; about {self._needed(worst)} would tell")
        return f"Too little data to say whether {self.name} looks like {self.against}: {', and '.join(why)}."

    def _pictured(self, row: Finding) -> str:
        bins = self.distributions.get(row.column) if row.kind == "distribution" else None
        return pictured(row.detectable or 0.0, is_mean=bins is not None and not bins.labels)

    def _needed(self, row: Finding) -> str:
        rows, is_either = enough_rows(
            self.reference_rows, self.current_rows, detectable=row.detectable or 0.0,
            wanted=self.thresholds["detectable"],
        )
        return f"{rows:,} rows" + (" on either side" if is_either else "")

    def _too_coarse(self) -> list[Finding]:
        """Rows where nothing was seen, and a change that matters would not have been."""
        least = self.thresholds["detectable"]
        return [row for row in self.rows if row.verdict == "unknown" and (row.detectable or 0.0) > least]

    def _too_few(self) -> list[Finding]:
        """Rows where there was too little to test anything."""
        return [row for row in self.rows if row.verdict == "unknown" and row.detectable is None]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: every number and threshold the verdict was made of, for :func:`rederive`."""
        return {
            "sentence": self.sentence,
            "name": self.name, "against": self.against, "verdict": self.verdict, "method": self.method,
            "reference_rows": self.reference_rows, "current_rows": self.current_rows,
            "thresholds": dict(self.thresholds), "rows": [row.to_dict() for row in self.rows],
            "notes": list(self.notes), "importance": dict(self.importance),
            "bins": {column: bins.to_dict() for column, bins in self.bins.items()},
        }

    def document(self) -> Document:
        """One sentence; the ranked table of what changed; how many columns did not, or cannot be judged, with their
        rows behind it; the notes; and pictures of what moved.
        """
        sizes = f"{self.name}, {self.current_rows:,} rows, against {self.against}, {self.reference_rows:,} rows"
        silent = {id(row) for row in (*self._too_coarse(), *self._too_few())}
        groups: dict[str, list[Finding]] = {"told": [], "silent": [], "pass": []}
        for row in self.rows:
            groups["pass" if row.verdict == "pass" else "silent" if id(row) in silent else "told"].append(row)
        blocks: list[Block] = [Title("Drift", sizes), Line(self.sentence, tone=TONES[self.verdict])]
        if groups["told"]:
            blocks += self._table(groups["told"])
        if groups["silent"]:
            count = len(groups["silent"])
            blocks.append(Fold(f"{_columns(count)} could not be judged: too few rows", *self._table(groups["silent"])))
        if groups["pass"]:
            count = len(groups["pass"])
            verb = "looks" if count == 1 else "look"
            blocks.append(Fold(f"{_columns(count)} {verb} like the reference", *self._table(groups["pass"])))
        blocks += [Line(note, tone="quiet") for note in self.notes]
        if charts := [self.chart(column) for column in list(self.bins)[:MOST_CHARTS]]:
            blocks.append(Fold("What moved", Charts(*charts)))
        return Document(*blocks)

    def _table(self, rows: Sequence[Finding]) -> list[Block]:
        """The rows, and what its numbers are."""
        ranked = bool(self.importance)
        effect, chance = Column("effect", digits=3, bar=1.0), Column("chance", digits=3)
        heads: list[str | Column] = ["column", "kind", effect, chance, "p", "verdict", "reason"]
        heads[1:1] = [Column("importance", digits=3)] if ranked else []
        cells: list[list[Any]] = []
        for row in rows:
            p = None if row.p_value is None else p_text(row.p_value).removeprefix("p = ").removeprefix("p ")
            cell = [row.column, row.kind.replace("_", " "), row.effect, row.floor, p,
                    Mark(row.verdict, TONES[row.verdict]), row.reason]
            cell[1:1] = [self.importance.get(row.column)] if ranked else []
            cells.append(cell)
        return [Table(heads, cells), Line(LEGENDS.get(self.method, LEGEND), tone="quiet")]

    def chart(self, column: str) -> Chart:
        """Both sides over each other, see :func:`~.distributions.overlaid`.

        Raises
        ------
        KeyError
            The column was not compared by its distribution.
        """
        bins = self.bins[column] if column in self.bins else self.distributions[column]
        return overlaid(column, bins, ("reference", self.name))


def p_text(p: float) -> str:
    """A p-value as people write it."""
    if p < 1e-15:
        return "p < 1e-15"
    return f"p = {p:.2g}" if p < 0.9995 else "p = 1"


def rederive(told: Mapping[str, Any]) -> VerdictValue:
    """The verdict anew from the numbers and thresholds of :meth:`DriftReport.to_dict`."""
    limits = told["thresholds"]
    verdicts = {
        decide_row(row["kind"], row["effect"], row["p_value"], row.get("detectable"), limits)
        if row["verdict"] != "unknown" else "unknown"
        for row in told["rows"]
    }
    return overall(verdicts)


def decide_row(
    kind: str, effect: float | None, p_value: float | None, detectable: float | None, limits: Mapping[str, float]
) -> VerdictValue:
    """The verdict of one row by the thresholds of a report.

    Drift is an effect worth telling that chance does not explain. It did not drift where it would have been seen. What
    was not measured is unknown.
    """
    if effect is None or math.isnan(effect):
        return "unknown"
    is_surprising = p_value is None or p_value <= limits["alpha"]
    if is_surprising and effect >= limits.get(kind, limits["effect"]):
        return "fail"
    if kind == "distribution" and effect >= limits.get("moderate", math.inf):
        return "unknown"
    return "unknown" if detectable is not None and detectable > limits.get("detectable", math.inf) else "pass"


def overall(verdicts: set[VerdictValue]) -> VerdictValue:
    """One verdict for many: fail if any failed, pass only if all passed and there were some."""
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts == {"pass"} else "unknown"


def _columns(count: int) -> str:
    return f"{count} column{'' if count == 1 else 's'}"
