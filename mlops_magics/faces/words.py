"""``name=value`` words: how a value typed on the line of a magic or in a shell is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from mlops_magics.errors import CommandError


def pairs(words: Sequence[str], verb: str) -> dict[str, Any]:
    """Read ``name=value`` words. A value is a Python literal where it can be one, else text.

    Raises
    ------
    CommandError
        A word has no ``=``, or no name before it; or a ``{name}`` in it was not replaced by its value.

    >>> pairs(["depth=6", "loss=log_loss", "grid=[1, 2]"], "params")
    {'depth': 6, 'loss': 'log_loss', 'grid': [1, 2]}
    """
    found = {name: literal(value) for name, value in _split(words, verb).items()}
    _require_filled_in(words, [value for value in found.values() if isinstance(value, str) and value.startswith("{")])
    return found


def texts(words: Sequence[str], verb: str) -> dict[str, str]:
    """Read ``name=value`` words whose values are text, as it was typed, without quotes around all of it.

    Raises
    ------
    CommandError
        A word has no ``=``, or no name before it.

    >>> texts(["version=1.10", "team='data ops'"], "tag")
    {'version': '1.10', 'team': 'data ops'}
    """
    found = {name: unquoted(value) for name, value in _split(words, verb).items()}
    _require_filled_in(words, [value for value in found.values() if value.startswith("{") and value.endswith("}")])
    return found


def _split(words: Sequence[str], verb: str) -> dict[str, str]:
    found = {}
    for word in words:
        name, value = _halves(word)
        if value is None or not name:
            example = name if name.isidentifier() else "name"
            in_python = {"log": "run.log({…})", "params": "run.params({…})", "tag": "run.tag({…})"}[verb]
            raise CommandError(
                f"{verb} takes name=value, not {word!r}", hint=f"Write {verb} {example}=VALUE, or in Python {in_python}"
            )
        found[name] = value
    return found


def _halves(word: str) -> tuple[str, str | None]:
    """Name and value of a word; a name with spaces is in quotes, which are no part of it.

    >>> _halves('"test acc"=0.5'), _halves("lr")
    (('test acc', '0.5'), ('lr', None))
    """
    quote = word[:1]
    if quote and quote in "'\"" and (end := word.find(f"{quote}=", 1)) > 0:
        return word[1:end], word[end + 2 :]
    name, equals, value = word.partition("=")
    return name, value if equals else None


_FORMATTED = re.compile(r"\{\s*([A-Za-z_][\w.]*)\s*:[^{}]*\}")


def _require_filled_in(words: Sequence[str], unfilled: Sequence[str]) -> None:
    """IPython fills in all braces of a line or, where one of them has no value, none."""
    if not unfilled:
        return
    line = " ".join(words)
    if formatted := _FORMATTED.search(line):
        raise CommandError(
            f"{formatted[0]} was not filled in: braces take no format", hint=f"Write {{round({formatted[1]}, 3)}}"
        )
    braces = list(dict.fromkeys(re.findall(r"\{[^{}]*\}", line)))
    if len(braces) > 1:
        raise CommandError(
            f"none of {', '.join(braces)} was filled in, since one of them has no value in this notebook",
            hint="Run the cell that makes it",
        )
    raise CommandError(
        f"{unfilled[0]} was not filled in: it has no value in this notebook", hint="Run the cell that makes it"
    )


def literal(text: str) -> Any:
    """The Python literal a text is (also true, false, nan, inf), or the text itself.

    >>> literal("1e-3"), literal("adam"), literal("true")
    (0.001, 'adam', True)
    """
    known = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in known:
        return known[text.lower()]
    if re.fullmatch(r"[+-]?(nan|inf|infinity)", text, re.IGNORECASE):
        return float(text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def numbers(words: Sequence[str], verb: str) -> dict[str, float]:
    """Read ``name=value`` words whose values must be numbers.

    Raises
    ------
    CommandError
        One is not, or was not filled in.
    """
    found = pairs(words, verb)
    for name, value in found.items():
        if isinstance(value, bool | int | float):
            continue
        shown = str(value)
        variable = f"Fill in a variable by {name}={{{shown}}}"
        hint = variable if shown.isidentifier() else "Write it as Python writes numbers"
        raise CommandError(f"{verb} takes numbers, and {name} is {shown!r}", hint=hint)
    return found


def split_line(line: str) -> list[str]:
    """Take the line of a magic apart at its spaces, as a person who types Python reads it.

    Spaces inside brackets and quotes do not part words, so an expression is one word; its quotes stay. A word that is
    quoted whole loses its quotes. An apostrophe within a word opens nothing. A # before a word begins a comment.

    Raises
    ------
    CommandError
        A quote at the beginning of a word is not closed.

    >>> split_line('evaluate rf X.drop(columns=["a b"]) y --split "last week"')
    ['evaluate', 'rf', 'X.drop(columns=["a b"])', 'y', '--split', 'last week']
    >>> split_line("tag colour=#ff0  # as on the wall")
    ['tag', 'colour=#ff0']
    """
    words: list[str] = []
    word, quote, depth = "", "", 0
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote and line[at - 1] != "\\" else quote
        elif sign in "'\"" and (not word or word[-1] in _BEFORE_QUOTE):
            quote = sign
        elif sign == "#" and not word and depth == 0:
            break
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(0, depth - 1)
        elif sign.isspace() and (depth == 0 or not _closes(line[at:])):
            words += [unquoted(word)] if word else []
            word = ""
            continue
        word += sign
    if quote:
        raise CommandError(f"the line {line.strip()!r} has an open quote: {quote}", hint="Close it")
    return words + ([unquoted(word)] if word else [])


_BEFORE_QUOTE = "=([{,:+ "


def _closes(rest: str) -> bool:
    """Whether a bracket that is open is closed further on; a smiley is no expression."""
    return any(sign in rest for sign in ")]}")


def unquoted(word: str) -> str:
    """A word without the quotes around it, if they are around all of it.

    >>> unquoted("'a b'"), unquoted("'a' + 'b'")
    ('a b', "'a' + 'b'")
    """
    is_quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\""
    return word[1:-1] if is_quoted and word[0] not in word[1:-1] else word
