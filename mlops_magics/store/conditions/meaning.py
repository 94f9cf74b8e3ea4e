"""What a condition asks of the store: an SQL expression in which every name and value of the person is a parameter.

As in SQL, what a run does not have meets no comparison, and neither does it meet the opposite: ``depth != 6`` and
``not depth = 6`` list no run without a ``depth``; ``depth is missing`` does. A metric that is NaN is greater, smaller
and equal to nothing, unlike in DuckDB. A date is its first moment; after ``=`` and ``!=`` it is the whole day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mlops_magics.errors import ConditionError
from mlops_magics.store.conditions.names import Names, Thing, nested_value
from mlops_magics.store.conditions.parse import read_moment
from mlops_magics.store.conditions.tree import (
    Ago,
    Among,
    And,
    Condition,
    Like,
    Missing,
    Name,
    Not,
    Or,
    Today,
    Value,
)
from mlops_magics.store.conditions.words import quoted

_TABLES = {"metrics": "metric_sums", "params": "params", "tags": "tags"}
_MOMENTS = "2026-11-01, '2026-11-01 14:00' or 2 days ago"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An SQL expression over ``runs`` (with its ``seconds``) and what is joined to it, and their parameters."""

    test: str
    joins: str
    parameters: dict[str, Any]


def meaning_of(condition: Condition, names: Names, *, now: datetime | None = None, told: str = "") -> Meaning:
    """Put a condition in SQL.

    Parameters
    ----------
    condition
        What :func:`~mlops_magics.store.conditions.parse.parse_condition` read.
    names
        What the store has.
    now
        The moment (UTC, naive) from which ``2 days ago`` counts; None means now.
    told
        The text of the condition, for errors.

    Raises
    ------
    ConditionError
        A name means nothing, or a value cannot be compared with what it names.

    >>> from mlops_magics.store.conditions.parse import parse_condition
    >>> meaning = meaning_of(parse_condition("team = 'ops'"), Names({"tags": ["team"]}))
    >>> meaning.test, meaning.parameters
    ('(w0.value = $w1)', {'w0': 'team', 'w1': 'ops'})
    """
    translator = _Translator(names, now or datetime.now(UTC).replace(tzinfo=None), told or str(condition))
    test = translator.test(condition)
    return Meaning(test, translator.joins(), translator.parameters)


def _value(thing: Thing) -> str:
    return f"{nested_value(thing)} AS value" if thing.path else "value"


