"""Whatever observes a notebook must not be felt in it: what goes wrong is said once, and the cell goes on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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
            warnings.warn(sentence, StoreWarning, stacklevel=3)
        except Warning:
            # The person made warnings errors; the error would be one of the cell.
            _logger.warning(sentence)

    def renew(self) -> None:
        """Forget what was said: a new run begins."""
        self._said.clear()
