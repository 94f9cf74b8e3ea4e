"""The same run again: its cells as a clean notebook, executed in a fresh kernel, and what came out differently.

    recipe(run, store)     the cells a run stood on
    write_notebook(…)      them, as a notebook
    replay(run)            all of it, and the comparison

Light on purpose: the modules load with the first name that is touched.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_magics.rerun.again import replay
    from mlops_magics.rerun.notebook import write_notebook
    from mlops_magics.rerun.recipe import Recipe, recipe
    from mlops_magics.rerun.report import Replay

__all__ = ["Recipe", "Replay", "recipe", "replay", "write_notebook"]

_HOMES = {
    "Recipe": "mlops_magics.rerun.recipe",
    "Replay": "mlops_magics.rerun.report",
    "recipe": "mlops_magics.rerun.recipe",
    "replay": "mlops_magics.rerun.again",
    "write_notebook": "mlops_magics.rerun.notebook",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
