"""What do statements read: the files, queries and data sets their calls bring in, without running anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_magics.capture.notebook.calls import dotted_name
from mlops_magics.capture.notebook.following import Following, Function, arguments_of, names_in, parameters_of
from mlops_magics.capture.notebook.literals import texts_of
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

_IN_MEMORY = frozenset({"", ":memory:", "sqlite://", "sqlite:///:memory:", "duckdb:///:memory:"})
_TABLE = re.compile(r"\b(?:from|join)\s+([A-Za-z_]\w*)\b(?!\s*[.(])", re.IGNORECASE)
_MAGIC_QUERY = re.compile(r"\b(?:select|with|from|summarize|describe|pivot)\b.*", re.IGNORECASE | re.DOTALL)


class Reading(Following):
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
        super().__init__(user_ns)
        self._fed: set[str] = set()  # names that hold what was read already, such as an open file
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

    def visit_Name(self, node: ast.Name | ast.Attribute) -> None:  # noqa: N802 - the standard library's name
        self._say_data_package(node)
        self.generic_visit(node)

    visit_Attribute = visit_Name  # noqa: N815

    def _bind(self, targets: Sequence[ast.expr], value: ast.expr, *, is_each: bool = False) -> None:
        before = len(self._found)
        super()._bind(targets, value, is_each=is_each)
        is_fed = len(self._found) > before or self._is_fed(value)
        for target in targets:
            for name in names_in(target):
                (self._fed.add if is_fed else self._fed.discard)(name)

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

    def _follow(self, function: Function, call: ast.Call) -> None:
        kept, given = self._fed, arguments_of(function, call)
        fed = {name for name, value in dict(given).items() if self._is_fed(value)}
        self._fed = (self._fed - parameters_of(function)) | fed
        super()._follow(function, call)
        self._fed = kept

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


def _is_telling(value: ast.expr) -> bool:
    """Whether an argument says which data, rather than how they are handed over."""
    return isinstance(value, ast.Constant) and not isinstance(value.value, bool) and value.value is not None


def _place(text: str) -> str:
    """A path relative to the working folder where it is below it, an address without its password."""
    if "://" in text:
        return mask(text)
    folder, path = Path.cwd(), Path(text)
    if path.is_absolute() and path.is_relative_to(folder):
        text = path.relative_to(folder).as_posix()
    return mask(text if "\\" in text else PurePosixPath(text).as_posix())
