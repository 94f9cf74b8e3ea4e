"""Bars for work that takes longer than half a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from typing import Any

from mlops_magics.look.progress import Progress

QUIET_SECONDS = 0.5
EVERY_SECONDS = 0.1
CELLS = 24


def bar_of(shell: Any) -> Callable[[str], AbstractContextManager[Progress]]:
    """What makes a bar where this shell shows things."""
    return notebook_bar if getattr(shell, "kernel", None) else terminal_bar


class _Throttle:
    """Draws at most ten times a second, not before the work has taken a while, and nothing twice."""

    def __init__(self, draw: Callable[[str], None], label: str) -> None:
        self._draw = draw
        self._label = label
        self._due = time.monotonic() + QUIET_SECONDS
        self._drawn = ""

    @property
    def has_drawn(self) -> bool:
        """Whether there is something to wipe."""
        return bool(self._drawn)

    def __call__(self, share: float, what: str) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + EVERY_SECONDS
            text = bar_text(self._label, share, what)
            if text != self._drawn:
                self._drawn = text
                self._draw(text)


def bar_text(label: str, share: float, what: str) -> str:
    """One line: label, bar, percent, what is being done.

    >>> bar_text("drift", 0.5, "dep_hour")
    'drift ████████████░░░░░░░░░░░░  50 %  dep_hour'
    """
    share = min(1.0, max(0.0, share))
    full = round(share * CELLS)
    return f"{label} {'█' * full}{'░' * (CELLS - full)} {share:4.0%}".replace("%", " %") + f"  {what}"


@contextmanager
def terminal_bar(label: str) -> Iterator[Progress]:
    """A line on standard error, wiped at the end; nothing when that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda share, what: None  # noqa: ARG005
        return
    throttle = _Throttle(lambda text: _write(f"\r\033[K{text}"), label)
    try:
        yield throttle
    finally:
        if throttle.has_drawn:
            _write("\r\033[K")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


@contextmanager
def notebook_bar(label: str) -> Iterator[Progress]:
    """An output of the cell that updates in place, and is empty at the end."""
    from IPython.display import DisplayHandle, display

    handle: DisplayHandle | None = None

    def draw(text: str) -> None:
        nonlocal handle
        shown = {"text/plain": text, "text/html": f"<pre style='margin:0'>{escape(text)}</pre>"}
        if handle is None:
            handle = display(shown, raw=True, display_id=True)
        else:
            handle.update(shown, raw=True)

    try:
        yield _Throttle(draw, label)
    finally:
        if handle is not None:
            handle.update({"text/plain": "", "text/html": ""}, raw=True)
