"""Which random generators does a cell seed, and with what?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_magics.capture.notebook.calls import dotted_name, imported_names, in_order, module_names
from mlops_magics.capture.notebook.source import python_of

LONGEST = 120
"""Longer calls are cut: a seed is a number, not a program."""

_HINT = re.compile(r"seed|rand|rng", re.IGNORECASE)
_SEEDERS = frozenset(
    {
        "numpy.random.default_rng",
        "numpy.random.Generator",
        "numpy.random.PCG64",
        "numpy.random.MT19937",
        "numpy.random.Philox",
        "numpy.random.SeedSequence",
        "numpy.random.RandomState",
        "random.Random",
        "jax.random.PRNGKey",
        "jax.random.key",
        "sklearn.utils.check_random_state",
    }
)
_BARE = frozenset({"default_rng", "RandomState", "SeedSequence", "PRNGKey", "check_random_state"})
_SEEDING_METHODS = frozenset(
    {"seed", "manual_seed", "manual_seed_all", "set_seed", "set_random_seed", "seed_everything"}
)
_KEYWORD = re.compile(r"(?:\w+__)?((?:random_)?seed|random_state)")
_CONSTANT = re.compile(r"(?:\w+_)?(?:seed|random_state)", re.IGNORECASE)
_HASH_SEED = "PYTHONHASHSEED"
_HASH_SEED_MAGIC = re.compile(r"^\s*%(?:set_)?env\s+PYTHONHASHSEED[\s=]+(\S+)", re.MULTILINE)


def seeds_in(source: str, *, user_ns: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Tell which random generators a cell seeds, in the order it says so, each once.

    Calls that seed (``numpy.random.seed(7)``, ``torch.manual_seed(7)``, ``numpy.random.default_rng(7)``), arguments
    and items called ``random_state`` or ``seed`` (``random_state=7``), constants of such a name (``SEED = 7``) and
    ``PYTHONHASHSEED``. What is left to chance (``default_rng()``, ``random_state=None``) is no seed.

    Parameters
    ----------
    source
        Of the cell, as it was typed; magics and what cannot be parsed are no obstacle.
    user_ns
        The notebook's names, for modules that another cell imported under a name of its own.

    Examples
    --------
    >>> seeds_in("import numpy as np; np.random.seed(7); model = SVC(random_state=7)")
    ('numpy.random.seed(7)', 'random_state=7')
    """
    if not _HINT.search(source):
        return ()
    found = [f"{_HASH_SEED}={value}" for value in _HASH_SEED_MAGIC.findall(source)]
    tree = python_of(source).module
    if tree is not None:
        names = {**module_names(user_ns, tree), **imported_names(tree)}
        found += _seeds(tree, names)
    return tuple(dict.fromkeys(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…" for text in found))


def _seeds(tree: ast.AST, names: Mapping[str, str]) -> Iterator[str]:
    said: set[ast.AST] = set()
    for node in in_order(tree):
        if isinstance(node, ast.Call) and (text := _seeding_call(node, names)):
            said.update(node.keywords)
            yield text
        elif isinstance(node, ast.keyword) and node not in said and node.arg and _is_set(node.value):
            if match := _KEYWORD.fullmatch(node.arg):
                yield f"{match[1]}={ast.unparse(node.value)}"
            elif node.arg == _HASH_SEED:
                yield f"{_HASH_SEED}={_word(node.value)}"
        elif isinstance(node, ast.Dict):
            yield from _items(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield from _assigned(node)


def _seeding_call(call: ast.Call, names: Mapping[str, str]) -> str | None:
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not arguments or not _is_set(arguments[0]):
        return None
    name = dotted_name(call.func, names)
    last = call.func.attr if isinstance(call.func, ast.Attribute) else (name or "").rpartition(".")[2]
    if name in {"os.environ.setdefault", "os.putenv"}:
        is_hash_seed = len(arguments) == 2 and _word(arguments[0]) == _HASH_SEED
        return f"{_HASH_SEED}={_word(arguments[1])}" if is_hash_seed else None
    if name in _SEEDERS or name in _BARE or last in _SEEDING_METHODS:
        # A key of jax is made by one call and split by others; a method may be of anything, so its owner is told too.
        owner = name or ast.unparse(call.func)
        return f"{owner}({', '.join(ast.unparse(part) for part in [*call.args, *call.keywords])})"
    return None


def _items(node: ast.Dict) -> Iterator[str]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            if key.value == _HASH_SEED:
                yield f"{_HASH_SEED}={_word(value)}"
            elif _is_number(value) and (match := _KEYWORD.fullmatch(key.value)):
                yield f"{match[1]}={ast.unparse(value)}"


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Name) and _CONSTANT.fullmatch(target.id) and _is_number(node.value):
            yield f"{target.id} = {ast.unparse(node.value)}"  # type: ignore[arg-type]  # a number is there
        elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
            key = target.slice.value
            if key == _HASH_SEED:
                yield f"{_HASH_SEED}={_word(node.value)}"
            elif isinstance(key, str) and _is_number(node.value) and (match := _KEYWORD.fullmatch(key)):
                yield f"{match[1]}={ast.unparse(node.value)}"  # type: ignore[arg-type]  # a number is there
        elif isinstance(target, ast.Attribute) and target.attr in {"seed", "random_state"} and _is_number(node.value):
            yield f"{ast.unparse(target)} = {ast.unparse(node.value)}"  # type: ignore[arg-type]  # a number is there


def _is_set(node: ast.AST) -> bool:
    return not (isinstance(node, ast.Constant) and node.value is None)


def _is_number(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)


def _word(node: ast.AST | None) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "" if node is None else ast.unparse(node)
