"""What do statements read: the files, queries and data sets their calls bring in, without running anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_magics.capture.notebook.calls import dotted_name, imported_names, in_order
from mlops_magics.capture.notebook.literals import texts_of, texts_of_value
from mlops_magics.capture.notebook.readers import (
    DATA_PACKAGES,
    connection_in,
    is_query,
    is_reading,
    place_in,
    source_of,
)
from mlops_magics.capture.notebook.source import MAGIC
from mlops_magics.capture.secrets import mask

LONGEST = 1_000
"""Longer queries are cut."""

_DEEPEST = 4
"""Calls of the notebook's own functions are followed so far."""

_IN_MEMORY = frozenset({"", ":memory:", "sqlite://", "sqlite:///:memory:", "duckdb:///:memory:"})
_TABLE = re.compile(r"\b(?:from|join)\s+([A-Za-z_]\w*)\b(?!\s*[.(])", re.IGNORECASE)
_MAGIC_QUERY = re.compile(r"\b(?:select|with|from|summarize|describe|pivot)\b.*", re.IGNORECASE | re.DOTALL)

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Reading(ast.NodeVisitor):
    """What statements read, in order, knowing which texts their names stand for.

    Parameters
    ----------
    statements
        In the order they were executed.
    name
        The name they were chosen for.
    user_ns
        The notebook's names, for texts that the statements do not tell.
    """

    def __init__(self, statements: Sequence[ast.stmt], name: str, user_ns: Mapping[str, Any]) -> None:
        self._user_ns = user_ns
        self._imports: dict[str, str] = {}
        self._texts: dict[str, tuple[str, ...]] = {}
        self._fed: set[str] = set()  # names that hold what was read already, such as an open file
        self._functions: dict[str, _Function] = {}
        self._called: set[str] = set()
        self._active: list[str] = []
        self._found: dict[str, None] = {}
        self.tables: set[str] = set()
        """The names that queries read from: tables, or frames of the notebook."""
        for statement in statements:
            self._visit_statement(statement)
        for function in [each for key, each in self._functions.items() if key not in self._called | {name}]:
            self._follow(function, ast.Call(ast.Name(function.name, ast.Load()), [], []))
        self._say_data_package(ast.Name(name, ast.Load()))

    @property
    def found(self) -> tuple[str, ...]:
        """What was read, each once."""
        return tuple(self._found)

    # -- names ------------------------------------------------------------------------------------------------------

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

    def visit_FunctionDef(self, node: _Function) -> None:
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
        self._visit_all([*node.body, *node.orelse])

    visit_AsyncFor = visit_For  # noqa: N815

    def visit_withitem(self, node: ast.withitem) -> None:
        self._bind([node.optional_vars] if node.optional_vars else [], node.context_expr)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        for part in node.generators:
            self._bind([part.target], part.iter, is_each=True)
            self._visit_all(part.ifs)
        self._visit_all([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # noqa: N815

    def visit_Name(self, node: ast.Name | ast.Attribute) -> None:
        self._say_data_package(node)
        self.generic_visit(node)

    visit_Attribute = visit_Name  # noqa: N815

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self._read(node)

    def _bind(self, targets: Sequence[ast.expr], value: ast.expr, *, is_each: bool = False) -> None:
        before = len(self._found)
        self.visit(value)
        is_fed = len(self._found) > before or self._is_fed(value)
        texts = texts_of(value, self._lookup)
        for target in targets:
            for name in _names(target):
                (self._fed.add if is_fed else self._fed.discard)(name)
                if isinstance(target, ast.Name) and texts:
                    self._texts[name] = texts
                elif is_each:
                    self._texts[name] = ()  # what the namespace holds is the last of many
                else:
                    self._texts.pop(name, None)

    def _lookup(self, name: str) -> tuple[str, ...]:
        if name in self._texts:
            return self._texts[name]
        return texts_of_value(self._user_ns.get(name))

    def _is_fed(self, node: ast.AST) -> bool:
        return any(isinstance(part, ast.Name) and part.id in self._fed for part in ast.walk(node))

    # -- calls ------------------------------------------------------------------------------------------------------

    def _read(self, call: ast.Call) -> None:
        name = dotted_name(call.func, self._imports) or ""
        if name == "map" and call.args:
            self._read(ast.Call(call.args[0], call.args[1:], []))
        elif name == MAGIC:
            self._read_magic(call)
        elif name in self._functions:
            self._follow(self._functions[name], call)
        elif kind := source_of(call, self._imports):
            getattr(self, f"_read_{kind}")(call, name)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in {"open", "read_text", "read_bytes"}:
            self._read_method(call, call.func)

    def _follow(self, function: _Function, call: ast.Call) -> None:
        self._called.add(function.name)
        if function.name in self._active or len(self._active) >= _DEEPEST:
            return
        given = dict(_arguments(function, call))
        parameters = {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}
        texts = {name: texts_of(given.get(name), self._lookup) for name in parameters}
        fed = {name for name, value in given.items() if self._is_fed(value)}
        kept = self._texts, self._fed
        self._texts, self._fed = {**self._texts, **texts}, (self._fed - parameters) | fed
        self._active.append(function.name)
        self._visit_all(function.body)
        self._active.pop()
        self._texts, self._fed = kept

    def _read_path(self, call: ast.Call, name: str) -> None:
        place = place_in(call)
        texts = texts_of(place, self._lookup)
        self._say_places(texts)
        if place is not None and not texts:
            self._say_unknown(call, name, place)

    def _read_method(self, call: ast.Call, method: ast.Attribute) -> None:
        if method.attr != "open" or is_reading(call, at=0):
            self._say_places(texts_of(method.value, self._lookup))

    def _read_query(self, call: ast.Call, name: str) -> None:
        place = place_in(call)
        texts = texts_of(place, self._lookup)
        for text in texts:
            self._say_query(text)
        if place is not None and not texts:
            self._say_unknown(call, name, place)
        if name.startswith(("pandas.", "polars.")):
            self._say_places(texts_of(connection_in(call), self._lookup))

    def _read_table(self, call: ast.Call, name: str) -> None:
        for text in texts_of(place_in(call), self._lookup):
            self._say(mask(text))
            if name.startswith("duckdb."):
                self.tables.add(text)

    def _read_dataset(self, call: ast.Call, name: str) -> None:
        told = [ast.unparse(value) for value in call.args if _is_telling(value)]
        told += [ast.unparse(each) for each in call.keywords if each.arg and _is_telling(each.value)]
        self._say(mask(f"{name}({', '.join(told)})" if told else name))

    def _read_magic(self, call: ast.Call) -> None:
        words = [part.value for part in call.args[:2] if isinstance(part, ast.Constant)]
        if len(words) == 2 and words[0] in {"sql", "%%sql"} and (match := _MAGIC_QUERY.search(str(words[1]))):
            self._say_query(match[0])

    # -- saying -----------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self._found.setdefault(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")

    def _say_places(self, texts: Sequence[str]) -> None:
        for text in texts:
            if text not in _IN_MEMORY:
                self._say(_place(text))

    def _say_query(self, text: str) -> None:
        self._say(mask(" ".join(text.split())))
        if is_query(text):
            self.tables.update(_TABLE.findall(text))

    def _say_unknown(self, call: ast.Call, name: str, place: ast.expr) -> None:
        is_read = any(isinstance(part, ast.Call) and source_of(part, self._imports) for part in ast.walk(place))
        if not is_read and not self._is_fed(place):
            self._say(mask(f"{name or ast.unparse(call.func)}({ast.unparse(place)})"))

    def _say_data_package(self, node: ast.Name | ast.Attribute) -> None:
        name = dotted_name(node, self._imports) or ""
        if name.partition(".")[0] in DATA_PACKAGES and name.count(".") == 1:
            self._say(name)


def _names(target: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))


def _is_telling(value: ast.expr) -> bool:
    """Whether an argument says which data, rather than how they are handed over."""
    return isinstance(value, ast.Constant) and not isinstance(value.value, bool) and value.value is not None


def _arguments(function: _Function, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
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


def _place(text: str) -> str:
    """A path relative to the working folder where it is below it, an address without its password."""
    if "://" in text:
        return mask(text)
    folder, path = Path.cwd(), Path(text)
    if path.is_absolute() and path.is_relative_to(folder):
        text = path.relative_to(folder).as_posix()
    return mask(text if "\\" in text else PurePosixPath(text).as_posix())
