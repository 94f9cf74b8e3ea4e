"""Whether a text is code, where names stand without quotes, or text, where values do."""

from __future__ import annotations

import ast
import re
import warnings

LONGEST_PARSED = 200_000
FIRST_PARSED = 4_000

_MAGIC = re.compile(r"^([ \t]*)(?:[\w.,\[\] \t]*=[ \t]*)?[%!?][^\n]*|^([ \t]*)[\w.%]+\?{1,2}[ \t]*$", re.MULTILINE)
_FOREIGN_CELL = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun|mlops)\b)")
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
    plain = _MAGIC.sub(lambda match: f"{match[1] or match[2] or ''}pass", text)
    # The first statements tell it nearly always, and a long text takes long to parse.
    cut = re.compile(r"\n(?=[^\s)\]}#])").search(plain, FIRST_PARSED)
    return (cut is not None and _parses(plain[: cut.start()])) or _parses(plain)


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
