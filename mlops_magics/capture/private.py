"""The values of private columns that a run has met, so that nothing that is written down holds one of them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mlops_magics.capture.privacy import Privacy
from mlops_magics.errors import ModelError
from mlops_magics.records import Param

if TYPE_CHECKING:
    from mlops_magics.model.carried import ColumnValues
    from mlops_magics.model.state import State

WITHHELD = "<private>"
"""What stands in place of a value."""

MOST_TABLES = 32
"""So many tables are remembered: the newest."""

SHORTEST = 2
"""A text of one letter is in any message by chance."""

_TABLE_PACKAGES = frozenset({"pandas", "polars", "pyarrow", "geopandas"})
_TABLES = frozenset({"DataFrame", "Series", "Table", "GeoDataFrame"})

DECIMALS = 15
"""Digits behind the point that previews of tables have."""


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """What a model was fitted on that is private: columns, and answers."""

    columns: tuple[ColumnValues, ...] = ()
    answers: tuple[ColumnValues, ...] = ()
    names: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[ColumnValues, ...]:
        """Both."""
        return (*self.columns, *self.answers)

    def joined(self, other: Met) -> Met:
        """What both have, together."""
        return Met((*self.columns, *other.columns), (*self.answers, *other.answers), self.names | other.names)


class PrivateValues:
    """What of models, parameters and messages must not be written down. Does nothing where nothing is private.

    Columns are known by their names: an array has none, so what is in it is known to nobody.

    Parameters
    ----------
    privacy
        What the run keeps to itself.
    """

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy
        self._lock = threading.Lock()
        self._of_model: WeakKeyDictionary[Any, Met] = WeakKeyDictionary()
        self._met: list[Met] = []

    def meet(self, X: Any, y: Any, *models: Any) -> Met:
        """Remember a table and its answers, and the models that were fitted on them. Nothing is copied or looked at.

        Models that learn bit by bit have all they were given remembered.
        """
        if not self._privacy.columns:
            return Met()
        met = Met(self._columns(X), self._columns(y), _names_of(X))
        with self._lock:
            if met.all:
                self._met = [*self._met[-MOST_TABLES:], met]
            for model in models:
                try:
                    known = self._of_model.get(model, Met())
                    self._of_model[model] = known.joined(met)
                except TypeError:
                    pass  # of a class that nothing can refer to weakly: it is treated as one nobody saw being fitted
        return met

    def check_model(self, model: Any, state: State, *, met: Met | None = None) -> None:
        """Refuse a model that holds what must not be written down.

        Parameters
        ----------
        model, state
            The model, and what is in it.
        met
            What it is evaluated on: where nobody saw it being fitted, that is all there is to go by.

        Raises
        ------
        ModelError
            Says which column it is.
        """
        from mlops_magics.model.carried import carried, looks_like_data

        with self._lock:
            fitted = _get(self._of_model, model)
        known = (fitted or Met()).joined(met or Met())
        features = _features_of(model)
        public = known.names | features
        if not known.answers:
            public |= _texts(_held(model, "classes_"))
        told = replace(state, texts=state.texts - public, listed=state.listed - public)
        if (name := carried(told, known.columns, known.answers)) is not None:
            raise _refused(f"it holds values of the private column {name!r}")
        is_unknown = fitted is None and bool(known.all or not self._privacy.columns.isdisjoint(features))
        is_like_data = looks_like_data(told, known=public) or (is_unknown and bool(told.blobs))
        if (self._privacy.is_private or is_unknown) and is_like_data:
            why = "the run is private" if self._privacy.is_private else "nobody saw it being fitted"
            raise _refused(f"it holds texts or rows of data, and {why}")

    def params(self, params: Sequence[Param], usual: Iterable[str] = ()) -> list[Param]:
        """Parameters with those withheld that hold a private value, such as the categories of an encoder."""
        if not self._privacy.columns:
            return list(params)
        left = set(usual)
        return [
            param if param.is_default or param.key in left or not self._is_private(param.value)
            else replace(param, value=WITHHELD)
            for param in params
        ]

    def values(self, params: Mapping[str, Any], usual: Iterable[str] = ()) -> dict[str, Any]:
        """The same, of a mapping."""
        return {
            param.key: param.value
            for param in self.params([Param(key=key, value=value) for key, value in params.items()], usual)
        }

    def mask(self, text: str, *, beside: Iterable[Any] = ()) -> str:
        """A message without the texts of private columns, the longest first. Tables that are ``beside`` it count with
        those that were met.
        """
        if not self._privacy.columns:
            return text
        with self._lock:
            columns = [column for met in self._met for column in met.all]
        columns += [column for held in beside if _is_table(held) for column in self._columns(held)]
        found = {value for column in columns for value in column.texts if len(value) >= SHORTEST and value in text}
        for value in sorted(found, key=len, reverse=True):
            text = text.replace(value, WITHHELD)
        return text

    def mask_within(self, value: Any) -> Any:
        """Lists in lists without what private columns hold: texts, and numbers that are equal by no chance.

        Numbers are compared to ``DECIMALS`` digits behind the point, as they are written.
        """
        with self._lock:
            mets = list(self._met)
        leaves = list(_leaves(value))
        texts = [leaf for leaf in leaves if isinstance(leaf, str)]
        numbers = [float(x) for x in leaves if isinstance(x, int | float) and not isinstance(x, bool)]
        known = frozenset[str]().union(*(met.names for met in mets))
        joined = "\0".join(text for text in texts if text not in known)
        columns = [column for met in mets for column in met.all]
        own = {text for column in columns for text in column.texts if len(text) >= SHORTEST and text in joined}
        same = {number for column in columns for number in column.own(numbers, decimals=DECIMALS)}
        return _without(value, sorted(own, key=len, reverse=True), same, known) if own or same else value

    def _is_private(self, value: Any) -> bool:
        with self._lock:
            mets = list(self._met)
        leaves = list(_leaves(value))
        if not leaves:
            return False
        return any(
            column.holds([leaf for leaf in leaves if leaf not in met.names]) for met in mets for column in met.all
        )

    def _columns(self, data: Any) -> tuple[ColumnValues, ...]:
        from mlops_magics.model.carried import ColumnValues

        return tuple(ColumnValues(name, column) for name, column in _named(data) if name in self._privacy.columns)


def _without(value: Any, texts: Sequence[str], numbers: Collection[float], known: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, texts, numbers, known) for item in value]
    if isinstance(value, str) and value not in known:
        for text in texts:
            value = value.replace(text, WITHHELD)
    elif isinstance(value, int | float) and not isinstance(value, bool) and value in numbers:
        return WITHHELD
    return value


def _refused(why: str) -> ModelError:
    return ModelError(why, hint="If it may be seen, keep it yourself: %mlops artifact MODEL")


def _get(known: WeakKeyDictionary[Any, Met], model: Any) -> Met | None:
    try:
        return known.get(model)
    except TypeError:
        return None


def _named(data: Any) -> list[tuple[str, Any]]:
    """The columns of a table or a series, by name."""
    if hasattr(data, "iloc"):
        if not hasattr(data, "columns"):
            return [(str(data.name), data)]
        return [(str(name), data.iloc[:, place]) for place, name in enumerate(data.columns)]
    if hasattr(data, "column_names"):
        return [(str(name), data.column(place)) for place, name in enumerate(data.column_names)]
    if hasattr(data, "get_columns"):
        return [(column.name, column) for column in data.get_columns()]
    name = getattr(data, "name", None)
    return [(name, data)] if isinstance(name, str) and hasattr(data, "to_numpy") else []


def _is_table(held: Any) -> bool:
    # By its package: what an object of the person's own does when it is asked for its columns is not known.
    package = type(held).__module__.partition(".")[0]
    return package in _TABLE_PACKAGES and type(held).__name__ in _TABLES


def _names_of(data: Any) -> frozenset[str]:
    names = getattr(data, "column_names", None) or getattr(data, "columns", None)
    return frozenset(map(str, names)) if names is not None and not callable(names) else frozenset()


def _features_of(model: Any) -> frozenset[str]:
    """The names of its features, as estimators and the boosters of XGBoost and LightGBM give them."""
    named = getattr(model, "feature_name", None)
    return _texts(_held(model, "feature_names_in_")).union(
        _texts(_held(model, "feature_names")), _texts(named()) if callable(named) else ()
    )


def _held(model: Any, name: str) -> Any:
    try:
        return getattr(model, name)
    except Exception:  # noqa: BLE001 - a property of somebody's class
        return ()


def _texts(values: Any) -> frozenset[str]:
    try:
        return frozenset(value for value in values if isinstance(value, str))
    except TypeError:
        return frozenset()


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str | int | float):
        yield value
