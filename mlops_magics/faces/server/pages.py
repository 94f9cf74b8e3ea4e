"""One run for its tab: what Python renders of it, and what can be reached from there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mlops_magics.compare.curves import curves
from mlops_magics.compare.executions import Executions, executions
from mlops_magics.compare.page import RunPage, show
from mlops_magics.faces.server.answers import ArtifactLine, Curve, MadeBy, RunAnswer
from mlops_magics.faces.server.overview import line_of
from mlops_magics.look import Column, Document, Line, Table, Title
from mlops_magics.look.html import to_html
from mlops_magics.look.numbers import size
from mlops_magics.records import Artifact, Cell

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

OTHERS = 200
"""Runs that are offered for comparison, the newest."""


def page(store: Store, run: str, notebook_of: Callable[[str], str | None]) -> RunAnswer:
    """Everything a tab shows of a run. ``notebook_of`` tells the path of a notebook by what the store calls it.

    Raises
    ------
    RunNotFound
        It is not in the store.
    """
    with store.focused(run):
        shown, ran = show(run, store), executions(run, store)
        others = [other for other in reversed(store.all_runs()) if other.parent is None and other.id != shown.run.id]
        drawn = curves(run, store=store, columns=1)
        times = _times(store, shown.run.id)
    others.sort(key=lambda other: other.experiment != shown.run.experiment)
    cells = [cell for cell, _ in ran.cells]
    made = _made(times, cells)
    return RunAnswer(
        run=line_of(shown.run),
        notebook=notebook_of(shown.run.source) if shown.run.source else None,
        html=shown._repr_html_(),
        cells=ran._repr_html_(),
        lineage=to_html(lineage(shown, ran)),
        curves=tuple(Curve(curve.key, curve.points) for curve in drawn.curves),
        made=tuple(made),
        artifacts=tuple(_artifact(item, made) for item in shown.artifacts),
        others=tuple(line_of(other) for other in others[:OTHERS]),
    )


def lineage(shown: RunPage, ran: Executions) -> Document:
    """Where it came from: tables and their files, the state of the code, the run it is a part of, its notebook."""
    blocks: list[Title | Line | Table] = [Title("What it came from")]
    if shown.datasets:
        rows = [
            (item.name, item.role, ", ".join(item.origins or ()) or None, item.rows, item.fingerprint[:12])
            for item in shown.datasets
        ]
        columns = ("table", "role", "from", Column("rows", align="right"), "fingerprint")
        blocks.append(Table(columns, rows))
    found = shown.environment
    facts = [
        ("notebook", shown.run.source),
        ("part of", shown.run.parent),
        ("cells before it began", sum(bool(cell.is_before) for cell, _ in ran.cells) or None),
        ("own cells", sum(not cell.is_before for cell, _ in ran.cells) or None),
        ("git commit", found.git_commit[:12] if found and found.git_commit else None),
        ("git branch", found.git_branch if found else None),
        ("uncommitted changes", "yes" if found and found.git_dirty else None),
        ("Python", found.python if found else None),
    ]
    blocks.append(Table(("what", "value"), [fact for fact in facts if fact[1] is not None]))
    return Document(*blocks)


def _times(store: Store, run: str) -> list[tuple[str, str, datetime]]:
    """What was recorded of a run, and when: metrics by their last points, artifacts, evaluations."""
    frame = store.sql(
        """SELECT 'metric' AS kind, key AS what, time FROM metric_sums WHERE run = $run
           UNION ALL SELECT 'artifact', name, time FROM artifacts WHERE run = $run
           UNION ALL SELECT 'evaluation', split, time FROM evaluations WHERE run = $run ORDER BY ALL""",
        {"run": run},
    )
    return [(kind, what, time.to_pydatetime()) for kind, what, time in frame.itertuples(index=False)]


def _made(times: Sequence[tuple[str, str, datetime]], cells: Sequence[Cell]) -> list[MadeBy]:
    """By which cell each was recorded: the last one that had begun. A fact may be written after its cell."""
    began = sorted(
        ((cell.started, cell) for cell in cells if cell.started and not cell.is_before), key=lambda pair: pair[0]
    )
    starts = [start for start, _ in began]
    found = []
    for kind, what, time in times:
        index = bisect_right(starts, time) - 1
        if index >= 0 and began[index][1].cell:
            cell = began[index][1]
            label = f"In [{cell.execution_count}]" if cell.execution_count is not None else f"cell {cell.position}"
            found.append(MadeBy(what, kind, cell.cell or "", label))
    return found


def _artifact(item: Artifact, made: Sequence[MadeBy]) -> ArtifactLine:
    cell = next((one.cell for one in made if one.kind == "artifact" and one.what == item.name), None)
    return ArtifactLine(item.name, item.type, size(item.size_bytes), item.sha256, cell)
