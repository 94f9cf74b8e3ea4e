"""Values that a name gives away: ``password="…"``, ``{"api_key": "…"}``, ``host=db password=…``.

In code only literals are values: a call, a look-up or another name is not. Which literal a name has is read from the
syntax tree where there is one (``secret_code``), and told by what stands between them elsewhere: in magic lines, and in
text that is no Python. Inside of literals and comments, and in such text, values stand without quotes too.
"""

from __future__ import annotations

import ast
import functools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mlops_magics.capture.code_or_text import Piece, is_python, pieces_with, sections_of_patch
from mlops_magics.capture.secret_code import secrets_in
from mlops_magics.capture.secret_names import NAME_ANCHORS as ANCHORS
from mlops_magics.capture.secret_names import Strength, is_bare_secret, is_placeholder, is_secret, strength

MASK = "***"
LONGEST_NAME = 64

_NAME = re.compile(r"[\w./-]{1,120}", re.ASCII)

_LEXEME = re.compile(
    r'#[^\n]*|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""|\'\'\'[^\'\\]*(?:(?:\\.|\'(?!\'\'))[^\'\\]*)*\'\'\''
    r"|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'",
    re.DOTALL,
)
_PREFIX = r"(?:[rbfuRBFU]{1,2})?(?=[\"'])"
_ASSIGNS = re.compile(rf"\s*(?::[^=\n\"'#()]{{1,60}}=|:?=(?!=)|[=!]=)\s*(?P<open>[\[({{]\s*)?{_PREFIX}")
_ASSIGNS_NUMBER = re.compile(r"[ \t]*(?::[^=\n\"'#()]{1,60}=|:?=(?!=))[ \t]*(?P<value>\d{4,})(?![\w.])")
_YAML = re.compile(rf"[ \t]*:[ \t]*{_PREFIX}")
_HOLDS = re.compile(rf"\s*(?:\]\s*:?=(?!=)|\]\s*[=!]=|:|=>)\s*(?P<open>[\[({{]\s*)?{_PREFIX}")
_FOLLOWS = re.compile(rf"\s*,\s*(?:(?:value|default)\s*=\s*)?{_PREFIX}")
_SETS = re.compile(r"(?:[Ss]et\w*|put\w*|getenv|environ\.get|options?|conf(?:ig)?|(?:add_)?header)\(\s*[rbu]?$")
_NEXT = re.compile(rf"(?:\s|\\\n)*(?P<comma>,?)\s*{_PREFIX}")
_CREDENTIALS = tuple(
    # Each begins with letters, which are found many times faster than a choice of them.
    (anchor, re.compile(rf"{begin}\s*(?:user(?:name)?\s*=\s*)?[^,()\n]{{1,120}},\s*(?:password\s*=\s*)?{_PREFIX}"))
    for anchor, begin in (("auth", r"auth\s*=\s*\("), ("auth(", r"Auth\("), (".login(", r"\.login\("))
)
_LOGIN_KEY = re.compile(rf"\.login\(\s*(?:[^()\n]{{0,120}}\bkey\s*=\s*)?{_PREFIX}(?=[\"'][\w-]{{30,}}[\"']\s*[,)])")
_KEY_OF_DICT = re.compile(rf"\s*:\s*{_PREFIX}")
_JOINED = re.compile(r"[\s\\]*(?:#[^\n]*\s*)*[rbfuRBFU]{0,2}")
_IN_TEXT = re.compile(
    r"""(?:\\*["']\]?)?(?:
        (?P<sign>[ \t]*(?:=>|:=|[:=])[ \t]*)(?:\\*(?P<quote>["'])(?P<quoted>[^"'\n]{0,500}?)\\*(?P=quote)
            |(?P<bare>(?!["'\\(\[{$<%])[^\s"'\\,;&(){}\[\]<>`]+)(?P<next>[(\[{]?))
        |[ \t]+\\*(?P<quote2>["'])(?P<sql>[^"'\n]{1,500}?)\\*(?P=quote2)
        |(?P<gap>[ \t]+)(?P<word>(?!["'\\(\[{$<%-])[^\s"'\\,;&(){}\[\]<>`]+)
    )""",
    re.VERBOSE,
)
_TAKES_WORD = re.compile(r"(?:\s--|%(?:set_)?env[ \t]+)$")


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def mask_named(text: str, small: str) -> str:
    """Mask the values that names in ``text`` give away; ``small`` is the text in small ASCII letters, as long."""
    edits = sorted(set(_Search(text, small).edits()))
    pieces, position = [], 0
    for edit in edits:
        if edit.start >= position:
            pieces += [text[position : edit.start], edit.text]
            position = edit.end
    return "".join([*pieces, text[position:]]) if pieces else text


