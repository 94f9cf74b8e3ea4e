"""The scores of two cross-validations on the same data, fold by fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_magics.compare.significance.adjust import benjamini_hochberg
from mlops_magics.compare.significance.comparison import MetricComparison
from mlops_magics.compare.significance.cross_validation import corrected_t_test
from mlops_magics.compare.significance.estimate import LEVEL
from mlops_magics.records import CrossValidated, Run

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

SCORES = "cv/test_"
"""How the scores of test folds are called. Scorers say greater for better, errors have a minus."""


def compare_folds(
    left: Run, right: Run, *, store: Store, level: float = LEVEL
) -> tuple[MetricComparison, ...]:
    """Compare the newest cross-validation of two runs by the corrected resampled t-test (Nadeau & Bengio 2003).

    Every scorer that both have is compared. Empty unless both did one on tables and answers with equal fingerprints,
    and tested the same rows in each fold: :func:`why_no_folds` says what is missing.

    Parameters
    ----------
    left, right
        Two runs.
    store
        That holds them.
    level
        Of the intervals.
    """
    first, second = _newest(store, left), _newest(store, right)
    if first is None or second is None or _why_not((left, first), (right, second)):
        return ()
    names = _in_common(first, second)
    share = _test_share(first)
    found = [corrected_t_test(first.scores[name], second.scores[name], test_share=share, level=level) for name in names]
    adjusted = benjamini_hochberg([estimate.p_value for estimate in found])
    return tuple(
        MetricComparison(metric=name, is_lower_better=False, estimate=estimate, adjusted_p=p_value, level=level)
        for name, estimate, p_value in zip(names, found, adjusted, strict=True)
    )


def why_no_folds(left: Run, right: Run, *, store: Store) -> str:
    """Why the cross-validations of two runs are not compared, as a sentence without a full stop; empty where they are,
    and where not both did one.
    """
    first, second = _newest(store, left), _newest(store, right)
    return _why_not((left, first), (right, second)) if first and second else ""


def _newest(store: Store, run: Run) -> CrossValidated | None:
    found = store.cross_validations(run)
    return found[-1] if found else None


def _why_not(left: tuple[Run, CrossValidated], right: tuple[Run, CrossValidated]) -> str:
    first, second = left[1], right[1]
    digests = first.fingerprint, first.target_fingerprint
    if not all(digests) or digests != (second.fingerprint, second.target_fingerprint):
        return "the cross-validations of the two are not known to be on the same data"
    if not _in_common(first, second):
        one, other = (", ".join(_tested(found)) for found in (first, second))
        return f"their cross-validations have no score in common: one has {one}, the other {other}"
    if first.folds != second.folds:
        return f"their cross-validations have different folds: one has {first.folds}, the other {second.folds}"
    return _why_not_same_rows(left, right)


def _why_not_same_rows(left: tuple[Run, CrossValidated], right: tuple[Run, CrossValidated]) -> str:
    first, second = left[1], right[1]
    if first.folds < 2:
        return "their cross-validations have one fold, too few to tell"
    unknown = [run.name for run, found in (left, right) if found.splits is None]
    if unknown:
        return f"it could not be seen how the folds of {unknown[0]} were cut"
    if (first.splits, first.train_rows) != (second.splits, second.train_rows):
        return (
            "their cross-validations have different rows in their folds; "
            "give both the same cv, with the same random_state where it shuffles"
        )
    return ""


def _tested(found: CrossValidated) -> list[str]:
    return sorted(name for name in found.scores if name.startswith(SCORES))


def _in_common(first: CrossValidated, second: CrossValidated) -> list[str]:
    return [name for name in _tested(first) if name in second.scores]


def _test_share(found: CrossValidated) -> float | None:
    """Rows tested for each row tested or fitted on; of folds that are repeated it is not one over their number."""
    train, test = found.train_rows, found.test_rows
    return test / (train + test) if train and test else None
