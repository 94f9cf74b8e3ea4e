"""Which texts may an expression be, as far as the code itself tells?"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, product
from pathlib import PurePath
from typing import Any

from mlops_magics.capture.notebook.calls import dotted_name

MOST = 50
"""More texts than these are not listed."""

Lookup = Callable[[str], tuple[str, ...]]
"""What a name may be; nothing when that is not known."""

_SAME = frozenset(
    {"str", "sorted", "list", "tuple", "set", "reversed", "os.fspath", "os.path.expanduser", "os.path.abspath", "iter"}
)
_SAME_METHODS = frozenset({"resolve", "absolute", "expanduser", "as_posix", "as_uri", "strip", "copy", "__str__"})
_PATHS = frozenset({"Path", "PurePath", "PosixPath", "WindowsPath", "UPath"})
_GLOBS = frozenset({"glob.glob", "glob.iglob"})


def texts_of(node: ast.AST | None, lookup: Lookup) -> tuple[str, ...]:
    """The texts and paths an expression may be, without running anything.

    Knows literals, lists of them, ``+``, f-strings, ``Path(…) / "…"``, ``os.path.join``, globs, ``range`` and names.
    A part that is not known stays in braces, as long as another part is: ``data/{month}.csv``. Nothing known at all
    gives nothing.

    >>> texts_of(ast.parse("Path('data') / f'{year}.csv'", mode="eval").body, lambda name: ("2024", "2025"))
    ('data/2024.csv', 'data/2025.csv')
    """
    return tuple(dict.fromkeys(islice(_texts(node, lookup), MOST)))


def _texts(node: ast.AST | None, lookup: Lookup) -> Iterable[str]:  # noqa: C901, PLR0911 - one return per kind of node
    match node:
        case ast.Constant(value=str() | int() as value) if not isinstance(value, bool):
            return (str(value),)
        case ast.Name(id=name):
            return lookup(name)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return (text for part in parts for text in _texts(part, lookup))
        case ast.JoinedStr(values=parts):
            return _joined([_format_part(part) for part in parts], lookup, "")
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _joined([left, right], lookup, "/")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([left, right], lookup, "")
        case ast.IfExp(body=body, orelse=orelse):
            return (*_texts(body, lookup), *_texts(orelse, lookup))
        case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
            return _texts(value, lookup)
        case ast.Attribute(value=owner, attr="parent"):
            return (str(PurePath(text).parent) for text in _texts(owner, lookup))
        case ast.Call():
            return _call_texts(node, lookup)
    return ()


def _format_part(part: ast.expr) -> ast.expr:
    return part.value if isinstance(part, ast.FormattedValue) else part


def _call_texts(call: ast.Call, lookup: Lookup) -> Iterable[str]:  # noqa: PLR0911 - one return per kind of call
    name = dotted_name(call.func, {}) or ""
    last = name.rpartition(".")[2]
    if name in _SAME and call.args:
        return _texts(call.args[0], lookup)
    if name in _GLOBS and call.args:
        return _texts(call.args[0], lookup)
    if last in _PATHS:
        return _joined(call.args, lookup, "/") if call.args else (".",)
    if name.endswith("Path.cwd") or name == "os.getcwd":
        return (".",)
    if name.endswith("Path.home"):
        return ("~",)
    if name == "os.path.join":
        return _joined(call.args, lookup, "/")
    if name == "os.listdir" and call.args:
        return _joined([call.args[0], ast.Constant("*")], lookup, "/")
    if name == "range":
        return _range_texts(call.args)
    return _method_texts(call, lookup)


def _method_texts(call: ast.Call, lookup: Lookup) -> Iterable[str]:
    if not isinstance(call.func, ast.Attribute):
        return ()
    owner, method = call.func.value, call.func.attr
    if method in _SAME_METHODS:
        return _texts(owner, lookup)
    if method in {"joinpath", "glob"}:
        return _joined([owner, *call.args], lookup, "/")
    if method == "rglob":
        return _joined([owner, ast.Constant("**"), *call.args], lookup, "/")
    if method == "iterdir":
        return _joined([owner, ast.Constant("*")], lookup, "/")
    return ()


def _range_texts(arguments: Sequence[ast.expr]) -> Iterable[str]:
    numbers = [part.value for part in arguments if isinstance(part, ast.Constant) and isinstance(part.value, int)]
    if len(numbers) != len(arguments) or not 1 <= len(numbers) <= 3 or numbers[2:] == [0]:
        return ()
    return map(str, range(*numbers))


def _joined(parts: Sequence[ast.expr], lookup: Lookup, between: str) -> Iterable[str]:
    known = [texts_of(part, lookup) for part in parts]
    if not any(known):
        return ()
    choices = [texts or (f"{{{ast.unparse(part)}}}",) for part, texts in zip(parts, known, strict=True)]
    return (_join(choice, between) for choice in product(*choices))


def _join(parts: Sequence[str], between: str) -> str:
    text = parts[0]
    for part in parts[1:]:
        # An absolute path begins anew, as it does for Path and os.path.join.
        text = part if between == "/" and part.startswith("/") else f"{text.removesuffix(between)}{between}{part}"
    return text


def texts_of_value(value: Any) -> tuple[str, ...]:
    """The texts a value of the notebook is: itself when it is a text, a path or a number, or those of a list.

    >>> texts_of_value([PurePath("a") / "b", 3, None])
    ('a/b', '3')
    """
    # By type: what a class of the person's own does when it is looked at is not known.
    if type(value) is str or type(value) is int:
        return (str(value),)
    if issubclass(type(value), PurePath):
        return (value.as_posix(),)
    if type(value) in {list, tuple}:
        return tuple(text for part in value[:MOST] if type(part) not in {list, tuple} for text in texts_of_value(part))
    return ()
