"""Scores of the folds of a cross-validation: the corrected resampled t-test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, variance

from mlops_magics.compare.significance.estimate import LEVEL, Estimate, certain_estimate


def corrected_t_test(
    left: Sequence[float], right: Sequence[float], *, test_share: float | None = None, level: float = LEVEL
) -> Estimate:
    """Compare two models by their scores on the same folds.

    The training sets of folds overlap, so their scores are not independent and the usual paired t-test finds
    differences where there are none. Nadeau & Bengio (2003) put 1/k + n_test/n_train in place of 1/k.

    Parameters
    ----------
    left, right
        One score per fold, of the same folds in the same order; at least two.
    test_share
        Rows of a test fold over those of its test and training fold. By default 1/k, as in a k-fold cross-validation
        that is not repeated; for ten repetitions of five folds give 1/5.
    level
        Of the interval.

    Raises
    ------
    ValueError
        Different numbers of scores, or fewer than two, or a share that is not between 0 and 1.

    Examples
    --------
    >>> found = corrected_t_test([0.80, 0.78, 0.82, 0.79, 0.81], [0.83, 0.80, 0.83, 0.83, 0.83])
    >>> round(found.difference, 4), round(found.p_value, 4)
    (0.024, 0.0349)
    """
    from scipy.special import stdtr, stdtrit

    folds = len(left)
    if folds != len(right) or folds < 2:
        raise ValueError(f"{folds} and {len(right)} scores: as many folds on both sides are needed, and at least two")
    share = 1 / folds if test_share is None else test_share
    if not 0 < share < 1:
        raise ValueError(f"test_share is {test_share}; it is between 0 and 1")
    method = f"corrected resampled t-test, {folds} folds"
    differences = [after - before for before, after in zip(left, right, strict=True)]
    error = math.sqrt((1 / folds + share / (1 - share)) * variance(differences))
    if error < 1e-12:
        return certain_estimate(fmean(left), fmean(right), rows=folds, method=method)
    middle = fmean(differences)
    half = float(stdtrit(folds - 1, (1 + level) / 2)) * error
    return Estimate(
        left=fmean(left), right=fmean(right), low=middle - half, high=middle + half, standard_error=error,
        p_value=2 * float(stdtr(folds - 1, -abs(middle / error))),
        chance_greater=float(stdtr(folds - 1, middle / error)), method=method,
    )
