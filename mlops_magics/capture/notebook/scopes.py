"""Where a name lives: what a module, a function, a class or a comprehension does with the names it mentions.

A walker tells a scope what it meets, in the order Python evaluates it. What is not the scope's own goes to the one
around it; the module's scope keeps the score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from mlops_magics.capture.notebook.bodies import BOUND, WHOLE, Body, Call, Change, Shares


class Scope(Protocol):
    """What a walker may meet."""

    def load(self, name: str, part: str | None = WHOLE, *, feeds: bool = True) -> None:
        """The name is read: an item or attribute of it, all of it, or, with None, nothing of what is in it. ``feeds``
        says that something may be made of what was read.
        """

    def bind(self, name: str) -> None:
        """The name is bound anew."""

    def unbind(self, name: str) -> None:
        """The name is deleted."""

    def change(self, name: str, how: Change) -> None:
        """What the name stands for is changed in place."""

    def define(self, name: str, body: Body) -> None:
        """The name is bound to code that is called later."""

    def fix(self, name: str, value: str) -> None:
        """The name was just bound to something that ``value`` says in full, an import or the text of a function."""

    def declare(self, names: Iterable[str]) -> None:
        """``global`` or ``nonlocal``."""

    def call(self, call: Call) -> None:
        """Something is called."""

    def touch(self, name: str) -> None:
        """What the name stands for, or a part of it, may be changed in place."""

    def share(self, name: str, others: frozenset[str]) -> None:
        """The name was just given something that may be, or hold, an object of the others."""

    def make(self, name: str, maker: str) -> None:
        """The name was just bound to what calling ``maker`` gave."""

    def become(self, name: str, kind: str) -> None:
        """The name was just bound to something of this kind, told by the last word of what was called to make it."""

    def mark(self) -> frozenset[str]:
        """What is surely bound by now."""

    def join(self, *ends: frozenset[str]) -> None:
        """Go on from where several paths meet."""


@dataclass(slots=True)
class FunctionScope:
    """A function's body. Order does not count: a name bound anywhere in it is its own throughout."""

    parameters: tuple[str, ...] = ()
    loads: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    changed: dict[str, Change] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)
    calls: set[Call] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    shares: Shares = field(default_factory=Shares)
    is_generator: bool = False

    def body(self) -> Body:
        """What the function does to names that are not its own, and to what is handed to it."""
        own = (self.own | set(self.parameters)) - self.outer
        local = own - set(self.parameters)
        touched = {name: how for name, how in self.changed.items() if name not in own}
        for name in self.own & self.outer:
            bound = Change() if name in self.loads else Change(frozenset({BOUND}))
            touched[name] = bound.then(touched.get(name))
        handed = set(self.parameters) - self.own
        filled = {name: how for name, how in self.changed.items() if name in handed}
        return Body(
            frozenset(self.loads - own),
            touched,
            self.parameters,
            filled,
            calls=frozenset(
                each for call in self.calls for each in call.seen_from_outside(lambda name: self._origins(name) - local)
            ),
            may_change=self._may_change() - local,
            is_generator=self.is_generator,
        )

    def _origins(self, name: str) -> frozenset[str]:
        return self.shares.reached(name)

    def _may_change(self) -> frozenset[str]:
        """What is changed under another name: a loop over models that fits each changes the models."""
        changed = (self.shares.reached(name) - {name} for name in self.changed)
        return frozenset(self.touched).union(*changed, *(self.shares.reached(name) for name in self.touched))

    def load(self, name: str, part: str | None = WHOLE, *, feeds: bool = True) -> None:  # noqa: ARG002
        self.loads.add(name)

    def bind(self, name: str) -> None:
        self.own.add(name)

    unbind = bind

    def change(self, name: str, how: Change) -> None:
        self.changed[name] = how.then(self.changed.get(name))

    def define(self, name: str, body: Body) -> None:
        self.own.add(name)
        self.loads |= body.free
        for each, how in body.touched.items():
            self.change(each, how)
        self.calls.update(body.calls_outside())
        self.touched |= body.may_change - set(body.parameters)

    def fix(self, name: str, value: str) -> None:
        """What a function binds is gone when it returns."""

    def declare(self, names: Iterable[str]) -> None:
        self.outer.update(names)

    def call(self, call: Call) -> None:
        self.calls.add(call)

    def touch(self, name: str) -> None:
        self.touched.add(name)

    def share(self, name: str, others: frozenset[str]) -> None:
        self.shares.add(name, others)

    def make(self, name: str, maker: str) -> None:
        """What a function binds is gone when it returns."""

    def become(self, name: str, kind: str) -> None:
        """What a function binds is gone when it returns."""

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
    bodies: dict[str, Body] = field(default_factory=dict)
    shares: Shares = field(default_factory=Shares)

    def body(self) -> Body:
        """What a class's methods do when they are called. They do not see the names of the class."""
        touched: dict[str, Change] = {}
        methods = {}
        for name, body in self.bodies.items():
            for each, how in body.touched.items():
                touched[each] = how.then(touched.get(each))
            if body.parameters[:1] and body.parameters[0] in body.filled:
                methods[name] = body.filled[body.parameters[0]]
        return Body(
            frozenset().union(*(body.free for body in self.bodies.values())),
            touched,
            methods=methods,
            calls=frozenset(call for body in self.bodies.values() for call in body.calls_outside()),
            may_change=frozenset().union(*(body.may_change - set(body.parameters) for body in self.bodies.values())),
            inner=dict(self.bodies),
        )

    def load(self, name: str, part: str | None = WHOLE, *, feeds: bool = True) -> None:
        if name not in self.own:
            self.around.load(name, part, feeds=feeds)

    def bind(self, name: str) -> None:
        self.own.add(name)

    def unbind(self, name: str) -> None:
        self.own.discard(name)

    def change(self, name: str, how: Change) -> None:
        if name not in self.own:
            self.around.change(name, how)
        else:
            self.touch(name)

    def define(self, name: str, body: Body) -> None:
        self.own.add(name)
        self.bodies[name] = body

    def fix(self, name: str, value: str) -> None:
        """What a class binds is its own."""

    def declare(self, names: Iterable[str]) -> None:
        self.around.declare(names)

    def call(self, call: Call) -> None:
        for each in call.seen_from_outside(self._outside):
            self.around.call(each)

    def _outside(self, name: str) -> frozenset[str]:
        return self.shares.reached(name) - self.own

    def touch(self, name: str) -> None:
        for each in self._outside(name):
            self.around.touch(each)

    def share(self, name: str, others: frozenset[str]) -> None:
        self.shares.add(name, others)
        if name not in self.own:
            self.around.share(name, self._outside(name))

    def make(self, name: str, maker: str) -> None:
        """What a class binds is its own."""

    def become(self, name: str, kind: str) -> None:
        """What a class binds is its own."""

    def mark(self) -> frozenset[str]:
        return frozenset(self.own)

    def join(self, *ends: frozenset[str]) -> None:
        self.own = set(frozenset.union(*ends))


class HandlerScope(InnerScope):
    """An ``except … as name`` block: the name is gone after it, everything else is bound around it."""

    __slots__ = ("_name",)

    def __init__(self, around: Scope, name: str) -> None:
        super().__init__(around, own={name})
        self._name = name

    def bind(self, name: str) -> None:
        if name != self._name:
            self.around.bind(name)

    def unbind(self, name: str) -> None:
        if name != self._name:
            self.around.unbind(name)

    def define(self, name: str, body: Body) -> None:
        if name != self._name:
            self.around.define(name, body)

    def fix(self, name: str, value: str) -> None:
        if name != self._name:
            self.around.fix(name, value)

    def become(self, name: str, kind: str) -> None:
        if name != self._name:
            self.around.become(name, kind)

    def mark(self) -> frozenset[str]:
        return self.around.mark()

    def join(self, *ends: frozenset[str]) -> None:
        self.around.join(*ends)
