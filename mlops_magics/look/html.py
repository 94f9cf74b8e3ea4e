"""A document as HTML that needs no script, no style sheet and no network, and survives being sanitised.

Notebooks that are not trusted lose style sheets, classes and inline SVG; some pages lose inline styles too. So the
meaning is in the tags, sides of numbers also in the ``align`` attribute, and every colour is declared twice: first as
a fixed one that any sanitiser keeps, then as one that follows the theme of the page.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from mlops_magics.look.cells import ReadColumn, Reading, read_columns
from mlops_magics.look.charts import to_alt, to_data_uri
from mlops_magics.look.document import (
    Block,
    Chart,
    Charts,
    Code,
    Diff,
    DiffLine,
    Document,
    Fold,
    Line,
    Picture,
    Table,
    Title,
)
from mlops_magics.look.glyphs import clean
from mlops_magics.look.palette import SIGNS, WASHES, syntax_piece, syntax_style, tone_style
from mlops_magics.look.syntax import Piece, coloured

PAGE = (
    "font-size:13px;line-height:1.5;text-align:left;margin:4px 0 8px;"
    "font-family:system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif;"
    "font-family:var(--jp-content-font-family,system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif);"
    "color:var(--jp-content-font-color1,inherit)"
)
TABLE = (
    "border-collapse:collapse;border:none;margin:0 0 12px;font-size:13px;font-size:inherit;color:inherit;"
    "font-variant-numeric:tabular-nums"
)
CODE_FONT = "font-family:ui-monospace,monospace;font-family:var(--jp-code-font-family,ui-monospace,monospace)"
CODE = (
    f"margin:0 0 12px;padding:8px 12px;background:#80808018;border-radius:4px;overflow-x:auto;white-space:pre;"
    f"font-size:12px;line-height:1.5;color:inherit;{CODE_FONT}"
)
CODE_INNER = f"background:none;padding:0;white-space:pre;color:inherit;font-size:12px;{CODE_FONT}"
LONG_TEXT = 48
"""Characters from which a cell may wrap; shorter ones stay on one line."""


def to_html(document: Document) -> str:
    """Write a document as one ``<div>``; every text in it is escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in to_html(Document(Line("<b>")))
    True
    """
    return f'<div style="{PAGE}">{"".join(_written(block) for block in document.blocks)}</div>'


def _written(block: Block) -> str:  # noqa: PLR0911 - one return per kind of block
    match block:
        case Title():
            return _title(block)
        case Line():
            return f'<p style="margin:0 0 6px">{_toned(block.text, block.tone)}</p>'
        case Table():
            return _table(block)
        case Code():
            return _code(block)
        case Diff():
            return _diff(block)
        case Picture():
            return _picture(block)
        case Fold():
            return _fold(block)
        case Chart() | Charts():
            return _images(block)


def _title(title: Title) -> str:
    note = f' <span style="{tone_style("quiet")};margin-left:6px">{_safe(title.note)}</span>' if title.note else ""
    text = f'<strong style="font-size:15px;font-weight:600">{_safe(title.text)}</strong>'
    return f'<div role="heading" aria-level="4" style="margin:12px 0 6px">{text}{note}</div>'


def _toned(text: str, tone: str) -> str:
    """The text in its tone; a verdict's sign is there with and without colours."""
    if tone == "plain":
        return _safe(text)
    sign = f"<strong>{SIGNS[tone]}</strong> " if SIGNS[tone] else ""
    return f'<span style="{tone_style(tone)}">{sign}{_safe(text)}</span>'


def _fold(fold: Fold) -> str:
    inner = "".join(_written(block) for block in fold.blocks)
    opened = " open" if fold.open else ""
    summary = f'<summary style="cursor:pointer;{tone_style("quiet")}">{_safe(fold.summary)}</summary>'
    body = f'<div style="margin:8px 0 0">{inner}</div>'
    return f'<details{opened} style="margin:4px 0 10px">{summary}{body}</details>'


def _code(code: Code) -> str:
    if code.language == "python":
        lines = coloured(code.text)
        return _pre("\n".join(map(_line_of_code, lines)), lines)
    lines_of_text = clean(code.text, keep="\n\t").split("\n")
    if code.language == "diff":
        return _pre("".join(_diff_line(_sign(line), escape(line[len(_sign(line)) :])) for line in lines_of_text))
    return _pre(escape("\n".join(lines_of_text)))


def _diff(diff: Diff) -> str:
    # Each source once: hundreds of lines stand in it.
    sources = {source: coloured(source) for source in dict.fromkeys(line.source for line in diff.lines) if source}
    told = [(line.sign, _pieces(line, sources.get(line.source, []))) for line in diff.lines]
    return _pre("".join(_diff_line(sign, _line_of_code(line)) for sign, line in told), [line for _, line in told])


def _pieces(line: DiffLine, source: Sequence[Sequence[Piece]]) -> Sequence[Piece]:
    found = source[line.at] if line.at < len(source) else ()
    return found if "".join(text for _, text in found) == line.text else [("plain", line.text)]


def _pre(inner: str, lines: Iterable[Sequence[Piece]] = ()) -> str:
    colours = syntax_style({kind for line in lines for kind, _ in line})
    return f'<pre style="{CODE}"><code style="{CODE_INNER}{colours}">{inner}</code></pre>'


def _line_of_code(line: Sequence[Piece]) -> str:
    return "".join(
        _code_text(text) if kind == "plain" else f'<span style="{syntax_piece(kind)}">{_code_text(text)}</span>'
        for kind, text in line
    )


