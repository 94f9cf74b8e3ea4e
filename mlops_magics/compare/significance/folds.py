"""The scores of two cross-validations on the same data, fold by fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_magics.compare.significance.adjust import benjamini_hochberg
from mlops_magics.compare.significance.comparison import MetricComparison
from mlops_magics.compare.significance.cross_validation import corrected_t_test
from mlops_magics.compare.significance.estimate import LEVEL
from mlops_magics.records import Run

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

SCORES = "cv/test_"
"""What the scores of test folds are called. Scorers say greater for better, errors have a minus."""

ROLES = ("cv", "cv target")


def compare_folds(
    left: Run, right: Run, *, store: Store, test_share: float | None = None, level: float = LEVEL
) -> tuple[MetricComparison, ...]:
    """Compare the newest cross-validation of two runs by the corrected resampled t-test (Nadeau & Bengio 2003).

    Empty unless both did one with as many folds on tables and answers with equal fingerprints. That the folds were
    cut in the same way is not recorded, so it is taken for granted: with scikit-learn it is so for an equal ``cv``
    that does not shuffle, or shuffles with an equal ``random_state``.

    Parameters
    ----------
    left, right
        Two runs.
    store
        That holds them.
    test_share
        Rows of a test fold over all rows; by default one over the number of folds. Give it where a cross-validation
        was repeated.
    level
        Of the intervals.
    """
    if not _is_same_data(store, left, right):
        return ()
    first, second = _scores(store, left), _scores(store, right)
    names = [name for name in first if len(first[name]) == len(second.get(name, ())) >= 2]
    found = [corrected_t_test(first[name], second[name], test_share=test_share, level=level) for name in names]
    adjusted = benjamini_hochberg([estimate.p_value for estimate in found])
    return tuple(
        MetricComparison(metric=name, is_lower_better=False, estimate=estimate, adjusted_p=p_value, level=level)
        for name, estimate, p_value in zip(names, found, adjusted, strict=True)
    )


def _is_same_data(store: Store, left: Run, right: Run) -> bool:
    digests = [
        {table.role: table.fingerprint for table in store.datasets(run) if table.role in ROLES} for run in (left, right)
    ]
    return digests[0] == digests[1] and all(digests[0].get(role) for role in ROLES)


def _scores(store: Store, run: Run) -> dict[str, list[float]]:
    """By metric, in the order of the folds; of several cross-validations the newest."""
    points = store.sql(
        "SELECT key, step, value FROM metrics WHERE run = ? AND starts_with(key, ?) AND step IS NOT NULL ORDER BY time",
        [run.id, SCORES],
    )
    found: dict[str, list[float]] = {}
    for key, step, value in points.itertuples(index=False):
        if step == 0:
            found[key] = []
        found.setdefault(key, []).append(float(value))
    return dict(sorted(found.items()))
