"""The words a condition is made of, each with where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mlops_magics.errors import ConditionError

Kind = Literal["name", "word", "number", "date", "text", "sign", "end"]
Family = Literal["metrics", "params", "tags", "runs"]

FAMILIES: dict[str, Family] = {
    "metrics": "metrics", "metric": "metrics", "params": "params", "param": "params",
    "tags": "tags", "tag": "tags", "runs": "runs", "run": "runs",
}  # fmt: skip
"""What may stand before the dot of a name, and what it means."""

KEYWORDS = frozenset(
    {
        "and", "or", "not", "in", "like", "contains", "is", "missing", "null",
        "none", "true", "false", "inf", "infinity", "today", "yesterday", "ago",
    }
)  # fmt: skip
"""Words that mean something; what is called so goes in backticks."""

_QUOTED = r"""`(?:[^`]|``)*`|"(?:[^"]|"")*"|'(?:[^']|'')*'"""
_BARE = r"[^\W\d]\w*(?:[./:@-]\w+)*"
_WORD = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<date>\d{{4}}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w.]))
  | (?P<number>[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?(?![\w./:@-]))(?![\w.]))
  | (?P<prefixed>(?:{'|'.join(FAMILIES)})\.(?:{_QUOTED}))
  | (?P<name>{_BARE})
  | (?P<quoted>{_QUOTED})
  | (?P<sign><=|>=|!=|<>|==|[=<>(),])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN = re.compile(_BARE)


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a condition. ``text`` is what it says: without quotes, a keyword or a family in lower case.

    A ``name`` was in backticks, has a family or may be read as a name; a ``text`` was in quotes.
    """

    kind: Kind
    text: str
    at: int
    family: Family | None = None
    quote: str = ""

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def words(condition: str) -> list[Word]:
    """Take a condition apart; the last word is its end.

    Raises
    ------
    ConditionError
        A quote is not closed, or a sign means nothing here.

    >>> [(word.kind, word.text) for word in words("val/auc > 0.7 and tag.team = 'ops'")][:5]
    [('name', 'val/auc'), ('sign', '>'), ('number', '0.7'), ('word', 'and'), ('name', 'team')]
    """
    return [*_words(condition), Word("end", "", len(condition))]


def _words(condition: str) -> Iterator[Word]:
    at = 0
    while at < len(condition):
        match = _WORD.match(condition, at)
        if match is None:
            sign = condition[at]
            said = f"the quote {sign} is not closed" if sign in "'\"`" else f"{sign!r} means nothing here"
            raise ConditionError(said, condition=condition, at=at)
        if match.lastgroup != "space":
            yield _read(match)
        at = match.end()


def _read(match: re.Match[str]) -> Word:  # noqa: PLR0911 - one return per kind of word
    text, at = match[0], match.start()
    match match.lastgroup:
        case "prefixed":
            family, _, quoted = text.partition(".")
            return Word("name", unquoted(quoted), at, FAMILIES[family.lower()])
        case "quoted":
            return Word("name" if text[0] == "`" else "text", unquoted(text), at, quote=text[0])
        case "number" if text[0] in "+-" or not text.isalpha():
            return Word("number", text, at)
        case "date":
            return Word("date", text, at)
        case "sign":
            return Word("sign", {"<>": "!=", "==": "="}.get(text, text), at)
    if text.lower() in KEYWORDS:
        return Word("word", text.lower(), at)
    family, dot, key = text.partition(".")
    if dot and family.lower() in FAMILIES:
        return Word("name", key, at, FAMILIES[family.lower()])
    return Word("name", text, at)


def unquoted(text: str) -> str:
    """What stands between two quotes; a doubled one is one.

    >>> unquoted("'it''s'")
    "it's"
    """
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def quoted(text: str, quote: str) -> str:
    """Text between quotes, as :func:`unquoted` reads it."""
    return f"{quote}{text.replace(quote, quote * 2)}{quote}"


def name_text(key: str, family: Family | None) -> str:
    """A name as a condition would say it, in backticks where it must be.

    >>> name_text("val/auc", None), name_text("a b", "params"), name_text("in", None)
    ('val/auc', 'params.`a b`', '`in`')
    """
    is_word = family is None and (key.lower() in KEYWORDS or key.partition(".")[0].lower() in FAMILIES)
    # A family ends at its dot: what follows may begin like a number, as in params.5xx, only in backticks.
    shown = key if _PLAIN.fullmatch(key) and not is_word else quoted(key, "`")
    return f"{family}.{shown}" if family else shown
