"""The cells a run stood on: those that recorded something of it, and all that their names came from."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from mlops_magics.capture.notebook.flow import Execution, providers, stands_on
from mlops_magics.capture.notebook.source import python_of
from mlops_magics.errors import MlopsError
from mlops_magics.records import Cell, Run, decode
from mlops_magics.rerun.chance import hidden
from mlops_magics.rerun.folders import with_folders_there
from mlops_magics.rerun.lines import Kept, has_masked_value, is_empty, kept_lines, sets_store

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

_LOADS = re.compile(r"load_ext\s+mlops_magics|load_extension\(\s*['\"]mlops_magics|load_ipython_extension")
_TRACKS = re.compile(r"mlops\s+track\b|\btrack\(")
_TRACKS_BY_VERB = re.compile(r"mlops\s+track\b")
_SETS = re.compile(r"mlops\s+autolog\b")
_END = "%mlops end"
_ENDS = re.compile(r"%mlops\s+end\b|\.end\(|%%mlops\s+track\b|--this-cell\b")


@dataclass(frozen=True, slots=True)
class RecipeCell:
    """A cell of a recipe.

    Attributes
    ----------
    source
        What is executed again.
    position
        Of the execution it repeats, among those of the run; None for a cell that only the recipe has.
    execution_count
        The number that execution had in its notebook.
    error
        What that execution raised, as ``Type: message``; a cell that others stand on all the same may raise it again.
    """

    source: str
    position: int | None = None
    execution_count: int | None = None
    error: str | None = None

    @property
    def label(self) -> str:
        """What people know the cell by: ``In [7]``, or its place among those that ran."""
        if self.execution_count is not None:
            return f"In [{self.execution_count}]"
        return self.source.partition("\n")[0] if self.position is None else f"cell {self.position}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to execute, in order, to get a run again.

    Attributes
    ----------
    cells
        In the order they ran.
    executed
        How many executions the run knows of; those that are not among ``cells`` are nothing to it.
    skipped
        Positions of failed executions that recorded something and are left out all the same.
    packages
        Versions that the run had of what its cells import.
    remarks
        What one should know before executing it, in sentences.
    masked
        Labels of cells in which a secret is masked.
    bound
        Labels of cells that say by themselves which store to record into.
    """

    run: Run
    cells: tuple[RecipeCell, ...]
    executed: int
    skipped: frozenset[int]
    python: str | None
    packages: Mapping[str, str]
    remarks: tuple[str, ...]
    masked: tuple[str, ...]
    bound: tuple[str, ...]

    @property
    def repeated(self) -> int:
        """How many of the executions it repeats."""
        return sum(1 for cell in self.cells if cell.position is not None)


@dataclass(frozen=True, slots=True)
class _Line:
    """An execution beside what is left of its source."""

    cell: Cell
    kept: Kept

    @property
    def is_own(self) -> bool:
        return not self.cell.is_before


def recipe(run: Run | str, store: Store) -> Recipe:
    """The cells that a run stood on, in the order they ran, with nothing else.

    Wanted are the executions that recorded facts of the run and the one that began it, and then all that their names
    came from and that wrote the files they read, cells run before it included. A cell that only removes a file is
    wanted where a later one that is wanted looks for that file. Folders may be there already: ``mkdir`` and
    ``makedirs`` are given ``exist_ok=True``. Left out are executions that failed, unless names came from them; lines
    that only asked (``%mlops show``), that belong to other runs, that install packages, or that say where the store is.

    Raises
    ------
    MlopsError
        No cells were recorded with the run: it was not tracked by ``%mlops track``.
    RunNotFound
        There is no such run.
    """
    with store.snapshot():
        found = store.find(run)
        cells = sorted(store.cells(found), key=lambda cell: cell.position)
        texts = store.texts([cell.source for cell in cells])
        environment = store.environment(found)
        versions = decode(store.texts([environment.packages]).get(environment.packages, "{}")) if environment else {}
    if not any(not cell.is_before for cell in cells):
        raise MlopsError(
            f"{found.name} has no cells that could be executed again",
            hint=f"Replay the run it is a part of: {found.parent}"
            if found.parent
            else "Only a run that was tracked in a notebook, with the extension loaded, can be replayed",
        )
    lines = _kept(found, cells, texts)
    chosen = _chosen(lines)
    steps = _complete([(lines[index].kept.tracks, _step(lines[index])) for index in chosen], lines, found)
    return Recipe(
        run=found,
        cells=tuple(steps),
        executed=len(cells),
        skipped=frozenset(
            line.cell.position
            for index, line in enumerate(lines)
            if line.is_own and line.cell.facts and index not in chosen and line.cell.status == "error"
        ),
        python=environment.python if environment else None,
        packages=_imported(steps, versions),
        remarks=_remarks(steps),
        masked=tuple(step.label for step in steps if has_masked_value(step.source)),
        bound=tuple(step.label for step in steps if sets_store(step.source)),
    )


