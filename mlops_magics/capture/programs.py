"""Programs of the machine that are asked beside the notebook."""

from __future__ import annotations

import shutil


def command(name: str, *words: str) -> list[str]:
    """A program by its full path, and its words.

    To look for a name along the path, ``subprocess`` sets the warning filters of the whole process for a moment, which
    a thread beside the person's must not.
    """
    return [shutil.which(name) or name, *words]
