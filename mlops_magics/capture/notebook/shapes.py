"""What a piece of a tree is: what it calls, whether it leaves, whether it is the same each time."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

_BUILTINS = frozenset(dir(builtins))
_LEAVING = (ast.Raise, ast.Return, ast.Continue, ast.Break)


def only_looks(node: ast.expr) -> bool:
    """Whether a statement shows something rather than does something, unless one of its methods changes what it is
    called on.
    """
    if not isinstance(node, ast.Call):
        return not isinstance(node, ast.Await | ast.NamedExpr | ast.ListComp | ast.IfExp | ast.BoolOp)
    if isinstance(node.func, ast.Name):
        return node.func.id in {"print", "display"}
    return called_name(node) != "shuffle"


def texts(nodes: Iterable[ast.expr]) -> list[str]:
    """Literal text, that of f-strings too."""
    parts = [part for node in nodes for part in (node.values if isinstance(node, ast.JoinedStr) else [node])]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def called_name(node: ast.Call) -> str:
    """The name of what is called, that of the method if it is one; empty where it has none."""
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def maker(node: ast.expr) -> str:
    """The name that is called first in a chain of calls: ``Model`` in ``Model().set_params(a=1).fit``; empty where a
    chain begins with something else.
    """
    call = None
    while isinstance(node, ast.Call | ast.Attribute):
        call, node = node, node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) and isinstance(call, ast.Call) else ""


def names_in(node: ast.expr) -> list[str]:
    """The names an expression mentions, but for those of what it calls."""
    waiting: list[ast.AST] = [node]
    found = []
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Name):
            found.append(one.id)
        skipped = one.func if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) else None
        waiting += [each for each in ast.iter_child_nodes(one) if each is not skipped]
    return found


def arguments(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters, in order."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return plain + [each for each in (arguments.vararg, arguments.kwarg) if each is not None]


def defaults(arguments: ast.arguments) -> list[ast.expr]:
    """All default values."""
    return [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]


def leaves(statement: ast.stmt) -> bool:
    """Whether what follows the statement is not reached."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return called_name(statement.value) in {"exit", "quit", "_exit"}
    return isinstance(statement, _LEAVING)


def is_always_true(test: ast.expr) -> bool:
    """Whether a test is true in every notebook."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def is_constant(node: ast.expr) -> bool:
    """Whether this is an immutable literal: it is the same each time it is evaluated."""
    if isinstance(node, ast.Tuple):
        return all(is_constant(each) for each in node.elts)
    if isinstance(node, ast.UnaryOp):
        return is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return is_constant(node.left) and is_constant(node.right)
    return isinstance(node, ast.Constant)


def kind_of(node: ast.expr) -> str:
    """What a value is, in a word: ``constant``, ``generator``, or the name of what is called to make it. A method that
    is called like a function of Python's, such as ``filter`` of a frame, is none.
    """
    if isinstance(node, ast.Call):
        name = called_name(node)
        return "" if isinstance(node.func, ast.Attribute) and name in _BUILTINS else name
    return "generator" if isinstance(node, ast.GeneratorExp) else "constant" if is_constant(node) else ""


def is_irrefutable(pattern: ast.pattern) -> bool:
    """Whether a pattern matches anything."""
    return isinstance(pattern, ast.MatchAs) and (pattern.pattern is None or is_irrefutable(pattern.pattern))


def binds_globals(node: ast.expr) -> bool:
    """Whether this is an item or method of ``globals()``."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"globals", "locals"}


def global_name(node: ast.expr) -> str | None:
    """The name of the notebook that ``globals()["name"]`` is."""
    match node:
        case ast.Subscript(value=ast.Call(func=ast.Name(id="globals"), args=[]), slice=ast.Constant(value=str(name))):
            return name
    return None
