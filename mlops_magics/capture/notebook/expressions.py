"""What expressions do to names, in the order Python evaluates them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from mlops_magics.capture.notebook.bodies import WHOLE, Body, Call, Change
from mlops_magics.capture.notebook.places import Places
from mlops_magics.capture.notebook.scopes import FunctionScope, InnerScope, Scope
from mlops_magics.capture.notebook.shapes import arguments, binds_globals, global_name, names_in

_SIGNS: tuple[type[ast.AST], ...] = tuple(
    sign
    for kind in (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
    for sign in kind.__subclasses__()
)
"""Nodes that name nothing."""


class ExpressionWalker:
    """Walks expressions within ``scope``, telling it of every name. ``source`` is the cell's text."""

    def __init__(self, scope: Scope, source: str) -> None:
        self.is_opaque = False
        self.binds_anything = False
        self._scope = scope
        self._places = Places(source)
        self._filling: str | None = None
        self._goes_on = False
        self._seen: set[tuple[str, str]] = set()
        self._is_looking = False
        self._acts: dict[type[ast.AST], Callable[..., None]] = {
            ast.Name: self._name,
            ast.Constant: self._nothing,
            ast.Attribute: self._access,
            ast.Subscript: self._access,
            ast.NamedExpr: self._walrus,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.Lambda: self._lambda,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            **dict.fromkeys(_SIGNS, self._nothing),
        }

    def walk(self, node: ast.AST) -> None:
        """Tell the scope what this node does."""
        act = self._acts.get(type(node))
        if act is not None:
            act(node)
            return
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                self.walk(value)
            elif isinstance(value, list):
                for each in value:
                    if isinstance(each, ast.AST):
                        self.walk(each)

    def walk_all(self, nodes: Iterable[ast.AST]) -> None:
        """Tell the scope what these nodes do, one after another."""
        for node in nodes:
            self.walk(node)

    # -- names and parts of them --------------------------------------------------------------------------------------

    def _nothing(self, node: ast.AST) -> None:
        pass

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._load(node.id, WHOLE)
        else:
            self._target(node)

    def _load(self, name: str, part: str) -> None:
        is_filled = part == WHOLE and name == self._filling
        if not is_filled:
            self._seen.add((name, part))
        # What is only looked at makes nothing; what a column is made of is taken to be other columns.
        self._scope.load(name, None if self._is_looking else part, feeds=not is_filled)

    def _access(self, node: ast.Attribute | ast.Subscript) -> None:
        """``x.a``, ``x["a"]``, ``x.loc[…, "a"]`` read a part; anything else reads the whole."""
        if name := global_name(node):
            self._load(name, WHOLE)
            return
        root, parts = self._places.of(node)
        if root is None:
            self._walk_children(node)
            return
        for part in parts:
            self._load(root, part.partition("/")[0])
        self._walk_slices(node)

    def _walk_children(self, node: ast.Attribute | ast.Subscript) -> None:
        self.walk(node.value)
        if isinstance(node, ast.Subscript):
            self.walk(node.slice)

    def _walk_slices(self, node: ast.expr) -> None:
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Subscript):
                self.walk(node.slice)
            node = node.value

    # -- binding and changing -----------------------------------------------------------------------------------------

    def _target(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self._scope.bind(node.id)
        elif isinstance(node, ast.Tuple | ast.List):
            for each in node.elts:
                self._target(each)
        elif isinstance(node, ast.Starred):
            self._target(node.value)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            self._fill(node)

    def _fill(self, node: ast.Attribute | ast.Subscript) -> None:
        """``x["a"] = …``: what x is changes; it comes out the same again unless that part of x was asked for."""
        if name := global_name(node):
            self._scope.declare([name])
            self._scope.bind(name)
            return
        root, parts = self._places.of(node)
        if root is None:
            if binds_globals(node):
                self.is_opaque = self.binds_anything = True
            self._walk_children(node)
            return
        self._scope.load(root, None)
        self._walk_slices(node)
        is_new = not any((root, part.partition("/")[0]) in self._seen for part in parts)
        self._change(root, parts if is_new and not self._goes_on else ())

    def _change(self, root: str, settled: tuple[str, ...], *, by_method: bool = False) -> None:
        if root in {"sys", "os"} and not by_method:
            self.is_opaque = True
        self._scope.change(root, Change(frozenset(settled), by_method))

    def _share_each(self, target: ast.expr, each_of: ast.expr) -> None:
        """``for model in models.values()``: what is done to the one is done to the others. What can be gone through
        once is at its end then.
        """
        if isinstance(each_of, ast.Name):
            name = each_of.id
            self._scope.call(Call("iter", handed=((0, name),), lent=frozenset({name}), path="iter"))
        others = frozenset(names_in(each_of))
        for name in names_in(target):
            self._scope.share(name, others)

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.walk(node.value)
        scope = self._scope
        # In a comprehension it binds in the scope around.
        while isinstance(scope, InnerScope) and not scope.is_class:
            scope = scope.around
        scope.bind(node.target.id)

    # -- code with names of its own -----------------------------------------------------------------------------------

    def _within(self, scope: Scope, nodes: Iterable[ast.AST]) -> None:
        outer, seen, filling = self._scope, self._seen, self._filling
        opaque = self.is_opaque, self.binds_anything
        self._scope, self._seen, self._filling = scope, set(), None
        self.walk_all(nodes)
        self._scope, self._seen, self._filling = outer, seen, filling
        if isinstance(scope, FunctionScope):
            self.is_opaque, self.binds_anything = opaque

    def _body_of(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Body:
        inside = FunctionScope(tuple(argument.arg for argument in arguments(node.args)))
        for each in getattr(node, "type_params", ()):
            inside.bind(each.name)
        self._within(inside, node.body if isinstance(node.body, list) else [node.body])
        return inside.body()

    def _walk_defaults(self, arguments: ast.arguments) -> None:
        self.walk_all(arguments.defaults)
        self.walk_all(each for each in arguments.kw_defaults if each is not None)

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> None:
        if isinstance(self._scope, FunctionScope):
            self._scope.is_generator = True
        if node.value is not None:
            self.walk(node.value)

    def _lambda(self, node: ast.Lambda) -> None:
        self._walk_defaults(node.args)
        body = self._body_of(node)
        for name in sorted(body.free):
            self._load(name, WHOLE)
        for name, how in body.touched.items():
            self._scope.change(name, how)
        for call in body.calls_outside():
            self._scope.call(call)
        for name in body.may_change - set(body.parameters):
            self._scope.touch(name)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        # The first iterable is evaluated outside.
        self.walk(node.generators[0].iter)
        inside, outer = InnerScope(self._scope), self._scope
        self._scope = inside
        for number, generator in enumerate(node.generators):
            if number:
                self.walk(generator.iter)
            self._target(generator.target)
            self._share_each(generator.target, generator.iter)
            self.walk_all(generator.ifs)
        self.walk_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self._scope = outer
