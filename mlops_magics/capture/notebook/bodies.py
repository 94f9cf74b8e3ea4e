"""What code does when it runs later: a function's body, a class's methods, and the calls they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

WHOLE = "*"
"""The part of a name that is read when it is not known which."""

BOUND = "="
"""The place that a function makes anew when it binds a name of the module."""


IMPORT = "import "
"""How the text begins that says in full what an import bound a name to."""


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


class Call(NamedTuple):
    """A call: of ``root`` itself, or of ``method`` of it.

    Parameters
    ----------
    root
        The name that what is called begins with; empty where it begins with none.
    method
        Empty where the root itself is called.
    is_of_part
        The method is one of a part of the root: ``root.layers[0].method()``.
    handed
        Names that are handed over as they are, by position or parameter.
    lent
        Every name that is handed over, or a part of it, in whatever way.
    path
        What is called in full, as it is written: ``root.part.method``.
    is_wanted
        Whether somebody takes what it gives back.
    is_told
        Whether it is known, and told apart, that the method changes what it is called on.
    is_of_new
        The method is one of what calling the root has just made: ``root().method()``.
    """

    root: str
    method: str = ""
    is_of_part: bool = False
    handed: tuple[tuple[int | str, str], ...] = ()
    lent: frozenset[str] = frozenset()
    path: str = ""
    is_wanted: bool = True
    is_told: bool = False
    is_of_new: bool = False

    def seen_from_outside(self, outer: Callable[[str], Collection[str]]) -> Iterator[Call]:
        """The same call in terms of the names that ``outer`` gives for its own; nothing when there are none."""
        lent = frozenset(each for name in self.lent for each in outer(name))
        handed = tuple((key, name) for key, name in self.handed if name in outer(name))
        roots = outer(self.root) if self.root else ()
        if roots == {self.root} and lent == self.lent:
            yield self
            return
        for root in roots:
            is_of_part = self.is_of_part or root != self.root
            yield self._replace(root=root, is_of_part=is_of_part, handed=handed, lent=lent)
        if lent and not roots:
            yield self._replace(root="", handed=handed, lent=lent)


class Shares(dict[str, set[str]]):
    """Name → names whose object, or a part of it, it may be: ``model`` → ``models`` in ``for model in models``."""

    def add(self, name: str, others: Iterable[str]) -> None:
        """Remember that ``name`` may be something of ``others``."""
        self.setdefault(name, set()).update(others)

    def reached(self, name: str) -> frozenset[str]:
        """The name itself, and all that it may be something of."""
        if name not in self:
            return frozenset({name})
        found, waiting = {name}, [name]
        while waiting:
            new = self.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return frozenset(found)


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
    calls, shares
        What it calls of its parameters and of names that are not its own, and which of them it may put into others.
    may_change
        Parameters and names that are not its own, of which it changes something under another name.
    inner
        Of a class: the code of its methods.
    is_generator
        Whether calling it gives what can be gone through once.
    is_derived
        Of a class: whether it inherits from another, whose methods are not among its own.
    """

    free: frozenset[str] = frozenset()
    touched: Mapping[str, Change] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    filled: Mapping[str, Change] = field(default_factory=dict)
    methods: Mapping[str, Change] | None = None
    calls: frozenset[Call] = frozenset()
    may_change: frozenset[str] = frozenset()
    inner: Mapping[str, Body] = field(default_factory=dict)
    is_generator: bool = False
    is_derived: bool = False

    def calls_outside(self) -> Iterator[Call]:
        """What it calls of names that are not its own, whatever it is handed."""
        for call in self.calls:
            yield from call.seen_from_outside(lambda name: () if name in self.parameters else {name})

    def changes(self, handed: Iterable[tuple[int | str, str]]) -> Iterator[tuple[str, Change]]:
        """The names handed to it, by position or parameter, that a call changes, and how."""
        for key, name in handed:
            parameter = key if isinstance(key, str) else self.parameters[key] if key < len(self.parameters) else ""
            if parameter in self.filled:
                yield name, self.filled[parameter]
