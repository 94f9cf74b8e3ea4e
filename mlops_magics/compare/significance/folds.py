"""The scores of two cross-validations on the same data, fold by fold."""

from __future__ import annotations

from collections.abc import Iterable
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

FOLDS = "/folds"
"""The end of the curve over the folds; without it the name is that of their mean. Older runs have the curve there."""

ROLES = ("cv", "cv target")


def compare_folds(
    left: Run, right: Run, *, store: Store, test_share: float | None = None, level: float = LEVEL
) -> tuple[MetricComparison, ...]:
    """Compare the newest cross-validation of two runs by the corrected resampled t-test (Nadeau & Bengio 2003).

    Every scorer that both have is compared. Empty unless both did one with as many folds on tables and answers with
    equal fingerprints: :func:`why_no_folds` says what is missing. That the folds were
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


def why_no_folds(left: Run, right: Run, *, store: Store) -> str:
    """Why the cross-validations of two runs are not compared, as a sentence without a full stop; empty where they are,
    and where not both did one.
    """
    first, second = _scores(store, left), _scores(store, right)
    if not first or not second:
        return ""
    if not _is_same_data(store, left, right):
        return "the cross-validations of the two are not known to be on the same data"
    both = first.keys() & second.keys()
    if not both:
        return f"their cross-validations have no score in common: one has {_listed(first)}, the other {_listed(second)}"
    if any(len(first[name]) == len(second[name]) >= 2 for name in both):
        return ""
    name = min(both)
    return f"their cross-validations have different folds: one has {len(first[name])}, the other {len(second[name])}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


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
        name = key.removesuffix(FOLDS)
        if step == 0:
            found[name] = []
        found.setdefault(name, []).append(float(value))
    return dict(sorted(found.items()))
