"""A measured figure and the goal it is held to."""

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured, several times, in one unit.

    ``limit`` is the most it may be, or None where nothing was promised. ``beside`` says what else was measured in
    the same run, so that a figure can be read on a busy machine.
    """

    name: str
    unit: str
    rounds: tuple[float, ...]
    limit: float | None = None
    beside: str = ""

    @classmethod
    def of(cls, name: str, rounds: list[float], unit: str, limit: float | None = None, *, beside: str = "") -> Self:
        return cls(name=name, unit=unit, rounds=tuple(rounds), limit=limit, beside=beside)

    @property
    def measured(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return ""
        return "met" if self.measured <= self.limit else "MISSED"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "measured": self.measured, "verdict": self.verdict}


def milliseconds(seconds: list[float]) -> list[float]:
    return [value * 1e3 for value in seconds]


def microseconds(seconds: list[float]) -> list[float]:
    return [value * 1e6 for value in seconds]


def ratios(ours: list[float], peers: list[float]) -> list[float]:
    """Round by round, so that what slowed both down in a round cancels."""
    return [our / peer for our, peer in zip(ours, peers, strict=True)]
