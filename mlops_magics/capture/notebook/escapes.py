r"""Escapes that Python does not know and warns of, such as ``\d``, written as what they mean: a backslash, a letter.

To silence the warning instead, a thread beside the person's would have to change the filters of the whole process.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

Inserted = Mapping[int, Sequence[int]]
"""By line, counted from 1, the places of the characters that were put in, in bytes and ascending."""

_UNKNOWN = re.compile(r"\\(?:\\|(?P<next>[^\n\\'\"abfnrtv0-7NuUx]))")
_UNKNOWN_IN_BYTES = re.compile(r"\\(?:\\|(?P<next>[^\n\\'\"abfnrtv0-7x]))")
_PREFIX = re.compile(r"[A-Za-z]*")


def written_out(text: str) -> tuple[str, Inserted] | None:
    r"""A program that means the same and that Python does not warn of for its escapes, and what was put in; None where
    it is no program.

    >>> written_out("a = '\\d', r'\\d', b'\\N', '\\n', '\\\\d'")
    ("a = '\\\\d', r'\\d', b'\\\\N', '\\n', '\\\\d'", {1: [5, 20]})
    """
    if not any(match["next"] for match in _UNKNOWN_IN_BYTES.finditer(text)):
        return text, {}
    lines = list(io.StringIO(text))
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    try:
        tokens = list(tokenize.generate_tokens(iter([*lines, ""]).__next__))
    except (tokenize.TokenError, SyntaxError):
        return None
    places: list[int] = []
    for prefix, (first, begin), (last, end) in _texts(tokens):
        if "r" not in prefix:
            unknown = _UNKNOWN_IN_BYTES if "b" in prefix else _UNKNOWN
            found = unknown.finditer(text, starts[first - 1] + begin, starts[last - 1] + end)
            places += [match.start() for match in found if match["next"]]
    inserted: dict[int, list[int]] = {}
    parts: list[str] = []
    at = 0
    for place in sorted(places):
        parts += [text[at:place], "\\"]
        at = place
        row = bisect_left(starts, place + 1)
        before = inserted.setdefault(row, [])
        before.append(len(text[starts[row - 1] : place].encode()) + len(before))
    return "".join([*parts, text[at:]]), inserted


def move_back(tree: ast.AST, inserted: Inserted) -> None:
    """Give every node the place that it has in the text before it was written out."""
    if not inserted:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword | ast.alias):
            node.col_offset -= bisect_left(inserted.get(node.lineno, ()), node.col_offset)
            if node.end_lineno is not None and node.end_col_offset is not None:
                node.end_col_offset -= bisect_left(inserted.get(node.end_lineno, ()), node.end_col_offset)


def _texts(tokens: Sequence[tokenize.TokenInfo]) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """The prefix of each text, in lower case, and where it begins and ends; of one with fields, each piece."""
    prefixes: list[str] = []
    for token in tokens:
        kind = tokenize.tok_name[token.type]
        if kind in {"FSTRING_START", "TSTRING_START"}:
            prefixes.append(_prefix(token.string))
        elif kind in {"FSTRING_END", "TSTRING_END"}:
            prefixes.pop()
        elif kind in {"STRING", "FSTRING_MIDDLE", "TSTRING_MIDDLE"}:
            yield _prefix(token.string) if kind == "STRING" else prefixes[-1], token.start, token.end


def _prefix(token: str) -> str:
    found = _PREFIX.match(token)
    return found[0].lower() if found else ""
