"""What was tried, and what did best: the runs of a store as a table for people."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.look import Column, Document, Line, Mark, Shown, Table, Title, Tone
from mlops_magics.records import encode
from mlops_magics.store import open_store
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    import pandas

    from mlops_magics.store.queries import Store

MACHINE = "metrics.system/"
SHOWN_METRICS = 5
SHOWN_PARAMS = 3
SHOWN_TRUST = 5
TONES: Mapping[str, Tone] = {"finished": "plain", "running": "good", "failed": "bad", "interrupted": "unknown"}


@dataclass(frozen=True, repr=False, eq=False)
class Leaderboard(Shown):
    """Runs, newest first or best first.

    Attributes
    ----------
    frame
        Everything known: a row per run, ``params.KEY`` and ``metrics.KEY`` for every key. The display shows the first
        ``limit`` rows, the metrics most runs have, and the parameters that differ. Candidates of a search are rows of
        the frame, with their ``parent``; the display counts them at their search.
    trust
        By the id of a run, what was found about its notebook, in a few words; and whether it was replayed.
    """

    frame: pandas.DataFrame
    limit: int
    sorted_by: str | None = None
    trust: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The runs as a list of mappings without missing values, JSON-ready."""
        rows = self.frame.astype(object).to_dict("records")
        return {"runs": [{key: _plain(value) for key, value in row.items() if _is(value)} for row in rows]}

    def document(self) -> Document:
        """A table of the runs, the best value of each metric marked."""
        if self.frame.empty:
            return Document(Line("No runs yet. Start one: %mlops track EXPERIMENT --name NAME", tone="quiet"))
        roots = self._roots()
        shown = roots.head(self.limit)
        metrics, params = self._metrics(), self._params()
        best = {key: _best(roots[key], key) for key in metrics}
        candidates = self.frame["parent"].value_counts().to_dict()
        columns = [
            *(("experiment",) if shown["experiment"].nunique() > 1 else ()),
            "run", *(("id",) if shown["name"].duplicated().any() else ()), "status", "started",
            Column("seconds", align="right", digits=3),
            *(Column(key.removeprefix("params.")) for key in params),
            *(Column(key.removeprefix("metrics."), align="right", digits=4) for key in metrics),
        ]
        rows = []
        for row in shown.to_dict("records"):
            cells: list[Any] = [row["experiment"]] if shown["experiment"].nunique() > 1 else []
            status = Mark(row["status"], TONES.get(row["status"], "plain"))
            several = candidates.get(row["id"], 0)
            cells.append(f"{row['name']} (+{several})" if several else row["name"])
            cells += [row["id"][-8:]] if "id" in columns else []
            cells += [status, row["started"].to_pydatetime()]
            cells.append(row["seconds"] if _is(row["seconds"]) else None)
            cells += [_param(row[key]) for key in params]
            cells += [_metric(row[key], best[key]) for key in metrics]
            rows.append(cells)
        count = len(roots)
        note = f"{count} run{'s' if count != 1 else ''}" + (f", best {self.sorted_by} first" if self.sorted_by else "")
        hidden = count - len(shown)
        blocks: list[Any] = [Title("Runs", note), Table(columns, rows)]
        if hidden:
            blocks.append(Line(f"{hidden} more: %mlops runs --limit {count}", tone="quiet"))
        doubtful = [(row["name"], self.trust[row["id"]]) for row in shown.to_dict("records") if row["id"] in self.trust]
        blocks += [Line(f"{name}: {sentence}", tone="quiet") for name, sentence in doubtful[:SHOWN_TRUST]]
        if len(doubtful) > SHOWN_TRUST:
            blocks.append(Line(f"{len(doubtful) - SHOWN_TRUST} more have findings: %mlops show RUN", tone="quiet"))
        return Document(*blocks)

    def _roots(self) -> pandas.DataFrame:
        """The runs that are not a part of another one that is here too."""
        is_part = self.frame["parent"].isin(self.frame["id"])
        return self.frame[~is_part]

    def _metrics(self) -> list[str]:
        """Those most runs have; what people logged by hand before what an evaluation adds. Not those of the machine."""
        roots = self._roots()
        keys = [key for key in roots.columns if key.startswith("metrics.") and roots[key].notna().any()]
        keys = [key for key in keys if not key.startswith(MACHINE)] or keys
        first = f"metrics.{self.sorted_by}"
        return sorted(keys, key=lambda key: (key != first, -self._count(key), "/" in key))[:SHOWN_METRICS]

    def _params(self) -> list[str]:
        """Those that differ between the runs, the most common first; those of a model's parts where no other do."""
        roots = self._roots()
        keys = [key for key in roots.columns if key.startswith("params.")]
        values = {key: {encode(value) for value in roots[key] if _is(value)} for key in keys}
        differing = [key for key in keys if len(values[key]) > 1]
        whole = [key for key in differing if "__" not in key] or differing
        return sorted(whole, key=lambda key: -self._count(key))[:SHOWN_PARAMS]

    def _count(self, key: str) -> int:
        return int(self._roots()[key].count())


def runs(
    experiment: str | None = None,
    where: str | None = None,
    *,
    best: str | None = None,
    limit: int = 20,
    store: Store | str | os.PathLike[str] | None = None,
) -> Leaderboard:
    """Show what was tried.

    Parameters
    ----------
    experiment
        Only its runs.
    where
        An SQL condition; see :meth:`mlops_magics.store.queries.Store.runs`.
    best
        A metric to sort by, the best first; whether small or large is good follows from its name.
    limit
        How many rows the display shows, at least 1; the frame holds all.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.

    Raises
    ------
    DataError
        No run has the metric ``best``.
    RunNotFound
        There is no such experiment, but there are others.
    """
    place = open_store(store)
    frame = place.runs(experiment, where)
    if experiment is not None and frame.empty:
        known = sorted({run.experiment for run in place.all_runs()})
        if known and experiment not in known:
            raise RunNotFound(f"there is no experiment {experiment!r}", seen=experiment, exists=known)
    if best is not None:
        key = f"metrics.{best}"
        if key not in frame:
            known = [name.removeprefix("metrics.") for name in frame.columns if name.startswith("metrics.")]
            raise DataError(f"no run has a metric {best!r}", seen=best, exists=known)
        frame = frame.sort_values(
            key, ascending=lower_is_better(best), na_position="last", ignore_index=True, kind="stable"
        )
    return Leaderboard(frame, max(1, limit), best, _trust(place))


def _trust(store: Store) -> dict[str, str]:
    """What was found about notebooks, and which runs came out the same when they were replayed."""
    found: dict[str, list[str]] = {}
    for run, sentence in store.newest_verdicts("notebook", "fail"):
        found.setdefault(run, []).append(sentence or "not to be trusted")
    for run, _ in store.newest_verdicts("replay", "pass"):
        found.setdefault(run, []).append("replayed the same")
    return {run: "; ".join(said) for run, said in found.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _is(value: Any) -> bool:
    """Whether a cell of a frame holds something."""
    if isinstance(value, float):
        return value == value  # noqa: PLR0124
    return value is not None and (isinstance(value, str) or str(value) != "NaT")


def _best(values: pandas.Series[Any], key: str) -> float | None:
    known = values.dropna()
    if len(known) < 2:
        return None
    return float(known.min() if lower_is_better(key) else known.max())


def _metric(value: Any, best: float | None) -> Any:
    if not _is(value):
        return None
    return Mark(f"{value:.4f}", "good") if best is not None and value == best else float(value)


def _param(value: Any) -> Any:
    if not _is(value):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)
