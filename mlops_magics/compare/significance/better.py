"""What the difference of runs says of which is better: two by all that is known, more against the first one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_magics.compare.significance.comparing import not_compared
from mlops_magics.compare.significance.comparison import Comparison
from mlops_magics.compare.significance.folds import compare_folds, why_no_folds
from mlops_magics.compare.significance.kept import SEED, compare_and_keep, find_or_read
from mlops_magics.compare.significance.rows import Reason, shared_split
from mlops_magics.compare.significance.variants import Variants, compare_variants

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.records import Run
    from mlops_magics.store.queries import Store

def better_of(
    runs: Sequence[Run], store: Store, *, is_kept: bool = True, progress: Progress | None = None
) -> Comparison | Variants | None:
    """Tell which of several runs is really better, as far as their evaluations tell.

    Parameters
    ----------
    runs
        Two, as :func:`better_of_two` compares them; or more, of which the first is the one the others are compared
        with by one metric.
    store
        That holds them.
    is_kept
        Whether the result may be written to the store.
    progress
        Told how far the work is.

    Returns
    -------
    Comparison, Variants or None
        None where none was evaluated or cross-validated, and where a run is among them twice: there is nothing to say.
    """
    if len(runs) == 2:
        return better_of_two(runs[0], runs[1], store, is_kept=is_kept, progress=progress)
    if len(runs) < 2 or len({run.id for run in runs}) < len(runs):
        return None
    found = compare_variants(runs[0], runs[1:], store=store, is_kept=is_kept, progress=progress)
    return found if found.is_telling else None


def better_of_two(
    left: Run, right: Run, store: Store, *, is_kept: bool = True, progress: Progress | None = None
) -> Comparison | None:
    """Tell whether the right run is really better than the left one, or None as :func:`better_of`."""
    if left.id == right.id:
        return None
    with store.snapshot():
        folds = compare_folds(left, right, store=store)
        shared = shared_split(left, right, store=store)
        if isinstance(shared, Reason):
            if shared.is_silent and not folds:
                why = why_no_folds(left, right, store=store)
                return not_compared(left, right, Reason(why), seed=SEED) if why else None
            return not_compared(left, right, shared, folds=folds, seed=SEED)
        found = find_or_read(left, right, shared, store=store)
    if isinstance(found, Reason):
        return not_compared(left, right, found, folds=folds, seed=SEED)
    if not isinstance(found, Comparison):
        found = compare_and_keep(left, right, shared, found, store=store, is_kept=is_kept, progress=progress)
    return replace(found, folds=folds)