def _code_text(text: str) -> str:
    return escape(clean(text, keep="\t"))


def _sign(line: str) -> str:
    """What a line of a diff begins with, as far as it tells what it is."""
    return next((sign for sign in ("+++", "---", "@@", "+", "-") if line.startswith(sign)), "")


def _diff_line(sign: str, inner: str) -> str:
    """A line of a diff, given as HTML. Its sign has the tone, the code its own colours."""
    tone = {"+": "good", "-": "bad"}.get(sign)
    if tone:
        # The line break is inside: a block swallows it, and a page without styles still breaks there.
        signed = f'<span style="{tone_style(tone)};font-weight:700">{sign}</span>'
        return f'<span style="display:block;background:{WASHES[tone]}">{signed}{inner}\n</span>'
    if len(sign) > 1:
        return f'<span style="{tone_style("quiet")}">{escape(sign)}{inner}\n</span>'
    return f"{sign}{inner}\n"


def _picture(picture: Picture) -> str:
    # As an image, and not inline: what a drawing says cannot run there.
    uri = f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
    style = "display:block;max-width:100%;height:auto;margin:0 0 10px;background:#fff"
    return f'<img alt="{_safe(picture.name)}" src="{uri}" style="{style}">'


def _images(block: Chart | Charts) -> str:
    charts = (block,) if isinstance(block, Chart) else block.charts
    return f'<div style="margin:0 0 8px">{" ".join(_image(chart) for chart in charts)}</div>'


def _image(chart: Chart) -> str:
    size = f'width="{chart.width}" height="{chart.height}"'
    style = "display:block;max-width:100%;height:auto;margin:0;background:none"
    image = f'<img alt="{_safe(to_alt(chart))}" src="{to_data_uri(chart)}" {size} style="{style}">'
    named = f'<figcaption style="font-weight:600;margin:0 0 2px">{_safe(chart.title)}</figcaption>'
    frame = "display:inline-block;max-width:100%;margin:0 24px 10px 0;vertical-align:bottom"
    return f'<figure style="{frame}">{named if chart.title else ""}{image}</figure>'


def _table(table: Table) -> str:
    columns = read_columns(table)
    caption = _caption(table.caption) if table.caption else ""
    head = "".join(_head_cell(column, is_last=column is columns[-1]) for column in columns)
    rows = "".join(_row(columns, index) for index in range(len(table.rows)))
    if not table.rows:
        style = f"text-align:left;padding:4px 0;{tone_style('quiet')}"
        rows = f'<tr style="background:none"><td align="left" colspan="{len(columns)}" style="{style}">none</td></tr>'
    rule = "background:none;border-bottom:1px solid #80808080"
    return (
        f'<div style="overflow-x:auto"><table cellpadding="4" style="{TABLE}">{caption}'
        f'<thead style="border:none"><tr style="{rule}">{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _caption(text: str) -> str:
    style = "caption-side:top;text-align:left;padding:4px 0 2px;font-weight:600;color:inherit"
    return f'<caption align="left" style="{style}">{_safe(text)}</caption>'


def _head_cell(column: ReadColumn, *, is_last: bool) -> str:
    place = f"{_cell_style(column, is_last=is_last)};vertical-align:bottom;white-space:nowrap"
    style = f"{place};font-weight:500;{tone_style('quiet')}"
    return f'<th scope="col" align="{column.align}" style="{style}">{_safe(column.name)}</th>'


def _row(columns: tuple[ReadColumn, ...], index: int) -> str:
    cells = "".join(_cells(columns, index))
    return f'<tr style="background:none;border-bottom:1px solid #80808033">{cells}</tr>'


def _fits(reading: Reading) -> bool:
    return len(reading.text) <= LONG_TEXT


def _cells(columns: tuple[ReadColumn, ...], index: int) -> Iterator[str]:
    is_low = all(_fits(column.cells[index]) for column in columns)
    for place, column in enumerate(columns):
        reading = column.cells[index]
        style = f"{_cell_style(column, is_last=column is columns[-1])};{_fit(reading)}"
        if not is_low:
            style += ";vertical-align:top"
        tag = 'th scope="row"' if place == 0 and column.is_text else "td"
        if tag != "td":
            style += ";font-weight:400"
        yield f'<{tag} align="{column.align}" style="{style}">{_content(reading)}</{tag[:2]}>'


def _cell_style(column: ReadColumn, *, is_last: bool) -> str:
    space = "4px 0" if is_last else "4px 20px 4px 0"
    return f"text-align:{column.align};padding:{space}"


def _fit(reading: Reading) -> str:
    return "white-space:nowrap" if _fits(reading) else "white-space:normal;min-width:240px;max-width:480px"


def _content(reading: Reading) -> str:
    text = _safe(reading.text)
    if reading.tone != "plain":
        text = f'<span style="{tone_style(reading.tone)}">{text}</span>'
    if reading.bar is None:
        return text
    return f'<span style="{_bar_style(reading.bar)}">{text}</span>'


def _bar_style(share: float) -> str:
    end = f"{share * 100:.1f}%"
    return (
        "display:inline-block;min-width:84px;padding:0 6px;border-radius:2px;"
        f"background:linear-gradient(90deg,#4a8fd14d {end},#80808014 {end})"
    )


def _safe(text: str) -> str:
    return escape(clean(text))


__all__ = ["to_html"]
