"""The difference of two runs of a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mlops_magics.compare.difference.value import Difference, difference
from mlops_magics.compare.difference.variants import variants
from mlops_magics.records import Run
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store


def diff(left: Run | str, right: Run | str, store: Store | str | os.PathLike[str] | None = None) -> Difference:
    """Tell what differs between two runs, and nothing else.

    Parameters
    ----------
    left, right
        Runs, or what names them: a name, a piece of an id, ``@last``, ``@best:METRIC``.
    store
        A store or where it is; see :func:`mlops_magics.open_store`.

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
        return difference(*variants([left, right], place))
