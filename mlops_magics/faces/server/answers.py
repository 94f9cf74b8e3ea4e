"""What goes over the wire: frozen values, of which the TypeScript types are made too (``typescript.py``).

Times are ISO text in UTC with a ``Z``. ``html`` is a document as Python renders it (``look/html.py``): every text in it
is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_magics.records import RunStatus, VerdictValue

CellState = Literal["running", "fresh", "edited", "out_of_order", "repeated", "stale", "failed", "outside"]
"""Of a cell as the notebook holds it now, beside what the run recorded."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in one line. ``said`` is what to say beside its name: the last value it logged, what it came to, or
    how long it took.
    """

    id: str
    name: str
    experiment: str
    status: RunStatus
    started: str
    said: str


@dataclass(frozen=True, slots=True)
class ExperimentLine:
    """An experiment: how many runs it has, without the parts of others, and the newest of them.

    ``metric`` is the one that speaks for them, of which ``said`` is then the value alone; empty where there is none.
    """

    name: str
    runs: int
    running: int
    metric: str
    newest: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """The newest answer to one question about a run; ``said`` is all of it, such as ``drift of july: fail``."""

    question: str
    subject: str
    verdict: VerdictValue
    said: str


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A run that holds a model, and what was judged about it last. ``aliases`` are the names people give it."""

    run: RunLine
    verdicts: tuple[VerdictLine, ...]
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What a store holds. ``folder`` is the store as people read it; ``notice`` why this may be a little old."""

    folder: str
    notice: str | None
    runs: int
    live: tuple[RunLine, ...]
    experiments: tuple[ExperimentLine, ...]
    models: tuple[ModelLine, ...]


@dataclass(frozen=True, slots=True)
class OverviewAnswer:
    """``store`` is what further questions name the store by, None where a notebook has none.

    ``overview`` is None when it is as it was at the ``stamp`` the question named. ``active`` is the run that the
    notebook is writing now.
    """

    store: str | None
    stamp: str
    active: RunLine | None
    overview: Overview | None


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """A file of a run; its content is had by its digest."""

    name: str
    type: str
    size: str
    sha256: str
    cell: str | None


@dataclass(frozen=True, slots=True)
class MadeBy:
    """What a run recorded, and the cell that recorded it: its id in the notebook, and what people call it."""

    what: str
    kind: str
    cell: str
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric that was logged more than once."""

    key: str
    points: int


@dataclass(frozen=True, slots=True)
class CurvesQuestion:
    """Which curves to draw: all metrics of the runs where no keys are named, and the part of the x axis.

    The answer is :meth:`mlops_magics.compare.curves.Curves.to_dict`, for the drawing that the notebook's panels share.
    """

    store: str
    runs: tuple[str, ...]
    keys: tuple[str, ...]
    columns: int
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """One run, whole. ``notebook`` is its path from the server's root, None where it is not below it; ``cells`` and
    ``lineage`` are documents, as ``html`` is; ``others`` can be compared with it.
    """

    run: RunLine
    notebook: str | None
    html: str
    cells: str
    lineage: str
    curves: tuple[Curve, ...]
    made: tuple[MadeBy, ...]
    artifacts: tuple[ArtifactLine, ...]
    others: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True)
class DiffAnswer:
    """What differs between two runs, as a document, and which runs were meant."""

    left: RunLine
    right: RunLine
    html: str


@dataclass(frozen=True, slots=True)
class CellSource:
    """A code cell as the notebook holds it now; ``busy`` when it was sent to the kernel and has not come back."""

    id: str
    source: str
    busy: bool = False


@dataclass(frozen=True, slots=True)
class MarksQuestion:
    """Every code cell of a notebook, from top to bottom; ``notebook`` is its path from the server's root."""

    notebook: str
    cells: tuple[CellSource, ...]


@dataclass(frozen=True, slots=True)
class CellMark:
    """How a cell stands to a run. ``stands`` says that the run took something from it."""

    id: str
    state: CellState
    label: str
    sentence: str
    stands: bool


@dataclass(frozen=True, slots=True)
class MarksAnswer:
    """The marks of the cells of a notebook, for its newest run; without one there are none."""

    run: RunLine | None
    sentence: str
    marks: tuple[CellMark, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a question has no answer, as every error of this package says it."""

    message: str
    error: str
