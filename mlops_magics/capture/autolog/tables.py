"""The tables that are fitted on, each looked at once for as long as a cell goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.capture.autolog.written import Call, Step, call_of_a_cell, stems_from, steps_from_a_cell
from mlops_magics.capture.secrets import mask
from mlops_magics.capture.tables import TARGET, Frozen, freeze, target_role
from mlops_magics.data.loaded import loaded
from mlops_magics.errors import DataError
from mlops_magics.records import Dataset, Record

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

REMEMBERED = 16
"""So many tables are known again by their content, such as the array that a loop fits ten models on."""

ARGUMENTS = frozenset({"fit", "cv"})
"""Of these roles is what a call is given first."""

VALIDATION = "validation"
EVALUATION = "eval_set"
"""The role of rows that a fit is checked against, and what that of their answers begins with: those of a validation
split, which evaluations are compared by, are others.
"""

NAME_LENGTH = 60
"""An expression is a name up to so many characters; a longer one is cut."""


@dataclass(slots=True, eq=False)
class HeldTable:
    """A table as it was when it was fitted on, what the notebook calls it, and later what was found in it.

    ``call`` is what a table without a name was given to by a cell; it is then called as it is written there. By
    ``steps`` a cell came to a function that was given it.
    """

    frozen: Frozen
    name: str
    is_named: bool
    role: str
    call: Call | None = None
    steps: tuple[Step, ...] = ()
    facts: tuple[Record, ...] | None = None

    @property
    def is_called(self) -> bool:
        """Whether its name says more than its role."""
        return self.is_named or self.call is not None


class TableBook:
    """Holds tables on the person's path, and describes them off it.

    Those that were held last are held on until :meth:`let_go`, so that a loop which fits many models on a frame has it
    looked at once. Longer would keep the memory of what the person has deleted.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._newest: dict[str, tuple[tuple[Any, ...], HeldTable]] = {}
        self._known: dict[tuple[Any, ...], tuple[Record, ...]] = {}
        self._written: set[tuple[str, ...]] = set()

    def name_of(self, value: Any) -> str | None:
        """What the notebook calls an object."""
        return self._sink.name_of(value)

    def hold(self, data: Any, *, role: str, otherwise: str, called: Any = None) -> HeldTable:
        """Hold what a table is now, in about a millisecond. ``called`` is what it was in, whose name it has where it
        has none; ``otherwise`` is what it is called without any.
        """
        state = _state(data)
        if state and role in self._newest and self._newest[role][0] == state:
            return self._newest[role][1]
        name = self._sink.name_of(data) or (self._sink.name_of(called) if called is not None else None)
        is_given = name is None and role.removesuffix(f" {TARGET}") in ARGUMENTS
        call = call_of_a_cell() if is_given else None
        steps = steps_from_a_cell(self._sink.name_of) if is_given and call is None else ()
        held = HeldTable(freeze(data), name or otherwise, name is not None, role, call, steps)
        if not held.frozen.can_wait:
            self._describe(held, ())
        if state:
            self._newest[role] = state, held
        return held

    def record(self, held: HeldTable, run: ActiveRun) -> str | None:
        """Describe and record a table, unless the run has it; its fingerprint. Takes its time.

        What is no table, such as a sparse matrix or texts, is said once and has none.
        """
        dataset = self._dataset(held, run)
        if dataset is None or held.facts is None:
            return None
        seen = run.id, dataset.role, dataset.fingerprint
        is_told = seen in self._written and not held.is_called
        if not is_told and (*seen, dataset.name) not in self._written:
            self._written |= {seen, (*seen, dataset.name)}
            run.observe(*held.facts)
        return dataset.fingerprint or None

    def record_piece(self, held: HeldTable, run: ActiveRun, *, rows: int) -> None:
        """Record a table of which only a piece was held: its columns, and how many rows all pieces have."""
        dataset = self._dataset(held, run)
        if dataset is not None:
            run.observe(replace(dataset, rows=rows, fingerprint="", content=None, profile=None))

    def _dataset(self, held: HeldTable, run: ActiveRun) -> Dataset | None:
        try:
            if held.facts is None:
                self._describe(held, self._origins(held), run)
        except DataError as error:
            held.facts = ()
            self._sink.warn("the data of a fit", error)
        return next((fact for fact in held.facts or () if isinstance(fact, Dataset)), None)

    def _origins(self, held: HeldTable) -> tuple[str, ...]:
        if held.is_named:
            return self._sink.origins_of(held.name)
        if (written := _written(held)) is not None:
            return self._sink.origins_of(written)
        told = (self._sink.origins_of(text) for text in stems_from(held.steps, *_argument(held)))
        return next((origins for origins in told if origins), ())

    def let_go(self) -> None:
        """Hold nothing any more beyond what is waiting to be described."""
        self._newest.clear()

    def _describe(self, held: HeldTable, origins: tuple[str, ...], run: ActiveRun | None = None) -> None:
        run = run or self._sink.current()
        if run is None:
            return
        privacy = run.privacy
        if not held.is_named and (written := _written(held)) is not None:
            held.name = _short(run.private.mask(mask(written)))
        key = (held.name, held.role, privacy, _content(held.frozen))
        known = self._known.get(key) if key[-1] else None
        held.facts = known or held.frozen.describe(name=held.name, role=held.role, origins=origins, privacy=privacy)
        if key[-1]:
            self._known[key] = held.facts
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]


