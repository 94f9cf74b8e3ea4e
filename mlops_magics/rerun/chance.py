"""Executions that others depend on by no name: they seed a random generator everybody shares, draw from it, or set
something in a module.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence

from mlops_magics.capture.notebook.calls import dotted_name, imported_names
from mlops_magics.capture.notebook.executed import Execution
from mlops_magics.capture.notebook.names import effects
from mlops_magics.capture.notebook.seeds import seeds_in
from mlops_magics.capture.notebook.source import python_of

_GENERATORS = ("numpy.random.", "random.", "torch.", "tensorflow.random.", "scipy.stats.")
_OWN_GENERATORS = ("numpy.random.default_rng", "numpy.random.Generator", "numpy.random.RandomState", "random.Random")
_MAY_DRAW = frozenset(
    {
        "sample",
        "shuffle",
        "rvs",
        "fit",
        "fit_transform",
        "fit_predict",
        "partial_fit",
        "train_test_split",
        "cross_validate",
        "cross_val_score",
        "cross_val_predict",
        "learning_curve",
        "permutation_importance",
        "resample",
        "split",
    }
)
"""Draw from the generator that everybody shares, unless they are given one or a seed."""


def hidden(executions: Sequence[Execution], last: int) -> list[int]:
    """Places before ``last`` of what has to be executed again although no name says so: what sets something in a module
    or seeds a shared generator, and from the first seed on whatever may have drawn from it, as a draw left out would
    change all that follow.

    >>> runs = ["import numpy as np", "np.random.seed(0)", "noise = np.random.rand()", "y = 2", "x = np.random.rand()"]
    >>> hidden([Execution(place, None, source) for place, source in enumerate(runs)], 4)
    [1, 2]
    """
    names: dict[str, str] = {}
    found, modules = [], set[str]()
    is_seeded = False
    for place, execution in enumerate(executions[:last]):
        tree = python_of(execution.source).module
        if tree is None or execution.status != "ok":
            continue
        names |= imported_names(tree)
        seeds = _seeds_shared(execution.source)
        modules |= _modules(tree)
        if seeds or _sets(execution.source, names, modules) or (is_seeded and _draws(tree, names)):
            found.append(place)
        is_seeded = is_seeded or seeds
    return found


def _modules(tree: ast.AST) -> set[str]:
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import))
    return {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}


def _sets(source: str, names: Mapping[str, str], modules: Collection[str]) -> bool:
    """Whether something that was imported is changed; ``os.remove`` and ``np.append`` do not change their module."""
    changed = effects(source).how.items()
    return any(name in names and not (how.by_method and name in modules) for name, how in changed)


def _seeds_shared(source: str) -> bool:
    return any(
        "seed" in (call := text.partition("("))[0] and call[1] and not text.startswith(_OWN_GENERATORS)
        for text in seeds_in(source)
    )


def _draws(tree: ast.AST, names: Mapping[str, str]) -> bool:
    return any(isinstance(node, ast.Call) and _may_draw(node, names) for node in ast.walk(tree))


def _may_draw(call: ast.Call, names: Mapping[str, str]) -> bool:
    if any(keyword.arg in {"random_state", "seed", "rng"} for keyword in call.keywords):
        return False
    name = dotted_name(call.func, names) or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
    if name.startswith(_OWN_GENERATORS):
        return False
    return name.startswith(_GENERATORS) or name.rpartition(".")[2] in _MAY_DRAW
