"""Is the better one really better? Two runs on the rows both were evaluated on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.significance.adjust import benjamini_hochberg
from mlops_magics.compare.significance.comparison import Comparison, MetricComparison
from mlops_magics.compare.significance.estimate import LEVEL, Estimate
from mlops_magics.compare.significance.folds import compare_folds
from mlops_magics.compare.significance.power import more_rows
from mlops_magics.compare.significance.rows import Reason, SameRows, same_rows
from mlops_magics.compare.telling import FIRST
from mlops_magics.errors import DataError
from mlops_magics.look.progress import Progress
from mlops_magics.records import Run
from mlops_magics.store import open_store
from mlops_magics.store.references import lower_is_better

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

TRUTH = "truth"


def compare_predictions(  # noqa: PLR0913 - which runs, and the settings of the tests
    left: Run | str, right: Run | str, *, store: Store | str | os.PathLike[str] | None = None,
    split: str | None = None, seed: int = 0, level: float = LEVEL, metrics: Iterable[str] | None = None,
    by: Mapping[str, Any] | None = None, progress: Progress | None = None,
) -> Comparison:
    """Tell whether one of two runs is really better, from what both answered on the same rows.

    Compared only where the recorded fingerprints prove that tables and true answers are the same; else the result
    says why not. DeLong's test for areas under ROC curves, McNemar's for accuracy and the recall of two labels, a
    paired BCa bootstrap for every other metric; p-values are adjusted over the metrics (Benjamini-Hochberg).

    Parameters
    ----------
    left, right
        Runs, or what names them: a name, a piece of an id, ``@last``, ``@best:METRIC``.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.
    split
        Which rows; by default the test set before the validation set, others, and the training data.
    seed
        Of the bootstrap: the same seed gives the same numbers.
    level
        Of the intervals, between 0 and 1; 1 - level is what an adjusted p-value must be below.
    metrics
        Names such as ``roc_auc``; the first one speaks for the model. By default all that both runs have.
    by
        Columns to slice the rows by: names to one value per row, as a frame has them. Columns that were kept with
        the predictions, and the true answers, are sliced by anyhow.
    progress
        Told how far the bootstrap is.

    Raises
    ------
    RunNotFound
        One of the runs is not in the store.
    DataError
        A split or a metric that the runs do not both have, a level out of range, or columns of another length.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from mlops_magics import track
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> y = X @ [1, 1] + X[:, 0] ** 2
    >>> for name, table in (("plain", X), ("offset", X)):
    ...     model = LinearRegression(fit_intercept=name == "offset").fit(X, y)
    ...     with track("example", name) as run:
    ...         _ = run.evaluate(model, X, y)
    >>> compare_predictions("plain", "offset", metrics=["rmse"]).verdict
    'better'
    """
    if not 0 < level < 1:
        raise DataError(f"level is {level}; it is between 0 and 1, such as 0.95")
    place = open_store(store)
    with place.snapshot():
        first, second = place.find(left), place.find(right)
        folds = compare_folds(first, second, store=place, level=level) if first.id != second.id else ()
        rows = same_rows(first, second, store=place, split=split)
    if isinstance(rows, Reason):
        return not_compared(first, second, rows, folds=folds, level=level, seed=seed)
    return compared(
        first, second, rows, metrics=metrics, by=by or {}, seed=seed, level=level, folds=folds, progress=progress
    )


def not_compared(  # noqa: PLR0913 - what compare_predictions was asked for
    left: Run, right: Run, why: Reason, *, folds: tuple[MetricComparison, ...] = (), level: float = LEVEL, seed: int = 0
) -> Comparison:
    """What there is to say of two runs without rows in common."""
    hint = "To know whether one is really better, evaluate both: %mlops evaluate MODEL X y" if why.is_missing else ""
    return Comparison(left, right, reason=why.text, folds=folds, level=level, seed=seed, hint=hint)


def compared(  # noqa: PLR0913 - what compare_predictions was asked for
    left: Run, right: Run, rows: SameRows, *, metrics: Iterable[str] | None = None, by: Mapping[str, Any] | None = None,
    seed: int = 0, level: float = LEVEL, folds: tuple[MetricComparison, ...] = (), progress: Progress | None = None,
) -> Comparison:
    """What :func:`compare_predictions` says of two runs, given what they answered."""
    from mlops_magics.compare.significance.slices import compare_slices, disagreement
    from mlops_magics.compare.significance.testing import estimates

    found, notes = estimates(rows, metrics_of(rows, metrics), seed=seed, level=level, progress=progress)
    told = _adjusted(found, rows=len(rows), level=level)
    return Comparison(
        left, right, split=rows.split, task=rows.task, rows=len(rows), metrics=told, notes=notes,
        reason="" if told else f"no metric of {rows.split} could be compared",
        disagreement=disagreement(rows), folds=folds, level=level, seed=seed,
        slices=() if not told else tuple(
            piece
            for metric, columns in _slicing(rows, told[0].metric, by or {}).items()
            for piece in compare_slices(
                rows, metric, columns, is_lower_better=lower_is_better(metric), seed=seed, level=level
            )
        ),
    )


def metrics_of(rows: SameRows, wanted: Iterable[str] | None = None) -> list[str]:
    """The metrics to compare, the most telling one first.

    Raises
    ------
    DataError
        One is wanted that not both sides have.
    """
    from mlops_magics.model.metrics import BINARY, MULTICLASS, REGRESSION

    order = dict.fromkeys([*FIRST, *BINARY, *MULTICLASS, *REGRESSION])
    both = rows.left.metrics.keys() & rows.right.metrics.keys()
    known = [name for name in order if name in both]
    if wanted is None:
        return known
    names = [name.removeprefix(f"{rows.split}/") for name in wanted]
    for name in names:
        if name not in known:
            raise DataError(f"the runs do not both have a metric {name!r} of {rows.split}", seen=name, exists=known)
    return list(dict.fromkeys(names))


def _adjusted(found: Mapping[str, Estimate], *, rows: int, level: float) -> tuple[MetricComparison, ...]:
    adjusted = benjamini_hochberg([estimate.p_value for estimate in found.values()])
    return tuple(
        MetricComparison(
            metric=name, is_lower_better=lower_is_better(name), estimate=estimate, adjusted_p=p_value, level=level,
            more_rows=more_rows(estimate.difference, estimate.standard_error, rows=rows, level=level),
        )
        for (name, estimate), p_value in zip(found.items(), adjusted, strict=True)
    )


def _slicing(rows: SameRows, metric: str, by: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Which columns are sliced by which metric: a label has no ROC curve of its own, so there accuracy is looked at."""
    columns = {str(name): values for name, values in {**rows.levels, **by}.items()}
    if rows.task == "regression":
        return {metric: {**columns, TRUTH: rows.truth}}
    import numpy as np

    labels = np.array(rows.labels, dtype=object)[rows.truth]
    return {metric: columns, "accuracy": {**(columns if metric == "accuracy" else {}), TRUTH: labels}}
