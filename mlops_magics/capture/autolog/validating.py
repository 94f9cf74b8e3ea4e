"""What a fit is checked against while it goes on: the sets that are handed in beside the rows it is fitted on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

PAIRS = "eval_set"
"""XGBoost's and LightGBM's word for a list of rows with their answers."""

APART = {"eval_X": "eval_y", "X_val": "y_val"}
"""LightGBM's and scikit-learn's words for rows, and for their answers."""


def validation_sets(named: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Rows and answers among the named arguments of a fit, also of one that a pipeline hands on (``step__eval_set``).

    >>> list(validation_sets({"model__eval_set": [([[1.0]], [0])], "verbose": False}))
    [([[1.0]], [0])]
    """
    for key, value in named.items():
        name = key.rpartition("__")[2]
        if value is None:
            continue
        if name == PAIRS:
            yield from (tuple(pair[:2]) for pair in ([value] if isinstance(value, tuple) else value))
        elif name in APART:
            answers = named.get(key.removesuffix(name) + APART[name])
            several = value if isinstance(value, tuple) else (value,)
            yield from zip(several, answers if isinstance(answers, tuple) else (answers,), strict=False)
