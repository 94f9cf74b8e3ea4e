"""Where a name lives: what a module, a function, a class or a comprehension does with the names it mentions.

A walker tells a scope what it meets, in the order Python evaluates it. What is not the scope's own goes to the one
around it; the module's scope keeps the score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

WHOLE = "*"
"""The part of a name that is read when it is not known which."""


@dataclass(frozen=True, slots=True)
class Body:
    """What the code of a function, or of a class's methods, does to names that are not its own, when it is called."""

    free: frozenset[str]
    touched: frozenset[str]


class Scope(Protocol):
    """What a walker may meet. ``part`` of a name is the item or attribute of it; None is: none in particular."""

    def load(self, name: str, part: str | None = WHOLE) -> None:
        """The name is read."""

    def bind(self, name: str) -> None:
        """The name is bound anew."""

    def unbind(self, name: str) -> None:
        """The name is deleted."""

    def change(self, name: str, settled: tuple[str, ...] = (), *, by_method: bool = False) -> None:
        """What the name stands for is changed in place; ``settled`` are places that hold the same when the change is
        made again, empty when it is not known to come out the same.
        """

    def define(self, name: str, body: Body) -> None:
        """The name is bound to code that is called later."""

    def fix(self, name: str, value: str) -> None:
        """The name was just bound to something that ``value`` says in full, such as an import or a number."""

    def declare(self, names: Iterable[str], *, is_global: bool) -> None:
        """``global`` or ``nonlocal``."""

    def mark(self) -> frozenset[str]:
        """What is surely bound by now."""

    def join(self, *ends: frozenset[str]) -> None:
        """Go on from where several paths meet."""


@dataclass(slots=True)
class ModuleScope:
    """The cell itself. Order counts: what it bound before does not come from outside."""

    bound: set[str] = field(default_factory=set)
    half: set[str] = field(default_factory=set)
    reads: dict[str, set[str]] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    changes: dict[str, set[str] | None] = field(default_factory=dict)
    otherwise: set[str] = field(default_factory=set)
    bodies: dict[str, Body] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    read_at: dict[str, int] = field(default_factory=dict)
    bound_at: dict[str, int] = field(default_factory=dict)
    _step: int = 0
    _calling: set[str] = field(default_factory=set)

    def load(self, name: str, part: str | None = WHOLE) -> None:
        self._step += 1
        if name not in self.bound:
            self._load_from_outside(name, part)
        body = self.bodies.get(name)
        if body is None or name in self._calling:
            return
        # Whoever mentions a function may call it, and then it reads what it needs.
        self._calling.add(name)
        for each in sorted(body.free):
            self.load(each)
        for each in sorted(body.touched):
            self.change(each)
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
        self.bound.add(name)
        self.writes.add(name)
        self.deletes.discard(name)
        self.bound_at.setdefault(name, self._step)
        self.bodies.pop(name, None)
        self.fixed.pop(name, None)

    def unbind(self, name: str) -> None:
        self.load(name, None)
        self.bound.discard(name)
        self.half.discard(name)
        self.writes.discard(name)
        self.bodies.pop(name, None)
        self.fixed.pop(name, None)
        self.changes.pop(name, None)
        self.deletes.add(name)

    def change(self, name: str, settled: tuple[str, ...] = (), *, by_method: bool = False) -> None:
        is_import = self.fixed.get(name, "").startswith("import ")
        if is_import and by_method:
            return
        if not is_import:
            self.fixed.pop(name, None)
        if not by_method:
            self.otherwise.add(name)
        if name in self.bound and not is_import:
            return
        known = self.changes.setdefault(name, set())
        if not settled:
            self.changes[name] = None
        elif known is not None:
            known.update(settled)

    def define(self, name: str, body: Body) -> None:
        self.bind(name)
        self.bodies[name] = body

    def fix(self, name: str, value: str) -> None:
        self.fixed[name] = value

    def declare(self, names: Iterable[str], *, is_global: bool) -> None:
        """At the top of a cell, ``global`` says nothing."""

    def mark(self) -> frozenset[str]:
        return frozenset(self.bound)

    def join(self, *ends: frozenset[str]) -> None:
        sure = frozenset.intersection(*ends)
        self.half |= frozenset.union(*ends) - sure
        self.half -= sure
        self.bound = set(sure)
        for name in self.half:
            self.fixed.pop(name, None)


@dataclass(slots=True)
class FunctionScope:
    """A function's body. Order does not count: a name bound anywhere in it is its own throughout."""

    loads: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)

    def body(self) -> Body:
        """What the function does to names that are not its own."""
        own = self.own - self.outer
        return Body(frozenset(self.loads - own), frozenset((self.changes | (self.own & self.outer)) - own))

    def load(self, name: str, part: str | None = WHOLE) -> None:  # noqa: ARG002 - a scope's signature
        self.loads.add(name)

    def bind(self, name: str) -> None:
        self.own.add(name)

    unbind = bind

    def change(self, name: str, settled: tuple[str, ...] = (), *, by_method: bool = False) -> None:  # noqa: ARG002
        self.changes.add(name)

    def define(self, name: str, body: Body) -> None:
        self.own.add(name)
        self.loads |= body.free
        self.changes |= body.touched

    def fix(self, name: str, value: str) -> None:
        """What a function binds is gone when it returns."""

    def declare(self, names: Iterable[str], *, is_global: bool) -> None:  # noqa: ARG002
        self.outer.update(names)

    def mark(self) -> frozenset[str]:
        return frozenset()

    def join(self, *ends: frozenset[str]) -> None:
        """Order does not count."""


@dataclass(slots=True)
class InnerScope:
    """A class's body or a comprehension: evaluated at once, with names of its own in front of those around it."""

    around: Scope
    is_class: bool = False
    own: set[str] = field(default_factory=set)
    bodies: list[Body] = field(default_factory=list)

    def body(self) -> Body:
        """What a class's methods do when they are called. They do not see the names of the class."""
        return Body(
            frozenset().union(*(body.free for body in self.bodies)),
            frozenset().union(*(body.touched for body in self.bodies)),
        )

    def load(self, name: str, part: str | None = WHOLE) -> None:
        if name not in self.own:
            self.around.load(name, part)

    def bind(self, name: str) -> None:
        self.own.add(name)

    def unbind(self, name: str) -> None:
        self.own.discard(name)

    def change(self, name: str, settled: tuple[str, ...] = (), *, by_method: bool = False) -> None:
        if name not in self.own:
            self.around.change(name, settled, by_method=by_method)

    def define(self, name: str, body: Body) -> None:
        self.own.add(name)
        self.bodies.append(body)

    def fix(self, name: str, value: str) -> None:
        """What a class binds is its own."""

    def declare(self, names: Iterable[str], *, is_global: bool) -> None:
        self.around.declare(names, is_global=is_global)

    def mark(self) -> frozenset[str]:
        return frozenset(self.own)

    def join(self, *ends: frozenset[str]) -> None:
        self.own = set(frozenset.union(*ends))
