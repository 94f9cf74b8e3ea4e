"""What a call in a cell is a call of: ``np.random.seed`` is ``numpy.random.seed``, whatever the cell calls it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

CUSTOMS: Mapping[str, str] = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "sns": "seaborn",
    "tf": "tensorflow",
    "pq": "pyarrow.parquet",
    "xr": "xarray",
    "gpd": "geopandas",
    "dd": "dask.dataframe",
    "jnp": "jax.numpy",
}
"""What a name means where no import of it was seen."""


def imported_names(tree: ast.AST) -> dict[str, str]:
    """The names that imports anywhere in ``tree`` bind, and what each stands for.

    >>> imported_names(ast.parse("import numpy as np, os.path; from sklearn import datasets as ds"))
    {'np': 'numpy', 'os': 'os', 'ds': 'sklearn.datasets'}
    """
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def module_names(namespace: Mapping[str, Any] | None, tree: ast.AST) -> dict[str, str]:
    """The modules among the names that ``tree`` reads, by what they are called in ``namespace``."""
    if not namespace:
        return {}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    # By type and by the module's own dict: a value of the person's may do anything when it is looked at.
    modules = {name: value for name in names if issubclass(type(value := namespace.get(name)), ModuleType)}
    return {name: str(vars(module).get("__name__", name)) for name, module in modules.items()}


def dotted_name(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """The full name of a name or a chain of attributes, or None for anything else.

    Parameters
    ----------
    node
        Such as the function of a call.
    names
        What names stand for, as :func:`imported_names` tells; :data:`CUSTOMS` are known without.

    Examples
    --------
    >>> dotted_name(ast.parse("np.random.seed", mode="eval").body, {})
    'numpy.random.seed'
    """
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(names.get(node.id) or CUSTOMS.get(node.id) or node.id)
    return ".".join(reversed(parts))


def in_order(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node below ``tree``, in the order it is written, however deep it goes."""
    waiting = list(ast.iter_child_nodes(tree))[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += list(ast.iter_child_nodes(node))[::-1]
