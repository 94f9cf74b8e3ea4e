"""The difference of two runs of a store."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_magics.compare.difference.value import Difference, difference
from mlops_magics.compare.difference.variants import variants
from mlops_magics.records import Run
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.store.queries import Store


def diff(
    left: Run | str, right: Run | str, store: Store | str | os.PathLike[str] | None = None, *, tests: bool = True,
    progress: Progress | None = None,
) -> Difference:
    """Tell what differs between two runs, and nothing else; and which of them is really better.

    Parameters
    ----------
    left, right
        Runs, or what names them: a name, a piece of an id, ``@last``, ``@best:METRIC``.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.
    tests
        Whether to test which is better, on the rows both were evaluated on: a second or two, once. What is found is
        kept in the store as a verdict on the right run.
    progress
        Told how far the tests are.

    Raises
    ------
    RunNotFound
        One of them is not in the store.

    Examples
    --------
    >>> from mlops_magics import track
    >>> for name, depth in (("shallow", 2), ("deep", 9)):
    ...     with track("flights", name, params={"depth": depth, "seed": 0}) as run:
    ...         run.log(auc=0.7)
    >>> diff("shallow", "deep").params
    (Change(path=('depth',), left=2, right=9, in_left=True, in_right=True),)
    """
    place = open_store(store)
    with place.snapshot():
        first, second = place.find(left), place.find(right)
        found = difference(*variants([first, second], place))
    if not tests:
        return found
    from mlops_magics.compare.significance.better import better_of_two

    return replace(found, better=better_of_two(first, second, place, progress=progress))
