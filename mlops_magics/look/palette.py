"""Colours and signs: what the tones and the series look like on a page whose theme is not known.

A fixed colour here has a contrast of at least 4.5:1 on white and on black, because a sanitised page keeps only that
one. Where the browser may compute, the colour is mixed into the text colour of the page and follows its theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SIGNS: Final = {"plain": "", "good": "✓", "bad": "✕", "unknown": "?", "quiet": ""}
"""What a tone reads as without any colour."""

TONES: Final = {"good": "#0b8658", "bad": "#d9392e", "unknown": "#9c6c00", "quiet": "#757575"}
"""Text colours of the tones, legible on white and on black."""

MIXED: Final = {
    "good": "color-mix(in srgb,currentColor 30%,#14a06b)",
    "bad": "color-mix(in srgb,currentColor 25%,#e5483d)",
    "unknown": "color-mix(in srgb,currentColor 35%,#c98a00)",
    "quiet": "color-mix(in srgb,currentColor 66%,transparent)",
}
"""The same tones, following the theme; a sanitiser drops these and leaves TONES."""

SERIES: Final = ("#3b82c4", "#d9701e", "#2e9b67", "#9a6fc9", "#cf5387", "#7d8a1f", "#2595a8", "#8a8a8a")
"""Fills and lines of a chart, at least 3:1 on white and on black, in an order that colour-blind readers can tell."""

CHART_TEXT: Final = "#757575"
CHART_RULE: Final = "#80808040"
CHART_FAINT: Final = "#80808014"


WASHES: Final = {"good": "#14a06b1f", "bad": "#e5483d1f"}
"""Backgrounds so faint that the text on them keeps its contrast."""


SYNTAX: Final = {
    "keyword": ("#07891d", "keyword"), "string": ("#d63d3d", "string"), "number": ("#218654", "number"),
    "comment": ("#3d8080", "comment"), "definition": ("#336fe8", "def"), "builtin": ("#428521", "builtin"),
    "magic": ("#a347e5", "meta"),
}  # fmt: skip
"""Of each kind of code a fixed colour, and the colour of Jupyter's editor that it follows where there is one."""


def syntax_style(kinds: Iterable[str]) -> str:
    """Declarations for the element around code, so that each piece of it takes few characters: see syntax_piece.

    Jupyter's colours are made for the ground of its editor. A quarter of the text colour keeps the contrast on others.
    """
    return "".join(
        f";--mlops-{kind}:color-mix(in srgb,currentColor 25%,var(--jp-mirror-editor-{name}-color,{fixed}))"
        for kind, (fixed, name) in SYNTAX.items() if kind in kinds
    )


def syntax_piece(kind: str) -> str:
    """The declarations that colour a piece of code."""
    return f"color:{SYNTAX[kind][0]};color:var(--mlops-{kind})"


def tone_style(tone: str) -> str:
    """The declarations that colour a text, or nothing for plain text."""
    return f"color:{TONES[tone]};color:{MIXED[tone]}" if tone in TONES else ""


def signed_text(text: str, tone: str) -> str:
    """The text with the sign of its tone before it."""
    return f"{SIGNS[tone]} {text}".strip() if SIGNS[tone] else text
