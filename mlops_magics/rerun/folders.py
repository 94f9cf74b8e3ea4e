"""A folder that a cell makes is there already when the cell is executed again, and no obstacle."""

from __future__ import annotations

import ast

from mlops_magics.capture.notebook.shapes import called_name
from mlops_magics.capture.notebook.source import python_of


def with_folders_there(source: str) -> str:
    """A cell in which ``mkdir`` and ``makedirs`` take a folder that is there: they are given ``exist_ok=True``.

    >>> with_folders_there("os.mkdir('out'); Path('b').mkdir(parents=True)")
    "os.makedirs('out', exist_ok=True); Path('b').mkdir(parents=True, exist_ok=True)"
    """
    if "mkdir" not in source and "makedirs" not in source:
        return source
    module = python_of(source).module
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _makes(node)] if module else []
    lines = source.split("\n")
    for call in sorted(calls, key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0), reverse=True):
        _mend(lines, call)
    mended = "\n".join(lines)
    return mended if python_of(mended).module is not None else source


def _makes(call: ast.Call) -> bool:
    is_told = any(word.arg in {"exist_ok", None} for word in call.keywords)
    return isinstance(call.func, ast.Attribute) and called_name(call) in {"mkdir", "makedirs"} and not is_told


def _mend(lines: list[str], call: ast.Call) -> None:
    """Give a call one more argument; the tree counts bytes."""
    row, column = (call.end_lineno or 0) - 1, (call.end_col_offset or 0) - 1
    line = lines[row].encode()
    if line[column : column + 1] != b")":
        return
    given = ("\n".join(lines[:row]).encode() + line[:column]).rstrip()
    separator = b"" if given.endswith((b"(", b",")) else b", "
    lines[row] = (line[:column] + separator + b"exist_ok=True" + line[column:]).decode()
    func = call.func
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id == "os":
        row, column = (func.end_lineno or 0) - 1, func.end_col_offset or 0
        line = lines[row].encode()
        if line[:column].endswith(b"mkdir"):
            lines[row] = (line[: column - len(b"mkdir")] + b"makedirs" + line[column:]).decode()
