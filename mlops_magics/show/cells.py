"""What each cell of a table reads, before anything is known of HTML or terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_magics.show.document import Align, Cell, Column, Mark, Table, Tone
from mlops_magics.show.numbers import MISSING, common_digits, number, time
from mlops_magics.show.palette import signed_text


@dataclass(frozen=True)
class Reading:
    """A cell as it reads: its text, its tone, and how much of a full bar stands behind it (None for no bar)."""

    text: str
    tone: Tone = "plain"
    bar: float | None = None


@dataclass(frozen=True)
class ReadColumn:
    """A column as it reads: its heading, its side, and its cells from top to bottom."""

    name: str
    align: Align
    cells: tuple[Reading, ...]
    is_text: bool


def read_columns(table: Table) -> tuple[ReadColumn, ...]:
    """The columns of a table, each cell formatted to agree with its neighbours above and below."""
    return tuple(
        _read_column(column, [row[index] for row in table.rows]) for index, column in enumerate(table.columns)
    )


def _read_column(column: Column, cells: list[Cell]) -> ReadColumn:
    present = [cell for cell in cells if cell is not None]
    is_numeric = bool(present) and all(_is_number(cell) for cell in present)
    decimals = column.digits
    if decimals is None:
        decimals = common_digits(cell for cell in present if isinstance(cell, float) and math.isfinite(cell))
    full = _full_bar(column, present)
    align = column.align or ("right" if is_numeric or column.digits is not None or column.bar else "left")
    readings = tuple(_read(cell, column=column, decimals=decimals, full=full) for cell in cells)
    return ReadColumn(column.name, align, readings, is_text=not is_numeric)


def _read(cell: Cell, *, column: Column, decimals: int | None, full: float) -> Reading:
    if cell is None:
        return Reading(MISSING, "quiet")
    if isinstance(cell, Mark):
        return Reading(signed_text(cell.text, cell.tone), cell.tone)
    if isinstance(cell, str):
        return Reading(cell)
    if isinstance(cell, bool):
        return Reading(str(cell))
    if isinstance(cell, datetime):
        return Reading(time(cell))
    tone: Tone = "quiet" if math.isnan(cell) else "plain"
    share = min(1.0, abs(cell) / full) if full and math.isfinite(cell) else None
    return Reading(number(cell, digits=decimals, sign=column.sign), tone, share)


def _full_bar(column: Column, present: Sequence[Cell]) -> float:
    """The magnitude of a full bar; 0 where the column draws none."""
    if column.bar is False:
        return 0.0
    if column.bar is not True:
        return float(column.bar)
    sizes = [abs(cell) for cell in present if isinstance(cell, int | float) and math.isfinite(cell)]
    return float(max(sizes, default=0.0))


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
