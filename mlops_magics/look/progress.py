"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Told the share done, from 0 to 1, and what is being done. Called from the thread that asked for the work."""
