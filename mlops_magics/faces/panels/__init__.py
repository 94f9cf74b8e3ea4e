"""Panels: results that a browser draws, one ES module each, with the plain result behind them.

anywidget is imported when a panel is first shown in a page; see :mod:`~mlops_magics.faces.panels.display`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_magics.errors import DataError
from mlops_magics.look import Shown
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.faces.panels.display import Panel
    from mlops_magics.store.queries import Store


def panel(
    result: Shown,
    *,
    store: Store | str | os.PathLike[str] | None = None,
    keys: str | Sequence[str] | None = None,
) -> Panel:
    """A result as a panel for a notebook: to sort, select, zoom and unfold.

    Parameters
    ----------
    result
        What ``curves`` or ``runs`` returned.
    store
        Where it is from; see :func:`mlops_magics.open_store`. A leaderboard knows it.
    keys
        Of curves: the metrics that were asked for, where a run that goes on may log more.

    Raises
    ------
    DataError
        There is no panel for such a result.
    """
    from mlops_magics.compare.curves import Curves
    from mlops_magics.compare.leaderboard import Leaderboard

    if isinstance(result, Leaderboard):
        from mlops_magics.faces.panels.leaderboard import LeaderboardPanel

        return LeaderboardPanel(result)
    if isinstance(result, Curves):
        from mlops_magics.faces.panels.live import LivePanel

        return LivePanel(result, store=open_store(store), keys=keys)
    raise DataError(f"there is no panel for {type(result).__name__}", seen=type(result).__name__)


__all__ = ["panel"]
