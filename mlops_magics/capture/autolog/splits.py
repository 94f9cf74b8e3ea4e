"""How a cross-validation cut its rows: what its splitter yields, looked at as it passes by. Nothing is drawn for it."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MODULE = "sklearn.model_selection._validation"
FUNCTION = "check_cv"
"""Through which every cross-validation there gets its splitter."""


class Splits:
    """The folds of one cross-validation, as far as they were seen.

    Attributes
    ----------
    folds
        How many.
    train_rows, test_rows
        Rows to fit and rows to score on, summed over the folds.
    """

    def __init__(self) -> None:
        self.folds = self.train_rows = self.test_rows = 0
        self._digest: Any = blake2b(digest_size=32)

    @property
    def digest(self) -> str | None:
        """Equal where every fold is tested on the same rows, whatever their order within it; None where not all of
        them could be seen.
        """
        return self._digest.hexdigest() if self._digest is not None and self.folds else None

    def add(self, train: Any, test: Any) -> None:
        """One more fold: positions of rows, or a mask of them."""
        try:
            trained, tested = _positions(train), _positions(test)
            self.folds += 1
            self.train_rows += trained.size
            self.test_rows += tested.size
            if self._digest is not None:
                tested.sort()
                self._digest.update(tested.size.to_bytes(8, "little"))
                self._digest.update(tested.tobytes())
        except Exception:  # noqa: BLE001 - a splitter of the person may yield anything
            self._digest = None


def _positions(rows: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    found = np.asarray(rows)
    if found.dtype == bool:
        found = np.flatnonzero(found)
    return found.astype(np.int64, casting="same_kind")


class SplitWatch:
    """Looks at what the next splitter of a thread yields, for who expects it."""

    def __init__(self) -> None:
        self._expected: dict[int, Splits] = {}
        self._exchanged: tuple[Any, Any, Any] | None = None

    def start(self) -> None:
        """Stand where scikit-learn makes a splitter of what it was given."""
        module = sys.modules.get(MODULE)
        original = getattr(module, FUNCTION, None)
        if self._exchanged is not None or original is None:
            return

        def watching(*arguments: Any, **named: Any) -> Any:
            found = original(*arguments, **named)
            splits = self._expected.pop(threading.get_ident(), None)
            return found if splits is None else _seen(found, splits)

        setattr(module, FUNCTION, watching)
        self._exchanged = module, original, watching

    def stop(self) -> None:
        """Stand there no longer, unless somebody has put theirs there since."""
        if self._exchanged is not None:
            module, original, ours = self._exchanged
            if getattr(module, FUNCTION, None) is ours:
                setattr(module, FUNCTION, original)
        self._exchanged = None
        self._expected.clear()

    def expect(self) -> Splits:
        """A cross-validation begins in this thread."""
        splits = Splits()
        self._expected[threading.get_ident()] = splits
        return splits

    def cease(self) -> None:
        """It is over."""
        self._expected.pop(threading.get_ident(), None)


def _seen(splitter: Any, splits: Splits) -> Any:
    """A copy of the splitter whose folds pass by ``splits``: it shares its random generator, and draws as it would."""

    def split(*arguments: Any, **named: Any) -> Iterator[Any]:
        for fold in splitter.split(*arguments, **named):
            if isinstance(fold, tuple) and len(fold) == 2:
                splits.add(*fold)
            else:
                splits.add(None, None)
            yield fold

    try:
        seen = copy.copy(splitter)
        seen.split = split
    except Exception:  # noqa: BLE001 - a splitter of the person that cannot be copied: its folds are not known
        return splitter
    return seen
