"""Which store a notebook uses, and nothing outside the server's root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_magics.errors import StoreError
from mlops_magics.store.location import FOLDER_NAME, VARIABLE, Layout, file_of, locate

OF_ENVIRONMENT = "$"
"""Names the store that the server's own environment sets, which every kernel it starts inherits."""


class OutsideRoot(StoreError):
    """A path leads out of the server's root."""


class NoStore(StoreError):
    """No store is in that place."""


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
            if _holds_store(folder / FOLDER_NAME):
                return self._path_of(folder / FOLDER_NAME)
            folder = folder.parent
        return None

    def folder_of(self, store: str) -> Path:
        """The folder of a store by its name.

        Raises
        ------
        OutsideRoot
            It is not in the root, or something in it is a link that leads out.
        NoStore
            None is there.
        """
        if store == OF_ENVIRONMENT and os.environ.get(VARIABLE):
            return locate().root
        folder = self.inside(store)
        if not _holds_store(folder):
            raise NoStore(f"there is no store {store!r}", seen=store)
        for link in _links(folder):
            if not _real(link).is_relative_to(self.root):
                raise OutsideRoot(f"{link.relative_to(folder)} of {store!r} leads out of the server's root")
        return folder

    def notebook_of(self, store: Path, source: str) -> str | None:
        """The path of a notebook from the root, by what the runs of a store call it; None where it is not below."""
        return self._path_of(file_of(store, source))

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
        found = _real(self.root.joinpath(*parts.parts))
        if not found.is_relative_to(self.root):
            raise OutsideRoot(f"{path!r} leads out of the server's root")
        return found

    def _path_of(self, file: Path) -> str | None:
        found = _real(file)
        return found.relative_to(self.root).as_posix() if found.is_relative_to(self.root) else None


def _real(path: Path) -> Path:
    # Path.resolve raises where links go round in a circle; such a path only has nothing at its end.
    return Path(os.path.realpath(path))


def _holds_store(folder: Path) -> bool:
    try:
        return Layout(folder).exists()
    except OSError:
        return False  # a name too long, or a folder that may not be looked into


def _links(store: Path) -> Iterator[Path]:
    """What of a store is a link: its files, its folders, and what is in those that are read by their names."""
    layout = Layout(store)
    for folder in (store, layout.journals, layout.fold_lock.parent, layout.blobs.parent, layout.blobs):
        try:
            with os.scandir(folder) as entries:
                yield from (Path(entry.path) for entry in entries if entry.is_symlink())
        except OSError:
            continue  # not there, and then nothing is read of it
