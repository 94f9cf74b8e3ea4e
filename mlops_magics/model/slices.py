"""Which rows form a group worth a number of their own: at most :data:`LIMIT` groups by the values of one column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from mlops_magics.errors import DataError
from mlops_magics.model.arrays import column_of, row_count

LIMIT = 20
"""Groups shown. Numbers with more distinct values are cut into quarters, other columns keep the largest groups and
put the rest into one named ``other``."""

ENOUGH_ROWS = 30
"""A smaller group has no metrics: it says unknown."""


@dataclass(frozen=True)
class Slice:
    """How the model did on the rows of one group. ``metrics`` is empty when the group says ``unknown``."""

    level: str
    rows: int
    metrics: Mapping[str, float]
    notes: Mapping[str, str]

    @property
    def is_unknown(self) -> bool:
        """Whether the group is too small to say anything."""
        return not self.metrics

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"level": self.level, "rows": self.rows, "metrics": dict(self.metrics), "notes": dict(self.notes)}


def groups_by(X: Any, by: Any) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield the name and the row positions of each group; missing values form a group named ``missing``.

    Parameters
    ----------
    X
        The frame, for its length and its columns.
    by
        The name of one of its columns, or one value per row.

    Raises
    ------
    DataError
        There is no such column, or the lengths differ.
    """
    values = pd.Series(_values(X, by))
    if len(values) != row_count(X):
        raise DataError(f"by has {len(values):,} values, X has {row_count(X):,} rows", hint="Give one value per row.")
    codes, names = _levels(values)
    for code in sorted(range(len(names)), key=lambda code: _order(names[code])):
        yield names[code], np.flatnonzero(codes == code)
    if (codes < 0).any():
        yield "missing", np.flatnonzero(codes < 0)


def _values(X: Any, by: Any) -> Any:
    native = column_of(X, by) if isinstance(by, str) else by
    wrapped = nw.from_native(native, pass_through=True, allow_series=True)
    return wrapped.to_pandas() if isinstance(wrapped, nw.Series) else native


def _levels(values: Any) -> tuple[np.ndarray[Any, Any], list[str]]:
    """The number of each row's group, −1 for a missing value, and the names of the groups."""
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number and values.nunique() > LIMIT:
        quarters = pd.qcut(values.astype("float64"), 4, duplicates="drop").cat
        return quarters.codes.to_numpy(), [f"{one.left:.6g} to {one.right:.6g}" for one in quarters.categories]
    codes, levels = pd.factorize(values)
    names = [str(level) for level in levels]
    if len(names) <= LIMIT:
        return np.asarray(codes), names
    largest = np.argsort(-np.bincount(codes[codes >= 0]), kind="stable")[: LIMIT - 1]
    renumbered = np.full(len(names) + 1, LIMIT - 1)  # the last entry is read by −1
    renumbered[largest] = np.arange(LIMIT - 1)
    renumbered[-1] = -1
    return renumbered[codes], [*(names[level] for level in largest), "other"]


def _order(name: str) -> tuple[int, float, str]:
    """Numbers by size, text by name, ``other`` at the end."""
    if name == "other":
        return 2, 0.0, name
    try:
        return 0, float(name.split(" to ", maxsplit=1)[0]), name
    except ValueError:
        return 1, 0.0, name
