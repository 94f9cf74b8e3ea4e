"""One execution of a cell: what everything here is told about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a cell, as :class:`mlops_magics.records.Cell` tells it, with its source.

    ``position`` counts executions from 1 in the order they began; ``cell`` is the front end's id, or None;
    ``status`` is ``ok`` or ``error``; ``started`` is UTC without zone, if it is known.
    """

    position: int
    cell: str | None
    source: str
    status: str = "ok"
    facts: int = 0
    is_before: bool = False
    execution_count: int | None = None
    started: datetime | None = None
