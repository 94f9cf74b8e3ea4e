"""Reading a condition: ``or`` binds weakest, then ``and``, then ``not``, then the comparisons.

===================  ==================================================================================================
names                ``auc``, ``val/auc``, ``precision@10``; ``metrics.``, ``params.``, ``tag.`` or ``run.`` before it
                     says which is meant; names with other signs go in backticks, or behind such a prefix in quotes
comparisons          ``= != < <= > >=``, ``in (1, 2)``, ``like 'base%'``, ``contains 'base'``, ``is missing``, each
                     also with ``not``
values               ``0.7``, ``-inf``; ``'text'`` or ``"text"``; ``2026-11-01``, ``'2026-11-01 14:00'`` (UTC),
                     ``today``, ``yesterday``, ``2 days ago``; ``true``, ``false``, ``none``; another name
===================  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from mlops_magics.errors import ConditionError
from mlops_magics.store.conditions.tree import (
    UNITS,
    Ago,
    Among,
    And,
    Comparison,
    Condition,
    Content,
    Like,
    Missing,
    Name,
    Not,
    Or,
    Sign,
    Today,
    Value,
)
from mlops_magics.store.conditions.words import Word, words

DEEPEST = 100
"""Brackets and nots within each other: more than anybody writes, fewer than the interpreter's own limit."""

SIGNS: dict[str, Sign] = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TURNED: dict[Sign, Sign] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EXACT = 2**53


def parse_condition(condition: str) -> Condition:
    """Understand a condition.

    Raises
    ------
    ConditionError
        It is not of this language; ``at`` says from which character on.

    >>> parse_condition("auc>.7 and (0 < depth or not team in ('ops',))")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mlops_magics.errors.ConditionError: in ... at character 45: a value is expected, not ')'
    >>> str(parse_condition("auc>.7 and (0 < depth or not team in ('ops'))"))
    "auc > 0.7 and (depth > 0 or not team in ('ops'))"
    """
    return _Parser(condition).read()


def read_moment(text: str) -> date | datetime | None:
    """A date, or a time in UTC, from ISO text; None where it is none.

    >>> read_moment("2026-11-01"), read_moment("2026-11-01T14:00+02:00"), read_moment("soon")
    (datetime.date(2026, 11, 1), datetime.datetime(2026, 11, 1, 12, 0), None)
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None


class _Parser:
    def __init__(self, condition: str) -> None:
        self._condition = condition
        self._words = words(condition)
        self._at = 0
        self._depth = 0

    def read(self) -> Condition:
        if self._is("end"):
            raise self._error("the condition is empty")
        condition = self._or()
        if not self._is("end"):
            raise self._error(f"'and' or 'or' is expected, not {self._word}")
        return condition

    # -- and, or, not -----------------------------------------------------------------------------------------------

    def _or(self) -> Condition:
        parts = self._parts(self._and, "or")
        return parts[0] if len(parts) == 1 else Or(parts)

    def _and(self) -> Condition:
        parts = self._parts(self._not, "and")
        return parts[0] if len(parts) == 1 else And(parts)

    def _parts(self, part: Callable[[], Condition], word: str) -> tuple[Condition, ...]:
        parts = [part()]
        while self._take("word", word):
            parts.append(part())
        return tuple(parts)

    def _not(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} brackets and nots stand within each other")
        try:
            if self._take("word", "not"):
                return Not(self._not())
            if self._take("sign", "("):
                inner = self._or()
                self._need("sign", ")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    # -- comparisons ------------------------------------------------------------------------------------------------

    def _comparison(self) -> Condition:
        left = self._left()
        if isinstance(left, Value):
            sign = self._sign()
            if not self._is("name"):
                raise self._error(f"one side of a comparison is a name, and {self._word} is none")
            return Comparison(self._name(), _TURNED[sign], left)
        if self._word.kind == "sign" and self._word.text in SIGNS:
            sign = self._sign()
            return Comparison(left, sign, self._name() if self._is("name") else self._value())
        return self._worded(left)

    def _worded(self, name: Name) -> Condition:
        if self._take("word", "is"):
            negated = self._take("word", "not")
            if not (self._take("word", "missing") or self._take("word", "null")):
                raise self._error(f"'missing' is expected, not {self._word}")
            return Missing(name, negated)
        negated = self._take("word", "not")
        if self._take("word", "in"):
            return Among(name, self._several(), negated)
        if self._take("word", "like"):
            return Like(name, "like", self._text(), negated)
        if self._take("word", "contains"):
            return Like(name, "contains", self._text(), negated)
        raise self._error(f"a comparison is expected behind {name}, not {self._word}")

    def _left(self) -> Name | Value:
        if self._is("name") or self._word.quote == '"':
            return self._name()
        if self._word.kind in {"number", "text", "date"}:
            return self._value()
        raise self._error(f"a name is expected, not {self._word}")

    def _sign(self) -> Sign:
        if self._word.kind != "sign" or self._word.text not in SIGNS:
            raise self._error(f"one of {' '.join(SIGNS)} is expected, not {self._word}")
        return SIGNS[self._next().text]

    def _several(self) -> tuple[Value, ...]:
        self._need("sign", "(")
        values = [self._value()]
        while self._take("sign", ","):
            values.append(self._value())
        self._need("sign", ")")
        return tuple(values)

    # -- names and values -------------------------------------------------------------------------------------------

    def _name(self) -> Name:
        word = self._next()
        return Name(word.text, word.family, word.at)

    def _text(self) -> Value:
        if not self._is("text"):
            raise self._error(f"text in quotes is expected, not {self._word}")
        word = self._next()
        return Value(word.text, word.at)

    def _value(self) -> Value:
        word = self._word
        known: dict[str, Content] = {
            "true": True, "false": False, "none": None, "inf": float("inf"), "infinity": float("inf"),
            "today": Today(), "yesterday": Today(1),
        }  # fmt: skip
        if word.kind == "word" and word.text in known:
            return Value(known[self._next().text], word.at)
        if word.kind == "text":
            return Value(self._next().text, word.at)
        if word.kind == "date":
            return self._date()
        if word.kind == "number":
            return Value(self._number(), word.at)
        hint = f"Text goes in quotes: '{word.text}'" if word.kind == "name" else None
        raise self._error(f"a value is expected, not {word}", hint=hint)

    def _date(self) -> Value:
        word = self._word
        moment = read_moment(word.text)
        if moment is None:
            raise self._error(f"no calendar has {word}")
        self._next()
        return Value(moment, word.at)

    def _number(self) -> Content:
        text = self._next().text
        number = float(text)
        unit = self._word.text.lower().removesuffix("s")
        if self._is("name") and unit in UNITS and self._words[self._at + 1].text == "ago":
            self._at += 2
            return Ago(number, unit)
        is_whole = text.lstrip("+-").isdecimal() and abs(number) < _EXACT
        return int(text) if is_whole else number

    # -- words ------------------------------------------------------------------------------------------------------

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    def _is(self, kind: str) -> bool:
        return self._word.kind == kind

    def _next(self) -> Word:
        self._at += 1
        return self._words[self._at - 1]

    def _take(self, kind: str, text: str) -> bool:
        is_there = (self._word.kind, self._word.text) == (kind, text)
        self._at += is_there
        return is_there

    def _need(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            raise self._error(f"{text!r} is expected, not {self._word}")

    def _error(self, what: str, *, hint: str | None = None) -> ConditionError:
        return ConditionError(what, condition=self._condition, at=self._word.at, hint=hint)
