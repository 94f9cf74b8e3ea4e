"""One walk over a cell's statements, in the order Python runs them, telling a scope of every name it meets."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from mlops_magics.capture.notebook.bodies import IMPORT
from mlops_magics.capture.notebook.calling import CallWalker
from mlops_magics.capture.notebook.filling import goes_on_deleting, reads_itself
from mlops_magics.capture.notebook.scopes import FunctionScope, HandlerScope, InnerScope, Scope
from mlops_magics.capture.notebook.shapes import (
    arguments,
    called_name,
    defaults,
    is_always_true,
    is_constant,
    is_irrefutable,
    kind_of,
    leaves,
    names_in,
    only_looks,
)
from mlops_magics.capture.notebook.sharing import kept


class Walker(CallWalker):
    """Walks statements within ``scope``, telling it of every name. ``source`` is the cell's text."""

    def __init__(self, scope: Scope, source: str) -> None:
        super().__init__(scope, source)
        self._branches = 0
        self._acts |= {
            ast.Expr: self._expression,
            ast.Assert: self._assert,
            ast.Assign: self._assign,
            ast.AugAssign: self._augment,
            ast.AnnAssign: self._annotate,
            ast.Delete: self._delete,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            ast.Match: self._match,
            ast.Global: self._global,
            ast.Nonlocal: self._global,
        }
        for name, act in (("TryStar", self._try), ("TypeAlias", self._type_alias)):
            if statement := getattr(ast, name, None):
                self._acts[statement] = act

    def _expression(self, node: ast.Expr) -> None:
        self._seen.clear()
        call = self._unwanted = node.value
        self._look(call) if only_looks(call) else self.walk(call)
        # sklearn's shuffle returns a copy, and then somebody wants it.
        if isinstance(call, ast.Call) and called_name(call) == "shuffle":
            self._change_arguments(call.args[:1])

    def _look(self, node: ast.expr) -> None:
        self._is_looking = True
        self.walk(node)
        self._is_looking = False

    def _assert(self, node: ast.Assert) -> None:
        self._look(node.test)

    # -- binding ------------------------------------------------------------------------------------------------------

    def _assign(self, node: ast.Assign) -> None:
        self._seen.clear()
        filled = next((t for t in node.targets if isinstance(t, ast.Attribute | ast.Subscript)), None)
        self._filling = self._places.of(filled)[0] if filled else None
        self._goes_on = bool(filled and self._filling and reads_itself(filled, node.value, self._filling))
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self._define_lambda(node.targets, node.value)
        else:
            self.walk(node.value)
            for target in node.targets:
                self._target(target)
        self._filling, self._goes_on = None, False
        self._make(node.targets, node.value)

    def _make(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        """Tell what is now known of the targets: what was called to make them, and whose objects they go on using."""
        others, kind = kept(value), kind_of(value)
        for target in targets:
            if isinstance(target, ast.Name):
                if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                    self._scope.make(target.id, value.func.id)
                if kind:
                    self._scope.become(target.id, kind)
            self._share(target, others)

    def _share(self, target: ast.expr, others: frozenset[str]) -> None:
        root, _ = self._places.of(target)
        names = [root] if root else names_in(target)
        for name in names if others else ():
            self._scope.share(name, others)

    def _define_lambda(self, targets: Sequence[ast.expr], value: ast.Lambda) -> None:
        self._walk_defaults(value.args)
        body = self._body_of(value)
        for target in targets:
            if isinstance(target, ast.Name):
                self._scope.define(target.id, body)
            else:
                self._target(target)

    def _say(self, name: str, value: str) -> None:
        # On one path of several, it is not known to be this.
        if not self._branches:
            self._scope.fix(name, value)

    def _augment(self, node: ast.AugAssign) -> None:
        self.walk(node.value)
        root, parts = self._places.of(node.target)
        if root is None:
            if isinstance(node.target, ast.Attribute | ast.Subscript):
                self._walk_children(node.target)
            return
        for part in parts:
            self._load(root, part.partition("/")[0])
        self._walk_slices(node.target)
        self._change(root, ())

    def _annotate(self, node: ast.AnnAssign) -> None:
        self.walk(node.annotation)
        if node.value is not None:
            self._seen.clear()
            self.walk(node.value)
            self._target(node.target)
            self._make([node.target], node.value)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._scope.unbind(target.id)
            elif isinstance(target, ast.Attribute | ast.Subscript):
                root, parts = self._places.of(target)
                self._walk_slices(target)
                if root is None:
                    self._walk_children(target)
                    continue
                for part in parts:
                    self._load(root, part.partition("/")[0])
                self._change(root, () if goes_on_deleting(target) else parts)
            else:
                for each in getattr(target, "elts", ()):
                    self._delete(ast.Delete([each]))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._scope.bind(name)
            self._say(name, f"{IMPORT}{alias.name if alias.asname else name}")

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.is_opaque = self.binds_anything = True
            elif node.module != "__future__":
                name = alias.asname or alias.name
                self._scope.bind(name)
                self._say(name, f"{IMPORT}{'.' * node.level}{node.module or ''}.{alias.name}")

    def _type_alias(self, node: ast.AST) -> None:
        # Read by name: the oldest Python supported does not have this statement.
        name, value, inside = getattr(node, "name", None), getattr(node, "value", None), FunctionScope()
        for each in getattr(node, "type_params", ()):
            inside.bind(each.name)
        if isinstance(name, ast.Name) and isinstance(value, ast.expr):
            self._within(inside, [value])
            self._scope.define(name.id, inside.body())

    def _global(self, node: ast.Global | ast.Nonlocal) -> None:
        self._scope.declare(node.names)

    # -- definitions --------------------------------------------------------------------------------------------------

    def _decorate(self, decorators: Sequence[ast.expr]) -> None:
        """A decorator is called: ``@registry.register`` changes the registry."""
        self.walk_all(decorators)
        for each in decorators:
            if not isinstance(each, ast.Call):
                self._tell_call(ast.Call(each, args=[], keywords=[]))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._decorate(node.decorator_list)
        self._walk_defaults(node.args)
        parameters = {each.name for each in getattr(node, "type_params", ())}
        notes = [each.annotation for each in arguments(node.args) if each.annotation]
        notes += [node.returns] if node.returns else []
        self._within(InnerScope(self._scope, own=parameters), notes)
        self._scope.define(node.name, self._body_of(node))
        if not node.decorator_list and all(is_constant(each) for each in defaults(node.args)):
            self._say(node.name, self._places.lines_of(node))

    def _class(self, node: ast.ClassDef) -> None:
        self._decorate(node.decorator_list)
        inside = InnerScope(self._scope, is_class=True, own={each.name for each in getattr(node, "type_params", ())})
        self._within(inside, [*node.bases, *(word.value for word in node.keywords)])
        self._within(inside, node.body)
        self._scope.define(node.name, replace(inside.body(), is_derived=bool(node.bases)))
        if not node.decorator_list and not node.bases and not node.keywords:
            self._say(node.name, self._places.lines_of(node))

    # -- paths --------------------------------------------------------------------------------------------------------

    def _paths(self, *paths: Sequence[ast.stmt]) -> None:
        """Alternatives, of which one is taken. One that leaves says nothing of what is bound after it."""
        start = self._scope.mark()
        ends = []
        self._branches += 1
        for path in paths:
            self._scope.join(start)
            self.walk_all(path)
            if not (path and leaves(path[-1])):
                ends.append(self._scope.mark())
        self._branches -= 1
        self._scope.join(*(ends or [start]))

    def _if(self, node: ast.If) -> None:
        self._seen.clear()
        self.walk(node.test)
        if is_always_true(node.test):
            self.walk_all(node.body)
        else:
            self._paths(node.body, node.orelse)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._seen.clear()
        self.walk(node.iter)
        # A loop is taken to run at least once.
        self._target(node.target)
        self._share_each(node.target, node.iter)
        self.walk_all(node.body)
        self.walk_all(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._seen.clear()
            self.walk(item.context_expr)
            if isinstance(item.context_expr, ast.Name | ast.Attribute):
                # Entered and left, it may be another one: the model of a `with model:` has new variables.
                self._scope.touch(self._places.of(item.context_expr)[0] or "")
            if item.optional_vars is not None:
                self._target(item.optional_vars)
                self._share(item.optional_vars, kept(item.context_expr))
        self.walk_all(node.body)

    def _try(self, node: ast.Try) -> None:
        before = self._scope.mark()
        self.walk_all([*node.body, *node.orelse])
        after = self._scope.mark()
        ends = [after]
        for handler in node.handlers:
            self._handler(handler, before)
            if not leaves(handler.body[-1]):
                ends.append(self._scope.mark())
        self._scope.join(*ends)
        self.walk_all(node.finalbody)

    def _handler(self, handler: ast.ExceptHandler, before: frozenset[str]) -> None:
        self._scope.join(before)
        if handler.type is not None:
            self.walk(handler.type)
        inside: Scope = self._scope
        if handler.name and handler.name not in before:
            inside = HandlerScope(self._scope, handler.name)
        outer, self._scope = self._scope, inside
        self._branches += 1
        self.walk_all(handler.body)
        self._branches -= 1
        self._scope = outer

    def _match(self, node: ast.Match) -> None:
        self.walk(node.subject)
        start = self._scope.mark()
        ends, is_complete = [], False
        self._branches += 1
        for case in node.cases:
            self._scope.join(start)
            self._pattern(case.pattern)
            if case.guard is not None:
                self.walk(case.guard)
            self.walk_all(case.body)
            if not leaves(case.body[-1]):
                ends.append(self._scope.mark())
            is_complete = is_complete or (case.guard is None and is_irrefutable(case.pattern))
        self._branches -= 1
        self._scope.join(*ends, *([] if is_complete and ends else [start]))

    def _pattern(self, pattern: ast.AST) -> None:
        for field in ("name", "rest"):
            name = getattr(pattern, field, None)
            if isinstance(name, str):
                self._scope.bind(name)
        for child in ast.iter_child_nodes(pattern):
            if isinstance(child, ast.pattern):
                self._pattern(child)
            else:
                self.walk(child)