def _kept(run: Run, cells: Sequence[Cell], texts: Mapping[str, str]) -> list[_Line]:
    lines = _read(run, cells, texts, is_open=False)
    # Begun in a loop or by Python: no line says where, so all of its cells are taken for its own.
    return lines if any(line.kept.tracks for line in lines) else _read(run, cells, texts, is_open=True)


def _read(run: Run, cells: Sequence[Cell], texts: Mapping[str, str], *, is_open: bool) -> list[_Line]:
    lines, has_other = [], False
    for cell in cells:
        if cell.source not in texts:
            raise MlopsError(f"the store has lost the source of cell {cell.position} of {run.name}")
        is_own = not cell.is_before
        source = texts[cell.source]
        kept = kept_lines(source, run, is_open=is_open and is_own, may_track=is_own, has_other=has_other)
        has_other = kept.has_other
        is_open = kept.is_open if is_own else is_open
        lines.append(_Line(cell, kept))
    return lines


def _chosen(lines: Sequence[_Line]) -> list[int]:
    """Places of the executions that are repeated."""
    executions = [
        Execution(
            position=line.cell.position,
            cell=line.cell.cell,
            source=line.kept.source,
            status=line.cell.status,
            facts=line.cell.facts or 0,
            is_before=bool(line.cell.is_before),
            execution_count=line.cell.execution_count,
        )
        for line in lines
    ]
    wanted = _wanted(lines)
    last = max(wanted, default=0)
    sets = (index for index in range(last) if _SETS.search(executions[index].source))
    kept = {*wanted, *sets, *hidden(executions, last)}
    stands = {*kept, *stands_on(executions, kept)}
    given = providers(executions)
    needed = {provider for index in stands for provider in given[index]}
    return [
        index
        for index in sorted(stands)
        if not is_empty(lines[index].kept.source)
        and (lines[index].cell.status == "ok" or index in needed or index in kept)
    ]


def _wanted(lines: Sequence[_Line]) -> list[int]:
    own = [index for index, line in enumerate(lines) if line.is_own and not is_empty(line.kept.source)]
    tracks = [index for index in own if lines[index].kept.tracks]
    tracks = tracks or [index for index in own if _TRACKS.search(lines[index].kept.source)][:1]
    ends = [index for index in own if lines[index].kept.source.strip() == _END][-1:]
    # A run recorded before facts were counted does not say which cells were of use.
    is_counted = any(lines[index].cell.facts is not None for index in own)
    useful = [
        index for index in own if lines[index].cell.status == "ok" and (lines[index].cell.facts or not is_counted)
    ]
    return sorted({*tracks, *useful, *ends})


def _step(line: _Line) -> RecipeCell:
    return RecipeCell(
        with_folders_there(line.kept.source), line.cell.position, line.cell.execution_count, line.cell.error
    )


def _complete(steps: Sequence[tuple[bool, RecipeCell]], lines: Sequence[_Line], run: Run) -> list[RecipeCell]:
    """With the lines no replay can do without: the extension, the beginning of the run, and its end."""
    own = {line.cell.position for line in lines if line.is_own}
    cells = [step for _, step in steps]
    begins = next((place for place, (tracks, _) in enumerate(steps) if tracks), None)
    if begins is None:
        begins = next((place for place, step in enumerate(cells) if _TRACKS.search(step.source)), None)
    # A run that Python began is ended by Python: by its block.
    is_ended = begins is not None and not _TRACKS_BY_VERB.search(cells[begins].source)
    if begins is None:
        begins = next((place for place, step in enumerate(cells) if step.position in own), len(cells))
        cells.insert(begins, RecipeCell(f"%mlops track {run.experiment} --name {run.name}"))
    if not any(_LOADS.search(step.source) for step in cells[: begins + 1]):
        cells.insert(0, RecipeCell("%load_ext mlops_magics"))
    if not is_ended and not any(_ENDS.search(step.source) for step in cells[begins:]):
        cells.append(RecipeCell(_END))
    return cells


def _imported(steps: Collection[RecipeCell], versions: Mapping[str, str]) -> dict[str, str]:
    modules: set[str] = set()
    for step in steps:
        module = python_of(step.source).module
        for node in ast.walk(module) if module else ():
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    names = {_normal(module) for module in modules}
    others = {module for module in modules - sys.stdlib_module_names if _normal(module) not in versions}
    # Reads the metadata of everything that is installed: only for those that are not called like their package.
    homes = packages_distributions() if others else {}
    names |= {_normal(name) for module in others for name in homes.get(module, ())}
    return {name: str(versions[name]) for name in sorted(names) if name in versions}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def _remarks(steps: Collection[RecipeCell]) -> tuple[str, ...]:
    return tuple(
        f"{step.label} was interrupted by hand after it had made names that others use; it now runs to its end."
        if step.error.startswith("KeyboardInterrupt")
        else f"{step.label} raised {step.error.partition(':')[0]} then, and may do so again."
        for step in steps
        if step.error
    )
