"""The one error tree: every error carries its facts, and reads well as the last line of a cell."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 16
"""How many names that exist an error shows."""

MOST_LIKELY = 3
"""How many names it suggests."""


class MlopsError(Exception):
    """Base class of everything this package raises on purpose.

    The message is one line put together from the facts, which stay readable as attributes.

    Parameters
    ----------
    what
        What happened, with the value seen, as a clause without a full stop.
    seen
        The value that was not understood; used to suggest the closest name in ``exists``.
    exists
        The names that would have been understood. At most sixteen are shown.
    hint
        The next step, in the imperative.

    Examples
    --------
    >>> print(MlopsError("there is no run 'basline'", seen="basline", exists=["baseline"]))
    there is no run 'basline'. Did you mean 'baseline'?
    """

    def __init__(
        self, what: str, *, seen: object = None, exists: Iterable[object] = (), hint: str | None = None
    ) -> None:
        self.what = what
        self.seen = seen
        self.exists = tuple(str(name) for name in exists)
        self.hint = hint
        super().__init__(what)

    @property
    def likely(self) -> tuple[str, ...]:
        """The existing names that may have been meant: the one most like the value seen, or all that end in it.

        >>> MlopsError("there is no 'auc'", seen="auc", exists=["acc", "test/roc_auc", "val/auc"]).likely
        ('val/auc', 'test/roc_auc')
        """
        if self.seen is None:
            return ()
        seen = str(self.seen)
        ends = [name for name in self.exists if name[: -len(seen)].endswith(("/", "_", ".")) and name.endswith(seen)]
        return tuple(
            get_close_matches(seen, self.exists, n=1, cutoff=0.8)
            or sorted(ends, key=len)[:MOST_LIKELY]
            or get_close_matches(seen, self.exists, n=1, cutoff=0.6)
        )

    @property
    def closest(self) -> str | None:
        """The first of :attr:`likely`; None when none is near."""
        return next(iter(self.likely), None)

    def __str__(self) -> str:
        parts = [self.what]
        if self.likely:
            parts.append(f"Did you mean {' or '.join(map(repr, self.likely))}?")
        elif self.exists:
            shown = ", ".join(self.exists[:MOST_NAMES])
            more = f" and {len(self.exists) - MOST_NAMES} more" if len(self.exists) > MOST_NAMES else ""
            parts.append(f"There is: {shown}{more}")
        if self.hint:
            parts.append(self.hint)
        sentences = (part if part.endswith((".", "?", "!")) else part + "." for part in parts)
        line = " ".join(sentences)
        return line if len(parts) > 1 else self.what

    def _render_traceback_(self) -> list[str]:
        """One line in a notebook: the person typed a wrong word, the stack of this package is no help."""
        return [f"{type(self).__name__}: {self}"]


class CommandError(MlopsError):
    """A verb, an option or an argument of ``%mlops`` was not understood."""


class StoreError(MlopsError):
    """The store could not be found, read or written."""


class ConditionError(StoreError):
    """A condition on runs was not understood.

    Attributes
    ----------
    condition, at
        The text, and from which of its characters on, counted from 0, it was not understood.
    """

    def __init__(  # noqa: PLR0913 - the facts of every error, and two of its own
        self,
        what: str,
        *,
        condition: str,
        at: int,
        seen: object = None,
        exists: Iterable[object] = (),
        hint: str | None = None,
    ) -> None:
        where = f"in {condition!r}, at character {at + 1}: " if condition else ""
        super().__init__(f"{where}{what}", seen=seen, exists=exists, hint=hint)
        self.reason = what
        self.condition = condition
        self.at = at

    def brief(self) -> str:
        """What to say right beside the condition, without what there would have been.

        >>> ConditionError("there is no 'acu'", condition="acu > 1", at=0, seen="acu", exists=["auc"]).brief()
        "there is no 'acu' (at character 1). Did you mean 'auc'?"
        """
        where = f"{self.reason} (at character {self.at + 1})"
        return f"{where}. Did you mean {self.closest!r}?" if self.seen is not None and self.closest else where


class RunNotFound(MlopsError, LookupError):
    """No run, or more than one, answers to the reference given."""


class RunEnded(MlopsError):
    """Something was logged to a run that is over."""


class ValueNotRecorded(MlopsError, ValueError):
    """A value cannot be recorded as what it was given as, such as text for a metric."""


class DataError(MlopsError, ValueError):
    """A table is missing, unreadable, empty, or lacks a column."""


class ModelError(MlopsError):
    """An estimator cannot be evaluated, kept or read back."""


class BundleError(MlopsError):
    """A bundle cannot be written, or does not deserve trust."""
