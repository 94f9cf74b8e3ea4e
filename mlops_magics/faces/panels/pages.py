"""The page of a run, of a difference and of drift: the same documents to unfold, and one part of choice beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mlops_magics.compare.curves import curves
from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.faces.panels.display import Panel
from mlops_magics.faces.panels.live import zoomed
from mlops_magics.faces.panels.packing import pack
from mlops_magics.look import Chart, Charts, Document, Line, Series, Shown, to_html
from mlops_magics.monitor.distributions import overlaid
from mlops_magics.monitor.report import TONES
from mlops_magics.records import Run, decode

if TYPE_CHECKING:
    from mlops_magics.compare.difference import Difference
    from mlops_magics.compare.difference.matrix import Matrix
    from mlops_magics.compare.page import RunPage
    from mlops_magics.data.profile import Profile
    from mlops_magics.monitor.report import DriftReport
    from mlops_magics.store.queries import Store

MOST_CHOICES = 500
Choice = tuple[str, str]


class PagePanel(Panel):
    """A document; the curves of its runs; and, by a choice, one part more.

    Subclasses say what can be chosen, and make the document of a choice.
    """

    module = "page"
    label: ClassVar[str] = ""

    def __init__(self, result: Shown, *, store: Store, runs: Sequence[Run] = ()) -> None:
        super().__init__(result)
        self._store = store
        self._runs = tuple(run.id for run in runs)

    def choices(self) -> Sequence[Choice]:
        """What can be chosen: a value, and how it reads. The first stands for none when its value is empty."""
        return ()

    def part(self, value: str) -> Document:
        """The document of a choice.

        Raises
        ------
        DataError
            There is no such choice.
        """
        raise DataError(f"there is no {value!r}", seen=value, exists=[text for _, text in self.choices()])

    def values(self) -> dict[str, Any]:
        """The document, the choices, the first of them, and the curves."""
        choices = list(self.choices())[:MOST_CHOICES]
        first = choices[0][0] if choices else ""
        part = {"value": first, "html": to_html(self.part(first))} if first else None
        page = {"html": to_html(self.document()), "label": self.label, "choices": choices, "part": part}
        return {"page": page, "curves": self._curves()}

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The part that was chosen, or a part of the curves."""
        match question:
            case {"kind": "part", "value": str(value)}:
                return {"html": to_html(self.part(value))}
            case {"kind": "zoom"}:
                return pack(zoomed(question, self._runs, self._store))
        return super().answer(question)

    def _curves(self) -> bytes:
        found = curves(self._runs, store=self._store) if self._runs else None
        return pack(found) if found is not None and found.curves else b""


class RunPanel(PagePanel):
    """The page of a run: what was recorded of it, its curves, and what differs from another run."""

    label = "What differs from"

    def __init__(self, result: RunPage, *, store: Store) -> None:
        super().__init__(result, store=store, runs=[result.run])
        self._run = result.run

    def choices(self) -> Sequence[Choice]:
        """The other runs, the newest first."""
        others = [run for run in reversed(self._store.all_runs()) if run.id != self._run.id and run.parent is None]
        return [("", "…"), *((run.id, f"{run.experiment} / {run.name} · {run.short_id}") for run in others)]

    def part(self, value: str) -> Document:
        """What differs between another run and this one."""
        from mlops_magics.compare.difference import diff

        return diff(value, self._run, store=self._store).document()


class DifferencePanel(PagePanel):
    """What differs among runs, their curves over each other, and the distributions of a column on both sides."""

    label = "Distributions of"

    def __init__(self, result: Difference | Matrix, *, store: Store) -> None:
        several = getattr(result, "runs", None) or (getattr(result, "left", None), getattr(result, "right", None))
        super().__init__(result, store=store, runs=[run for run in several if run is not None])
        self._tables = getattr(result, "data", ())

    def choices(self) -> Sequence[Choice]:
        """The columns whose distributions differ, the furthest apart first."""
        told = [(table.role, one) for table in self._tables for one in table.distances if one.distance is not None]
        names = [(f"{role}/{one.column}", f"{one.column} ({role})") for role, one in told]
        return [("", "…"), *names] if names else []

    def part(self, value: str) -> Document:
        """Both sides of a column over each other."""
        from mlops_magics.data.bins import common_bins, estimated_bins

        role, _, column = value.partition("/")
        sides = [self._profile(run, role) for run in self._runs]
        found = [profile.columns.get(column) for profile in sides if profile is not None]
        if len(found) != 2 or found[0] is None or found[1] is None:
            return super().part(value)
        bins = (common_bins if found[0].grid == found[1].grid else estimated_bins)(found[0], found[1])
        if bins is None:
            return Document(Line(f"{column} was counted in bins that have too little in common", tone="quiet"))
        return Document(overlaid(column, bins, [self._store.find(run).name for run in self._runs]))

    def _profile(self, run: str, role: str) -> Profile | None:
        from mlops_magics.data.profile import Profile

        kept = [table.profile for table in self._store.datasets(run) if table.role == role and table.profile]
        return Profile.from_dict(decode(self._store.text(kept[-1]))) if kept else None


class DriftPanel(PagePanel):
    """New data against a reference: of each column the distributions over each other, and how it went verdict by
    verdict.
    """

    label = "Column"

    def __init__(self, result: DriftReport, *, store: Store) -> None:
        super().__init__(result, store=store)
        self._report = result

    def choices(self) -> Sequence[Choice]:
        """The columns, the worst first."""
        return [(name, name) for name in dict.fromkeys(row.column for row in self._report.rows)]

    def part(self, value: str) -> Document:
        """One column: its findings, its distributions, and its earlier verdicts against the same reference."""
        report = self._report
        findings = [row for row in report.rows if row.column == value]
        if not findings:
            return super().part(value)
        lines = [Line(row.reason, tone=TONES[row.verdict]) for row in findings]
        has_counts = value in report.bins or value in report.distributions
        charts = [chart for chart in (report.chart(value) if has_counts else None, self._over_time(value)) if chart]
        return Document(*lines, *([Charts(*charts)] if charts else []))

    def _over_time(self, column: str) -> Chart | None:
        """The effect of a column in every verdict against this reference, in their order."""
        try:
            verdicts = [item for item in self._store.verdicts(self._report.against) if item.question == "drift"]
        except RunNotFound:
            return None  # the reference was no run
        effects = [_effect(item.detail.get("rows", ()), column) for item in verdicts]
        if len(effects) < 2:
            return None
        names = [f"{place}. {item.subject}" for place, item in enumerate(verdicts, 1)]
        series = Series("effect", names, effects)
        return Chart("bars", (series,), title=f"{column}, verdict by verdict", y_label="effect")


def _effect(rows: Sequence[Mapping[str, Any]], column: str) -> float | None:
    found = [row["effect"] for row in rows if row["column"] == column and row["effect"] is not None]
    return max(found, default=None)
