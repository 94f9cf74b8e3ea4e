"""The notebook as its file holds it: which code cells there are, in which order, and when it was saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LARGEST_BYTES = 256 * 2**20
"""A larger file is not read: its outputs would be parsed for nothing."""


@dataclass(frozen=True, slots=True)
class SavedCell:
    """A code cell of the file. ``id`` is empty in files older than nbformat 4.5."""

    id: str
    source: str


@dataclass(frozen=True, slots=True)
class SavedNotebook:
    """A notebook file as it was when it was last saved: its code cells from top to bottom; UTC without zone."""

    path: Path
    cells: tuple[SavedCell, ...]
    saved: datetime


def read_notebook(path: str | Path) -> SavedNotebook | None:
    """Read the code cells of a notebook file; None when there is no such file or it is no notebook of format 4 or
    later.
    """
    path = Path(path)
    try:
        state = path.stat()
        if state.st_size > LARGEST_BYTES:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not _is_modern(content.get("nbformat")):
        return None
    cells = content.get("cells")
    if not isinstance(cells, list):
        return None
    code = (cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code")
    saved = datetime.fromtimestamp(state.st_mtime, UTC).replace(tzinfo=None)
    return SavedNotebook(path, tuple(SavedCell(str(cell.get("id") or ""), _text(cell)) for cell in code), saved)


def notebook_path(environ: Mapping[str, str], user_ns: Mapping[str, Any]) -> Path | None:
    """The file of the notebook that is running, as far as its front end tells; None when it does not, or when there is
    no such file.

    Parameters
    ----------
    environ
        Environment variables. Jupyter Server sets ``JPY_SESSION_NAME``.
    user_ns
        The namespace. VS Code sets ``__vsc_ipynb_file__``.
    """
    for told in (user_ns.get("__vsc_ipynb_file__"), environ.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb"):
            # A server may tell the path from its own root; the kernel works in the notebook's folder.
            for path in (Path(told), Path(Path(told).name)):
                if path.is_file():
                    return path.absolute()
    return None


def _is_modern(number: Any) -> bool:
    return isinstance(number, int) and number >= 4


def _text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(str(line) for line in source)
    return source if isinstance(source, str) else ""