class _Translator:
    def __init__(self, names: Names, now: datetime, told: str) -> None:
        self._names = names
        self._now = now
        self._told = told
        self._joined: dict[Thing, str] = {}
        self.parameters: dict[str, Any] = {}

    def joins(self) -> str:
        """One row of a run's at most: a table has a key once per run."""
        return " ".join(
            f"LEFT JOIN (SELECT run, {_value(thing)} FROM {_TABLES[thing.family]} WHERE key = ${name}) AS {name} "
            f"ON {name}.run = runs.id"
            for thing, name in self._joined.items()
        )

    def test(self, condition: Condition) -> str:  # noqa: PLR0911 - one return per kind of condition
        match condition:
            case And(parts):
                return self._joined_by(" AND ", parts)
            case Or(parts):
                return self._joined_by(" OR ", parts)
            case Not(part):
                return f"(NOT {self.test(part)})"
            case Missing(name, negated):
                return f"({self._text(self._meant(name))} IS {'NOT ' if negated else ''}NULL)"
            case Like():
                return self._like(condition)
            case Among(name, values, negated):
                either = " OR ".join(self._compared(name, "=", value) for value in values)
                return f"(NOT ({either}))" if negated else f"({either})"
        return self._compared(condition.left, condition.sign, condition.right)

    def _joined_by(self, word: str, parts: Iterable[Condition]) -> str:
        return f"({word.join(self.test(part) for part in parts)})"

    # -- names and values -------------------------------------------------------------------------------------------

    def _meant(self, name: Name) -> Thing:
        return self._names.meant(name, self._told)

    def _parameter(self, value: Any) -> str:
        name = f"w{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def _raw(self, thing: Thing) -> str:
        if thing.family == "runs":
            return f"runs.{thing.key}"
        if thing not in self._joined:
            self._joined[thing] = self._parameter(thing.key).removeprefix("$")
        return f"{self._joined[thing]}.value"

    def _text(self, thing: Thing) -> str:
        """A parameter as it reads, not as JSON; None is missing."""
        return f"({self._raw(thing)} ->> '$')" if thing.family == "params" else self._raw(thing)

    def _number(self, thing: Thing) -> str:
        return self._raw(thing) if thing.type == "number" else f"TRY_CAST({self._text(thing)} AS DOUBLE)"

    # -- comparisons ------------------------------------------------------------------------------------------------

    def _compared(self, left: Name, sign: str, right: Name | Value) -> str:
        thing = self._meant(left)
        if isinstance(right, Name):
            return self._two(thing, sign, self._other(right, left), right.at)
        content = right.content
        if content is None or isinstance(content, bool):
            return self._word(thing, sign, right)
        if thing.type == "time":
            return self._timed(thing, sign, right)
        if isinstance(content, Ago | Today):
            raise self._error(f"{left} is no time, and {right} is one", right.at, "A run's times: started, ended")
        if isinstance(content, int | float):
            return _numbers(self._number(thing), sign, self._parameter(float(content)))
        text = content if isinstance(content, str) else str(right)
        return self._text_or_number(left, thing, sign, text, right.at)

    def _text_or_number(self, left: Name, thing: Thing, sign: str, text: str, at: int) -> str:
        """Text that reads as a number is one beside numbers, and text beside text: a version '1.10' is not 1.1."""
        number = _number_in(text)
        if thing.type == "number":
            if number is None:
                raise self._error(f"{left} is a number, and {quoted(text, chr(39))} is none", at)
            return _numbers(self._number(thing), sign, self._parameter(number))
        as_text = f"({self._text(thing)} {sign} {self._parameter(text)})"
        if thing.type == "text" or number is None:
            return as_text
        as_number = _numbers(f"TRY_CAST({self._raw(thing)} AS DOUBLE)", sign, self._parameter(number))
        return f"(CASE WHEN TRY_CAST({self._raw(thing)} AS DOUBLE) IS NULL THEN {as_text} ELSE {as_number} END)"

    def _word(self, thing: Thing, sign: str, value: Value) -> str:
        if sign not in {"=", "!="}:
            raise self._error(f"nothing is greater or smaller than {value}", value.at, "Compare by = or !=")
        if thing.type in {"number", "time"}:
            raise self._error(f"{thing.column} is a {thing.type}, and never {value}", value.at)
        if value.content is None and thing.type == "text":
            raise self._error(f"{thing.column} is text, and never none", value.at, "Ask: is missing")
        if value.content is None:
            return f"({self._raw(thing)} {sign} 'null')"
        return f"(lower({self._text(thing)}) {sign} {self._parameter(str(value))})"

    def _timed(self, thing: Thing, sign: str, value: Value) -> str:
        content = value.content
        moment = read_moment(content) if isinstance(content, str) else content
        if isinstance(moment, Today):
            moment = self._now.date() - timedelta(days=moment.days_ago)
        if isinstance(moment, Ago):
            moment = self._before(moment, value.at)
        if isinstance(moment, datetime):
            return f"({self._raw(thing)} {sign} {self._parameter(moment)})"
        if not isinstance(moment, date):
            raise self._error(f"{thing.column} is a time, and {value} is none", value.at, f"Write {_MOMENTS}")
        if sign in {"=", "!="}:
            return f"(CAST({self._raw(thing)} AS DATE) {sign} {self._parameter(moment)})"
        return f"({self._raw(thing)} {sign} {self._parameter(datetime.combine(moment, time()))})"

    def _before(self, ago: Ago, at: int) -> datetime:
        try:
            return ago.before(self._now)
        except (OverflowError, ValueError):
            raise self._error(f"no calendar reaches {ago}", at) from None

    def _other(self, right: Name, left: Name) -> Thing:
        try:
            return self._meant(right)
        except ConditionError as error:
            if right.family is None:
                error.hint = f"Text goes in quotes: {left} = {quoted(right.key, chr(39))}"
            raise

    def _two(self, left: Thing, sign: str, right: Thing, at: int) -> str:
        types = {left.type, right.type}
        if types in ({"time"}, {"text"}):
            return f"({self._raw(left)} {sign} {self._raw(right)})"
        if "time" in types:
            raise self._error(f"{left.column} and {right.column} cannot be compared: one of them is a time", at)
        as_number = _numbers(self._number(left), sign, self._number(right), is_column=True)
        if "number" in types:
            return as_number
        both = " AND ".join(f"TRY_CAST({self._text(thing)} AS DOUBLE) IS NOT NULL" for thing in (left, right))
        return f"(CASE WHEN {both} THEN {as_number} ELSE {self._text(left)} {sign} {self._text(right)} END)"

    def _like(self, condition: Like) -> str:
        thing = self._meant(condition.name)
        if thing.type in {"number", "time"}:
            raise self._error(f"{condition.name} is a {thing.type}, and no text to look into", condition.name.at)
        pattern = self._parameter(condition.pattern.content)
        text = self._text(thing)
        test = f"{text} LIKE {pattern}" if condition.how == "like" else f"contains(lower({text}), lower({pattern}))"
        return f"(NOT ({test}))" if condition.negated else f"({test})"

    def _error(self, what: str, at: int, hint: str | None = None) -> ConditionError:
        return ConditionError(what, condition=self._told, at=at, hint=hint)


def _numbers(left: str, sign: str, right: str, *, is_column: bool = False) -> str:
    """DuckDB holds NaN for equal to itself and greater than every number; a value of the person's is never NaN."""
    if not is_column:
        return f"({left} != {right})" if sign == "!=" else f"({left} {sign} {right} AND NOT isnan({left}))"
    is_nan = f"isnan({left}) OR isnan({right})"
    test = f"{left} != {right} OR {is_nan}" if sign == "!=" else f"{left} {sign} {right} AND NOT ({is_nan})"
    # Where one is missing the answer is, whatever the other is.
    return f"(CASE WHEN {left} IS NOT NULL AND {right} IS NOT NULL THEN {test} END)"


def _number_in(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if number != number else number  # noqa: PLR0124

