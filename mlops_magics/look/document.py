"""What a result says, as frozen blocks that know nothing of HTML or terminals.

A block checks itself when it is made, so that a renderer never has to. Mistakes here are mistakes of the calling code:
they raise ValueError or TypeError, not an error meant for the person at the notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, get_args

from mlops_magics.look.value import Value

Tone = Literal["plain", "good", "bad", "unknown", "quiet"]
"""``good``, ``bad`` and ``unknown`` carry a sign as well as a colour; ``quiet`` is secondary text."""

Align = Literal["left", "right"]
ChartKind = Literal["line", "step", "bars"]


class Mark(Value):
    """A short text with a tone, for use as a table cell: a verdict, a status, a change."""

    text: str
    tone: Tone = "plain"

    def check(self) -> None:
        _check_choice("tone", self.tone, Tone)
        self._set(text=str(self.text))


Cell: TypeAlias = "str | bool | int | float | datetime | Mark | None"


class Title(Value):
    """A heading, with a quiet note beside it."""

    text: str
    note: str = ""


class Line(Value):
    """One sentence."""

    text: str
    tone: Tone = "plain"

    def check(self) -> None:
        _check_choice("tone", self.tone, Tone)


class Column(Value):
    """How a column of a table reads.

    Parameters
    ----------
    name
        The heading.
    align
        ``"left"`` or ``"right"``; None aligns a column of numbers right and every other one left.
    digits
        Decimals of every float in the column; None chooses as many as the values need.
    bar
        Draw a bar behind each number. True: the largest magnitude of the column is a full bar. A number: that value
        is a full bar, such as ``bar=1.0`` for a distance in [0, 1].
    sign
        Write a plus before positive numbers.
    """

    name: str
    align: Align | None = None
    digits: int | None = None
    bar: bool | float = False
    sign: bool = False

    def check(self) -> None:
        if self.align is not None:
            _check_choice("align", self.align, Align)
        if self.digits is not None and not 0 <= self.digits <= 15:
            raise ValueError(f"digits of column {self.name!r} is {self.digits}; it is 0 to 15, or None")
        if not isinstance(self.bar, bool) and not self.bar > 0:
            raise ValueError(f"bar of column {self.name!r} is {self.bar}; it is True, False or a positive number")


class Table(Value):
    """Rows of cells under named columns.

    Parameters
    ----------
    columns
        Names, or :class:`Column` where a column reads in its own way. Kept as a tuple of :class:`Column`.
    rows
        As many cells per row as columns. None shows as a dash, NaN as NaN. NumPy scalars become the Python values
        they hold, any other object its text. Kept as a tuple of tuples.
    caption
        What the table holds, read before it.

    Raises
    ------
    ValueError
        A row has more or fewer cells than there are columns.

    Examples
    --------
    >>> Table(["run", "auc"], [["baseline", 0.7213]]).columns[1].name
    'auc'
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __init__(
        self, columns: Iterable[str | Column], rows: Iterable[Iterable[Any]], caption: str = ""
    ) -> None:
        named = tuple(column if isinstance(column, Column) else Column(str(column)) for column in columns)
        filled = tuple(tuple(_cell(value) for value in row) for row in rows)
        for number, row in enumerate(filled):
            if len(row) != len(named):
                names = ", ".join(column.name for column in named)
                raise ValueError(f"row {number} has {len(row)} cells for {len(named)} columns ({names}): {row!r}")
        self._set(columns=named, rows=filled, caption=caption)


class Code(Value):
    """Text in which every space counts. Python has colours; in language ``"diff"``, lines beginning with + and - stand
    out.
    """

    text: str
    language: str = "python"


class DiffLine(Value):
    """A line of a difference.

    Parameters
    ----------
    sign
        ``"-"`` for a line of the left side, ``"+"`` of the right, ``" "`` of both, ``"@@"`` for a heading.
    text
        The line without its sign.
    source, at
        The whole text that it is a line of, and which one, from 0: its colours hang on the lines before.
    """

    sign: Literal[" ", "+", "-", "@@"]
    text: str
    source: str = ""
    at: int = 0

    def __str__(self) -> str:
        return f"{self.sign}{self.text}"


class Diff(Value):
    """Lines of Python on two sides, as a unified diff has them."""

    lines: tuple[DiffLine, ...]

    def __init__(self, *lines: DiffLine) -> None:
        _check_all("lines", lines, DiffLine)
        self._set(lines=lines)


class Picture(Value):
    """An image that was made elsewhere: its bytes, their media type, and what it is called."""

    data: bytes
    media_type: Literal["image/png", "image/jpeg", "image/svg+xml"]
    name: str = ""

    def check(self) -> None:
        known = ("image/png", "image/jpeg", "image/svg+xml")
        if self.media_type not in known:
            raise ValueError(f"media_type is {self.media_type!r}; it is one of {', '.join(known)}")


