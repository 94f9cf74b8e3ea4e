"""How a cell wrote what it fits on: ``frame[columns]`` has no name, but says where it came from."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any

from mlops_magics.capture.notebook.source import parse

PACKAGE = __name__.partition(".")[0]
DECORATOR = "sklearn.utils._param_validation"
"""What scikit-learn puts around its functions; what is called through it is watched inside of it."""


FARTHEST = 12
"""Functions between a cell and a fit are followed so far."""

_TELLS_NOTHING = (str, int, float, type(None), type, FunctionType, BuiltinFunctionType, ModuleType)


@dataclass(frozen=True, slots=True)
class Call:
    """Where a call ends, in a cell or a module: no two calls end at one place."""

    file: str
    end: tuple[int, int]

    def argument(self, place: int, name: str) -> str | None:
        """An argument as it is written, by its place or its name; None where that cannot be told."""
        call = self._node()
        return _argument(call, place, name) if call is not None else None

    def text(self) -> str | None:
        """The whole call as it is written; None where that cannot be told."""
        call = self._node()
        return ast.unparse(call) if call is not None else None

    def _node(self) -> ast.Call | None:
        module = parse("".join(linecache.getlines(self.file)))
        for node in ast.walk(module) if module is not None else ():
            if isinstance(node, ast.Call) and (node.end_lineno, node.end_col_offset) == self.end:
                return node
        return None


@dataclass(frozen=True, slots=True)
class Step:
    """A call on the way from a cell to a fit.

    Attributes
    ----------
    names
        Of a function: its own names, and what the notebook calls what they are; None for what it has no name for. Of a
        cell, whose names are the notebook's: None.
    sees_notebook
        Whether the other names of the function are the notebook's.
    """

    call: Call
    names: Mapping[str, str | None] | None
    sees_notebook: bool

    def in_notebook(self, text: str | None) -> str | None:
        """What an expression at this place is made of, in names of the notebook; None where it has none for it."""
        if text is None or self.names is None:
            return text
        module = parse(text)
        nodes = ast.walk(module) if module is not None else ()
        used = dict.fromkeys(node.id for node in nodes if isinstance(node, ast.Name))
        known = (self.names.get(name, name if self.sees_notebook else None) for name in used)
        return ", ".join(name for name in known if name) or None


def call_of_a_cell() -> Call | None:
    """The call into this package that is going on, if a cell makes it by itself and not inside of a function."""
    frame = _caller()
    return _call_in(frame) if frame is not None and _is_cell(frame) else None


def steps_from_a_cell(name_of: Callable[[Any], str | None]) -> tuple[Step, ...]:
    """How a cell came to the call into this package that is going on, from the inside out: by which functions.

    Parameters
    ----------
    name_of
        What the notebook calls an object.
    """
    frame, steps = _caller(), list[Step]()
    while frame is not None and len(steps) < FARTHEST:
        call, is_cell = _call_in(frame), _is_cell(frame)
        if call is not None:
            names = None if is_cell else {
                name: None if isinstance(value, _TELLS_NOTHING) else name_of(value)
                for name, value in frame.f_locals.items()
            }  # fmt: skip
            steps.append(Step(call, names, frame.f_globals.get("__name__") == "__main__"))
        frame = None if is_cell else frame.f_back
    return tuple(steps)


def stems_from(steps: Sequence[Step], place: int, name: str) -> Iterator[str]:
    """What an argument of the innermost call is made of, in names of the notebook: what the argument itself says, and
    then what the calls around it say, the nearest first.
    """
    for number, step in enumerate(steps):
        found = step.in_notebook(step.call.text() if number else step.call.argument(place, name))
        if found is not None:
            yield found


def _caller() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_between(str(frame.f_globals.get("__name__", ""))):
        frame = frame.f_back
    return frame


def _is_cell(frame: FrameType) -> bool:
    return frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__"


def _call_in(frame: FrameType) -> Call | None:
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
