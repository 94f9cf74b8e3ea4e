"""Whether a text is code, where names stand without quotes, or text, where values do."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

LONGEST_PARSED = 200_000
FIRST_PARSED = 4_000
LEAST_PARSED = 500

_MAGIC = re.compile(r"^([ \t]*)(?:[\w.,\[\] \t]*=[ \t]*)?[%!?][^\n]*|^([ \t]*)[\w.%]+\?{1,2}[ \t]*$", re.MULTILINE)
_FOREIGN_CELL = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun|mlops)\b)")
_AS_A_CELL = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_LONE_RETURN = re.compile(r"\r(?!\n)|\f")
"""What Python and a count of line feeds take for different numbers of lines."""
_MARGIN = re.compile(r"\n(?=[^\s)\]}#\"'])(?!(?:else|elif|except|finally|case)\b)")
_SECTION = re.compile(r"^diff --git [^\n]*?(\.\w+)?\"?$", re.MULTILINE)
_CODE_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("py", "pyi", "ipynb", "js", "jsx", "ts", "tsx", "java", "scala", "go", "rs", "c", "cc", "cpp", "h", "cs"),
        *("r", "jl", "rb", "php", "swift", "kt", "md", "rst"),
    )
)


def sections_of_patch(text: str) -> list[tuple[int, bool]]:
    """Where each file of a patch begins, and whether it is code; nothing for what is no patch of git."""
    sections = _SECTION.finditer(text) if "diff --git " in text else ()
    return [(match.start(), (match[1] or "").lower() in _CODE_SUFFIXES) for match in sections]


def is_python(text: str) -> bool:
    """Whether a text is Python, apart from magics: then what stands without quotes is a name, not a value."""
    if len(text) > LONGEST_PARSED or _FOREIGN_CELL.match(text):
        return False
    # The first statements tell it nearly always, and a long text takes long to parse.
    cut = re.compile(r"\n(?=[^\s)\]}#])").search(text, FIRST_PARSED)
    return (cut is not None and _tree(_plain(text[: cut.start()])) is not None) or _tree(_plain(text)) is not None


class Piece(NamedTuple):
    """Statements from ``start`` to ``end`` of a text, as a tree; ``magics`` are the lines in it that are none."""

    start: int
    end: int
    tree: ast.Module
    magics: tuple[tuple[int, int], ...]


def pieces_with(text: str, places: Sequence[int]) -> Iterator[Piece]:
    """The statements in which these places are, as far as they can be parsed; ``places`` ascend.

    A text that is long, or no Python as a whole, is cut where a line begins at the margin, so that only what is asked
    about costs time, and one mistake does not hide everything.
    """
    if _FOREIGN_CELL.match(text) or _LONE_RETURN.search(text):
        return
    if len(text) <= FIRST_PARSED and (whole := _piece(text, 0, len(text))):
        yield whole
        return
    end = 0
    for place in places:
        if place >= end:
            start, end = _piece_around(text, place, end)
            if piece := _piece(text, start, end):
                yield piece


def _piece(text: str, start: int, end: int) -> Piece | None:
    tree = _tree(_plain(text[start:end]))
    if tree is None:
        return None
    return Piece(start, end, tree, tuple(match.span() for match in _MAGIC.finditer(text, start, end)))


def _piece_around(text: str, place: int, least: int) -> tuple[int, int]:
    start = place + 1
    while (start := text.rfind("\n", least, start)) >= 0:
        if _MARGIN.match(text, start):
            break
    end = _MARGIN.search(text, place + (LEAST_PARSED if len(text) > FIRST_PARSED else 0))
    return max(start + 1, least), end.end() if end else len(text)


def _plain(text: str) -> str:
    """The text with every magic line as a statement of its length."""
    return _MAGIC.sub(_as_statement, text)


def _as_statement(match: re.Match[str]) -> str:
    indent = match[1] or match[2] or ""
    return f"{indent}0".ljust(len(match[0]))


def _tree(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cast("ast.Module", compile(text, "<cell>", "exec", _AS_A_CELL))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
