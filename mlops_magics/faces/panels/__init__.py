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
        What ``runs``, ``show``, ``diff``, ``diff_matrix``, ``drift`` or ``curves`` returned.
    store
        Where it is from; see :func:`mlops_magics.open_store`. A leaderboard knows it.
    keys
        Of curves: the metrics that were asked for, where a run that goes on may log more.

    Raises
    ------
    DataError
        There is no panel for such a result.

    Examples
    --------
    >>> from mlops_magics import runs, track
    >>> with track("flights", "baseline") as run:
    ...     run.log(auc=0.7)
    >>> board = panel(runs())
    >>> board.selected
    ()
    """
    from mlops_magics.compare.curves import Curves
    from mlops_magics.compare.difference import Difference
    from mlops_magics.compare.difference.matrix import Matrix
    from mlops_magics.compare.leaderboard import Leaderboard
    from mlops_magics.compare.page import RunPage
    from mlops_magics.faces.panels import pages
    from mlops_magics.faces.panels.leaderboard import LeaderboardPanel
    from mlops_magics.faces.panels.live import LivePanel
    from mlops_magics.monitor.report import DriftReport

    match result:
        case Leaderboard():
            return LeaderboardPanel(result)
        case Curves():
            return LivePanel(result, store=open_store(store), keys=keys)
        case RunPage():
            return pages.RunPanel(result, store=open_store(store))
        case Difference() | Matrix():
            return pages.DifferencePanel(result, store=open_store(store))
        case DriftReport():
            return pages.DriftPanel(result, store=open_store(store))
    raise DataError(f"there is no panel for {type(result).__name__}", seen=type(result).__name__)


__all__ = ["panel"]
