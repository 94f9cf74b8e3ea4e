"""What each cell of a table reads, before anything is known of HTML or terminals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_magics.look.document import Align, Cell, Column, Mark, Table, Tone
from mlops_magics.look.numbers import GROUPED_FROM, MISSING, common_digits, number, time
from mlops_magics.look.palette import signed_text


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
    style = _style(column, [cell for cell in present if isinstance(cell, int | float)])
    align = column.align or ("right" if is_numeric or column.digits is not None or column.bar else "left")
    readings = tuple(_read(cell, style) for cell in cells)
    return ReadColumn(column.name, align, readings, is_text=not is_numeric)


@dataclass(frozen=True)
class _Style:
    """How the numbers of one column are written, so that they agree with each other."""

    digits: int | None
    sign: bool
    grouped: bool | None
    full_bar: float


def _style(column: Column, numbers: Sequence[float]) -> _Style:
    finite = [value for value in numbers if math.isfinite(value)]
    digits = column.digits
    if digits is None:
        digits = common_digits(value for value in finite if isinstance(value, float))
    grouped = True if any(abs(value) >= GROUPED_FROM for value in finite) else None
    full = column.bar if column.bar is not True else max(map(abs, finite), default=0)
    return _Style(digits, column.sign, grouped, float(full))


def _read(cell: Cell, style: _Style) -> Reading:
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
    share = min(1.0, abs(cell) / style.full_bar) if style.full_bar and math.isfinite(cell) else None
    return Reading(number(cell, digits=style.digits, sign=style.sign, grouped=style.grouped), tone, share)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)
