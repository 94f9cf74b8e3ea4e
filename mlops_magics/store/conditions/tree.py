"""What a condition says, as values; ``str`` prints them so that they are read back as the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from mlops_magics.store.conditions.words import Family, name_text, quoted

Sign = Literal["=", "!=", "<", "<=", ">", ">="]
UNITS = ("second", "minute", "hour", "day", "week")


@dataclass(frozen=True, slots=True)
class Name:
    """What a condition calls something; ``family`` where that was said."""

    key: str
    family: Family | None = None
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return name_text(self.key, self.family)


@dataclass(frozen=True, slots=True)
class Ago:
    """A moment, counted from now."""

    amount: float
    unit: str

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}{'' if self.amount == 1 else 's'} ago"

    def before(self, now: datetime) -> datetime:
        """The moment. Raises OverflowError where no calendar reaches."""
        return now - timedelta(**{f"{self.unit}s": self.amount})


@dataclass(frozen=True, slots=True)
class Today:
    """A day, counted from today."""

    days_ago: Literal[0, 1] = 0

    def __str__(self) -> str:
        return "yesterday" if self.days_ago else "today"


Content = None | bool | int | float | str | date | datetime | Ago | Today


@dataclass(frozen=True, slots=True)
class Value:
    """A number, text, a date or a time (UTC), ``true``, ``false`` or ``none``."""

    content: Content
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        match self.content:
            case None | bool():
                return str(self.content).lower()
            case str():
                return quoted(self.content, "'")
            case datetime():
                is_exact = self.content.second or self.content.microsecond
                return self.content.isoformat(" ", "auto" if is_exact else "minutes")
            case date():
                return self.content.isoformat()
            case int() | float():
                return repr(self.content)
        return str(self.content)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left SIGN right``."""

    left: Name
    sign: Sign
    right: Name | Value

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True, slots=True)
class Among:
    """``name in (…)``."""

    name: Name
    values: tuple[Value, ...]
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.name} {_not(self)}in ({', '.join(map(str, self.values))})"


@dataclass(frozen=True, slots=True)
class Like:
    """``name like 'base%'`` as SQL means it; ``name contains 'base'``, in capitals or not."""

    name: Name
    how: Literal["like", "contains"]
    pattern: Value
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.name} {_not(self)}{self.how} {self.pattern}"


@dataclass(frozen=True, slots=True)
class Missing:
    """``name is missing``."""

    name: Name
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.name} is {_not(self)}missing"


@dataclass(frozen=True, slots=True)
class Not:
    """``not part``."""

    part: Condition

    def __str__(self) -> str:
        return f"not {_bracketed(self.part, And | Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(_bracketed(part, And | Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " or ".join(_bracketed(part, Or) for part in self.parts)


Condition = Comparison | Among | Like | Missing | Not | And | Or


def _not(part: Among | Like | Missing) -> str:
    return "not " if part.negated else ""


def _bracketed(part: Condition, kinds: object) -> str:
    return f"({part})" if isinstance(part, kinds) else str(part)  # type: ignore[arg-type]  # a union is a class here
