"""What a text query does to the database it is put to: nothing, the same each time, or something on top."""

from __future__ import annotations

import ast
import re

_READING = frozenset(
    {"select", "with", "from", "describe", "show", "explain", "summarize", "values", "pragma", "table"}
)
_SETTLING = re.compile(
    r"""create\s+or\s+replace\s+(?:\w+\s+)*?(?:table|view|macro|function|sequence|schema|type)\s+(?P<made>\S+)
    | create\s+(?:\w+\s+)*?(?:table|view|schema|index|sequence|type|macro|database)\s+if\s+not\s+exists\s
    | drop\s+(?:\w+\s+)*?if\s+exists\s
    | attach\s+if\s+not\s+exists\s | attach\s+or\s+replace\s | detach\s+(?:database\s+)?if\s+exists\s
    | (?:re)?set\s | use\s | load\s | (?:force\s+)?install\s | truncate\s | delete\s+from\s
    | checkpoint\b | vacuum\b | analyze\b | begin\b | commit\b | rollback\b""",
    re.IGNORECASE | re.VERBOSE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def is_settling(text: str) -> bool:
    """Whether every statement of a query leaves the same when it runs again. A table that is made of itself does not.

    >>> is_settling("create or replace table t as select 1; set threads = 2"), is_settling("insert into t values (1)")
    (True, False)
    """
    return all(_settles(each) for each in _statements(text))


def is_reading(text: str) -> bool:
    """Whether a query only asks.

    >>> is_reading("select 1"), is_reading("(from t)"), is_reading("drop table t")
    (True, True, False)
    """
    words = _COMMENT.sub(" ", text).lstrip("( \t\n").split(None, 1)
    return not words or words[0].lower() in _READING


def text_of(node: ast.expr | None) -> str | None:
    """The text of a query as far as it is told, with the expressions that are filled in; None where nothing is."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else ast.unparse(part) for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _statements(text: str) -> list[str]:
    return [each for part in _COMMENT.sub(" ", text).split(";") if (each := part.strip())]


def _settles(statement: str) -> bool:
    if is_reading(statement):
        return True
    match = _SETTLING.match(statement)
    if match is None:
        return False
    made = match["made"]
    return made is None or not re.search(rf"(?<![\w.]){re.escape(made)}(?![\w.])", statement[match.end() :])