@dataclass(frozen=True, slots=True, eq=False)
class FittedOn:
    """The rows that something was fitted on, and their answers."""

    table: HeldTable | None = None
    answers: HeldTable | None = None

    def fingerprints(self, tables: TableBook, run: ActiveRun) -> tuple[str | None, str | None]:
        """Record both, unless the run has them; their fingerprints. Takes its time."""
        table = tables.record(self.table, run) if self.table else None
        return table, tables.record(self.answers, run) if self.answers else None


def hold_both(tables: TableBook, X: Any, y: Any, *, role: str, called: Any = None) -> FittedOn:
    """Hold rows and their answers, as far as there are any."""
    answers = target_role(EVALUATION if role == VALIDATION else role)
    return FittedOn(
        tables.hold(X, role=role, otherwise=role, called=called) if X is not None else None,
        tables.hold(y, role=answers, otherwise="y") if y is not None else None,
    )


def _written(held: HeldTable) -> str | None:
    """How a cell wrote a table without a name."""
    return held.call.argument(*_argument(held)) if held.call else None


def _argument(held: HeldTable) -> tuple[int, str]:
    """The place and the name of the argument that a table is."""
    place, name = (1, "y") if held.role.endswith(TARGET) else (0, "X")
    # What cross-validates is given the estimator first.
    return place + held.role.startswith("cv"), name


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= NAME_LENGTH else line[: NAME_LENGTH - 1] + "…"


def _state(X: Any) -> tuple[Any, ...]:
    """Equal for two moments between which a table did not change, as long as what was held at the first is still held;
    empty where that cannot be told.

    By copy-on-write a frame that shares its columns with a held copy gets others as soon as it is changed.
    """
    pandas, pyarrow = loaded("pandas"), loaded("pyarrow")
    if pyarrow and isinstance(X, pyarrow.Table):
        return (id(X),)
    if pandas and isinstance(X, pandas.DataFrame | pandas.Series) and int(pandas.__version__.partition(".")[0]) >= 3:
        blocks = getattr(getattr(X, "_mgr", None), "blocks", None)
        if blocks is not None:
            names = tuple(X.columns) if isinstance(X, pandas.DataFrame) else X.name
            return id(X), id(X.index), names, *(id(block.values) for block in blocks)
    return ()


def _content(frozen: Frozen) -> tuple[Any, ...]:
    """What tells the array of a fit from others: a digest of all of a copy that is held of it."""
    numpy, data = loaded("numpy"), frozen.held.data
    if numpy is None or not isinstance(data, numpy.ndarray) or frozen.held.stamp is not None or data.dtype.hasobject:
        return ()
    digest = blake2b(numpy.ascontiguousarray(data).view(numpy.uint8).data, digest_size=16).hexdigest()
    return data.shape, data.dtype.str, digest
