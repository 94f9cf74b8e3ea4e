"""Which execution took which names from which: what a cell stood on when it ran."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mlops_magics.capture.notebook.bindings import Binding
from mlops_magics.capture.notebook.bodies import WHOLE, Body, Call, Change
from mlops_magics.capture.notebook.changing import goes_on, uses_up
from mlops_magics.capture.notebook.executed import Execution
from mlops_magics.capture.notebook.files import files_taken
from mlops_magics.capture.notebook.names import Effects, effects
from mlops_magics.capture.notebook.possible import Possible

__all__ = ["Binding", "Execution", "Flow", "covers", "is_felt", "providers", "reachable", "stands_on", "stands_on_name"]


class Flow:
    """The names of a notebook, followed through its executions in the order they ran.

    ``taken[i]`` maps the names that execution i took to the earlier executions it took them from; ``later[i]`` likewise
    the names that functions it defined could already have seen; ``writers[i]`` maps the names it took to who had bound
    them; ``changes[i]`` are the names it changed in place, and how; ``leaves[i]`` those it bound or changed.

    All of these say what is known, so that nothing is said of a notebook that is not so. ``may_change[i]`` are the
    names it may have changed besides, and ``perhaps[i]`` maps the names it took to the earlier executions that may have
    changed them: who needs all that a name stood on must ask for these too.
    """

    def __init__(self, executions: Sequence[Execution]) -> None:
        self.executions = tuple(executions)
        self.effects = tuple(effects(execution.source) for execution in executions)
        self.taken: list[dict[str, tuple[int, ...]]] = []
        self.later: list[dict[str, tuple[int, ...]]] = []
        self.writers: list[dict[str, int | None]] = []
        self.changes: list[dict[str, Change]] = []
        self.leaves: list[frozenset[str]] = []
        self.may_change: list[frozenset[str]] = []
        self.perhaps: list[dict[str, tuple[int, ...]]] = []
        self.bindings: dict[str, Binding] = {}
        self._own: dict[str | None, list[int]] = {}
        for index in range(len(self.executions)):
            self._run(index)

    def providers(self, index: int, files: Mapping[str, tuple[int, ...]] | None = None) -> dict[int, frozenset[str]]:
        """Earlier executions that execution ``index`` took names and files from, and which, in the order they ran."""
        merged: dict[int, set[str]] = {}
        for links in (self.taken[index], self.later[index], files or {}):
            for name, sources in links.items():
                for source in sources:
                    merged.setdefault(source, set()).add(name)
        return {key: frozenset(merged[key]) for key in sorted(merged)}

    # -- one execution ------------------------------------------------------------------------------------------------

    def _run(self, index: int) -> None:
        done = self.effects[index]
        reads, changes, possible = self._with_functions(done)
        self.changes.append(changes)
        self.may_change.append(possible.names(changes))
        self._own.setdefault(self.executions[index].cell, []).append(index)
        known = {name: self.bindings[name] for name in reads if name in self.bindings}
        self.taken.append({name: self._sources(name, index) for name in known})
        self.writers.append({name: binding.writer for name, binding in known.items()})
        later = {name: self.bindings[name] for name in _free_of_definitions(done) if name in self.bindings}
        self.later.append({name: binding.providers for name, binding in later.items()})
        self.perhaps.append({name: one.touchers for name, one in (known | later).items() if one.touchers})
        if self.executions[index].status == "ok":
            self._leave(index, done)
            self._leave_possible(index, done)
        else:
            self._leave_doubts(index, done)

    def _with_functions(self, done: Effects) -> tuple[set[str], dict[str, Change], Possible]:
        """The names a cell reads, those it changes and those it may change, with what the functions it mentions do when
        they are called.
        """
        reads, changes, possible = set(done.reads), [*done.how.items(), *self._calls(done)], Possible(self.bindings)
        possible.visit_cell(done)
        for mentioned in done.reads:
            waiting, seen = [mentioned], {mentioned}
            while waiting:
                body = self._body(waiting.pop())
                if body is None:
                    continue
                changes += [item for item in body.touched.items() if not done.binds_before(item[0], mentioned)]
                possible.visit_body(body)
                for name in body.free - seen:
                    seen.add(name)
                    if not done.binds_before(name, mentioned):
                        reads.add(name)
                        waiting.append(name)
        merged: dict[str, Change] = {}
        for name, how in changes:
            if not (how.by_method and name in self.bindings and self.bindings[name].is_import):
                merged[name] = how.then(merged.get(name))
        return reads, merged, possible

    def _calls(self, done: Effects) -> Iterator[tuple[str, Change]]:
        """What functions and methods of other cells change of what they are handed, and are called on."""
        for call in done.calls:
            body = self._body(call.root)
            if call.is_of_part or call.is_of_new:
                continue
            if body is None:
                yield from self._used_up(call)
                continue
            if not call.method:
                yield from body.changes(call.handed)
            elif body.methods and call.method in body.methods:
                yield call.root, body.methods[call.method]

    def _used_up(self, call: Call) -> Iterator[tuple[str, Change]]:
        """What a method goes on from where it finds it, and what is at its end once it was gone through."""
        if call.method:
            if goes_on(self._kind(call.root), call.method):
                yield call.root, Change()
        elif call.root not in self.bindings:
            yield from ((name, Change()) for name in call.lent if uses_up(self._kind(name), call.root))

    def _kind(self, name: str) -> str:
        return self.bindings[name].kind if name in self.bindings else ""

    def _kind_left(self, name: str, done: Effects) -> str:
        kind = done.kinds.get(name, "")
        maker = done.bodies.get(kind) or self._body(kind)
        # What the notebook's own code makes is told by that code.
        return kind if maker is None else "generator" if maker.is_generator else ""

    def _body(self, name: str) -> Body | None:
        binding = self.bindings.get(name)
        return binding.body if binding else None

    def _sources(self, name: str, index: int) -> tuple[int, ...]:
        cell, sources, how = self.executions[index].cell, self.bindings[name].providers, self.changes[index].get(name)
        if cell is None or how is None or not how.settled or self._sees_itself(index, name, how):
            return sources
        again = {own for own in self._own[cell] if own < index and self.makes_again(index, own, name)}
        return tuple(source for source in sources if source not in again) if again else sources

    def _sees_itself(self, index: int, name: str, how: Change) -> bool:
        """Whether a cell reads what it then changes, so that run again it finds what it made."""
        early = self.effects[index].early.get(name)
        if early is None:
            return True
        return WHOLE in early or any(place.partition("/")[0] in early for place in how.settled)

    def makes_again(self, index: int, former: int, name: str) -> bool:
        """Whether ``index`` only makes anew what ``former`` had changed of a name."""
        how = self.changes[index].get(name)
        return how is not None and covers(how.settled, self._only_changed(former, name))

    def _only_changed(self, index: int, name: str) -> frozenset[str]:
        """The places an execution made of what it did not bind itself; empty when that is not known."""
        how = self.changes[index].get(name)
        return frozenset() if how is None or name in self.effects[index].writes else how.settled

    # -- what it leaves behind ----------------------------------------------------------------------------------------

    def _leave(self, index: int, done: Effects) -> None:
        for name in done.deletes:
            self.bindings.pop(name, None)
        for name in done.writes - done.maybe:
            self._bind(name, index, done)
        for name in done.maybe.union(self.changes[index]) - (done.writes - done.maybe):
            self._change(name, index, done)
        self.leaves.append(done.writes.union(self.changes[index]))

    def _leave_possible(self, index: int, done: Effects) -> None:
        bindings = self.bindings
        for name, others in done.shares.items():
            for other in others:
                if name in bindings and other in bindings:
                    self._share(bindings[name], bindings[other])
        for name in self.may_change[index] - (done.writes - done.maybe):
            if name in bindings:
                bindings[name].touch(index)
        for name in self.changes[index]:
            if name in bindings:
                bindings[name].change(index)

    def _share(self, one: Binding, other: Binding) -> None:
        is_plain = (each.kind == "constant" or each.is_import for each in (one, other))
        if not any(is_plain):
            one.share(other)

    def _leave_doubts(self, index: int, done: Effects) -> None:
        """An execution that raised provides what nobody else does: it may have come as far."""
        for name in done.writes:
            former = self.bindings.get(name)
            if former is None or former.is_doubtful:
                self.bindings[name] = Binding(index, body=self._body_left(name, done), is_doubtful=True)
        self.leaves.append(frozenset())

    def _body_left(self, name: str, done: Effects) -> Body | None:
        """What is known of the code of a name: a function, a class, or what a class was called to make."""
        if name in done.made:
            maker = self._body(done.made[name])
            return maker if maker and maker.methods is not None else None
        return done.bodies.get(name)

    def _bind(self, name: str, index: int, done: Effects) -> None:
        former, fixed = self.bindings.get(name), done.fixed.get(name)
        is_again = former is not None and not former.is_doubtful and former.is_import and former.fixed == fixed
        if former is not None and is_again and not self._all_made_again(former, name, index):
            # Importing a module again finds it as it is: seeded, configured.
            if name in self.changes[index]:
                self._change(name, index, done)
            return
        self.bindings[name] = Binding(
            index, fixed=fixed, body=self._body_left(name, done), kind=self._kind_left(name, done)
        )

    def _all_made_again(self, binding: Binding, name: str, index: int) -> bool:
        how = self.changes[index].get(name, Change())
        changed = (self.changes[one][name] for one in binding.providers if name in self.changes[one])
        return all(covers(how.settled, before.settled) for before in changed)

    def _change(self, name: str, index: int, done: Effects) -> None:
        binding = self.bindings.setdefault(name, Binding(None))
        if name in done.maybe:
            binding.changers = tuple(old for old in binding.changers if not self.is_same_cell(old, index))
            binding.fixed = None
        else:
            self._replace(binding, name, index)
        binding.changers += (index,)
        if name in done.bodies and (binding.body is None or binding.body.methods is None):
            binding.body = _either(done.bodies[name], binding.body)

    def _replace(self, binding: Binding, name: str, index: int) -> None:
        """Forget changers of whom nothing is left."""
        roots = sorted({place.partition("/")[0] for place in self.changes[index][name].settled})
        for root in roots:
            former = binding.settling.get(root, [])
            gone = {old for old in former if self.makes_again(index, old, name)}
            if gone:
                binding.changers = tuple(old for old in binding.changers if old not in gone)
                binding.settling[root] = [old for old in former if old not in gone]
        if roots and name not in self.effects[index].writes:
            binding.settling.setdefault(roots[0], []).append(index)

    def is_same_cell(self, left: int, right: int) -> bool:
        """Whether two executions ran the same source of the same cell."""
        one, other = self.executions[left], self.executions[right]
        return one.cell is not None and one.cell == other.cell and one.source == other.source


def _free_of_definitions(done: Effects) -> frozenset[str]:
    return frozenset().union(*done.closures.values()) - done.writes - done.reads


def _either(body: Body, other: Body | None) -> Body:
    """The code of a name that is bound to one function or another."""
    if other is None:
        return body
    return replace(body, free=body.free | other.free, touched={**other.touched, **body.touched})


def covers(places: Collection[str], former: Collection[str]) -> bool:
    """Whether making ``places`` anew leaves nothing of ``former``; nothing known of the former is not covered.

    >>> covers({"price"}, {"price/2"}), covers({"price"}, {"count"}), covers({"price"}, ())
    (True, False, False)
    """
    if not former:
        return False
    for old in former:
        if old not in places and not ("/" in old and any(old.startswith(new + "/") for new in places)):
            return False
    return True


def providers(executions: Sequence[Execution]) -> list[dict[int, frozenset[str]]]:
    """For each execution, the indices of earlier ones it took names and files from, and which. Files are in quotes.

    A name is taken from whoever bound it last and from everyone who changed it in place since. An execution that
    raised provides only what nobody else does. A function's outer names count where the function is mentioned, and,
    as far as they exist, where it is defined.

    >>> runs = [Execution(1, "a", "x = 1"), Execution(2, "b", "y = 2"), Execution(3, "c", "print(x)")]
    >>> providers(runs)
    [{}, {}, {0: frozenset({'x'})}]
    """
    flow, files = Flow(executions), files_taken(executions)
    return [flow.providers(index, files[index]) for index in range(len(flow.executions))]


def stands_on(executions: Sequence[Execution], wanted: Collection[int]) -> tuple[int, ...]:
    """The indices of ``wanted`` and of all it took names and files from, transitively, in the order they ran; whatever
    may have changed one of these names is among them.

    Executions that did something no name shows, such as ``%load_ext`` or ``import *``, are kept when they ran well
    before the last one needed. Law: ``stands_on(executions, stands_on(executions, wanted))`` is the same.

    >>> runs = [Execution(1, "a", "x = 1"), Execution(2, "b", "y = 2"), Execution(3, "c", "print(x)")]
    >>> stands_on(runs, [2])
    (0, 2)
    """
    if not wanted:
        return ()
    flow = Flow(executions)
    last = max(wanted)
    hidden = (index for index in range(last) if flow.effects[index].is_opaque and flow.executions[index].status == "ok")
    links = [flow.taken, flow.later, flow.perhaps, files_taken(executions)]
    return tuple(sorted(reachable(links, [*wanted, *hidden])))


def stands_on_name(executions: Sequence[Execution], upto: int, name: str) -> tuple[int, ...]:
    """The indices of the executions that made what ``name`` was when execution ``upto`` had run, itself included, and
    of those that may have changed it.

    Empty when nothing that ran bound the name. This is the lineage of an object: opaque executions are left out.

    >>> runs = [Execution(1, "a", "x = 1"), Execution(2, "b", "y = x"), Execution(3, "c", "x = 3")]
    >>> stands_on_name(runs, 1, "y"), stands_on_name(runs, 2, "x")
    ((0, 1), (2,))
    """
    flow = Flow(executions[: upto + 1])
    binding = flow.bindings.get(name)
    if binding is None:
        return ()
    return tuple(sorted(reachable([flow.taken, flow.perhaps], [*binding.providers, *binding.touchers])))


def reachable(links: Sequence[Sequence[Mapping[str, tuple[int, ...]]]], start: Iterable[int]) -> set[int]:
    """Everything that ``start`` leads to, itself included, by any of the links."""
    found: set[int] = set()
    waiting = set(start)
    while waiting:
        index = waiting.pop()
        found.add(index)
        for link in links:
            for sources in link[index].values():
                waiting.update(set(sources) - found)
    return found


def is_felt(flow: Flow, index: int, provider: int, name: str) -> bool:
    """Whether ``index`` would differ had ``provider`` not run: it took the name itself, or the very part of it that
    ``provider`` made, rather than another part of the same object.
    """
    how = flow.changes[provider].get(name)
    if flow.executions[index].cell == flow.executions[provider].cell:
        # As in: if there is no model yet, make one. Run again, it is the same model.
        if name in flow.effects[index].unsure and flow.is_same_cell(index, provider):
            return False
        if flow.makes_again(index, provider, name):
            return False
    if name in flow.effects[provider].writes or how is None or not how.settled:
        return True
    parts = flow.effects[index].parts.get(name, frozenset())
    return WHOLE in parts or any(place.partition("/")[0] in parts for place in how.settled)
