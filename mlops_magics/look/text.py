"""A document as plain text: for terminals, logs and ``print``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from mlops_magics.look import glyphs
from mlops_magics.look.axes import LARGEST
from mlops_magics.look.cells import ReadColumn, read_columns
from mlops_magics.look.document import Block, Chart, Charts, Code, Diff, Document, Line, Picture, Series, Table, Title
from mlops_magics.look.numbers import number
from mlops_magics.look.palette import signed_text
from mlops_magics.look.reduce import means

GAP = "  "
INDENT = "  "
NARROWEST = 20
"""Terminal cells a text column keeps, however narrow the terminal."""
SENTENCE = 50
"""Terminal cells from which a text in the last column is taken for a sentence."""
MOST_LINES = 6
"""Of a cell."""
BAR_CELLS = 8
SPARK_CELLS = 40
SPARKS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉█"


def to_text(document: Document, *, width: int = 100) -> str:
    """Write a document as lines of text, without colours or control characters.

    Parameters
    ----------
    document
        Any document.
    width
        Terminal cells of a line. A table that is wider breaks its texts into lines first, then continues below with its
        first column repeated, clipped in its middle. Sentences are never broken.

    Examples
    --------
    >>> print(to_text(Document(Title("flights", note="1 run"), Table(["run", "auc"], [["baseline", 0.7213]]))))
    flights · 1 run
    <BLANKLINE>
    run          auc
    ────────  ──────
    baseline  0.7213
    """
    return "\n".join(_spaced(document.blocks, max(width, 20)))


def _spaced(blocks: Sequence[Block], width: int) -> Iterator[str]:
    """The lines of the blocks, a blank line around everything that is not a sentence."""
    before: Block | None = None
    for block in blocks:
        if before is not None and not (isinstance(before, Line | Title) and isinstance(block, Line)):
            yield ""
        yield from _lines(block, width)
        before = block


def _lines(block: Block, width: int) -> Iterator[str]:
    if isinstance(block, Title):
        yield glyphs.clean(f"{block.text} · {block.note}" if block.note else block.text)
    elif isinstance(block, Line):
        yield glyphs.clean(signed_text(block.text, block.tone))
    elif isinstance(block, Table):
        yield from _table(block, width)
    elif isinstance(block, Code):
        yield from (INDENT + glyphs.clean(line, keep="\t") for line in block.text.splitlines())
    elif isinstance(block, Diff):
        yield from (INDENT + glyphs.clean(str(line), keep="\t") for line in block.lines)
    elif isinstance(block, Picture):
        yield f"[{glyphs.clean(block.name or 'picture')}]"
    elif isinstance(block, Chart):
        yield from _chart(block, width)
    elif isinstance(block, Charts):
        yield from _spaced(block.charts, width)
    elif not block.open:
        # A terminal cannot open it: what is closed is the part most readers do without.
        yield f"▸ {glyphs.clean(block.summary)}"
    else:
        yield f"▾ {glyphs.clean(block.summary)}"
        yield from (INDENT + line if line else "" for line in _spaced(block.blocks, width - len(INDENT)))


def _table(table: Table, width: int) -> Iterator[str]:
    if table.caption:
        yield glyphs.clean(table.caption)
    columns = [_Printed(column) for column in read_columns(table)]
    sentences = _sentences(columns, width)
    _narrow(columns, width)
    panels = list(_panels(columns, width))
    if len(panels) > 1:
        columns[0].is_repeated = True
    for index, panel in enumerate(panels):
        if index:
            yield ""
        is_last = panel is panels[-1]
        yield from _panel(panel, sentences if is_last else None, width)
    if not table.rows:
        yield "(none)"


class _Printed:
    """A column on its way to the terminal: its texts, and the cells it takes. One that is repeated names the rows."""

    is_repeated = False

    def __init__(self, column: ReadColumn) -> None:
        has_bar = any(cell.bar is not None for cell in column.cells)
        texts = [glyphs.clean(cell.text) for cell in column.cells]
        if has_bar:
            widest = max(glyphs.width(text) for text in texts)
            texts = [
                f"{glyphs.pad(text, widest, align='right')} {glyphs.pad(_bar(cell.bar), BAR_CELLS)}"
                for text, cell in zip(texts, column.cells, strict=True)
            ]
        self.name = glyphs.clean(column.name)
        self.align = "left" if has_bar else column.align
        self.texts = texts
        self.is_flexible = column.is_text
        self.width = max(glyphs.width(text) for text in (self.name, *texts))

    @property
    def parts(self) -> list[list[str]]:
        """The lines of each cell: a text goes on below where it is too long; a name that is repeated is clipped."""
        if self.is_repeated or not self.is_flexible:
            return [[text] for text in self.texts]
        return [_within(text, self.width) for text in self.texts]

    def line(self, text: str) -> str:
        clip = glyphs.clip_middle if self.is_repeated else glyphs.clip
        return glyphs.pad(clip(text, self.width), self.width, align=self.align)


def _narrow(columns: list[_Printed], width: int) -> None:
    """Narrow the widest texts until the table fits; where that would reach short ones too, let it go on below."""
    flexible = [column for column in columns if column.is_flexible and column.width > NARROWEST]
    excess = _total(columns) - width
    if sum(column.width - NARROWEST for column in flexible) < excess:
        for column in flexible:
            column.width = max(NARROWEST, min(column.width, width // 2))
        return
    for _ in range(excess):
        max(flexible, key=lambda one: one.width).width -= 1


def _panels(columns: list[_Printed], width: int) -> Iterator[list[_Printed]]:
    """The columns in groups that fit, each group opened by the first column, so that a row can be told."""
    if not columns:
        return
    first, panel = columns[0], [columns[0]]
    for column in columns[1:]:
        if len(panel) > 1 and _total([*panel, column]) > width:
            yield panel
            panel = [first]
        panel.append(column)
    yield panel


def _total(columns: Sequence[_Printed]) -> int:
    return sum(column.width for column in columns) + len(GAP) * (len(columns) - 1)


def _panel(columns: list[_Printed], sentences: Sequence[str] | None, width: int) -> Iterator[str]:
    """The names, a rule, and the rows: each of as many lines as its longest text takes, and its sentence below."""
    yield GAP.join(column.line(column.name) for column in columns).rstrip()
    yield GAP.join("─" * column.width for column in columns)
    for index, row in enumerate(zip(*(column.parts for column in columns), strict=True)):
        for line in zip_longest(*row, fillvalue=""):
            yield GAP.join(column.line(text) for column, text in zip(columns, line, strict=True)).rstrip()
        if sentences:
            yield from (INDENT * 2 + part for part in _wrapped(sentences[index], width - 2 * len(INDENT)))


def _sentences(columns: list[_Printed], width: int) -> list[str] | None:
    """Take the last column out where it holds sentences that would be clipped: they stand below their rows, whole."""
    if len(columns) < 3 or not columns[-1].is_flexible or columns[-1].width < SENTENCE or _total(columns) <= width:
        return None
    return columns.pop().texts


def _within(text: str, width: int) -> list[str]:
    """A text in lines of so many cells, between words where it can be; of a very long one as many as are read."""
    if glyphs.width(text) <= width:
        return [text]
    lines: list[str] = []
    for part in _wrapped(text, width):
        rest = part
        while glyphs.width(rest) > width:
            head = glyphs.clip(rest, width + 1).removesuffix("…")
            lines.append(head)
            rest = rest[len(head) :]
        lines.append(rest)
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1] + " …"]


def _wrapped(text: str, width: int) -> Iterator[str]:
    """A text broken between words; a word longer than a line stays whole."""
    line = ""
    for word in text.split():
        if line and glyphs.width(line) + 1 + glyphs.width(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def _bar(share: float | None) -> str:
    eighths = round((share or 0.0) * BAR_CELLS * 8)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()


def _chart(chart: Chart, width: int) -> Iterator[str]:
    """A heading, then a line per series: its name, its shape and its range. All series share one scale."""
    axes = " by ".join(glyphs.clean(label) for label in (chart.y_label, chart.x_label) if label)
    if heading := " · ".join(part for part in (glyphs.clean(chart.title), axes) if part):
        yield heading
    finite = [value for one in chart.series for value in one.y if abs(value) < LARGEST]
    if not finite:
        yield INDENT + "no points"
        return
    low, high = min(finite), max(finite)
    names = [glyphs.clip(glyphs.clean(one.name), 24) for one in chart.series]
    widest = max(glyphs.width(name) for name in names)
    cells = max(8, min(SPARK_CELLS, width - widest - 30))
    for name, one in zip(names, chart.series, strict=True):
        parts = [glyphs.pad(name, widest), _spark(one, low=low, high=high, cells=cells), _range(one)]
        yield INDENT + GAP.join(part for part in parts if part).rstrip()


def _spark(series: Series, *, low: float, high: float, cells: int) -> str:
    span = high - low
    marks = []
    for value in means(series.y, cells=cells):
        if not abs(value) < LARGEST:
            marks.append(" ")
        else:
            marks.append(SPARKS[round((value - low) / span * 7)] if span else SPARKS[3])
    return "".join(marks)


def _range(series: Series) -> str:
    finite = [value for value in series.y if math.isfinite(value)]
    if not finite:
        return "no points"
    low, high = number(min(finite)), number(max(finite))
    return low if low == high else f"{low} … {high}"


__all__ = ["to_text"]
