"""One look for every result: say what it is in neutral blocks, and read it as HTML or as text.

Light on purpose: the renderers are imported when the first result is shown.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlops_magics.look.document import (
    Block,
    Cell,
    Chart,
    Charts,
    Code,
    Column,
    Diff,
    DiffLine,
    Document,
    Fold,
    Line,
    Mark,
    Picture,
    Series,
    Table,
    Title,
    Tone,
)
from mlops_magics.look.shown import Shown

if TYPE_CHECKING:
    from mlops_magics.look.html import to_html
    from mlops_magics.look.text import to_text

__all__ = [
    "Block",
    "Cell",
    "Chart",
    "Charts",
    "Code",
    "Column",
    "Diff",
    "DiffLine",
    "Document",
    "Fold",
    "Line",
    "Mark",
    "Picture",
    "Series",
    "Shown",
    "Table",
    "Title",
    "Tone",
    "to_html",
    "to_text",
]

_RENDERERS = {"to_html": "mlops_magics.look.html", "to_text": "mlops_magics.look.text"}


def __getattr__(name: str) -> Any:
    if name in _RENDERERS:
        return getattr(import_module(_RENDERERS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
