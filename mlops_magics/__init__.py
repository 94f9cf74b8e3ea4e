"""Track, compare, watch and ship models from inside the notebook, in one local DuckDB store.

In a notebook: ``%load_ext mlops_magics``, then ``%mlops?``. In Python: the names below, each loaded on first touch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_magics.capture.tracking import track as track
    from mlops_magics.compare.difference import diff as diff
    from mlops_magics.compare.difference import diff_matrix as diff_matrix
    from mlops_magics.compare.leaderboard import runs as runs
    from mlops_magics.compare.page import show as show
    from mlops_magics.errors import MlopsError as MlopsError
    from mlops_magics.faces.panels import panel as panel
    from mlops_magics.model.evaluation import evaluate as evaluate
    from mlops_magics.monitor.drift import drift as drift
    from mlops_magics.release.bundle import export as export
    from mlops_magics.release.bundle import load_bundle as load_bundle
    from mlops_magics.rerun.again import replay as replay
    from mlops_magics.store import open_store as open_store

__version__ = "0.1.0"

_HOMES = {
    "MlopsError": "errors", "diff": "compare.difference", "diff_matrix": "compare.difference",
    "drift": "monitor.drift", "evaluate": "model.evaluation",
    "export": "release.bundle", "load_bundle": "release.bundle", "open_store": "store",
    "panel": "faces.panels", "replay": "rerun.again",
    "runs": "compare.leaderboard", "show": "compare.page", "track": "capture.tracking",
    "_jupyter_labextension_paths": "faces.server", "_jupyter_server_extension_points": "faces.server",
}  # fmt: skip
_NAMES = [name for name in _HOMES if not name.startswith("_")]
__all__ = [*_NAMES, "load_ipython_extension", "unload_ipython_extension"]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"mlops_magics.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext mlops_magics``."""
    import_module("mlops_magics.faces.magics").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by ``%unload_ext mlops_magics``."""
    import_module("mlops_magics.faces.magics").unload(shell)
