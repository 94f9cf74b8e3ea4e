"""Does new data still look like the reference? Each column is asked in every way it can change."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from mlops_magics.data.places import is_place
from mlops_magics.data.profile import Profile
from mlops_magics.errors import DataError
from mlops_magics.look.progress import Progress
from mlops_magics.monitor.columns import matched_by_position, named_as
from mlops_magics.monitor.distance import benjamini_hochberg
from mlops_magics.monitor.evidence import FEWEST_ROWS, LEAST_EFFECT, LEAST_SHARE_EFFECT, Evidence, Method, weigh
from mlops_magics.monitor.power import SMALL_EFFECT, pictured
from mlops_magics.monitor.reference import require_reference
from mlops_magics.monitor.report import DriftReport, decide_row, overall, p_text
from mlops_magics.records import Finding, Judged, Run, VerdictValue

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

ALPHA = 0.05
BY_POSITION = "Columns were matched by their position: one side is an array, without names."

_SHARED = {"alpha": ALPHA, "effect": LEAST_SHARE_EFFECT, "new_categories": 0.0, "detectable": SMALL_EFFECT,
           "rows": FEWEST_ROWS}
THRESHOLDS: Mapping[str, Mapping[str, float]] = {
    "js": {**_SHARED, "distribution": LEAST_EFFECT},
    "chi2": {**_SHARED, "distribution": 0.0},
    "psi": {**_SHARED, "distribution": 0.25, "moderate": 0.1},
}
"""What decides, by method: ``alpha`` for adjusted p-values, ``effect`` for every kind not named on its own, ``rows``
below which a side tells too little, ``detectable``: the effect that a test must be able to see for its silence to
count."""


def drift(  # noqa: PLR0913 - the two after the method only rank and tell
    current: Any, against: Any = None, store: Store | str | os.PathLike[str] | None = None,
    method: str | None = None, *, importance: Mapping[str, float] | None = None, progress: Progress | None = None,
) -> DriftReport:
    """Tell whether ``current`` still looks like the reference, with at most one false alarm in twenty.

    Parameters
    ----------
    current
        The new data: anything :func:`~mlops_magics.data.frames.open_table` opens, or a Profile counted in the
        reference's edges. It is scanned once, in the bins of the reference.
    against
        The reference: a run (a Run, or text such as a name, an id prefix, ``"@last"``), whose stored profile of the
        data it was fitted on is used; a frame or a path, profiled now; or a Profile. None is ``"@last"``. Text that
        is a path or a query is no run.
    store
        Where runs are looked up and the verdict on a run's data is recorded; None opens the nearest one.
    method
        How distributions are compared. None or ``"js"``: Jensen-Shannon distance, base 2, in bins frozen on the
        reference, beyond its noise floor, 0 to 1; drift from 0.035 on, where chi-square over those bins or, for
        numbers, Kolmogorov-Smirnov over their edges is significant. ``"chi2"``: any difference that is significant
        by chi-square. ``"psi"``: population stability index over at most ten bins with 1e-4 for an empty share;
        drift from 0.25 on where chance does not explain it, else unknown from 0.1 on.
    importance
        Column to weight; findings are then ranked by weight × effect, else by effect.
    progress
        Told after each column.

    Returns
    -------
    DriftReport
        ``.verdict``, ``.findings``, ``.columns``. Missing values (null or NaN), infinities, new and vanished
        categories, a constant column, a range left, a changed type and a missing column are findings of their own. A
        verdict is ``"fail"`` when the p-value, adjusted over all tests of the report (Benjamini-Hochberg), is at most
        0.05 and the effect large enough to matter. It is ``"unknown"`` with fewer than 50 values on either side, and
        where nothing was seen but a small effect (a mean moved by 0.2 standard deviations) would not have been
        either, with a chance of 80 %: up to about 1,000 rows on each side for one column, 1,500 for ten.

        Columns are matched by name, or by position where one side is an array and has only positions.

    Raises
    ------
    DataError
        When the data cannot be opened or have no column of the reference, the run kept no profile, or the method is
        not known.
    RunNotFound
        When ``against`` is text that is neither a path nor a run.

    Examples
    --------
    >>> import pandas
    >>> reference = pandas.DataFrame({"age": [*range(20, 80)] * 20})
    >>> drift(reference.assign(age=reference.age + 10), against=reference).verdict
    'fail'
    """
    wanted = _method(method)
    reference, label, run, opened = _reference(against, store)
    if isinstance(current, Profile):
        profile, name = current, "the data"
    else:
        from mlops_magics.data.engines.duckdb import profile_table
        from mlops_magics.data.frames import open_table

        table = open_table(current)
        name = "the data" if table.name == "frame" else table.name
        edges = named_as(reference, list(table.columns))
        if opened is not None:
            # What was a position when it was profiled may be the name of a private column now.
            edges = edges.withhold(opened.settings.private_columns)
        profile = profile_table(table, edges=edges, progress=progress)
    report = compare_profiles(
        reference, profile, method=wanted, name=name, against=label, importance=importance
    )
    if run is not None and opened is not None:
        opened.record(
            run.id, Judged(question="drift", subject=name, verdict=report.verdict, detail=report.to_dict())
        )
    return report


def compare_profiles(  # noqa: PLR0913 - the four after the profiles only label and rank
    reference: Profile, current: Profile, *, method: str | None = None, name: str = "the data",
    against: str = "the reference", importance: Mapping[str, float] | None = None,
) -> DriftReport:
    """Compare two profiles counted in the same edges; see :func:`drift`. Pure: reads and writes nothing.

    Raises
    ------
    DataError
        When a column was counted in different bins, no column is on both sides, or the method is not known.
    """
    wanted = _method(method)
    limits = THRESHOLDS[wanted]
    reference, current, is_by_position = matched_by_position(reference, current)
    evidence: list[Evidence] = []
    for column, known in reference.columns.items():
        found = current.columns.get(column)
        if found is None:
            evidence.append(Evidence(column=column, kind="missing_column", effect=1.0, seen="is gone", method="schema"))
            continue
        if found.grid is not None and known.grid is not None and found.grid != known.grid:
            raise DataError(
                f"column {column!r} was counted in different bins on the two sides",
                hint="Profile the current data with edges=the reference's profile",
            )
        evidence += weigh(known, found, method=wanted)
    weights = dict(importance or {})
    judged = _judge(evidence, limits)
    rows = sorted(_rows(judged), key=lambda row: _rank(row, weights))
    bins = {item.column: item.bins for item in evidence if item.bins is not None}
    return DriftReport(
        name=name, against=against, verdict=overall({row.verdict for row in rows}), rows=tuple(rows),
        notes=((BY_POSITION,) if is_by_position else ()) + _notes(judged, reference, current),
        reference_rows=reference.rows, current_rows=current.rows,
        method=wanted, thresholds=limits, importance=weights,
        bins={row.column: bins[row.column] for row in rows if row.verdict == "fail" and row.column in bins},
        distributions={row.column: bins[row.column] for row in rows if row.column in bins},
    )


def _method(method: str | None) -> Method:
    if method is None:
        return "js"
    known: tuple[Method, ...] = get_args(Method)
    for name in known:
        if name == method:
            return name
    raise DataError(f"there is no drift method {method!r}", seen=method, exists=known)


def _judge(evidence: Iterable[Evidence], limits: Mapping[str, float]) -> list[Finding]:
    items = list(evidence)
    tested = [item for item in items if item.p_value is not None and item.is_enough]
    adjusted = dict(zip(map(id, tested), benjamini_hochberg([item.p_value or 0.0 for item in tested]), strict=True))
    # A column that drifts alone has to be this surprising.
    alpha = limits["alpha"] / max(len(tested), 1)
    return [_finding(item, adjusted.get(id(item)), alpha, limits) for item in items]


def _finding(item: Evidence, p_value: float | None, alpha: float, limits: Mapping[str, float]) -> Finding:
    verdict: VerdictValue = "unknown"
    detectable = item.power.detectable(alpha) if item.power is not None and item.is_enough else None
    if item.is_enough:
        verdict = decide_row(item.kind, item.effect, p_value, detectable, limits)
    tail = "" if p_value in (None, 1.0) else f" ({p_text(p_value)})"
    if verdict == "pass" and p_value is not None and p_value <= limits["alpha"]:
        tail += ": more than chance, too little to matter"
    if verdict == "unknown" and detectable is not None and detectable > limits["detectable"]:
        is_mean = item.bins is not None and not item.bins.labels
        tail += f"; so few rows would not show less than {pictured(detectable, is_mean=is_mean)}"
    return Finding(
        column=item.column, kind=item.kind, verdict=verdict, reason=f"{item.column} {item.seen}{tail}.",
        method=item.method, effect=item.effect, floor=item.floor, p_value=p_value, detectable=detectable,
    )


def _rows(judged: Iterable[Finding]) -> list[Finding]:
    """All findings, and for a column without one the first thing that is not known of it, or else that was asked."""
    by_column: dict[str, list[Finding]] = {}
    for finding in judged:
        by_column.setdefault(finding.column, []).append(finding)
    rows: list[Finding] = []
    for items in by_column.values():
        failed = [item for item in items if item.verdict == "fail"]
        rows += failed or [item for item in items if item.verdict == "unknown"][:1] or items[:1]
    return rows


def _rank(row: Finding, weights: Mapping[str, float]) -> tuple[int, float]:
    order = ("fail", "unknown", "pass").index(row.verdict)
    return order, -(row.effect or 0.0) * (weights.get(row.column, 0.0) if weights else 1.0)


def _notes(judged: Iterable[Finding], reference: Profile, current: Profile) -> tuple[str, ...]:
    notes = [
        f"{item.reason.removesuffix('.')}: within chance, not drift."
        for item in judged if item.kind == "new_categories" and item.verdict == "pass"
    ]
    for side, one, other in (("reference", reference, current), ("current data", current, reference)):
        alone = [name for name, column in one.columns.items()
                 if column.nan and name in other.columns and not other.columns[name].nan]
        if alone:
            notes.append(f"NaN counts as missing, as null does; only the {side} has NaN in {', '.join(alone)}.")
    private = [name for name, column in reference.columns.items() if column.is_withheld]
    if private:
        notes.append(f"Private in the reference, and judged for missing values only: {', '.join(private)}.")
    unknown = [name for name in current.columns if name not in reference.columns]
    if unknown:
        notes.append(f"Not in the reference, and not judged: {', '.join(unknown)}.")
    return tuple(notes)


def _reference(
    against: Any, store: Store | str | os.PathLike[str] | None
) -> tuple[Profile, str, Run | None, Store | None]:
    if isinstance(against, Profile):
        return against, "the reference", None, None
    if isinstance(against, Run) or against is None or (isinstance(against, str) and not is_place(against)):
        from mlops_magics.store import open_store

        opened = open_store(store)
        run = against if isinstance(against, Run) else opened.find("@last" if against is None else against)
        return require_reference(run, opened), run.name, run, opened
    from mlops_magics.data.engines.duckdb import profile_table
    from mlops_magics.data.frames import open_table

    table = open_table(against)
    return profile_table(table), "the reference" if table.name == "frame" else table.name, None, None
