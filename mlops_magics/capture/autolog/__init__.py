"""Autologging: what is fitted while a notebook is tracked, seen without touching what it does."""

from __future__ import annotations

from mlops_magics.capture.autolog.autolog import Autolog
from mlops_magics.capture.autolog.sink import Sink
from mlops_magics.capture.autolog.watch import FitWatch

__all__ = ["Autolog", "FitWatch", "Sink"]
