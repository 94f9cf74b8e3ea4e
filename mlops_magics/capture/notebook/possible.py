"""Which names may an execution change, beyond those of which that is known? One too many does no harm."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mlops_magics.capture.notebook.bindings import Binding
from mlops_magics.capture.notebook.bodies import IMPORT, Body, Call
from mlops_magics.capture.notebook.calls import CUSTOMS
from mlops_magics.capture.notebook.looking import is_builtin, is_harmless, is_look, is_used_up, makes_object
from mlops_magics.capture.notebook.names import Effects

_DEEPEST = 6
"""Calls of the notebook's own functions are followed so far."""


class Possible:
    """Collects what calls may change. ``bindings`` is what names stand for when they are made.

    A method that is not known to look only may change what it is called on and what it is handed; a function that is
    not known, what it is handed; what is called without being a function, itself. The code of the notebook's own
    functions and classes tells what they do.
    """

    def __init__(self, bindings: Mapping[str, Binding]) -> None:
        self._bindings = bindings
        self._found: set[str] = set()
        self._told: set[str] = set()
        self._seen: set[tuple[int, Call]] = set()
        self._depth = 0

    def names(self, changes: Collection[str]) -> frozenset[str]:
        """What was collected; ``changes`` are the names of which it is known that they are changed, and how."""
        found = self._found | (self._told - set(changes))
        return frozenset(name for name in found if self._can_change(name))

    def visit_cell(self, done: Effects) -> None:
        """All that a cell does by itself."""
        self._add(done.may_change)
        for call in done.calls:
            self._visit(call)
        for body, call in done.own_calls:
            self._visit(call, body)

    def visit_body(self, body: Body) -> None:
        """What a function that a cell mentions does to names that are not its own."""
        self._add(body.may_change.difference(body.parameters))
        for call in body.calls_outside():
            self._visit(call)

    def _add(self, names: Collection[str]) -> None:
        self._found.update(names)

    def _visit(self, call: Call, body: Body | None = None) -> None:
        self._add([name for name in (call.root, *call.lent) if is_used_up(self._kind(name))])
        body = body or self._body(call.root)
        if body is None:
            self._visit_unknown(call)
        elif body.methods is None:
            self._enter(body, call) if not call.method else self._visit_unknown(call)
        elif call.is_of_part:
            self._visit_unknown(call)
        else:
            for method in [call.method] if call.method else ["__init__", "__call__"]:
                if method in body.inner:
                    self._enter(body.inner[method], call, is_method=True)
                elif call.method or (body.is_derived and method == "__call__" and not makes_object(call.root)):
                    self._visit_unknown(call)

    def _can_change(self, name: str) -> bool:
        return name in self._bindings and self._kind(name) != "constant"

    def _kind(self, name: str) -> str:
        return self._bindings[name].kind if name in self._bindings else ""

    def _body(self, name: str) -> Body | None:
        return self._bindings[name].body if name in self._bindings else None

    def _visit_unknown(self, call: Call) -> None:
        if (call.method and is_look(call.method)) or call.is_of_new:
            return
        foreign = self._foreign(call)
        if foreign is None:
            if not call.is_told:
                self._add({call.root, *call.lent})
        elif not is_harmless(foreign):
            self._add(call.lent)
            if call.method and not (call.is_wanted or call.is_told):
                # Nobody wants what it gives back: it is called to set something.
                self._add({call.root})

    def _foreign(self, call: Call) -> str | None:
        """The full name of what comes from outside of the notebook: a function of a module or of Python itself."""
        root, _, rest = call.path.partition(".")
        binding = self._bindings.get(call.root)
        if binding is not None:
            name = binding.fixed if binding.is_import else None
        elif call.path.startswith(IMPORT):
            return call.path.removeprefix(IMPORT)
        else:
            name = f"builtins.{root}" if is_builtin(root) else CUSTOMS.get(root, root) if call.root else None
        return ".".join(part for part in (name.removeprefix(IMPORT), rest) if part) if name else None

    def _enter(self, body: Body, call: Call, *, is_method: bool = False) -> None:
        if self._depth >= _DEEPEST or (id(body), call) in self._seen:
            return
        self._seen.add((id(body), call))
        parameters = body.parameters[1:] if is_method else body.parameters
        given: dict[str, set[str]] = {}
        for key, name in call.handed:
            parameter = key if isinstance(key, str) else parameters[key] if key < len(parameters) else ""
            if parameter in parameters:
                given.setdefault(parameter, set()).add(name)
        # What is handed in another way, in a list or as one of *args, may become any of them.
        others = call.lent.difference(*given.values())
        if is_method and body.parameters and call.root and not call.is_of_new:
            given[body.parameters[0]] = {call.root}

        def outer(name: str) -> frozenset[str]:
            return frozenset(given.get(name, ())) | others if name in body.parameters else frozenset({name})

        self._told.update(*(outer(name) for name in body.filled))
        self._found.update(*(outer(name) for name in body.may_change))
        self._depth += 1
        for inner in body.calls:
            for each in inner.seen_from_outside(outer):
                self._visit(each)
        self._depth -= 1
