"""A process that is no notebook: its fits are seen as those of a notebook are, and its file is its one cell."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.fits import Fits, no_bar
from mlops_magics.capture.guard import Guard
from mlops_magics.capture.open_runs import OPEN_RUNS
from mlops_magics.capture.worker import Worker

if TYPE_CHECKING:
    from mlops_magics.capture.notebook.flow import Execution

LONGEST_BYTES = 1 << 20
"""A script of more is not looked through for the files that tables came from."""


class Script:
    """What is followed of a process that is no notebook."""

    def __init__(self) -> None:
        self._fits: Fits | None = None

    def follow_fits(self) -> None:
        """See the fits of this process while a run is open, unless a notebook sees them."""
        if self._fits is not None and not self._fits.is_alive:
            # The child of a fork has none of the threads that its parent's needs.
            self.leave_fits()
        if not OPEN_RUNS.are_heard_of:
            guard = Guard()
            self._fits = Fits(_names, _executions, guard=guard, worker=Worker(guard), progress=no_bar)
            self._fits.start()

    def leave_fits(self) -> None:
        """See no more of them: the process has become a notebook."""
        if self._fits is not None:
            self._fits.stop()
            self._fits = None


def _names() -> Mapping[str, Any]:
    return vars(sys.modules["__main__"])


def _executions() -> Sequence[Execution]:
    return _read(getattr(sys.modules["__main__"], "__file__", None))


@cache
def _read(file: str | None) -> Sequence[Execution]:
    from mlops_magics.capture.notebook.flow import Execution

    path = Path(file) if file else None
    try:
        if path is None or path.suffix != ".py" or path.stat().st_size > LONGEST_BYTES:
            return ()
        return (Execution(1, "script", path.read_text(encoding="utf-8")),)
    except (OSError, UnicodeDecodeError):
        return ()


SCRIPT = Script()
"""This process."""
