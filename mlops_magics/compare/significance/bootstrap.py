"""The difference of any metric on the same rows: the paired BCa bootstrap, seeded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no types

from mlops_magics.compare.significance.drawing import drawn
from mlops_magics.compare.significance.estimate import LEVEL, Estimate, certain_estimate, normal_quantile, normal_share
from mlops_magics.compare.significance.statistics import Floats, Resamples, Statistic
from mlops_magics.look.progress import Progress

FEWEST_RESAMPLES, MOST_RESAMPLES = 1000, 4000
WORTH_DRAWING = 40_000_000
"""Rows to draw in all, where the two limits leave a choice: about a second."""

LEAST_DEFINED = 0.95
"""A metric that is undefined in more of the resamples has no interval."""


@dataclass(frozen=True, eq=False)
class Paired:
    """The same metric of both sides; each statistic counts the same rows in the same order."""

    left: Statistic
    right: Statistic


def resamples_for(rows: int) -> int:
    """How many resamples are worth their time: 4,000 up to 10,000 rows, 1,000 from 40,000 on.

    >>> resamples_for(500), resamples_for(20_000), resamples_for(1_000_000)
    (4000, 2000, 1000)
    """
    return max(FEWEST_RESAMPLES, min(MOST_RESAMPLES, WORTH_DRAWING // max(rows, 1)))


def bootstrap(  # noqa: PLR0913 - the sample, and the settings of the test
    pairs: Mapping[str, Paired], *, rows: int, seed: int = 0, resamples: int | None = None, level: float = LEVEL,
    progress: Progress | None = None,
) -> dict[str, Estimate]:
    """Estimate the difference, right minus left, of several metrics from one set of resamples of the rows.

    Both sides see the same resample, so what they have in common cancels. The interval is BCa (Efron 1987): corrected
    for bias, and for a spread that hangs on the value itself; the acceleration comes from the jackknife. The p-value
    is where that interval, widened, would just touch 0, so the two agree; it is never below 2 / (``resamples`` + 1).
    The same seed gives the same answer, and swapped sides the mirrored one.

    Parameters
    ----------
    pairs
        A metric's statistic of each side, by name.
    rows
        Of the sample; at least two.
    seed
        Of the resamples.
    resamples
        How many; by default :func:`resamples_for`.
    level
        Of the interval.
    progress
        Told how many resamples are done.

    Returns
    -------
    dict
        A metric that is undefined in more than a twentieth of the resamples, or without some row, is left out.

    Examples
    --------
    >>> from mlops_magics.compare.significance.statistics import OfMeans, Quantities
    >>> error = np.random.default_rng(0).normal(size=(2, 400)) ** 2
    >>> sides = [OfMeans(Quantities(side[:, None]), lambda means: means[:, 0]) for side in (error[0] + 1, error[1])]
    >>> found = bootstrap({"mse": Paired(*sides)}, rows=400)["mse"]
    >>> found.low < -1 < found.high < 0
    True
    """
    many = resamples or resamples_for(rows)
    blocks = list(_replicated(pairs, rows=rows, seed=seed, many=many, progress=progress))
    whole = Resamples(np.ones((1, rows), dtype=np.uint8))
    found = {}
    for name, pair in pairs.items():
        left, right = float(pair.left.resampled(whole)[0]), float(pair.right.resampled(whole)[0])
        replicates = np.concatenate([block[name] for block in blocks])
        defined = replicates[np.isfinite(replicates)]
        if not math.isfinite(left) or not math.isfinite(right) or len(defined) < LEAST_DEFINED * many:
            continue
        jackknife = pair.right.without_each() - pair.left.without_each()
        if np.isfinite(jackknife).all():
            found[name] = bca(defined, left=left, right=right, jackknife=jackknife, level=level)
    return found


def bca(replicates: Floats, *, left: float, right: float, jackknife: Floats, level: float = LEVEL) -> Estimate:
    """The BCa interval of a difference from its bootstrap replicates (Efron 1987, eq. 2.3 and 6.6).

    Parameters
    ----------
    replicates
        The difference in each resample.
    left, right
        The metric of each side, of the whole sample.
    jackknife
        The difference without each row.
    level
        Of the interval.
    """
    many, difference = len(replicates), right - left
    method = f"BCa bootstrap, {many:,} resamples"
    error = float(replicates.std(ddof=1))
    # Replicates differ in their last bits where the rows leave no spread at all.
    if error <= 1e-12 * max(1.0, abs(left), abs(right)):
        return certain_estimate(*_rounded(left, right), rows=len(jackknife), method=method)
    bias = normal_quantile(_share_below(replicates, difference))
    acceleration = _acceleration(jackknife)
    tail = normal_quantile((1 + level) / 2)
    ends = []
    for z in (-tail, tail):
        shifted = bias + z
        stretch = 1 - acceleration * shifted
        ends.append(normal_share(bias + shifted / stretch) if stretch > 0 else float(shifted > 0))
    low, high = (float(end) for end in np.quantile(replicates, ends))
    below = _chance_below(_share_below(replicates, 0.0), bias=bias, acceleration=acceleration, least=1 / (many + 1))
    return Estimate(
        left=left, right=right, low=low, high=high, p_value=min(1.0, 2 * min(below, 1 - below)),
        chance_greater=1 - below, standard_error=error, method=method,
    )


def _replicated(
    pairs: Mapping[str, Paired], *, rows: int, seed: int, many: int, progress: Progress | None
) -> Iterator[dict[str, Floats]]:
    """The difference of each metric in each resample, block by block."""
    done = 0
    # Products this small gain nothing from a second thread, and where the machine is busy they wait for it.
    with threadpool_limits(limits=1, user_api="blas"):
        for counts in drawn(rows, seed=seed, many=many):
            block = Resamples(counts)
            yield {name: pair.right.resampled(block) - pair.left.resampled(block) for name, pair in pairs.items()}
            done += len(block)
            if progress is not None:
                progress(done / many, f"{done:,} of {many:,} resamples")


def _share_below(replicates: Floats, value: float) -> float:
    """The share of replicates below a value, those equal to it half; never quite none or all."""
    close = 1e-12 * max(1.0, float(np.abs(replicates).max()))
    below = (replicates < value - close).sum() + (np.abs(replicates - value) <= close).sum() / 2
    many = len(replicates)
    return float(min(max(below / many, 1 / (many + 1)), many / (many + 1)))


def _acceleration(jackknife: Floats) -> float:
    """A sixth of the skewness of what the rows contribute (Efron 1987, eq. 6.6)."""
    spread = jackknife.mean() - jackknife
    size = float((spread**2).sum())
    return float((spread**3).sum()) / (6 * size**1.5) if size > 0 else 0.0


def _chance_below(share: float, *, bias: float, acceleration: float, least: float) -> float:
    """The level at which the BCa interval ends where ``share`` of the replicates are below."""
    distance = normal_quantile(share) - bias
    stretch = 1 + acceleration * distance
    chance = normal_share(distance / stretch - bias) if stretch > 0 else float(distance > 0)
    return min(max(chance, least), 1 - least)


def _rounded(left: float, right: float) -> tuple[float, float]:
    return (left, left) if abs(right - left) <= 1e-12 * max(1.0, abs(left), abs(right)) else (left, right)
