"""How a cell wrote what it fits on: ``frame[columns]`` has no name, but says where it came from."""

from __future__ import annotations

import ast
import linecache
import sys
from dataclasses import dataclass
from itertools import islice
from types import FrameType

PACKAGE = __name__.partition(".")[0]
DECORATOR = "sklearn.utils._param_validation"
"""What scikit-learn puts around its functions; what is called through it is watched inside of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """Where a call that a cell makes by itself ends: no two calls end at one place."""

    file: str
    end: tuple[int, int]

    def argument(self, place: int, name: str) -> str | None:
        """An argument as it is written, by its place or its name; None where that cannot be told."""
        try:
            module = ast.parse("".join(linecache.getlines(self.file)))
        except (SyntaxError, ValueError, RecursionError):
            return None
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and (node.end_lineno, node.end_col_offset) == self.end:
                return _argument(node, place, name)
        return None


def call_of_a_cell() -> Call | None:
    """The call into this package that is going on, if a cell makes it by itself and not inside of a function."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_between(str(frame.f_globals.get("__name__", ""))):
        frame = frame.f_back
    if frame is None or frame.f_code.co_name != "<module>" or frame.f_globals.get("__name__") != "__main__":
        return None
    position = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), None)
    if position is None or position[1] is None or position[3] is None:
        return None
    return Call(frame.f_code.co_filename, (position[1], position[3]))


def _is_between(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE or module == DECORATOR


def _argument(call: ast.Call, place: int, name: str) -> str | None:
    if any(isinstance(argument, ast.Starred) for argument in call.args[: place + 1]):
        return None
    named = (keyword.value for keyword in call.keywords if keyword.arg == name)
    argument = call.args[place] if place < len(call.args) else next(named, None)
    return ast.unparse(argument) if argument is not None else None
