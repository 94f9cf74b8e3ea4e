"""Hearing the warnings that are given, without swallowing, changing or adding one."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any


class WarningEar:
    """Hears each warning that the person's filters let through, while somebody listens.

    It stands where Python hands a warning over to be shown or collected, behind filters and before
    ``catch_warnings(record=True)`` or a ``showwarning`` of the person, which all see it as ever.

    Parameters
    ----------
    tell
        Given ``Type: message``, in the thread that warned.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._listeners = 0
        self._show: Callable[[Any], None] | None = None
        self._hook = self._pass_on

    def listen(self) -> None:
        """Begin to hear; each call is answered by one of :meth:`cease`."""
        with self._lock:
            self._listeners += 1
            if self._listeners == 1 and self._show is None:
                # Python's own seam, which its C code looks up by this name; nothing is heard where it is missing.
                self._show = getattr(warnings, "_showwarnmsg", None)
                if self._show is not None:
                    setattr(warnings, "_showwarnmsg", self._hook)  # noqa: B010 - not in the stubs

    def cease(self) -> None:
        """Stop hearing when nobody else listens."""
        with self._lock:
            self._listeners -= 1
            # Unless somebody stands behind us: theirs stays, and leads to ours, which goes on passing on.
            if self._listeners == 0 and getattr(warnings, "_showwarnmsg", None) is self._hook:
                setattr(warnings, "_showwarnmsg", self._show)  # noqa: B010
                self._show = None

    def _pass_on(self, message: Any) -> None:
        try:
            if self._listeners:
                self._tell(f"{message.category.__name__}: {message.message}")
        except Exception:  # noqa: BLE001, S110 - a warning whose text cannot be written is still shown
            pass
        if self._show is not None:
            self._show(message)
