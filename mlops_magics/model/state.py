"""What would be written of a fitted model: how much it is, and which texts, numbers and tables are in it."""

from __future__ import annotations

import datetime
import pickle
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlops_magics.errors import ModelError
from mlops_magics.look.numbers import size
from mlops_magics.model.estimator import class_name_of

LONG_TEXT = 1_000
"""A longer text is a model of its own, as LightGBM writes it."""

SHORT_BLOB = 64
"""Shorter bytes are words of the pickle itself."""

UNWRITABLE = (
    TypeError, ValueError, AttributeError, RecursionError, NotImplementedError, pickle.PickleError, KeyError,
    RuntimeError, ImportError,
)
"""What is raised by objects that no pickle can hold."""


@dataclass(slots=True)
class State:
    """All that a walk through a model saw.

    Attributes
    ----------
    size_bytes
        What it would be as a pickle: its arrays, and what is around them.
    texts, listed
        Every text that is neither an attribute's name nor long; of them those that stand in an array or a column, as
        categories do.
    arrays, leaves, numbers
        Arrays of numbers, not copied; the values at the leaves of trees; single numbers.
    attributes
        The names of what its objects hold.
    blobs
        What is opaque: bytes, and long texts.
    tables
        Whether it holds a table.
    dates
        Whether it holds dates or times.
    """

    size_bytes: int = 0
    texts: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    arrays: list[np.ndarray[Any, Any]] = field(default_factory=list)
    leaves: list[np.ndarray[Any, Any]] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    blobs: list[bytes] = field(default_factory=list)
    tables: bool = False
    dates: bool = False


def look_through(model: object, *, limit_bytes: int | None = None) -> State:
    """Walk through everything that a pickle of ``model`` would hold, writing and copying nothing.

    Raises
    ------
    TooLarge
        It would be larger than ``limit_bytes``.
    OpaqueModel
        No pickle can hold it, so that nobody knows what is in it.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> sorted(look_through(OneHotEncoder().fit([["Oslo"], ["Rome"]])).listed)
    ['Oslo', 'Rome']
    """
    state = State()
    try:
        _Walk(state, limit_bytes).dump(model)
    except _Enough:
        raise TooLarge(model, limit_bytes or 0) from None
    except UNWRITABLE as error:
        raise OpaqueModel(model, error) from error
    state.texts -= state.attributes
    return state


class TooLarge(ModelError):
    """A model that is larger than what is kept by itself."""

    def __init__(self, model: object, limit_bytes: int) -> None:
        super().__init__(
            f"this {class_name_of(model)} takes more than {size(limit_bytes)}",
            hint="To keep it all the same: %mlops artifact MODEL, or [capture] model_bytes in the store's settings",
        )


class OpaqueModel(ModelError):
    """A model that no pickle can hold, so that nobody knows what is in it."""

    def __init__(self, model: object, error: Exception) -> None:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        super().__init__(f"nobody can tell what is in this {class_name_of(model)} ({reason})")


class _Enough(Exception):
    """More than the limit."""


class _Count:
    """A file that nothing is written to."""

    def __init__(self, state: State, limit: int | None) -> None:
        self._state = state
        self._limit = limit

    def write(self, data: Any) -> int:
        written = len(data)
        self.add(written)
        return written

    def add(self, size_bytes: int) -> None:
        self._state.size_bytes += size_bytes
        if self._limit is not None and self._state.size_bytes > self._limit:
            raise _Enough


class _Walk(pickle.Pickler):
    """A pickler is asked about each object before it goes into it, and goes where every writer of models goes."""

    def __init__(self, state: State, limit: int | None) -> None:
        self._count = _Count(state, limit)
        self._state = state
        self._seen: dict[int, Any] = {}
        super().__init__(self._count, protocol=5)

    def persistent_id(self, held: Any) -> int | None:
        """Not None for what needs no further look: nothing is written of it."""
        state = self._state
        if isinstance(held, str):
            self._text(held)
        elif isinstance(held, bytes | bytearray | memoryview):
            self._blob(bytes(held))
        elif isinstance(held, bool | type(None) | type):
            return None
        elif isinstance(held, int | float):
            state.numbers.append(float(held) if abs(held) < 1e300 else 0.0)
        elif isinstance(held, datetime.date | datetime.timedelta):
            state.dates = True
        elif isinstance(held, np.ndarray):
            return self._array(held)
        elif _is_column(held):
            return self._table(held)
        else:
            state.attributes.update(getattr(held, "__dict__", ()))
            if type(held).__module__ == "sklearn.tree._tree" and type(held).__name__ == "Tree":
                return self._tree(held)
        return None

    def _is_new(self, held: Any) -> bool:
        # Kept, so that no other object is given the same place in memory.
        is_new = id(held) not in self._seen
        self._seen[id(held)] = held
        return is_new

    def _text(self, text: str) -> None:
        if len(text) > LONG_TEXT:
            self._state.blobs.append(text.encode("utf-8", "replace"))
        else:
            self._state.texts.add(text)

    def _blob(self, data: bytes) -> None:
        if len(data) >= SHORT_BLOB:
            self._state.blobs.append(data)

    def _array(self, array: np.ndarray[Any, Any]) -> int | None:
        if not self._is_new(array):
            return 0
        self._values(array)
        self._count.add(array.nbytes)
        # What objects are in it is for the pickler to find.
        return None if array.dtype.hasobject else 0

    def _values(self, array: np.ndarray[Any, Any]) -> None:
        kind = array.dtype.kind
        if kind in "iuf":
            self._state.arrays.append(array)
        elif kind in "OUST":
            texts = {str(item) for item in array.ravel().tolist() if isinstance(item, str | bytes)}
            self._state.listed |= texts
            self._state.texts |= texts
        elif kind in "Mm":
            self._state.dates = True

    def _table(self, held: Any) -> int:
        if not self._is_new(held):
            return 0
        if hasattr(held, "columns"):
            self._state.tables = True
        else:
            array = np.asarray(held)
            self._values(array)
            self._count.add(array.nbytes)
        return 0

    def _tree(self, tree: Any) -> int:
        # What lies between two values says neither; what a leaf answers may be one of the answers it was grown on.
        if self._is_new(tree):
            self._state.leaves.append(tree.value)
            self._count.add(tree.value.nbytes + 64 * tree.node_count)
        return 0


def _is_column(held: Any) -> bool:
    for package, names in (("pandas", ("DataFrame", "Series", "Index")), ("polars", ("DataFrame", "Series"))):
        module = sys.modules.get(package)
        if module is not None and isinstance(held, tuple(getattr(module, name) for name in names)):
            return True
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and isinstance(held, arrow.Table)
