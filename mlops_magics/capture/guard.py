"""Whatever observes a notebook must not be felt in it: what goes wrong is said once, and the cell goes on."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mlops_magics.errors import MlopsError
from mlops_magics.store.location import StoreWarning

_logger = logging.getLogger("mlops_magics")


class Guard:
    """Turns what is raised inside it into one warning for each thing that could not be recorded.

    Examples
    --------
    >>> guard = Guard()
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     for _ in range(2):
    ...         with guard("the figures of a cell"):
    ...             raise OSError("no space left")
    >>> [str(one.message) for one in said]
    ['not recorded: the figures of a cell (OSError: no space left)']
    """

    def __init__(self) -> None:
        self._said: set[str] = set()

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Run a block; what it raises is warned of as ``what`` that was not recorded."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - nothing that observes may break what it observes
            self.warn(what, error)

    def warn(self, what: str, error: BaseException | str) -> None:
        """Say that ``what`` was not recorded, and why: once for each thing, and once for each reason."""
        reason = str(error) if isinstance(error, str | MlopsError) else f"{type(error).__name__}: {error}"
        if not self._said.isdisjoint({what, reason}):
            return
        self._said |= {what, reason}
        sentence = f"not recorded: {what} ({reason})"
        try:
            warnings.warn_explicit(sentence, StoreWarning, *_place())
        except Warning:
            # The person made warnings errors; the error would be one of the cell.
            _logger.warning(sentence)

    def renew(self) -> None:
        """Forget what was said: a new run begins."""
        self._said.clear()


def _place() -> tuple[str, int]:
    """The line of the cell that is being executed; where none is, in a thread or between cells, the package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _is_of_cell(frame):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("mlops_magics", 1)


def _is_of_cell(frame: FrameType) -> bool:
    # What starts a kernel is called so too.
    return frame.f_globals.get("__name__") == "__main__" and "get_ipython" in frame.f_globals
