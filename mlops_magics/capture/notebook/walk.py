"""One walk over a cell's tree, in the order Python evaluates it, telling a scope of every name it meets."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Callable, Iterable, Sequence

from mlops_magics.capture.notebook.changing import (
    BINDING_CALLS,
    BINDING_MAGICS,
    FIRST_ARGUMENT,
    MODULE_STATE,
    OPAQUE_CALLS,
    OPAQUE_MAGICS,
    SQL_METHODS,
    is_only_looking,
    may_change,
    names_in_query,
    settled_by,
)
from mlops_magics.capture.notebook.scopes import WHOLE, Body, Change, FunctionScope, InnerScope, Scope
from mlops_magics.capture.notebook.source import MAGIC

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SIGNS: tuple[type[ast.AST], ...] = tuple(
    sign
    for kind in (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
    for sign in kind.__subclasses__()
)
"""Nodes that name nothing."""
_LEAVING = (ast.Raise, ast.Return, ast.Continue, ast.Break)


class Walker:
    """Walks statements within ``scope``. ``source`` is the cell's text."""

    def __init__(self, scope: Scope, source: str) -> None:
        self.is_opaque = False
        self.binds_anything = False
        self._scope = scope
        self._lines = source.split("\n")
        # Tells this cell's text from others'.
        self._stamp = f"@{zlib.crc32(source.encode('utf-8', 'backslashreplace')):x}"
        self._filling: str | None = None
        self._seen: set[tuple[str, str]] = set()
        self._branches = 0
        self._is_looking = False
        self._acts: dict[type[ast.AST], Callable[..., None]] = {
            ast.Name: self._name,
            ast.Constant: self._nothing,
            ast.Attribute: self._access,
            ast.Subscript: self._access,
            ast.Call: self._call,
            ast.Expr: self._expression,
            ast.Assert: self._assert,
            ast.Assign: self._assign,
            ast.AugAssign: self._augment,
            ast.AnnAssign: self._annotate,
            ast.NamedExpr: self._walrus,
            ast.Delete: self._delete,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.Lambda: self._lambda,
            ast.ClassDef: self._class,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
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
        for kind in _SIGNS:
            self._acts[kind] = self._nothing
        for name, act in (("TryStar", self._try), ("TypeAlias", self._type_alias)):
            if statement := getattr(ast, name, None):
                self._acts[statement] = act

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
        root, parts = self._place(node)
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

    def _place(self, node: ast.expr) -> tuple[str | None, tuple[str, ...]]:
        """The name a chain of items and attributes begins with, and which parts of it the chain leads to."""
        chain: list[ast.Attribute | ast.Subscript] = []
        while isinstance(node, ast.Attribute | ast.Subscript):
            chain.append(node)
            node = node.value
        if not isinstance(node, ast.Name):
            return None, ()
        if not chain:
            return node.id, (WHOLE,)
        first = chain.pop()
        if isinstance(first, ast.Attribute) and first.attr in {"loc", "iloc", "at", "iat"} and chain:
            return node.id, self._cells(chain.pop())
        parts = (first.attr,) if isinstance(first, ast.Attribute) else self._keys(first.slice)
        rest = [self._text(each.slice) if isinstance(each, ast.Subscript) else each.attr for each in reversed(chain)]
        return node.id, tuple("/".join([part, *rest]) for part in parts)

    def _keys(self, key: ast.expr) -> tuple[str, ...]:
        if isinstance(key, ast.Constant):
            return (key.value if isinstance(key.value, str) else repr(key.value),)
        if isinstance(key, ast.List) and key.elts and all(isinstance(each, ast.Constant) for each in key.elts):
            return tuple(part for each in key.elts for part in self._keys(each))
        return (f"[{self._text(key)}]{self._stamp}",)

    def _cells(self, access: ast.Attribute | ast.Subscript) -> tuple[str, ...]:
        """``.loc[rows, columns]``: some rows of the columns."""
        if isinstance(access, ast.Subscript) and isinstance(access.slice, ast.Tuple) and len(access.slice.elts) == 2:
            rows, columns = access.slice.elts
            return tuple(f"{part}/{self._text(rows)}{self._stamp}" for part in self._keys(columns))
        return (f"[{self._text(access)}]{self._stamp}",)

    def _text(self, node: ast.expr) -> str:
        """A text that is equal for equal expressions of one cell, quicker than a dump of most."""
        if node.lineno == node.end_lineno and (line := self._lines[node.lineno - 1]).isascii():
            return line[node.col_offset : node.end_col_offset]
        return ast.dump(node)

    # -- binding ------------------------------------------------------------------------------------------------------

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
        root, parts = self._place(node)
        if root is None:
            if self._binds_globals(node):
                self.is_opaque = self.binds_anything = True
            self._walk_children(node)
            return
        self._scope.load(root, None)
        self._walk_slices(node)
        is_new = not any((root, part.partition("/")[0]) in self._seen for part in parts)
        self._change(root, parts if is_new else ())

    def _change(self, root: str, settled: tuple[str, ...], *, by_method: bool = False) -> None:
        if root in {"sys", "os"} and not by_method:
            self.is_opaque = True
        self._scope.change(root, Change(frozenset(settled), by_method))

    @staticmethod
    def _binds_globals(node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"globals", "locals"}

    def _assign(self, node: ast.Assign) -> None:
        self._seen.clear()
        filled = next((t for t in node.targets if isinstance(t, ast.Attribute | ast.Subscript)), None)
        self._filling = self._place(filled)[0] if filled else None
        if isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
            self._define_lambda(node.targets, node.value)
        else:
            self.walk(node.value)
            for target in node.targets:
                self._target(target)
        self._filling = None
        self._make(node.targets, node.value)

    def _make(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            for target in targets:
                if isinstance(target, ast.Name):
                    self._scope.make(target.id, value.func.id)

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
        root, parts = self._place(node.target)
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

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.walk(node.value)
        scope = self._scope
        # In a comprehension it binds in the scope around.
        while isinstance(scope, InnerScope) and not scope.is_class:
            scope = scope.around
        scope.bind(node.target.id)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._scope.unbind(target.id)
            elif isinstance(target, ast.Attribute | ast.Subscript):
                root, parts = self._place(target)
                self._walk_slices(target)
                if root is None:
                    self._walk_children(target)
                    continue
                for part in parts:
                    self._load(root, part.partition("/")[0])
                self._change(root, parts)
            else:
                for each in getattr(target, "elts", ()):
                    self._delete(ast.Delete([each]))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._scope.bind(name)
            self._say(name, f"import {alias.name if alias.asname else name}")

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.is_opaque = self.binds_anything = True
            elif node.module != "__future__":
                name = alias.asname or alias.name
                self._scope.bind(name)
                self._say(name, f"import {'.' * node.level}{node.module or ''}.{alias.name}")

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

    # -- calls --------------------------------------------------------------------------------------------------------

    def _expression(self, node: ast.Expr) -> None:
        self._seen.clear()
        call = node.value
        self._look(call) if _only_looks(call) else self.walk(call)
        # sklearn's shuffle returns a copy, and then somebody wants it.
        if isinstance(call, ast.Call) and _called(call) == "shuffle":
            self._change_arguments(call.args[:1])

    def _look(self, node: ast.expr) -> None:
        self._is_looking = True
        self.walk(node)
        self._is_looking = False

    def _assert(self, node: ast.Assert) -> None:
        self._look(node.test)

    def _call(self, node: ast.Call) -> None:
        called = _called(node)
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
        self._read_queries(node, called)
        if called in FIRST_ARGUMENT:
            self._change_arguments(node.args[:1])
        self._change_arguments([word.value for word in node.keywords if word.arg == "out"])

    def _read_queries(self, node: ast.Call, called: str) -> None:
        for text in _texts(node.args[:1]):
            for name in names_in_query(called, text):
                self._load(name, WHOLE)

    def _tell_call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            if isinstance(node.func.value, ast.Name):
                self._scope.ask(node.func.value.id, node.func.attr)
        elif isinstance(node.func, ast.Name):
            handed: list[tuple[int | str, str]] = [
                (position, each.id) for position, each in enumerate(node.args) if isinstance(each, ast.Name)
            ]
            handed += [
                (word.arg, word.value.id) for word in node.keywords if word.arg and isinstance(word.value, ast.Name)
            ]
            if handed:
                self._scope.call(node.func.id, tuple(handed))

    def _walk_function(self, func: ast.expr) -> None:
        # A method is asked of the whole, whatever it is called.
        if isinstance(func, ast.Attribute):
            if self._binds_globals(func) and func.attr in {"update", "setdefault", "pop"}:
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
        root, _ = self._place(func.value)
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
            settled = tuple(each + self._stamp for each in settled)
        if not is_plain and settled:
            settled = tuple(f"{ast.dump(func.value)}.{each}" for each in settled)
        by_method = is_plain and func.attr not in MODULE_STATE and func.attr not in SQL_METHODS
        self._change(root, settled, by_method=by_method)
        return True

    def _change_arguments(self, arguments: Iterable[ast.expr]) -> None:
        for argument in arguments:
            root, _ = self._place(argument)
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

    # -- code that is called later ------------------------------------------------------------------------------------

    def _within(self, scope: Scope, nodes: Iterable[ast.AST]) -> None:
        outer, seen, filling = self._scope, self._seen, self._filling
        opaque = self.is_opaque, self.binds_anything
        self._scope, self._seen, self._filling = scope, set(), None
        self.walk_all(nodes)
        self._scope, self._seen, self._filling = outer, seen, filling
        if isinstance(scope, FunctionScope):
            self.is_opaque, self.binds_anything = opaque

    def _body_of(self, node: _Function) -> Body:
        inside = FunctionScope(tuple(argument.arg for argument in _arguments(node.args)))
        for each in getattr(node, "type_params", ()):
            inside.bind(each.name)
        self._within(inside, node.body if isinstance(node.body, list) else [node.body])
        return inside.body()

    def _walk_defaults(self, arguments: ast.arguments) -> None:
        self.walk_all(arguments.defaults)
        self.walk_all(each for each in arguments.kw_defaults if each is not None)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.walk_all(node.decorator_list)
        self._walk_defaults(node.args)
        parameters = {each.name for each in getattr(node, "type_params", ())}
        notes = [each.annotation for each in _arguments(node.args) if each.annotation]
        notes += [node.returns] if node.returns else []
        self._within(InnerScope(self._scope, own=parameters), notes)
        self._scope.define(node.name, self._body_of(node))
        if not node.decorator_list and all(_is_constant(each) for each in _defaults(node.args)):
            self._say(node.name, self._lines_of(node))

    def _lines_of(self, node: ast.stmt) -> str:
        return "\n".join(self._lines[node.lineno - 1 : node.end_lineno])

    def _lambda(self, node: ast.Lambda) -> None:
        self._walk_defaults(node.args)
        body = self._body_of(node)
        for name in sorted(body.free):
            self._load(name, WHOLE)
        for name, how in body.touched.items():
            self._scope.change(name, how)

    def _class(self, node: ast.ClassDef) -> None:
        self.walk_all(node.decorator_list)
        inside = InnerScope(self._scope, is_class=True, own={each.name for each in getattr(node, "type_params", ())})
        self._within(inside, [*node.bases, *(word.value for word in node.keywords)])
        self._within(inside, node.body)
        self._scope.define(node.name, inside.body())
        if not node.decorator_list and not node.bases and not node.keywords:
            self._say(node.name, self._lines_of(node))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        # The first iterable is evaluated outside.
        self.walk(node.generators[0].iter)
        inside, outer = InnerScope(self._scope), self._scope
        self._scope = inside
        for number, generator in enumerate(node.generators):
            if number:
                self.walk(generator.iter)
            self._target(generator.target)
            self.walk_all(generator.ifs)
        self.walk_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self._scope = outer

    # -- paths --------------------------------------------------------------------------------------------------------

    def _paths(self, *paths: Sequence[ast.stmt]) -> None:
        """Alternatives, of which one is taken. One that leaves says nothing of what is bound after it."""
        start = self._scope.mark()
        ends = []
        self._branches += 1
        for path in paths:
            self._scope.join(start)
            self.walk_all(path)
            if not (path and _leaves(path[-1])):
                ends.append(self._scope.mark())
        self._branches -= 1
        self._scope.join(*(ends or [start]))

    def _if(self, node: ast.If) -> None:
        self._seen.clear()
        self.walk(node.test)
        if _is_always_true(node.test):
            self.walk_all(node.body)
        else:
            self._paths(node.body, node.orelse)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._seen.clear()
        self.walk(node.iter)
        # A loop is taken to run at least once.
        self._target(node.target)
        self.walk_all(node.body)
        self.walk_all(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._seen.clear()
            self.walk(item.context_expr)
            if item.optional_vars is not None:
                self._target(item.optional_vars)
        self.walk_all(node.body)

    def _try(self, node: ast.Try) -> None:
        before = self._scope.mark()
        self.walk_all([*node.body, *node.orelse])
        after = self._scope.mark()
        ends = [after]
        for handler in node.handlers:
            self._handler(handler, before)
            if not _leaves(handler.body[-1]):
                ends.append(self._scope.mark())
        self._scope.join(*ends)
        self.walk_all(node.finalbody)

    def _handler(self, handler: ast.ExceptHandler, before: frozenset[str]) -> None:
        self._scope.join(before)
        if handler.type is not None:
            self.walk(handler.type)
        inside: Scope = self._scope
        if handler.name and handler.name not in before:
            inside = _Hiding(self._scope, handler.name)
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
            if not _leaves(case.body[-1]):
                ends.append(self._scope.mark())
            is_complete = is_complete or (case.guard is None and _is_irrefutable(case.pattern))
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


class _Hiding(InnerScope):
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


def _only_looks(node: ast.expr) -> bool:
    """Whether a statement shows something rather than does something, unless one of its methods changes what it is
    called on.
    """
    if not isinstance(node, ast.Call):
        return not isinstance(node, ast.Await | ast.NamedExpr | ast.ListComp | ast.IfExp | ast.BoolOp)
    if isinstance(node.func, ast.Name):
        return node.func.id in {"print", "display"}
    return _called(node) != "shuffle"


def _texts(nodes: Iterable[ast.expr]) -> list[str]:
    """Literal text, that of f-strings too."""
    parts = [part for node in nodes for part in (node.values if isinstance(node, ast.JoinedStr) else [node])]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _called(node: ast.Call) -> str:
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return plain + [each for each in (arguments.vararg, arguments.kwarg) if each is not None]


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]


def _leaves(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return _called(statement.value) in {"exit", "quit", "_exit"}
    return isinstance(statement, _LEAVING)


def _is_always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _is_constant(node: ast.expr) -> bool:
    """Whether this is an immutable literal: it is the same each time it is evaluated."""
    if isinstance(node, ast.Tuple):
        return all(_is_constant(each) for each in node.elts)
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left) and _is_constant(node.right)
    return isinstance(node, ast.Constant)


def _is_irrefutable(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and (pattern.pattern is None or _is_irrefutable(pattern.pattern))
