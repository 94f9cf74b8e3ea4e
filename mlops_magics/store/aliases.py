"""Names that people give to the model of a run, such as ``champion``: its tag ``alias`` tells them.

An alias means one run of an experiment: the one that was given it last. It moves when another run is given it, and goes
back when that run's tag is set to something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

TAG = "alias"


@dataclass(frozen=True, slots=True)
class Given:
    """What the tag of a run says now, and since when."""

    run: str
    experiment: str
    value: str
    time: datetime

    @property
    def aliases(self) -> tuple[str, ...]:
        """The single names.

        >>> Given("r1", "flights", "champion, eu", datetime(2026, 1, 1)).aliases
        ('champion', 'eu')
        """
        return tuple(dict.fromkeys(self.value.replace(",", " ").split()))


def owners(given: Iterable[Given]) -> Mapping[tuple[str, str], Given]:
    """By experiment and alias, the run that it means; the one that was given an alias last comes last.

    >>> first = Given("r1", "flights", "champion eu", datetime(2026, 1, 1))
    >>> then = Given("r2", "flights", "champion", datetime(2026, 2, 1))
    >>> {alias: one.run for (experiment, alias), one in owners([then, first]).items()}
    {'eu': 'r1', 'champion': 'r2'}
    """
    found: dict[tuple[str, str], Given] = {}
    for one in sorted(given, key=lambda one: (one.time, one.run)):
        for alias in one.aliases:
            found.pop((one.experiment, alias), None)
            found[one.experiment, alias] = one
    return found
