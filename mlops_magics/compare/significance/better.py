"""What the difference of runs says of which is better: two by all that is known, more against the first one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_magics.compare.significance.comparing import compared, not_compared
from mlops_magics.compare.significance.comparison import Comparison
from mlops_magics.compare.significance.estimate import LEVEL
from mlops_magics.compare.significance.folds import compare_folds
from mlops_magics.compare.significance.kept import find_kept, inputs_of, keep
from mlops_magics.compare.significance.rows import Reason, read_rows, shared_split
from mlops_magics.compare.significance.variants import Variants, compare_variants

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.records import Run
    from mlops_magics.store.queries import Store

SEED = 0


def better_of(
    runs: Sequence[Run], store: Store, *, is_kept: bool = True, progress: Progress | None = None
) -> Comparison | Variants | None:
    """Tell which of several runs is really better, as far as their evaluations tell.

    What takes a second, the bootstrap of two runs, is done once: the result is kept in the store as a verdict on the
    second run, and found again as long as nothing that it hangs on has changed.

    Parameters
    ----------
    runs
        Two, or more of which the first is the one the others are compared with.
    store
        That holds them.
    is_kept
        Whether the result may be written to the store.
    progress
        Told how far the work is.

    Returns
    -------
    Comparison, Variants or None
        None where none was evaluated or cross-validated, and where a run is compared with itself: there is nothing to
        say.
    """
    if len({run.id for run in runs}) < len(runs):
        return None
    if len(runs) == 2:
        return _of_two(runs[0], runs[1], store, is_kept=is_kept, progress=progress)
    found = compare_variants(runs[0], runs[1:], store=store, seed=SEED)
    return found if found.is_telling else None


def _of_two(
    left: Run, right: Run, store: Store, *, is_kept: bool, progress: Progress | None
) -> Comparison | None:
    with store.snapshot():
        folds = compare_folds(left, right, store=store)
        shared = shared_split(left, right, store=store)
        if isinstance(shared, Reason):
            is_nothing = shared.is_silent and not folds
            return None if is_nothing else not_compared(left, right, shared, folds=folds, seed=SEED)
        inputs = inputs_of(shared, seed=SEED, level=LEVEL)
        found = find_kept(left, right, inputs, store=store)
        if found is not None:
            return replace(found, folds=folds)
        rows = read_rows(shared, store=store)
    if isinstance(rows, Reason):
        return not_compared(left, right, rows, folds=folds, seed=SEED)
    found = compared(left, right, rows, seed=SEED, folds=folds, progress=progress)
    if is_kept:
        keep(found, inputs, store=store)
    return found
