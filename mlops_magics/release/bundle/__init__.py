"""A model with everything it needs to leave: one folder, checked before anything in it is constructed.

    export(run, path)      write a run's model as a bundle
    load_bundle(path)      check a bundle, then use it

Light on purpose: the modules load with the first name that is touched.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_magics.release.bundle.load import Bundle, load_bundle
    from mlops_magics.release.bundle.manifest import Manifest
    from mlops_magics.release.bundle.pack import export

__all__ = ["Bundle", "Manifest", "export", "load_bundle"]

_HOMES = {
    "Bundle": "mlops_magics.release.bundle.load",
    "Manifest": "mlops_magics.release.bundle.manifest",
    "export": "mlops_magics.release.bundle.pack",
    "load_bundle": "mlops_magics.release.bundle.load",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
