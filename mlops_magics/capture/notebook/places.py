"""Which part of which name a chain of items and attributes leads to: ``df.loc[rows, "price"]``, ``cfg.model.depth``."""

from __future__ import annotations

import ast
import zlib

from mlops_magics.capture.notebook.bodies import WHOLE


class Places:
    """Reads chains of one cell. Parts that are no plain text are told apart from those of other cells."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self.stamp = f"@{zlib.crc32(source.encode('utf-8', 'backslashreplace')):x}"

    def of(self, node: ast.expr) -> tuple[str | None, tuple[str, ...]]:
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
        return (f"[{self._text(key)}]{self.stamp}",)

    def _cells(self, access: ast.Attribute | ast.Subscript) -> tuple[str, ...]:
        """``.loc[rows, columns]``: some rows of the columns."""
        if isinstance(access, ast.Subscript) and isinstance(access.slice, ast.Tuple) and len(access.slice.elts) == 2:
            rows, columns = access.slice.elts
            return tuple(f"{part}/{self._text(rows)}{self.stamp}" for part in self._keys(columns))
        return (f"[{self._text(access)}]{self.stamp}",)

    def _text(self, node: ast.expr) -> str:
        """A text that is equal for equal expressions of one cell, quicker than a dump of most."""
        if node.lineno == node.end_lineno and (line := self._lines[node.lineno - 1]).isascii():
            return line[node.col_offset : node.end_col_offset]
        return ast.dump(node)

    def lines_of(self, node: ast.stmt) -> str:
        """The lines a statement stands on."""
        return "\n".join(self._lines[node.lineno - 1 : node.end_lineno])
