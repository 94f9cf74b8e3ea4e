"""The seven ways in which what ran is not what the notebook says: one function each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mlops_magics.capture.notebook.bodies import IMPORT
from mlops_magics.capture.notebook.failures import half_done, only_asks, only_tracks, ran_well_later
from mlops_magics.capture.notebook.flow import is_felt
from mlops_magics.capture.notebook.history import History
from mlops_magics.capture.notebook.names import effects
from mlops_magics.capture.notebook.source import has_same_code, python_of, statements


@dataclass(frozen=True, slots=True)
class Hit:
    """A cell that is concerned, the execution of it that shows it (None: it never ran), and why."""

    cell: str
    index: int | None
    sentence: str
    names: frozenset[str] = field(default_factory=frozenset)


# -- order ------------------------------------------------------------------------------------------------------------


def out_of_order(history: History) -> Iterator[Hit]:
    """Cells whose last executions are not in the order the cells stand in: the fewest that, left out, leave the others
    in order; of two that might be, the one that ran later. Where one asks the tracker tells nothing of the others.
    """
    order, asks = history.order, [only_asks(one.source) for one in history.executions]
    ran = sorted((index, cell) for cell, index in history.last.items() if cell in order and not asks[index])
    places = [order[cell] for _, cell in ran]
    kept = _longest_rise(places)
    for number, (index, cell) in enumerate(ran):
        if number not in kept:
            yield Hit(cell, index, _misplaced(history, cell, [ran[one][1] for one in kept], order))


def _longest_rise(values: list[int]) -> frozenset[int]:
    """The indices of a longest increasing subsequence, the earliest indices of those there are."""
    # From the right: the longest rise that begins at each index.
    lengths, tails = [0] * len(values), list[int]()
    for index in range(len(values) - 1, -1, -1):
        at = bisect_left(tails, -values[index])
        tails[at : at + 1] = [-values[index]]
        lengths[index] = at + 1
    kept, wanted, least = set(), max(lengths, default=0), None
    for index, value in enumerate(values):
        if lengths[index] == wanted and (least is None or value > least):
            kept.add(index)
            wanted, least = wanted - 1, value
    return frozenset(kept)


def _misplaced(history: History, cell: str, others: list[str], order: dict[str, int]) -> str:
    label, ran = history.label(cell), history.last
    below = [one for one in others if order[one] > order[cell] and ran[one] < ran[cell]]
    above = [one for one in others if order[one] < order[cell] and ran[one] > ran[cell]]
    if below:
        how = "stands below it" if history.has_document else "first ran later"
        return f"{label} ran after {history.label(below[-1])}, which {how}"
    how = "stands above it" if history.has_document else "first ran earlier"
    return f"{label} ran before {history.label(above[0])}, which {how}" if above else f"{label} ran out of order"


def skipped(history: History) -> Iterator[Hit]:
    """Code cells of the document that never ran, above one that did."""
    ran = [place for cell, place in history.place.items() if cell in history.last]
    for cell, source in history.document.items():
        if cell not in history.last and history.place[cell] < max(ran, default=-1) and not python_of(source).is_empty:
            yield Hit(cell, None, f"{history.label(cell)} never ran, though cells below it did")


def failed(history: History) -> Iterator[Hit]:
    """Cells that raised when they last ran, and were left so, where that matters: what they did before the error was
    read since, or they belong to the run and what they say never ran to its end. Lines to the tracker never matter.
    """
    end = len(history.executions) - 1
    for cell, index in history.judged():
        one = history.executions[index]
        if one.status == "ok" or index >= end or only_tracks(one.source):
            continue
        if names := half_done(history, index):
            told = f"{history.label(cell)} raised an error, and {_listed(names)} may be half done"
            yield Hit(cell, index, told, names)
        elif not (one.is_before or ran_well_later(history, index)):
            yield Hit(cell, index, f"{history.label(cell)} raised an error, and other cells ran after it")


# -- what a cell stood on ---------------------------------------------------------------------------------------------


def repeated(history: History) -> Iterator[Hit]:
    """Cells that, run again, went on from what they had made themselves."""
    flow = history.flow
    felt = [
        {name: [source for source in sources if is_felt(flow, index, source, name)] for name, sources in taken.items()}
        for index, taken in enumerate(flow.taken)
    ]
    for cell, index in history.judged():
        own = {former for former in range(history.first[cell], index) if history.cells[former] == cell}
        if not own:
            continue
        reached = set(own)
        for later in range(min(own) + 1, index):
            if any(not reached.isdisjoint(sources) for sources in felt[later].values()):
                reached.add(later)
        found = {**felt[index], **history.files.grown[index]}
        names = frozenset(name for name, sources in found.items() if not reached.isdisjoint(sources))
        if names:
            told = f"{history.label(cell)} ran again on what it had made itself: {_listed(names)}"
            yield Hit(cell, index, told, names)


def stale(history: History) -> Iterator[Hit]:
    """Cells that would find other values if they ran again now, and those that stand on them."""
    direct = {
        index: _outdated(history, cell, index) | _outdated_files(history, cell, index)
        for cell, index in history.last.items()
    }
    tainted: list[frozenset[str]] = []
    bad: set[int] = set()
    for index, taken in enumerate(history.flow.taken):
        links = {**taken, **history.files.taken[index]}
        tainted.append(frozenset(name for name, sources in links.items() if not bad.isdisjoint(sources)))
        if tainted[index] or direct.get(index):
            bad.add(index)
    for cell, index in history.judged():
        if changed := direct[index]:
            names, newest = frozenset(changed), history.label("", max(changed.values()))
            told = f"{history.label(cell)} used {_listed(names)}, which {newest} made anew later"
            yield Hit(cell, index, told, names)
        elif names := tainted[index]:
            told = f"{history.label(cell)} used {_listed(names)}, which stands on a cell that is stale"
            yield Hit(cell, index, told, names)


def _outdated(history: History, cell: str, index: int) -> dict[str, int]:
    """Names the execution took that were made anew after it → the execution that did."""
    found = {}
    for name, sources in history.flow.taken[index].items():
        makers = {history.cells[source] for source in sources if _counts(history, cell, index, name, source)}
        makings = history.makings.get(name, [])
        for later in makings[bisect_right(makings, index) :]:
            if history.cells[later] == cell:
                continue
            is_maker = history.executions[later].cell is not None and history.cells[later] in makers
            if not is_maker and not _comes_between(history, cell, index, name, later):
                continue
            if not _is_the_same(history, index, name, later, sources):
                found[name] = later
    return found


def _outdated_files(history: History, cell: str, index: int) -> dict[str, int]:
    """Files the execution read that the cells which had written them, above it, wrote anew later → the execution that
    did. A file that a cell further down writes is there when everything is run from the top.
    """
    order, made = history.order, history.files.made
    return {
        path: later
        for path, makers in history.files.taken[index].items()
        for later in range(index + 1, len(made))
        if path in made[later]
        and history.cells[later] in {history.cells[maker] for maker in makers} - {cell}
        and order.get(history.cells[later], -1) < order.get(cell, len(order))
    }


def _counts(history: History, cell: str, index: int, name: str, source: int) -> bool:
    """Whether what a cell did to a name matters here. One that stands below only filled in parts of it that are not
    used here: running both again, in order, is what anybody does.
    """
    order = history.order
    is_below = order.get(history.cells[source], -1) > order.get(cell, len(order))
    return not is_below or is_felt(history.flow, index, source, name)


def _comes_between(history: History, cell: str, index: int, name: str, later: int) -> bool:
    """Whether a later execution is of a cell that stands above this one, and below the one the name was taken from: run
    from the top, the name would be its.
    """
    other = history.cells[later]
    if other not in history.place or cell not in history.place or history.place[other] > history.place[cell]:
        return False
    writer = history.flow.writers[index].get(name)
    if writer is None:
        return True
    if _is_import(history, writer, name) and name not in history.effects(later).writes:
        return False
    return history.place.get(history.cells[writer], -1) < history.place[other]


def _is_the_same(history: History, index: int, name: str, later: int, sources: tuple[int, ...]) -> bool:
    """Whether the later execution binds the name to what it was when ``index`` took it: the same module, or a function
    or class with the same code. A value is taken to be another one each time it is made.
    """
    writer = history.flow.writers[index].get(name)
    if writer is None:
        return False
    before, after = history.effects(writer).fixed.get(name), history.effects(later).fixed.get(name)
    if before is None or after is None:
        return False
    if _is_import(history, writer, name):
        return before == after
    return sources == (writer,) and name not in history.flow.leaves[index] and has_same_code(before, after)


def _is_import(history: History, writer: int, name: str) -> bool:
    return history.effects(writer).fixed.get(name, "").startswith(IMPORT)


# -- the document -----------------------------------------------------------------------------------------------------


def edited(history: History) -> Iterator[Hit]:
    """Cells whose saved source is not what last ran."""
    for cell, source in history.current.items():
        index = history.last.get(cell)
        if index is not None and not has_same_code(source, history.executions[index].source):
            yield Hit(cell, index, f"{history.label(cell)} was edited since it ran")


def deleted(history: History) -> Iterator[Hit]:
    """Code the notebook no longer holds, with the names of it that cells of the notebook used: all those of a cell that
    is gone, and those of a cell that says something else now as far as nothing in the notebook provides them.
    """
    provided = history.provided() if history.has_document else None
    if provided is None:
        return
    felt: dict[int, set[str]] = {}
    for cell, index in history.last.items():
        if cell not in history.current:
            continue
        for name, sources in history.flow.taken[index].items():
            for source in sources:
                if name not in provided or (_is_nowhere(history, source) and not _is_made_alike(history, source, name)):
                    felt.setdefault(source, set()).add(name)
    gone: dict[str, tuple[int, set[str]]] = {}
    for source in sorted(felt):
        if _is_gone(history, source):
            cell = history.cells[source]
            gone[cell] = source, felt[source] | (gone[cell][1] if cell in gone else set())
    for cell, (index, names) in gone.items():
        how = "no longer says so" if cell in history.current else "is gone"
        told = f"{history.label(cell, index)} provided {_listed(names)}, and the cell {how}"
        yield Hit(cell, index, told, frozenset(names))


def _is_nowhere(history: History, index: int) -> bool:
    """Whether the notebook does not hold what was executed: it was deleted, not moved, merged or split."""
    one = history.executions[index]
    if one.cell is None or one.cell in history.current:
        return False
    return not statements(one.source) <= history.statements


def _is_made_alike(history: History, index: int, name: str) -> bool:
    """Whether the notebook makes the name what the execution made it: the same import, the same function."""
    made = history.effects(index).fixed.get(name)
    return made is not None and any(effects(source).fixed.get(name) == made for source in history.current.values())


def _is_gone(history: History, index: int) -> bool:
    one = history.executions[index]
    if one.cell is None:
        return False
    return one.cell not in history.current or not has_same_code(history.current[one.cell], one.source)


CHECKS: dict[str, Callable[[History], Iterator[Hit]]] = {
    "out_of_order": out_of_order,
    "repeated": repeated,
    "stale": stale,
    "edited": edited,
    "deleted": deleted,
    "skipped": skipped,
    "failed": failed,
}


def _listed(names: frozenset[str] | set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
