"""Is a library there that somebody else imported?"""

from __future__ import annotations

import sys
from typing import Any


def loaded(name: str) -> Any:
    """The module of that name if it has been imported whole, else None; imports nothing.

    While another thread is still importing a library it stands in ``sys.modules`` without most of its names. Nobody can
    hold one of its tables yet, so until then it is as good as not there.

    >>> loaded("sys") is sys, loaded("nobody_imported_this")
    (True, None)
    """
    module = sys.modules.get(name)
    # What the import system itself asks; a module made by hand has no specification, and is whole.
    return None if getattr(getattr(module, "__spec__", None), "_initializing", False) else module
