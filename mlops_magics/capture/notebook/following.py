"""Statements in the order they run, with the texts their names stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_magics.capture.notebook.calls import imported_names, in_order
from mlops_magics.capture.notebook.literals import texts_of, texts_of_value

_DEEPEST = 4
"""Calls of the notebook's own functions are followed so far."""

_UNKNOWN = re.compile(r"\{.*?\}+", re.DOTALL)
"""A part of a text that the code does not tell stays in braces."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Following(ast.NodeVisitor):
    """Visits statements, nothing is run; ``_read`` is told of every call, those of the notebook's functions included.

    Parameters
    ----------
    user_ns
        The notebook's names, for texts that the statements do not tell.
    """

    def __init__(self, user_ns: Mapping[str, Any]) -> None:
        self._user_ns = user_ns
        self._imports: dict[str, str] = {}
        self._texts: dict[str, tuple[str, ...]] = {}
        self._functions: dict[str, Function] = {}
        self._called: set[str] = set()
        self._active: list[str] = []
        self._loops = 0

    def _read(self, call: ast.Call) -> None:
        """Told of a call, after those in its arguments."""
        raise NotImplementedError

    def _visit_statement(self, statement: ast.stmt) -> None:
        try:
            self.visit(statement)
        except RecursionError:
            # A chain of hundreds of calls: what it reads is told, which names its texts go to is not followed.
            for node in in_order(statement):
                if isinstance(node, ast.Call):
                    self._read(node)

    def _visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit_FunctionDef(self, node: Function) -> None:
        self._functions[node.name] = node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the standard library's name

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self._imports.update(imported_names(node))

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Assign(self, node: ast.Assign) -> None:
        self._bind(node.targets, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._bind([node.target], node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind([node.target], node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._bind([node.target], ast.BinOp(node.target, node.op, node.value))

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._bind([node.target], node.iter, is_each=True)
        self._loops += 1
        self._visit_all([*node.body, *node.orelse])
        self._loops -= 1

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        self._loops += 1
        self.generic_visit(node)
        self._loops -= 1

    def visit_withitem(self, node: ast.withitem) -> None:
        self._bind([node.optional_vars] if node.optional_vars else [], node.context_expr)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        for part in node.generators:
            self._bind([part.target], part.iter, is_each=True)
            self._visit_all(part.ifs)
        self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # noqa: N815

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self._read(node)

    def _bind(self, targets: Sequence[ast.expr], value: ast.expr, *, is_each: bool = False) -> None:
        self.visit(value)
        for target in targets:
            self._name(target, value, is_each=is_each)

    def _name(self, target: ast.expr, value: ast.expr, *, is_each: bool) -> None:
        """Remember which texts the names of a target stand for."""
        if not is_each and isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for part, given in zip(target.elts, value.elts, strict=False):
                self._name(part, given, is_each=False)
            return
        texts = texts_of(value, self._lookup)
        for name in names_in(target):
            if isinstance(target, ast.Name) and texts:
                self._texts[name] = self._completed(name, texts)
            elif is_each:
                self._texts[name] = ()  # what the namespace holds is the last of many
            else:
                self._texts.pop(name, None)

    def _completed(self, name: str, texts: tuple[str, ...]) -> tuple[str, ...]:
        """A text of which a part is not known, as the notebook's value tells it, where that is one the text may be. In
        a loop it is the last of many.
        """
        if self._loops or self._active or len(texts) != 1 or (known := _UNKNOWN.split(texts[0])) == [*texts]:
            return texts
        held = texts_of_value(self._user_ns.get(name))
        may_be = re.compile(".+".join(map(re.escape, known)), re.DOTALL)
        return held if len(held) == 1 and may_be.fullmatch(held[0]) else texts

    def _lookup(self, name: str) -> tuple[str, ...]:
        if name in self._texts:
            return self._texts[name]
        return texts_of_value(self._user_ns.get(name))

    def _follow(self, function: Function, call: ast.Call) -> None:
        self._called.add(function.name)
        if function.name in self._active or len(self._active) >= _DEEPEST:
            return
        given = dict(arguments_of(function, call))
        texts = {name: texts_of(given.get(name), self._lookup) for name in parameters_of(function)}
        kept = self._texts
        self._texts = {**self._texts, **texts}
        self._active.append(function.name)
        self._visit_all(function.body)
        self._active.pop()
        self._texts = kept


def parameters_of(function: Function) -> frozenset[str]:
    """The names of all parameters."""
    return frozenset(part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg))


def names_in(target: ast.AST) -> Iterator[str]:
    """The names that an assignment to ``target`` binds."""
    return (part.id for part in ast.walk(target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))


def arguments_of(function: Function, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The parameters of a function and what they are in this call; defaults first, what is given after them."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    defaults = function.args.defaults
    yield from zip((each.arg for each in parameters[len(parameters) - len(defaults) :]), defaults, strict=True)
    for each, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if default is not None:
            yield each.arg, default
    yield from zip((each.arg for each in parameters), call.args, strict=False)
    known = {each.arg for each in [*parameters, *function.args.kwonlyargs]}
    yield from ((each.arg, each.value) for each in call.keywords if each.arg in known)
