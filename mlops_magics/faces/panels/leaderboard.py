"""A leaderboard to sort, filter and select from; two runs selected are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlops_magics.compare.curves import curves
from mlops_magics.compare.difference import diff
from mlops_magics.compare.leaderboard import Leaderboard
from mlops_magics.errors import DataError
from mlops_magics.faces.panels.board import meeting, table_of
from mlops_magics.faces.panels.display import Panel
from mlops_magics.faces.panels.live import zoomed
from mlops_magics.faces.panels.packing import pack
from mlops_magics.look import to_html
from mlops_magics.records import Run


class LeaderboardPanel(Panel):
    """A leaderboard in a notebook. :attr:`selected` follows what is selected in it, and can be set.

    Examples
    --------
    >>> from mlops_magics import runs, track
    >>> for name in ("baseline", "boosted"):
    ...     with track("flights", name) as run:
    ...         run.log(auc=0.7)
    >>> panel = LeaderboardPanel(runs())
    >>> panel.selected = ["boosted"]
    >>> panel.selected == (run.id,)
    True
    """

    module = "leaderboard"

    def __init__(self, result: Leaderboard) -> None:
        super().__init__(result)
        self.result: Leaderboard = result
        self._selected: tuple[str, ...] = ()

    @property
    def selected(self) -> tuple[str, ...]:
        """The ids of the selected runs, in the order of their selection. Names, ids and runs can be assigned.

        Raises
        ------
        RunNotFound
            One of them is not in the store.
        DataError
            One of them is not on this leaderboard.
        """
        return self._selected

    @selected.setter
    def selected(self, asked: Iterable[Run | str]) -> None:
        chosen = tuple(dict.fromkeys(self.result.store.find(run).id for run in asked))
        known = set(self.result.ids)
        for run in chosen:
            if run not in known:
                raise DataError(f"run {self.result.store.find(run).name!r} is not on this leaderboard", seen=run)
        self._selected = chosen
        self.put(selected=list(chosen))

    def values(self) -> dict[str, Any]:
        """The runs by column, and the selected ones."""
        return {"table": table_of(self.result), "selected": list(self._selected)}

    def received(self, name: str, value: Any) -> None:
        """What was selected in the browser."""
        if name == "selected":
            known = set(self.result.ids)
            self._selected = tuple(run for run in value if run in known)

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The runs a condition leaves and the columns it names, the difference of two runs, curves of several."""
        match question:
            case {"kind": "filter", "where": str(where)}:
                return meeting(where, self.result.store)
            case {"kind": "diff", "runs": [str(one), str(other)]}:
                return {"html": to_html(diff(one, other, store=self.result.store).document())}
            case {"kind": "curves", "runs": list(several)}:
                return pack(curves(several, store=self.result.store))
            case {"kind": "zoom", "runs": list(several)}:
                return pack(zoomed(question, several, self.result.store))
        return super().answer(question)
