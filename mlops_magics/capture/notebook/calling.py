"""What calls do to names: to those they are made of, and to those that are handed to them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from mlops_magics.capture.notebook.bodies import WHOLE, Call
from mlops_magics.capture.notebook.changing import (
    BINDING_CALLS,
    BINDING_MAGICS,
    FIRST_ARGUMENT,
    FITTING,
    MODULE_STATE,
    OPAQUE_CALLS,
    OPAQUE_MAGICS,
    SQL_METHODS,
    is_only_looking,
    may_change,
    names_in_query,
    settled_by,
)
from mlops_magics.capture.notebook.expressions import ExpressionWalker
from mlops_magics.capture.notebook.scopes import FunctionScope, Scope
from mlops_magics.capture.notebook.shapes import binds_globals, called_name, maker, texts
from mlops_magics.capture.notebook.sharing import lent, trains_arguments
from mlops_magics.capture.notebook.source import MAGIC


class CallWalker(ExpressionWalker):
    """Walks expressions with the calls in them."""

    def __init__(self, scope: Scope, source: str) -> None:
        super().__init__(scope, source)
        self._unwanted: ast.expr | None = None
        self._acts[ast.Call] = self._call

    def _call(self, node: ast.Call) -> None:
        called = called_name(node)
        if called in OPAQUE_CALLS:
            self.is_opaque = True
            self.binds_anything = self.binds_anything or called in BINDING_CALLS
        if isinstance(node.func, ast.Name) and node.func.id == MAGIC:
            self._magic(node)
            return
        if not (isinstance(node.func, ast.Attribute) and self._method(node, node.func)):
            self._walk_function(node.func)
            self._walk_arguments(node)
            self._tell_call(node)
        else:
            self._tell_call(node, is_told=True)
        if trains_arguments(node):
            for name in lent(node.args):
                self._scope.touch(name)
        self._read_queries(node, called)
        if called in FIRST_ARGUMENT:
            self._change_arguments(node.args[:1])
        self._change_arguments([word.value for word in node.keywords if word.arg == "out"])

    def _read_queries(self, node: ast.Call, called: str) -> None:
        for text in texts(node.args[:1]):
            for name in names_in_query(called, text):
                self._load(name, WHOLE)

    def _tell_call(self, node: ast.Call, *, is_told: bool = False) -> None:
        called = called_name(node)
        if called in SQL_METHODS and texts(node.args[:1]):
            # What the text of a query says is told by the text.
            return
        root, parts = self._places.of(node.func)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(owner, ast.Call) and called_name(owner) == "super" and isinstance(self._scope, FunctionScope):
            root, parts = next(iter(self._scope.parameters), None), (called,)
        is_of_new = root is None and called in FITTING
        if is_of_new:
            # What is fitted where it is made changes no more than what is fitted by its name.
            root, is_told = maker(node.func), True
        values = [*node.args, *(word.value for word in node.keywords)]
        if not root and not values:
            return
        handed: list[tuple[int | str, str]] = [
            (position, each.id) for position, each in enumerate(node.args) if isinstance(each, ast.Name)
        ]
        handed += [(word.arg, word.value.id) for word in node.keywords if word.arg and isinstance(word.value, ast.Name)]
        self._scope.call(
            Call(
                root or "",
                called if owner else "",
                is_of_part=not (owner is None or isinstance(owner, ast.Name) or is_of_new),
                handed=tuple(handed),
                lent=lent(values),
                path=".".join([root or "", *parts[:1]]).replace("/", ".") if owner else root or "",
                is_wanted=node is not self._unwanted,
                is_told=is_told,
                is_of_new=is_of_new,
            )
        )

    def _walk_function(self, func: ast.expr) -> None:
        # A method is asked of the whole, whatever it is called.
        if isinstance(func, ast.Attribute):
            if binds_globals(func) and func.attr in {"update", "setdefault", "pop"}:
                self.is_opaque = self.binds_anything = True
            self.walk(func.value)
        else:
            self.walk(func)

    def _walk_arguments(self, node: ast.Call) -> None:
        self.walk_all(node.args)
        for word in node.keywords:
            self.walk(word.value)

    def _method(self, node: ast.Call, func: ast.Attribute) -> bool:
        """Whether this is a method that changes what it is called on; the scope is told, if so."""
        if not may_change(node, func.attr) or (func.attr == "shuffle" and node.args):
            return False
        root, _ = self._places.of(func.value)
        if root is None:
            return False
        settled = settled_by(node, func.attr, root)
        if settled is None:
            return False
        self._scope.load(root, None)
        is_looking, self._is_looking = self._is_looking, False
        self._walk_slices(func.value)
        self._walk_arguments(node)
        self._is_looking = is_looking
        is_plain = isinstance(func.value, ast.Name)
        if any("Name(" in each for each in settled):
            # The same words of another cell may mean another value.
            settled = tuple(each + self._places.stamp for each in settled)
        if not is_plain and settled:
            settled = tuple(f"{ast.dump(func.value)}.{each}" for each in settled)
        by_method = is_plain and func.attr not in MODULE_STATE and func.attr not in SQL_METHODS
        self._change(root, settled, by_method=by_method)
        return True

    def _change_arguments(self, arguments: Iterable[ast.expr]) -> None:
        for argument in arguments:
            root, _ = self._places.of(argument)
            if root is not None:
                self._change(root, ())

    def _magic(self, node: ast.Call) -> None:
        name, text, *uses = node.args
        assert isinstance(name, ast.Constant)
        assert isinstance(text, ast.Constant)
        if name.value in OPAQUE_MAGICS or (name.value == "!" and not is_only_looking(str(text.value))):
            self.is_opaque = True
        if name.value in BINDING_MAGICS:
            self.binds_anything = True
        self.walk_all(uses)

