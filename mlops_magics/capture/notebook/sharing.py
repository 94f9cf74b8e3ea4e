"""Which names an expression hands on: their very objects, or parts of them, rather than other values made of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from mlops_magics.capture.notebook.looking import holds_arguments, is_look
from mlops_magics.capture.notebook.shapes import called_name

_WRAPPING = frozenset({
    "make_pipeline", "make_union", "make_column_transformer", "iter", "zip", "enumerate", "reversed", "map", "filter",
    "prepare", "cycle", "islice", "dict", "list", "tuple", "set", "sorted", "partial",
})  # fmt: skip
"""Functions whose result goes on using what they are given."""

_VIEWING = frozenset({"ravel", "reshape", "squeeze", "swapaxes", "transpose", "view"})
"""Methods that look, and show the very values under another shape: what is done to these is done to both."""


def lent(nodes: Iterable[ast.expr]) -> frozenset[str]:
    """The names that a call with these arguments may change something of.

    >>> call = ast.parse("f(net.layers[0], [opt, 2], df[['a']], df.copy(), user.friends())", mode="eval").body
    >>> sorted(lent(call.args))
    ['net', 'opt', 'user']
    """
    return frozenset(name for node in nodes for name in _names(node))


def kept(value: ast.expr) -> frozenset[str]:
    """The names that something bound to this value may be, hold, or be a part of.

    >>> [sorted(kept(ast.parse(text, mode="eval").body)) for text in ("SGD(net.layers)", "xs[0]", "mean(xs)")]
    [['net'], ['xs'], []]
    """
    return frozenset(_names(value))


def trains_arguments(call: ast.Call) -> bool:
    """Whether ``fit`` is that of a trainer, which fits the model it is handed rather than itself."""
    if called_name(call) != "fit":
        return False
    names = (node.id if isinstance(node, ast.Name) else node.attr for node in ast.walk(call.func)
             if isinstance(node, ast.Name | ast.Attribute))  # fmt: skip
    return any("trainer" in name.lower() for name in names)


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    for part in _parts(node):
        yield from _names(part)


def _parts(node: ast.expr) -> Sequence[ast.expr]:  # noqa: PLR0911 - one return per kind of node
    """The expressions whose objects, or parts of them, this one gives or holds."""
    match node:
        # A list or a comparison picks out a copy.
        case ast.Subscript(slice=ast.List() | ast.Compare() | ast.BinOp()):
            return ()
        case ast.Attribute(value=whole) | ast.Subscript(value=whole):
            return (whole,)
        case ast.Starred(value=same) | ast.Await(value=same) | ast.NamedExpr(value=same):
            return (same,)
        case ast.IfExp(body=body, orelse=orelse):
            return (body, orelse)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return parts
        case ast.BoolOp(values=parts) | ast.Dict(values=parts):
            return parts
        case ast.Call():
            return _parts_of_call(node)
    return ()


def _parts_of_call(call: ast.Call) -> Sequence[ast.expr]:
    name = called_name(call)
    if holds_arguments(name) or name in _WRAPPING:
        return [*call.args, *(word.value for word in call.keywords)]
    is_same = name in _VIEWING or not is_look(name)
    return [call.func.value] if isinstance(call.func, ast.Attribute) and is_same else []
