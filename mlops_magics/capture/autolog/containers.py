"""The rows in the containers that boosters are trained on, as far as those give them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.autolog.facts import FEATURES_LIMIT
from mlops_magics.capture.autolog.tables import TableBook, hold_both
from mlops_magics.records import Dataset

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

LARGEST_VALUES = 5_000_000
"""So many values are copied out of a matrix of XGBoost in some 20 ms. Of a larger one only the shape is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """A DMatrix of XGBoost or a Dataset of LightGBM. ``X`` is None where its rows cannot be had."""

    held: Any
    X: Any
    y: Any

    @property
    def shape(self) -> tuple[int | None, int | None]:
        """Rows and columns."""
        for rows, columns in (("num_row", "num_col"), ("num_data", "num_feature")):
            if hasattr(self.held, rows):
                return int(getattr(self.held, rows)()), int(getattr(self.held, columns)())
        return None, None

    @property
    def features(self) -> tuple[str, ...] | None:
        """The names of its columns, where it has any."""
        names = getattr(self.held, "feature_names", None) or getattr(self.held, "feature_name", None)
        return tuple(map(str, names)) if isinstance(names, list) and len(names) <= FEATURES_LIMIT else None

    def record(self, tables: TableBook, run: ActiveRun, *, role: str) -> str | None:
        """Record the rows and their answers; the fingerprint of the rows. To be called off the person's path."""
        fingerprint, _ = hold_both(tables, self.X, self.y, role=role, called=self.held).fingerprints(tables, run)
        if self.X is not None:
            return fingerprint
        rows, columns = self.shape
        names = self.features or tuple(f"f{number}" for number in range(min(columns or 0, FEATURES_LIMIT)))
        kinds = dict.fromkeys(names, "number")
        name = tables.name_of(self.held) or role
        run.observe(Dataset(name=name, role=role, fingerprint="", rows=rows or 0, columns=kinds))
        return None


def of_lightgbm(held: Any) -> Container:
    """What a Dataset was made of. To be asked before training, which lets go of it."""
    data = getattr(held, "data", None)
    return Container(held, data if hasattr(data, "shape") else None, getattr(held, "label", None))


def of_xgboost(held: Any) -> Container:
    """What a DMatrix holds: single precision, and NaN for what is missing.

    What is made for a histogram (QuantileDMatrix) holds no more than the bins of its values, so that its rows cannot be
    had.
    """
    labels = held.get_label() if hasattr(held, "get_label") else ()
    y = labels if len(labels) else None
    is_plain = type(held).__name__ == "DMatrix"
    if not is_plain or held.num_row() * held.num_col() > LARGEST_VALUES:
        return Container(held, None, y)
    import numpy as np
    import pandas as pd

    found = held.get_data().tocoo()
    values = np.full(found.shape, np.nan, dtype=np.float32)
    values[found.row, found.col] = found.data
    names = held.feature_names or [f"f{number}" for number in range(found.shape[1])]
    return Container(held, pd.DataFrame(values, columns=names), y)


def checked_against(said: Mapping[str, Any], trained_on: Any) -> list[Any]:
    """The containers that training measures itself on, beside the one it is trained on."""
    several = said.get("evals") or said.get("valid_sets") or ()
    listed = several if isinstance(several, list | tuple) else [several]
    held = [one[0] if isinstance(one, tuple) else one for one in listed]
    return [one for one in held if one is not trained_on]