class Series(Value):
    """Named points of a chart.

    Parameters
    ----------
    name
        Read in the legend; may be empty when a chart has one series.
    x
        Positions, or category names. For ``bars`` and ``step`` of kind numeric, one more than ``y`` means bin edges.
        Infinite outer edges are drawn as open bins.
    y
        Heights; None and NaN leave a gap.
    """

    name: str
    x: tuple[float, ...] | tuple[str, ...]
    y: tuple[float, ...]

    def __init__(self, name: str, x: Iterable[Any], y: Iterable[Any]) -> None:
        heights = tuple(_height(value) for value in _listed(y))
        positions = _positions(tuple(_listed(x)))
        is_text = bool(positions) and isinstance(positions[0], str)
        if len(positions) - len(heights) not in ({0} if is_text else {0, 1}):
            seen = f"{len(positions)} x for {len(heights)} y"
            raise ValueError(f"series {name!r} has {seen}; they are equal, or x has one more as bin edges")
        self._set(name=str(name), x=positions, y=heights)

    @property
    def has_edges(self) -> bool:
        """Whether ``x`` are the edges of bins, one more than ``y``."""
        return len(self.x) == len(self.y) + 1

    @property
    def has_categories(self) -> bool:
        """Whether ``x`` are names."""
        return bool(self.x) and isinstance(self.x[0], str)


class Chart(Value):
    """A small picture of one or more series over common axes.

    Parameters
    ----------
    kind
        ``"line"``; ``"step"``, which holds each height until the next position; ``"bars"``, overlaid for numeric
        positions and side by side for categories.
    series
        :class:`Series`, one or many. Empty is allowed and says so.
    x_label, y_label, title
        What is read beside the axes and above the chart.
    width, height
        In CSS pixels, at least 120 × 80.
    diagonal
        Draw y = x, as behind a ROC or calibration curve.

    Raises
    ------
    ValueError
        An unknown kind, a size too small, categories and numbers in one chart, or bin edges in a line chart.
    """

    kind: ChartKind
    series: tuple[Series, ...]
    x_label: str = ""
    y_label: str = ""
    title: str = ""
    width: int = 320
    height: int = 200
    diagonal: bool = False

    def check(self) -> None:
        _check_choice("kind", self.kind, ChartKind)
        series = (self.series,) if isinstance(self.series, Series) else tuple(self.series)
        self._set(series=series)
        _check_all("series", series, Series)
        if self.width < 120 or self.height < 80:
            raise ValueError(f"a chart of {self.width} × {self.height} pixels is too small to read; at least 120 × 80")
        if len({one.has_categories for one in series if one.x}) > 1:
            raise ValueError("a chart holds categories or numbers on its x axis, not both")
        if self.kind == "line" and any(one.has_edges for one in series):
            raise ValueError("a line chart takes as many x as y; bin edges belong to bars and step")


class Charts(Value):
    """Several charts side by side, wrapping where the page is narrow."""

    charts: tuple[Chart, ...]

    def __init__(self, *charts: Chart) -> None:
        _check_all("charts", charts, Chart)
        self._set(charts=charts)


class Fold(Value):
    """Blocks behind a summary that opens on request; a text form shows them always."""

    summary: str
    blocks: tuple[Block, ...]
    open: bool

    def __init__(self, summary: str, *blocks: Block, open: bool = False) -> None:  # noqa: A002 - HTML's own word
        _check_blocks(blocks)
        self._set(summary=summary, blocks=blocks, open=open)


Block: TypeAlias = "Title | Line | Table | Code | Diff | Picture | Chart | Charts | Fold"


class Document(Value):
    """What one result says, block after block.

    Examples
    --------
    >>> len(Document(Title("flights", note="2 runs"), Line("boosted is better", tone="good")).blocks)
    2
    """

    blocks: tuple[Block, ...]

    def __init__(self, *blocks: Block) -> None:
        _check_blocks(blocks)
        self._set(blocks=blocks)


def _check_choice(what: str, value: object, choices: Any) -> None:
    if value not in get_args(choices):
        raise ValueError(f"{what} is {value!r}; it is one of {', '.join(get_args(choices))}")


def _check_all(what: str, values: Sequence[object], kind: type) -> None:
    for value in values:
        if not isinstance(value, kind):
            raise TypeError(f"{what} takes {kind.__name__}, not {type(value).__name__}: {value!r:.80}")


def _check_blocks(blocks: Sequence[object]) -> None:
    known = (Title, Line, Table, Code, Diff, Picture, Chart, Charts, Fold)
    for block in blocks:
        if not isinstance(block, known):
            names = ", ".join(kind.__name__ for kind in known)
            raise TypeError(f"a block is one of {names}, not {type(block).__name__}: {block!r:.80}")


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | bool | int | float | Mark):
        return value
    if isinstance(value, datetime):
        # pandas.NaT is a datetime that equals nothing, itself included.
        return value if value == value else None  # noqa: PLR0124
    if isinstance(value, date):
        return value.isoformat()
    return _cell(value.item()) if _is_scalar(value) else str(value)


def _is_scalar(value: Any) -> bool:
    """Whether this is a NumPy scalar, told without importing NumPy."""
    return hasattr(value, "dtype") and getattr(value, "ndim", None) == 0 and not isinstance(value.item(), type(value))


def _listed(values: Any) -> Iterable[Any]:
    return values.tolist() if hasattr(values, "tolist") else values  # type: ignore[no-any-return]


def _height(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _positions(values: tuple[Any, ...]) -> tuple[float, ...] | tuple[str, ...]:
    """All numbers, or all names: one name, date or missing value makes every position a name."""
    if all(hasattr(value, "__float__") for value in values):
        return tuple(float(value) for value in values)
    return tuple(value.isoformat() if isinstance(value, date) else str(value) for value in values)