class _Lines:
    """Where the lines of a piece begin in a text, for places as Python counts them: in bytes of UTF-8."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._begins = [start]

    def span(self, node: ast.expr) -> tuple[int, int]:
        """From where to where a node of the tree stands."""
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno or 0, node.end_col_offset or 0)

    def _place(self, line: int, column: int) -> int:
        while len(self._begins) < line:
            self._begins.append(self._text.find("\n", self._begins[-1]) + 1)
        begin = self._begins[line - 1]
        # No character takes less than a byte.
        before = self._text[begin : begin + column]
        return begin + (column if before.isascii() else len(before.encode()[:column].decode()))


def _is_in(pieces: Sequence[Piece], place: int) -> bool:
    """Whether a place is in one of these pieces, and not in a magic line of it."""
    index = bisect_right(pieces, place, key=lambda piece: piece.start) - 1
    if index < 0 or place >= pieces[index].end:
        return False
    return not any(start <= place < end for start, end in pieces[index].magics)


class _Search:
    """One look through one text."""

    def __init__(self, text: str, small: str) -> None:
        self.text = text
        self.small = small
        self.lexemes = [match.span() for match in _LEXEME.finditer(text)]
        self.starts = [start for start, _ in self.lexemes]
        self.sections = sections_of_patch(text)

    def edits(self) -> Iterator[_Edit]:
        names = sorted(self._names())
        told = [start for start, end in names if strength(self.text[start:end])]
        code = list(pieces_with(self.text, told)) if told and not self.sections else []
        # What parses alone in a text that is none may be a line of YAML: then both ways of reading count.
        is_python = bool(code) and self._is_python
        for piece in code:
            lines = _Lines(self.text, piece.start)
            for literal in secrets_in(piece.tree):
                if is_python or not _is_number(literal):
                    yield from self._of_tree(literal, *lines.span(literal))
        for start, end in names:
            yield from self._values_of(start, end, is_read=is_python and _is_in(code, start))
        for anchor, pattern in (*_CREDENTIALS, (".login(", _LOGIN_KEY)):
            if anchor in self.small:
                for match in pattern.finditer(self.text):
                    if self._lexeme_around(match.start()) is None:
                        yield from self._literal(match.end(), "strong")

    def _names(self) -> Iterator[tuple[int, int]]:
        """Where the identifiers are that hold an anchor."""
        seen = set()
        for anchor in ANCHORS:
            position = self.small.find(anchor)
            while position >= 0:
                start, end = position, position + len(anchor)
                while start > 0 and position - start < LONGEST_NAME and _is_part(self.small[start - 1]):
                    start -= 1
                while end < len(self.small) and end - position < LONGEST_NAME and _is_part(self.small[end]):
                    end += 1
                # A dash in front is the sign of an option, or of a line that a patch takes away.
                while self.small[start] == "-":
                    start += 1
                if (start, end) not in seen:
                    seen.add((start, end))
                    yield start, end
                position = self.small.find(anchor, end)

    # -- where a name is --------------------------------------------------------------------------------------------

    def _values_of(self, start: int, end: int, *, is_read: bool) -> Iterator[_Edit]:
        """``is_read``: what stands there as code was read from its tree."""
        sure = strength(self.text[start:end])
        first, last = self._lexeme_around(start) or (start, start)
        width = self._quotes(first)
        if first < last and self.text[first] != "#":
            # "fs.azure.account.key.me" is one name.
            if _NAME.fullmatch(self.text, first + width, last - width):
                sure = strength(self.text[first + width : last - width])
                yield from self._after_literal(first, last, sure) if sure and not is_read else ()
                return
            last -= width
        if sure and first < last:
            yield from self._in_text(start, end, last, sure)
        elif sure and not is_read:
            yield from self._in_code(start, end, sure)

    def _lexeme_around(self, position: int) -> tuple[int, int] | None:
        index = bisect_right(self.starts, position) - 1
        if index >= 0 and position < self.lexemes[index][1]:
            return self.lexemes[index]
        return None

    def _quotes(self, start: int) -> int:
        return 3 if self.text[start : start + 3] in {'"""', "'''"} else 1

    def _in_code(self, start: int, end: int, sure: Strength) -> Iterator[_Edit]:
        match = _ASSIGNS.match(self.text, end)
        if match:
            is_comparison = match[0].lstrip()[:2] in {"==", "!="}
            if not (is_comparison and sure == "weak"):
                yield from self._literal(match.end(), sure, opened=bool(match["open"]))
            return
        if sure == "strong" and (match := _ASSIGNS_NUMBER.match(self.text, end)):
            yield _Edit(*match.span("value"), f'"{MASK}"')
            return
        line_start = self.text.rfind("\n", 0, start) + 1
        line_end = self.text.find("\n", end)
        line_end = len(self.text) if line_end < 0 else line_end
        if match := _YAML.match(self.text, end):
            lexeme = self._lexeme_around(match.end())
            is_line = not self.text[line_start:start].strip(" \t+-")
            if lexeme and is_line and not self.text[lexeme[1] : line_end].strip(" \t,"):
                yield from self._literal(match.end(), sure)
            return
        edits = list(self._in_text(start, end, line_end, sure))
        if edits and (self._is_shell(line_start) or not self._is_code(start)):
            yield from edits

    def _is_shell(self, line_start: int) -> bool:
        return self.text[line_start : line_start + 80].lstrip()[:1] in {"%", "!"}

    def _is_code(self, position: int) -> bool:
        if self.sections:
            index = bisect_right(self.sections, (position, True)) - 1
            return index >= 0 and self.sections[index][1]
        return self._is_python

    @functools.cached_property
    def _is_python(self) -> bool:
        return is_python(self.text)

    def _after_literal(self, first: int, last: int, sure: Strength) -> Iterator[_Edit]:
        if match := _HOLDS.match(self.text, last):
            is_comparison = match[0].rstrip().endswith("==") or "!=" in match[0]
            if not (is_comparison and sure == "weak"):
                yield from self._literal(match.end(), sure, opened=bool(match["open"]))
        elif (match := _FOLLOWS.match(self.text, last)) and _SETS.search(self.text[max(0, first - 40) : first]):
            yield from self._literal(match.end(), sure)

    # -- what its value is ------------------------------------------------------------------------------------------

    def _literal(self, start: int, sure: Strength, *, opened: bool = False) -> Iterator[_Edit]:
        """Mask the literal that begins at ``start``, and those that belong to it."""
        while (lexeme := self._lexeme_around(start)) and lexeme[0] == start:
            if opened and (match := _KEY_OF_DICT.match(self.text, lexeme[1])):
                start = match.end()
                continue
            width = self._quotes(start)
            first, last = start + width, lexeme[1] - width
            yield from self._masked(first, last, sure, is_formatted=self._has_prefix(start, "f"), width=width)
            match = _NEXT.match(self.text, lexeme[1])
            if not match or (not opened and ("\n" in match[0] or match["comma"])):
                return
            start = match.end()

    def _of_tree(self, literal: ast.expr, start: int, end: int) -> Iterator[_Edit]:
        """Mask what stands between the quotes of a literal of the tree, or of those that it was joined from."""
        if _is_number(literal):
            yield _Edit(start, end, f'"{MASK}"')
            return
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        lexemes = [lexeme for lexeme in self.lexemes[first:last] if self.text[lexeme[0]] != "#"]
        if not lexemes:
            return
        if isinstance(literal, ast.JoinedStr) and not self._are_joined(lexemes, end):
            # From Python 3.12 on the quotes of a formatted text may be in what is put into it.
            lexemes = [(lexemes[0][0], end)]
        for opens, closes in lexemes:
            width = self._quotes(opens)
            if self.text[opens + width : closes - width].strip():
                yield _Edit(
                    opens + width,
                    closes - width,
                    blanked(self.text[opens + width : closes - width], is_triple=width == 3),
                )

    def _are_joined(self, lexemes: Sequence[tuple[int, int]], end: int) -> bool:
        between = (self.text[left[1] : right[0]] for left, right in pairwise(lexemes))
        return lexemes[-1][1] == end and all(_JOINED.fullmatch(text) for text in between)

    def _has_prefix(self, quote: int, letter: str) -> bool:
        before = self.small[max(0, quote - 3) : quote]
        found = re.search(r"(?:^|[^\w])([rbfu]{1,2})$", before)
        return bool(found and letter in found[1])

    def _masked(self, first: int, last: int, sure: Strength, *, is_formatted: bool, width: int) -> Iterator[_Edit]:
        value = self.text[first:last]
        if (is_formatted and "{" in value) or not is_secret(value, sure):
            return
        yield _Edit(first, last, blanked(value, is_triple=width == 3))

    def _in_text(self, start: int, end: int, stop: int, sure: Strength) -> Iterator[_Edit]:
        match = _IN_TEXT.match(self.text, end, stop)
        if not match:
            return
        before = self.text[max(0, start - 2) : start]
        if match["quoted"] is not None:
            if is_secret(match["quoted"], sure):
                yield _Edit(*match.span("quoted"), MASK)
        elif match["sql"] is not None:
            is_option = before[-1:] in {",", "("} or before[-2:-1] in {",", "("} or "passw" in self.small[start:end]
            if is_option and not is_placeholder(match["sql"]):
                yield _Edit(*match.span("sql"), MASK)
        elif match["bare"] is not None:
            is_tight = match["sign"] == "="
            if not match["next"] and is_bare_secret(match["bare"], self.text[start:end], sure, is_tight=is_tight):
                yield _Edit(*match.span("bare"), MASK)
        elif (sets := _TAKES_WORD.search(self.text[max(0, start - 20) : start])) and is_bare_secret(
            match["word"], self.text[start:end], sure, is_tight=not sets[0].endswith("--")
        ):
            yield _Edit(*match.span("word"), MASK)


def blanked(value: str, *, is_triple: bool = False) -> str:
    r"""The mask of a literal's content, with as many lines.

    >>> blanked("a\nb\nc", is_triple=True)
    '***\n\n'
    """
    broken = "\n" if is_triple else "\\\n"
    # The sign a patch puts in front of a line is no part of the value.
    marks = [line[:1] if line[:1] in {"+", "-", " "} else "" for line in value.split("\n")[1:]]
    return MASK + "".join(broken + mark for mark in marks)


def _is_number(literal: ast.expr) -> bool:
    return isinstance(literal, ast.Constant) and isinstance(literal.value, int)


def _is_part(character: str) -> bool:
    return character.isalnum() or character in "_-"
