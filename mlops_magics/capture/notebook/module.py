"""The scope of a cell itself: what it takes from outside, what it leaves behind, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlops_magics.capture.notebook.bodies import IMPORT, WHOLE, Body, Call, Change, Shares


@dataclass(slots=True)
class ModuleScope:
    """The cell itself. Order counts: what it bound before does not come from outside."""

    bound: set[str] = field(default_factory=set)
    half: set[str] = field(default_factory=set)
    reads: dict[str, set[str]] = field(default_factory=dict)
    feeding: dict[str, set[str]] = field(default_factory=dict)
    early: dict[str, frozenset[str]] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    changes: dict[str, Change] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    calls: set[Call] = field(default_factory=set)
    own_calls: list[tuple[Body, Call]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    shares: Shares = field(default_factory=Shares)
    read_at: dict[str, int] = field(default_factory=dict)
    bound_at: dict[str, int] = field(default_factory=dict)
    _step: int = 0
    _calling: set[str] = field(default_factory=set)

    def load(self, name: str, part: str | None = WHOLE, *, feeds: bool = True) -> None:
        self._step += 1
        if name not in self.bound:
            self._load_from_outside(name, part)
            if part is not None and feeds:
                self.feeding.setdefault(name, set()).add(part)
        body = self.bodies.get(name)
        if body is None or name in self._calling:
            return
        # Whoever mentions a function may call it, and then it reads what it needs.
        self._calling.add(name)
        for each in sorted(body.free):
            self.load(each)
        for each, how in body.touched.items():
            self.change(each, how)
        for call in body.calls_outside():
            self.call(call)
        for each in body.may_change - set(body.parameters):
            self.touch(each)
        self._calling.discard(name)

    def _load_from_outside(self, name: str, part: str | None) -> None:
        if name not in self.reads:
            self.reads[name] = set()
            self.read_at[name] = self._step
            if name in self.half:
                self.unsure.add(name)
        elif name not in self.half:
            self.unsure.discard(name)
        if part is not None:
            self.reads[name].add(part)

    def bind(self, name: str) -> None:
        self._step += 1
        self._forget(name)
        self.bound.add(name)
        self.writes.add(name)
        self.deletes.discard(name)
        self.bound_at.setdefault(name, self._step)

    def unbind(self, name: str) -> None:
        self.load(name, None)
        self._forget(name)
        self.bound.discard(name)
        self.half.discard(name)
        self.writes.discard(name)
        self.changes.pop(name, None)
        self.deletes.add(name)

    def _forget(self, name: str) -> None:
        self.bodies.pop(name, None)
        self.fixed.pop(name, None)
        self.made.pop(name, None)
        self.kinds.pop(name, None)

    def change(self, name: str, how: Change) -> None:
        is_import = self._is_import(name)
        if is_import and how.by_method:
            return
        if not is_import:
            self.fixed.pop(name, None)
        # What is done to a module outlives its being imported again.
        if name not in self.bound or is_import:
            self.changes[name] = how.then(self.changes.get(name))
            self.early[name] = frozenset(self.reads.get(name, ()))
        else:
            self.touch(name)

    def define(self, name: str, body: Body) -> None:
        self.bind(name)
        self.bodies[name] = body

    def fix(self, name: str, value: str) -> None:
        self.fixed[name] = value

    def declare(self, names: Iterable[str]) -> None:
        """At the top of a cell, ``global`` says nothing."""

    def call(self, call: Call) -> None:
        body = self.bodies.get(call.root)
        if body is None:
            if self._is_import(call.root) and call.root in self.bound:
                call = call._replace(root="", path=f"{self.fixed[call.root]}.{call.path.partition('.')[2]}")
            self.calls.update(call.seen_from_outside(self._outside))
            return
        if not call.method:
            for changed, how in body.changes(call.handed):
                self.change(changed, how)
        self.own_calls += ((body, each) for each in call._replace(root="").seen_from_outside(self._outside))

    def _is_import(self, name: str) -> bool:
        return self.fixed.get(name, "").startswith(IMPORT)

    def _outside(self, name: str) -> frozenset[str]:
        return self.shares.reached(name) - self.bound

    def touch(self, name: str) -> None:
        self.touched |= self._outside(name)

    def share(self, name: str, others: frozenset[str]) -> None:
        self.shares.add(name, others)

    def make(self, name: str, maker: str) -> None:
        body = self.bodies.get(maker)
        if body is not None and body.methods is not None:
            self.bodies[name] = body
        elif maker not in self.bound:
            self.made[name] = maker

    def become(self, name: str, kind: str) -> None:
        self.kinds[name] = kind

    def mark(self) -> frozenset[str]:
        return frozenset(self.bound)

    def join(self, *ends: frozenset[str]) -> None:
        sure = frozenset.intersection(*ends)
        self.half |= frozenset.union(*ends) - sure
        self.half -= sure
        self.bound = set(sure)
        for name in self.half:
            self.fixed.pop(name, None)
