"""Which metric, parameter, tag or column of a run a name means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from mlops_magics.errors import ConditionError
from mlops_magics.store.conditions.tree import Name
from mlops_magics.store.conditions.words import FAMILIES, Family, name_text

if TYPE_CHECKING:
    from mlops_magics.store.database import Database

Type = Literal["number", "text", "time", "any"]
"""``any`` is what a parameter may be."""

RUN_COLUMNS: Mapping[str, Type] = {
    "status": "text", "name": "text", "experiment": "text", "started": "time", "ended": "time", "seconds": "number",
    "id": "text", "parent": "text", "source": "text", "message": "text",
}  # fmt: skip
_TYPES: Mapping[Family, Type] = {"metrics": "number", "params": "any", "tags": "text"}
_WORDS: Mapping[Family, str] = {"metrics": "a metric", "params": "a parameter", "tags": "a tag", "runs": "columns"}
_ORDER: tuple[Family, ...] = ("metrics", "runs", "params", "tags")
"""Where a name without a family is looked for."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a name means."""

    family: Family
    key: str
    path: tuple[str, ...] = ()
    """Into a parameter that holds others: ``params.augment.flip``."""

    @property
    def name(self) -> str:
        """Its key, and the path into it."""
        return ".".join((self.key, *self.path))

    @property
    def json_path(self) -> str:
        """The path as DuckDB reads it."""
        return "$" + "".join(f'."{key}"' for key in self.path)

    def of(self, value: Any) -> Any:
        """What a value of the key has at the path; None where there is nothing."""
        for key in self.path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    @property
    def type(self) -> Type:
        return RUN_COLUMNS[self.key] if self.family == "runs" else _TYPES[self.family]

    @property
    def column(self) -> str:
        """What it is called in a frame of runs: ``params.depth``, ``tags.team``, ``started``."""
        return self.key if self.family == "runs" else f"{self.family}.{self.name}"


def nested_value(thing: Thing) -> str:
    """SQL for what the column ``value`` of parameters has at a path, as JSON text."""
    path = thing.json_path.replace("'", "''")
    return f"CASE WHEN json_valid(value) THEN json_extract(value, '{path}')::VARCHAR END"


class Names:
    """Everything of a store that can be named; ``held`` are the names in parameters that hold others.

    >>> names = Names({"metrics": ["auc", "seconds"], "params": ["depth"], "tags": ["team"]}, {"depth": ["least"]})
    >>> [names.meant(Name(key)).column for key in ("auc", "seconds", "name", "Depth", "team")]
    ['metrics.auc', 'metrics.seconds', 'name', 'params.depth', 'tags.team']
    >>> names.meant(Name("depth.least")).column
    'params.depth.least'
    >>> names.meant(Name("seconds", "runs")).column
    'seconds'
    """

    def __init__(
        self, keys: Mapping[Family, Iterable[str]], held: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        self._held = {key: sorted(names) for key, names in sorted((held or {}).items())}
        self._keys: dict[Family, list[str]] = {family: sorted(keys.get(family, ())) for family in _TYPES}
        self._keys["runs"] = list(RUN_COLUMNS)

    def meant(self, name: Name, condition: str = "") -> Thing:
        """What a name means; without regard to case where only one is spelled so.

        Raises
        ------
        ConditionError
            Nothing is called so; the closest name is suggested.
        """
        families = (name.family,) if name.family else _ORDER
        for family in families:
            if name.key in self._keys[family]:
                return Thing(family, name.key)
        for family in families:
            same = [key for key in self._keys[family] if key.lower() == name.key.lower()]
            if len(same) == 1:
                return Thing(family, same[0])
        if "params" in families and (nested := self._nested(name.key)):
            return nested
        seen = str(name)
        if name.family and not self._keys[name.family]:
            what = f"there is no {seen}: no run has {_WORDS[name.family]}"
            raise ConditionError(what, condition=condition, at=name.at)
        exists = self._near(name)
        raise ConditionError(f"there is no {seen}", condition=condition, at=name.at, seen=seen, exists=exists)

    def _nested(self, name: str) -> Thing | None:
        """What a parameter holds under a path, as ``augment.flip``."""
        words = name.split(".")
        for end in range(1, len(words)):
            if words[end] in self._held.get(".".join(words[:end]), ()) and '"' not in name:
                return Thing("params", ".".join(words[:end]), tuple(words[end:]))
        return None

    def _paths(self) -> list[str]:
        return [f"{key}.{name}" for key, names in self._held.items() for name in names]

    def read(self, text: str) -> Thing:
        """What a name means that stands alone, as in a list of columns: signs and spaces need no quotes.

        Raises
        ------
        ConditionError
            Nothing is called so.
        """
        family, dot, key = text.partition(".")
        if dot and family.lower() in FAMILIES:
            return self.meant(Name(key, FAMILIES[family.lower()]))
        return self.meant(Name(text))

    def all(self) -> list[str]:
        """Every name with its family, as a condition would say it: metrics, parameters, tags, then a run's columns."""
        told = {family: [name_text(key, family) for key in self._keys[family]] for family in _TYPES}
        told["params"] += [f"params.{path}" for path in self._paths()]
        return [*(name for names in told.values() for name in names), *RUN_COLUMNS]

    def of(self, family: Family) -> tuple[str, ...]:
        """The keys of one family, in order."""
        return tuple(self._keys[family])

    def _near(self, name: Name) -> list[str]:
        """The closest name first; then all of its family, or all."""
        if name.family == "runs":
            return list(RUN_COLUMNS)
        families = [name.family] if name.family else list(_ORDER)
        paths: dict[str, Family] = dict.fromkeys(self._paths() if "params" in families else [], "params")
        by_key = {**paths, **{key: family for family in reversed(families) for key in self._keys[family]}}
        close = get_close_matches(name.key, by_key, n=1)
        told = [name_text(key, name.family or ("tags" if by_key[key] == "tags" else None)) for key in close]
        return [*told, *(item for item in self.all() if item not in told)]


def names_of(database: Database) -> Names:
    """What can be named in a store. Needs the views."""
    tables: dict[Family, str] = {"metrics": "metric_sums", "params": "param_revs", "tags": "tag_revs"}
    union = " UNION ALL ".join(f"SELECT DISTINCT '{family}', key FROM {table}" for family, table in tables.items())
    found: dict[Family, list[str]] = {family: [] for family in tables}
    for family, key in database.query(union).fetchall():
        if key is not None:
            found[family].append(key)
    held: dict[str, list[str]] = {}
    # Braces first: most values are short, and no structure.
    for key, name in database.query(
        """SELECT DISTINCT key, unnest(json_keys(value)) FROM param_revs
           WHERE starts_with(value, '{') AND json_valid(value)"""
    ).fetchall():
        held.setdefault(key, []).append(name)
    return Names(found, held)
