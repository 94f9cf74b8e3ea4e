"""Where facts live: the only code that touches the store on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store


def open_store(location: Store | str | os.PathLike[str] | None = None, *, read_only: bool = False) -> Store:
    """Open the store at ``location``, else at ``$MLOPS_STORE``, else the nearest ``.mlops`` upward, else ``./.mlops``.

    A store that is open already is given back, so that every function of this package takes a store or where it is.
    Nothing is created until something is recorded; reading a store that does not exist yet finds it empty. With
    ``read_only`` nothing is ever written, and journals are read where they are instead of being folded first: for who
    looks on while others work.

    Raises
    ------
    StoreError
        The store was written by a newer version of this package, or is damaged.
    """
    from mlops_magics.store.queries import Store

    return location if isinstance(location, Store) else Store(location, read_only=read_only)
