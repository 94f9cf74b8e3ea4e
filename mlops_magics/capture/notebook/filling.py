"""Whether a part of something, filled again by the same statement, goes on from what was filled in before."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_NOT_VALUES = frozenset({"len", "min", "max", "type", "id", "range", "enumerate", "isinstance"})
"""Functions whose result is the same when one element was filled with it."""

_SHAPES = frozenset({"shape", "size", "ndim", "dtype", "index", "columns", "min", "max"})


def reads_itself(target: ast.Attribute | ast.Subscript, value: ast.expr, root: str) -> bool:
    """Whether ``target = value`` makes something else when it is run again: a row below the last one, a slice of what
    is in it, a count in a dict. ``root`` is the name the target begins with. That a part is read as it is written, as
    in ``df["a"] = df["a"] * 2``, is not asked here.

    >>> def asked(text):
    ...     line = ast.parse(text).body[0]
    ...     return reads_itself(line.targets[0], line.value, "x")
    >>> asked("x.loc[len(x)] = [1]"), asked("x[:] = [each * 2 for each in x]"), asked("x[0] = x[1]")
    (True, True, False)
    >>> asked("x['k'] = x.get('k', 0) + 1"), asked("x['k'] = x.get('k', 0)"), asked("x['a'] = x.mean(axis=1)")
    (True, False, False)
    """
    if not isinstance(target, ast.Subscript):
        return False
    key, owner = target.slice, target.value
    if _grows(key, root):
        return True
    if not isinstance(owner, ast.Name):
        return False
    if _is_whole(key):
        return _reads_values(value, root, of_parts=True)
    if isinstance(key, ast.Slice | ast.Tuple) or (isinstance(key, ast.Constant) and isinstance(key.value, int)):
        return _reads_values(value, root, of_parts=False)
    return _gets(value, root, key) or any(_reads_part(node, root, key) for node in ast.walk(value))


def goes_on_deleting(target: ast.Attribute | ast.Subscript) -> bool:
    """Whether ``del target`` deletes another element each time, rather than the one that is called so."""
    key = target.slice if isinstance(target, ast.Subscript) else None
    if isinstance(key, ast.UnaryOp):
        key = key.operand
    return isinstance(key, ast.Slice) or (isinstance(key, ast.Constant) and isinstance(key.value, int))


def _grows(key: ast.expr, root: str) -> bool:
    """Whether the key counts what is there: ``len(df)``, ``f"run {len(runs)}"``, but not the last one."""
    if isinstance(key, ast.BinOp) and not isinstance(key.op, ast.Add | ast.Mult | ast.Mod):
        return False
    if isinstance(key, ast.Call):
        return _is_call_of(key, "len", root)
    inside = isinstance(key, ast.BinOp | ast.JoinedStr | ast.FormattedValue)
    return inside and any(isinstance(each, ast.expr) and _grows(each, root) for each in ast.iter_child_nodes(key))


def _is_call_of(node: ast.Call, function: str, root: str) -> bool:
    is_function = isinstance(node.func, ast.Name) and node.func.id == function
    return is_function and any(isinstance(each, ast.Name) and each.id == root for each in node.args)


def _is_whole(key: ast.expr) -> bool:
    if isinstance(key, ast.Tuple):
        return all(map(_is_whole, key.elts))
    is_open = isinstance(key, ast.Slice) and key.lower is None and key.upper is None and key.step is None
    return is_open or (isinstance(key, ast.Constant) and key.value is ...)


def _reads_values(node: ast.AST, root: str, *, of_parts: bool) -> bool:
    """Whether all of the values that a name holds are read, or, with ``of_parts``, any of them."""
    match node:
        case ast.Name(id=name):
            return name == root
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name == root:
            return attribute not in _SHAPES
        case ast.Subscript(value=ast.Name(id=name), slice=key) if name == root:
            return of_parts or _reads_values(key, root, of_parts=of_parts)
        case ast.Call(func=ast.Name(id=function)) if function in _NOT_VALUES:
            return any(not isinstance(each, ast.Name) and _reads_values(each, root, of_parts=of_parts)
                       for each in node.args)  # fmt: skip
    return any(_reads_values(each, root, of_parts=of_parts) for each in ast.iter_child_nodes(node))


def _gets(value: ast.expr, root: str, key: ast.expr) -> bool:
    """Whether ``root.get(key)`` is made something of; by itself, or with a default behind it, it is what is there."""
    if _is_get(value, root, key):
        return False
    if isinstance(value, ast.BoolOp) and _is_get(value.values[0], root, key):
        return False
    return any(_is_get(node, root, key) for node in ast.walk(value))


def _is_get(node: ast.AST, root: str, key: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get" | "pop"), args=[first, *_]):
            return name == root and ast.dump(first) == ast.dump(key)
    return False


def _reads_part(node: ast.AST, root: str, key: ast.expr) -> bool:
    """Whether the part that is filled is read of something that a method of the whole gives: of the row that a function
    is applied to, of a group.
    """
    wanted = key.value if isinstance(key, ast.Constant) else None
    if not isinstance(wanted, str):
        return False
    if isinstance(node, ast.Subscript | ast.Attribute):
        return wanted in _keys(node) and isinstance(node.value, ast.Call) and _root_of(node.value) == root
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _root_of(node) == root):
        return False
    functions = [each for each in (*node.args, *(word.value for word in node.keywords)) if isinstance(each, ast.Lambda)]
    return any(
        isinstance(part.value, ast.Name) and part.value.id in _parameters(each) and wanted in _keys(part)
        for each in functions
        for part in ast.walk(each.body)
        if isinstance(part, ast.Subscript | ast.Attribute)
    )


def _parameters(function: ast.Lambda) -> list[str]:
    return [each.arg for each in function.args.args[:1]]


def _keys(node: ast.Subscript | ast.Attribute) -> Iterator[object]:
    if isinstance(node, ast.Attribute):
        yield node.attr
    else:
        for each in node.slice.elts if isinstance(node.slice, ast.List | ast.Tuple) else [node.slice]:
            yield each.value if isinstance(each, ast.Constant) else None


def _root_of(node: ast.expr) -> str | None:
    """The name that a chain of items, attributes and calls of methods begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            return None
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
