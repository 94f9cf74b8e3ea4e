"""Which store a notebook uses, and nothing outside the server's root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_magics.errors import StoreError
from mlops_magics.store.location import FOLDER_NAME, VARIABLE, Layout, locate

OF_ENVIRONMENT = "$"
"""Names the store that the server's own environment sets, which every kernel it starts inherits."""


class OutsideRoot(StoreError):
    """A path leads out of the server's root."""


@dataclass(frozen=True, slots=True)
class Places:
    """The part of the disk that questions may name: paths are relative to ``root``, which has no links left in it.

    A store is named by its folder's path from the root, or by ``$`` where the server was started with
    ``MLOPS_STORE``: that is its owner's word, and no question can choose it.
    """

    root: Path

    @classmethod
    def of(cls, root: str) -> Places:
        """The places of a server that was started on a folder."""
        return cls(Path(root).expanduser().resolve())

    def store_of(self, notebook: str) -> str | None:
        """What the store is named that a notebook would use: the nearest above it, but not above the root.

        Raises
        ------
        OutsideRoot
            The notebook is not in the root.
        """
        if os.environ.get(VARIABLE):
            return OF_ENVIRONMENT
        folder = self.inside(notebook).parent if notebook else self.root
        while folder.is_relative_to(self.root):
            if Layout(folder / FOLDER_NAME).exists():
                found = (folder / FOLDER_NAME).resolve()
                return found.relative_to(self.root).as_posix() if found.is_relative_to(self.root) else None
            folder = folder.parent
        return None

    def folder_of(self, store: str) -> Path:
        """The folder of a store by its name.

        Raises
        ------
        OutsideRoot
            It is not in the root.
        StoreError
            No store is there.
        """
        if store == OF_ENVIRONMENT and os.environ.get(VARIABLE):
            return locate().root
        folder = self.inside(store)
        if not Layout(folder).exists():
            raise StoreError(f"there is no store {store!r}", seen=store)
        return folder

    def inside(self, path: str) -> Path:
        """A path below the root, with links followed.

        Raises
        ------
        OutsideRoot
            It is absolute, or leads out of the root.
        """
        parts = PurePosixPath(path.replace("\\", "/") if os.name == "nt" else path)
        if parts.is_absolute() or ".." in parts.parts or "\0" in path:
            raise OutsideRoot(f"{path!r} is not below the server's root")
        found = self.root.joinpath(*parts.parts).resolve()
        if not found.is_relative_to(self.root):
            raise OutsideRoot(f"{path!r} leads out of the server's root")
        return found
