"""What the pieces of Python code are, line by line: for colours that follow the theme of the page.

Of magics, the name stands out and the rest is plain; so is what a cell magic takes that is no Python. Whole sources
are read, so that a line inside a long string is known to be text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, TypeAlias

Kind = Literal["plain", "keyword", "string", "number", "comment", "definition", "builtin", "magic"]
Piece: TypeAlias = tuple[Kind, str]

MOST_CHARACTERS = 100_000
"""Longer sources, such as pasted data, stay plain: nobody reads their colours, and each takes room in a page."""

PYTHON_CELLS = frozenset({"capture", "mlops", "prun", "time", "timeit"})
"""Cell magics whose cells are Python."""

_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*\n?")
_MAGIC_WORD = re.compile(r"\s*(?:%{1,2}[\w.]+|!{1,2})")
_LINE_ENDS = re.compile(r"\r\n|[\n\r]")


def coloured(source: str) -> list[tuple[Piece, ...]]:
    """The lines of a source, as :meth:`str.splitlines` cuts them, each in pieces that are of one kind.

    >>> coloured("x = 1  # one")
    [(('plain', 'x = '), ('number', '1'), ('plain', '  '), ('comment', '# one'))]
    >>> coloured("%mlops end")
    [(('magic', '%mlops'), ('plain', ' end'))]
    """
    pieces = _pieces(source)
    kind, text = next(pieces, ("plain", ""))
    lines = []
    for line, whole in zip(source.splitlines(), source.splitlines(keepends=True), strict=True):
        told: list[Piece] = []
        missing, seen = len(whole), len(line)
        while missing:
            part, text = text[:missing], text[missing:]
            _add(told, kind, part[:seen])
            missing, seen = missing - len(part), max(0, seen - len(part))
            if not text:
                # Never without an end: what no piece tells is plain.
                kind, text = next(pieces, ("plain", whole[-missing:] if missing else ""))
        lines.append(tuple(told))
    return lines


def _add(line: list[Piece], kind: Kind, text: str) -> None:
    if line and line[-1][0] == kind:
        text = line.pop()[1] + text
    if text:
        line.append((kind, text))


def _pieces(source: str) -> Iterator[Piece]:
    if len(source) > MOST_CHARACTERS:
        yield "plain", source
        return
    if magic := _CELL_MAGIC.match(source):
        yield from _magic(magic[0])
        source = source[magic.end() :]
        if magic[1] not in PYTHON_CELLS:
            yield "plain", source
            return
    yield from _python(source)


def _magic(line: str) -> Iterator[Piece]:
    word = _MAGIC_WORD.match(line)
    end = word.end() if word else 0
    yield "magic", line[:end]
    yield "plain", line[end:]


def _python(source: str) -> Iterator[Piece]:
    """The pieces of Python, with magics and shell commands where a statement may begin."""
    from pygments.lexers.python import PythonLexer
    from pygments.token import Error, Operator, Punctuation

    at, depth, is_start = 0, 0, True
    # Not get_tokens, which drops blank lines at the ends and changes line ends.
    for begin, token, whole in PythonLexer().get_tokens_unprocessed(source):
        # A magic may end within a token: where its line goes on, or has blanks before its end.
        place, text = max(begin, at), whole[max(at - begin, 0) :]
        if not text:
            continue
        if is_start and not depth and text[0] in "%!" and (token in Operator or token in Error):
            end = _LINE_ENDS.search(source, place)
            line = source[place : end.start() if end else len(source)]
            if _MAGIC_WORD.match(line):
                yield from _magic(line)
                at = place + len(line)
                continue
        if token in Punctuation:
            depth = max(0, depth + sum(map(text.count, "([{")) - sum(map(text.count, ")]}")))
        at = place + len(text)
        is_start = (not text.strip() and (is_start or "\n" in text)) or text.endswith("\n")
        yield _kind(token), text


@cache
def _kind(token: Any) -> Kind:
    from pygments.token import Comment, Keyword, Name, Number, Operator, String

    kinds: tuple[tuple[Any, Kind], ...] = (
        (Keyword, "keyword"), (Operator.Word, "keyword"), (String, "string"), (Number, "number"), (Comment, "comment"),
        (Name.Function, "definition"), (Name.Class, "definition"), (Name.Builtin, "builtin"),
        (Name.Exception, "builtin"), (Name.Decorator, "magic"),
    )
    return next((kind for family, kind in kinds if token in family), "plain")
