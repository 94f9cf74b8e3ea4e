"""Literals that Python code binds to a name which says that they are secrets, read from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from mlops_magics.capture.secret_names import Strength, is_secret, strength

Literal = ast.Constant | ast.JoinedStr

_NAME = re.compile(r"[\w./-]{1,120}", re.ASCII)
_TAKES_PAIR = re.compile(r"(?:[Ss]et\w*|put\w*|getenv|options?|conf(?:ig)?|(?:add_)?header)")
_SETS_IT = re.compile(r"(?:set|with|use|add)_?(?=[A-Za-z])", re.IGNORECASE)
_PASSES_ON = frozenset({"encode", "decode", "strip", "SecretStr", "Secret", "str", "bytes", "quote", "quote_plus"})
_MOST_NUMERALS = 4


def secrets_in(tree: ast.AST) -> Iterator[Literal]:
    """The literals of a tree that are secrets: texts, formatted texts, and numbers."""
    for node in ast.walk(tree):
        for name, value in _bound(node):
            sure = strength(name)
            if sure is not None:
                yield from _secrets_of(value, sure)
        yield from _compared(node)
        yield from _paired(node)


# -- what has a name --------------------------------------------------------------------------------------------------


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names with what is bound to them by a statement, a call, a mapping or the head of a function."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _target(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        yield from _target(node.target, node.value) if node.value is not None else ()
    elif isinstance(node, ast.Dict):
        named = zip(map(_text, node.keys), node.values, strict=True)
        yield from ((name, value) for name, value in named if name is not None)
    elif isinstance(node, ast.arguments):
        yield from _defaults(node)
    elif isinstance(node, ast.Call):
        yield from _called(node)


def _target(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List):
            yield from _in_places(target.elts, value.elts)
    elif isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value
    elif isinstance(target, ast.Subscript) and (name := _text(target.slice)) is not None:
        yield name, value


def _in_places(targets: Sequence[ast.expr], values: Sequence[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """Place by place: up to a starred target from the left, and then from the right."""
    star = next((place for place, target in enumerate(targets) if isinstance(target, ast.Starred)), len(targets))
    behind = len(targets) - star - 1
    for target, value in zip(targets[:star], values, strict=False):
        yield from _target(target, value)
    if behind > 0 and len(values) >= star + behind:
        for target, value in zip(targets[-behind:], values[-behind:], strict=True):
            yield from _target(target, value)


def _defaults(head: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    arguments = [*head.posonlyargs, *head.args]
    arguments = [*arguments[len(arguments) - len(head.defaults) :], *head.kwonlyargs]
    for argument, default in zip(arguments, [*head.defaults, *head.kw_defaults], strict=True):
        if default is not None:
            yield argument.arg, default


def _called(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
    first = _text(call.args[0]) if call.args else None
    if first is not None:
        for keyword in call.keywords:
            if keyword.arg in {"value", "default"}:
                yield first, keyword.value
    function = _name(call.func)
    is_environment = function == "get" and isinstance(call.func, ast.Attribute) and _name(call.func.value) == "environ"
    if _TAKES_PAIR.fullmatch(function) or is_environment:
        for name, value in zip(call.args, call.args[1:], strict=False):
            if (text := _text(name)) is not None:
                yield text, value
    if call.args and (verb := _SETS_IT.match(function)):
        yield function[verb.end() :], call.args[-1]


def _text(node: ast.expr | None) -> str | None:
    """A literal that can be a name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
        return node.value
    return None


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


# -- what stands beside a name ----------------------------------------------------------------------------------------


def _compared(node: ast.AST) -> Iterator[Literal]:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
        for left, right in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
            name = _text(left.slice) if isinstance(left, ast.Subscript) else _name(left)
            if name and (sure := strength(name)) and sure != "weak" and isinstance(right, ast.Constant):
                yield from _secrets_of(right, sure)


def _paired(node: ast.AST) -> Iterator[Literal]:
    """Pairs of a name and a value in a list of such, or added to one."""
    pairs: list[ast.expr] = []
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        pairs = node.elts
    elif isinstance(node, ast.Call) and _name(node.func) in {"append", "add"}:
        pairs = node.args
    for pair in pairs:
        if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
            name, value = pair.elts
            text = _text(name)
            sure = strength(text) if text is not None else None
            if sure is not None:
                # Words that go together, such as one and its part of speech, are written so, too.
                yield from _secrets_of(value, "fair" if sure == "strong" else sure)


# -- what of a value is a secret --------------------------------------------------------------------------------------


def _secrets_of(value: ast.expr, sure: Strength) -> Iterator[Literal]:
    """The literals that an expression may give, and that are secrets under a name of this strength."""
    if isinstance(value, ast.Constant):
        if _is_secret(value.value, sure):
            yield value
    elif isinstance(value, ast.JoinedStr):
        if _is_partly_secret(value, sure):
            yield value
    elif isinstance(value, ast.BinOp):
        yield from _added(value, sure)
    else:
        for part in _parts(value):
            yield from _secrets_of(part, sure)


def _parts(value: ast.expr) -> Sequence[ast.expr]:
    """What an expression may give, or what is in it."""
    parts: Sequence[ast.expr] = ()
    match value:
        case ast.BoolOp() | ast.Dict():
            parts = value.values
        case ast.IfExp():
            parts = value.body, value.orelse
        case ast.List() | ast.Tuple() | ast.Set():
            parts = value.elts
        case ast.NamedExpr() | ast.Await() | ast.Starred():
            parts = (value.value,)
        case ast.Call(func=ast.Attribute(value=held, attr=name)) if name in _PASSES_ON:
            parts = (held,)
        case ast.Call(func=ast.Name(id=name)) if name in _PASSES_ON:
            parts = value.args[:1]
    return parts


def _is_secret(value: object, sure: Strength) -> bool:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return is_secret(value, sure)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return is_number and sure == "strong" and len(str(value)) >= _MOST_NUMERALS


def _is_partly_secret(value: ast.JoinedStr, sure: Strength) -> bool:
    """Whether a formatted text is a secret: what is put in stands for one, what stands between may be one."""
    texts = [part.value for part in value.values if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    text = "".join(texts)
    return is_secret(text, sure if len(texts) == len(value.values) else "weak")


def _added(value: ast.BinOp, sure: Strength) -> Iterator[Literal]:
    """Of a sum of literals all, when together they are a secret; of one with other things, those that look like one."""
    pieces: list[ast.expr] = []
    waiting: list[ast.expr] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            waiting += [node.right, node.left]
        else:
            pieces.append(node)
    literals = [piece for piece in pieces if isinstance(piece, ast.Constant) and isinstance(piece.value, str)]
    if len(literals) == len(pieces):
        if is_secret("".join(str(piece.value) for piece in literals), sure):
            yield from literals
        return
    for piece in pieces:
        if isinstance(piece, ast.Constant | ast.JoinedStr | ast.BoolOp):
            yield from _secrets_of(piece, "weak")
