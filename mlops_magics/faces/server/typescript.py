"""The TypeScript types of what goes over the wire, made of the Python ones.

``labextension/src/answers.ts`` is what ``python -m mlops_magics.faces.server.typescript`` prints; a test fails when it
is not.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mlops_magics import records
from mlops_magics.faces.server import answers

_PLAIN: dict[Any, str] = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
_ALIASES = {"RunStatus": records.RunStatus, "VerdictValue": records.VerdictValue, "CellState": answers.CellState}


def typescript() -> str:
    """Every type of :mod:`~mlops_magics.faces.server.answers`, in its order."""
    head = "// Made by `python -m mlops_magics.faces.server.typescript`. Do not edit."
    return "\n\n".join([head, *_written()]) + "\n"


def _written() -> Iterator[str]:
    for name, alias in _ALIASES.items():
        yield f"export type {name} = {' | '.join(_literal(value) for value in get_args(alias))};"
    for value in vars(answers).values():
        if is_dataclass(value) and isinstance(value, type) and value.__module__ == answers.__name__:
            yield _interface(value)


def _interface(record: type) -> str:
    hints = get_type_hints(record)
    lines = [f"  readonly {field.name}: {_type(hints[field.name])};" for field in fields(record)]
    text = " ".join((record.__doc__ or "").split()).replace("``", "`")
    return f"/** {text} */\nexport interface {record.__name__} {{\n" + "\n".join(lines) + "\n}"


def _type(hint: Any) -> str:
    """What TypeScript calls a type.

    >>> _type(tuple[str, ...]), _type(int | None)
    ('readonly string[]', 'number | null')
    """
    for name, alias in _ALIASES.items():
        if hint == alias:
            return name
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        return hint.__name__
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return " | ".join(_type(part) for part in inner)
    if origin is Literal:
        return " | ".join(map(_literal, inner))
    if origin is tuple and inner[1:] == (Ellipsis,):
        item = _type(inner[0])
        return f"readonly ({item})[]" if " | " in item else f"readonly {item}[]"
    raise TypeError(f"{hint!r} has no name in TypeScript yet")


def _literal(value: str) -> str:
    return f"'{value}'"


if __name__ == "__main__":
    sys.stdout.write(typescript())
