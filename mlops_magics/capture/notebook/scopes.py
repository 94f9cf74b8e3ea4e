"""Where a name lives: what a module, a function, a class or a comprehension does with the names it mentions.

A walker tells a scope what it meets, in the order Python evaluates it. What is not the scope's own goes to the one
around it; the module's scope keeps the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

WHOLE = "*"
"""The part of a name that is read when it is not known which."""

BOUND = "="
"""The place that a function makes anew when it binds a name of the module."""


@dataclass(frozen=True, slots=True)
class Change:
    """How something is changed in place.

    ``settled`` are the places that hold the same when the change is made again; empty where it goes on from what it
    finds. ``by_method`` says that only a call such as ``x.append(…)`` tells of it, which changes no module.
    """

    settled: frozenset[str] = frozenset()
    by_method: bool = False

    def then(self, other: Change | None) -> Change:
        """Both changes, one after the other."""
        if other is None:
            return self
        is_settled = self.settled and other.settled
        settled = self.settled | other.settled if is_settled else frozenset[str]()
        return Change(settled, self.by_method and other.by_method)


@dataclass(frozen=True, slots=True)
class Body:
    """What the code of a function, or of a class's methods, does when it is called.

    Parameters
    ----------
    free
        Names that are not its own and that it reads.
    touched
        Names that are not its own and that it binds or changes.
    parameters, filled
        Its parameters in order, and how it changes those that are handed to it.
    methods
        Of a class: how its methods change the object; None for a function.
    """

    free: frozenset[str] = frozenset()
    touched: Mapping[str, Change] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    filled: Mapping[str, Change] = field(default_factory=dict)
    methods: Mapping[str, Change] | None = None

    def changes(self, handed: Iterable[tuple[int | str, str]]) -> Iterator[tuple[str, Change]]:
        """The names handed to it, by position or parameter, that a call changes, and how."""
        for key, name in handed:
            parameter = key if isinstance(key, str) else self.parameters[key] if key < len(self.parameters) else ""
            if parameter in self.filled:
                yield name, self.filled[parameter]


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

    def call(self, name: str, handed: tuple[tuple[int | str, str], ...]) -> None:
        """The name is called, with names handed to it by position or parameter."""

    def ask(self, name: str, method: str) -> None:
        """A method of the name is called."""

    def make(self, name: str, maker: str) -> None:
        """The name was just bound to what calling ``maker`` gave."""

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

    def body(self) -> Body:
        """What the function does to names that are not its own, and to what is handed to it."""
        own = (self.own | set(self.parameters)) - self.outer
        touched = {name: how for name, how in self.changed.items() if name not in own}
        for name in self.own & self.outer:
            bound = Change() if name in self.loads else Change(frozenset({BOUND}))
            touched[name] = bound.then(touched.get(name))
        handed = set(self.parameters) - self.own
        filled = {name: how for name, how in self.changed.items() if name in handed}
        return Body(frozenset(self.loads - own), touched, self.parameters, filled)

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

    def fix(self, name: str, value: str) -> None:
        """What a function binds is gone when it returns."""

    def declare(self, names: Iterable[str]) -> None:
        self.outer.update(names)

    def call(self, name: str, handed: tuple[tuple[int | str, str], ...]) -> None:
        """What a function hands on is not followed."""

    def ask(self, name: str, method: str) -> None:
        """Nor what it asks of others."""

    def make(self, name: str, maker: str) -> None:
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

    def body(self) -> Body:
        """What a class's methods do when they are called. They do not see the names of the class."""
        touched: dict[str, Change] = {}
        methods = {}
        for name, body in self.bodies.items():
            for each, how in body.touched.items():
                touched[each] = how.then(touched.get(each))
            if body.parameters[:1] and body.parameters[0] in body.filled:
                methods[name] = body.filled[body.parameters[0]]
        return Body(frozenset().union(*(body.free for body in self.bodies.values())), touched, methods=methods)

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

    def define(self, name: str, body: Body) -> None:
        self.own.add(name)
        self.bodies[name] = body

    def fix(self, name: str, value: str) -> None:
        """What a class binds is its own."""

    def declare(self, names: Iterable[str]) -> None:
        self.around.declare(names)

    def call(self, name: str, handed: tuple[tuple[int | str, str], ...]) -> None:
        if name not in self.own:
            self.around.call(name, tuple(each for each in handed if each[1] not in self.own))

    def ask(self, name: str, method: str) -> None:
        if name not in self.own:
            self.around.ask(name, method)

    def make(self, name: str, maker: str) -> None:
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

    def mark(self) -> frozenset[str]:
        return self.around.mark()

    def join(self, *ends: frozenset[str]) -> None:
        self.around.join(*ends)
