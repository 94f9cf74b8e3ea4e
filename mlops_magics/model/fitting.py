"""Whether the columns of a table are those a model was fitted on, for when the model has refused them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_magics.errors import MOST_NAMES, ModelError
from mlops_magics.model.estimator import feature_names, summary_of


def misfit(model: Any, X: Any) -> ModelError | None:
    """Say how the columns of ``X`` differ from those the model was fitted on; None where they do not, or where the
    model does not say what it was fitted on.

    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> X = pd.DataFrame({"hour": [1, 2], "distance": [3, 4]})
    >>> print(misfit(Ridge().fit(X, [0, 1]), X[["hour"]]))
    Ridge was fitted on 2 columns, X has 1: distance is missing. Give X with: hour, distance.
    """
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is not None and hasattr(X, "columns"):
        return _by_name(model, [str(name) for name in fitted], list(feature_names(None, X)))
    expected = getattr(model, "n_features_in_", None)
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if expected is None or len(shape) != 2 or int(expected) == shape[1]:
        return None
    names = () if fitted is None else [str(name) for name in fitted]
    return ModelError(_counts(model, int(expected), int(shape[1])), hint=_hint(names))


def _by_name(model: Any, expected: Sequence[str], given: Sequence[str]) -> ModelError | None:
    if list(expected) == list(given):
        return None
    missing = [name for name in expected if name not in given]
    unknown = [name for name in given if name not in expected]
    told = [f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
    told += [f"it does not know {_listed(unknown)}"] if unknown else []
    differs = "; ".join(told) or "they are in another order"
    return ModelError(f"{_counts(model, len(expected), len(given))}: {differs}", hint=_hint(expected))


def _counts(model: Any, expected: int, given: int) -> str:
    return f"{summary_of(model)} was fitted on {expected} column{'s' * (expected != 1)}, X has {given}"


def _hint(names: Sequence[str]) -> str:
    return f"Give X with: {_listed(names)}" if names else "Give X the columns it was fitted on, in their order"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
