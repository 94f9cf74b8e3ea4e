"""Autologging: what is fitted while a notebook is tracked, seen without touching what it does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_magics.capture.autolog.autolog import Autolog
    from mlops_magics.capture.autolog.sink import Sink

__all__ = ["Autolog", "Sink"]

_HOMES = {"Autolog": "autolog", "Sink": "sink"}


def __getattr__(name: str) -> Any:
    # A worker process that tells how far a search is loads one module of these, and not all.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
