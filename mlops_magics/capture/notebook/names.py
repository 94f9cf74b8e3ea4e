"""What a cell does to names: which it takes from outside, which it leaves behind, which it changes in place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from mlops_magics.capture.notebook.bodies import Body, Call, Change, Shares
from mlops_magics.capture.notebook.module import ModuleScope
from mlops_magics.capture.notebook.source import python_of
from mlops_magics.capture.notebook.walk import Walker


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What running a cell does to the names of the notebook.

    Parameters
    ----------
    reads
        Names taken from outside: those that are mentioned before the cell itself has bound them.
    writes
        Names bound by the cell, still bound at its end.
    changes
        Names whose object is changed in place, such as ``df`` in ``df["a"] = 1``, ``x.append(1)`` or ``x += 1``.
    deletes
        Names that ``del`` removed.
    is_opaque
        Something was done that no name shows: ``import *``, ``exec``, ``%run``, ``%load_ext``, a file written.
    binds_anything
        The cell may have bound any name: ``import *``, ``exec``, ``%run``.
    closures
        Name of a function or class the cell defines → the outer names its code reads when it is called.
    touches
        Name of a function or class → the outer names its code binds or changes when it is called, and how.
    maybe
        Those of ``writes`` that are bound on some path only.
    unsure
        Those of ``reads`` that are read only after the cell may have bound them itself.
    parts
        Name read → the items and attributes of it that something is made of; ``"*"`` where it is not known which.
    early
        Name changed → the items and attributes of it that are read before the last change.
    how
        Name changed → how it is changed: what of it comes out the same when the cell is run again.
    bodies
        Name of a function or class → all that is known of its code.
    calls
        What is called from outside, or with names from outside.
    own_calls
        Calls of code that the cell itself defines, with names from outside.
    may_change
        Names from outside that are changed under another name, or a part of them.
    shares
        Name → names whose object, or a part of it, it may be or hold from now on.
    kinds
        Name written → the last word of what was called to make it; ``"constant"`` for a literal.
    made
        Name written → the name from outside that was called to make it.
    fixed
        Name written → a text that says what it is in full: the import, the function or the class it is bound to.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    is_opaque: bool = False
    binds_anything: bool = False
    closures: Mapping[str, frozenset[str]] = field(default_factory=dict)
    touches: Mapping[str, Mapping[str, Change]] = field(default_factory=dict)
    maybe: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    early: Mapping[str, frozenset[str]] = field(default_factory=dict)
    how: Mapping[str, Change] = field(default_factory=dict)
    bodies: Mapping[str, Body] = field(default_factory=dict)
    calls: frozenset[Call] = frozenset()
    own_calls: Sequence[tuple[Body, Call]] = ()
    may_change: frozenset[str] = frozenset()
    shares: Mapping[str, Collection[str]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    read_at: Mapping[str, int] = field(default_factory=dict, repr=False)
    bound_at: Mapping[str, int] = field(default_factory=dict, repr=False)

    def binds_before(self, name: str, reader: str) -> bool:
        """Whether the cell has bound ``name`` by the time it first reads ``reader``."""
        return name in self.bound_at and self.bound_at[name] < self.read_at.get(reader, 0)


@lru_cache(maxsize=4096)
def effects(source: str) -> Effects:
    r"""What running this cell does to names. Never fails; the answer is kept by the text.

    A function's body counts where the function is mentioned, in ``closures`` until then. A loop is taken to run,
    an ``if`` or a ``try`` to go either way. What cannot be read as Python is opaque.

    >>> done = effects("total = price * count\nlog.append(total)")
    >>> sorted(done.reads), sorted(done.writes), sorted(done.changes)
    (['count', 'log', 'price'], ['total'], ['log'])
    >>> effects("def area(r): return pi * r * r").closures["area"]
    frozenset({'pi'})
    """
    code = python_of(source)
    if code.module is None:
        return Effects(is_opaque=True, binds_anything=True)
    scope = ModuleScope()
    walker = Walker(scope, source)
    try:
        walker.walk_all(code.module.body)
    except RecursionError:
        return Effects(is_opaque=True, binds_anything=True)
    if code.is_local:
        scope.bound, scope.writes, scope.bodies, scope.shares = set(), set(), {}, Shares()
    return _effects(scope, is_opaque=walker.is_opaque, binds_anything=walker.binds_anything)


def _effects(scope: ModuleScope, *, is_opaque: bool, binds_anything: bool) -> Effects:
    alive = {name: body for name, body in scope.bodies.items() if name in scope.writes}
    return Effects(
        reads=frozenset(scope.reads),
        writes=frozenset(scope.writes),
        changes=frozenset(scope.changes),
        deletes=frozenset(scope.deletes),
        is_opaque=is_opaque,
        binds_anything=binds_anything,
        closures={name: body.free - {name} for name, body in alive.items()},
        touches={name: body.touched for name, body in alive.items() if body.touched},
        maybe=frozenset(scope.writes - scope.bound),
        unsure=frozenset(scope.unsure),
        parts={name: frozenset(parts) for name, parts in scope.feeding.items()},
        early=scope.early,
        how=scope.changes,
        bodies=alive,
        calls=frozenset(scope.calls),
        own_calls=scope.own_calls,
        may_change=frozenset(scope.touched),
        shares=scope.shares,
        kinds={name: kind for name, kind in scope.kinds.items() if name in scope.bound},
        made={name: maker for name, maker in scope.made.items() if name in scope.bound},
        fixed={name: value for name, value in scope.fixed.items() if name in scope.bound},
        read_at=scope.read_at,
        bound_at=scope.bound_at,
    )
