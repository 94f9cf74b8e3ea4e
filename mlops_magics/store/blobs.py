"""Files kept by their content: equal files once, and never half of one."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from pathlib import Path

from mlops_magics.errors import StoreError

_DIGEST = re.compile("[0-9a-f]{64}")


class Blobs:
    """The content-addressed files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the content with this digest is, whether it is there or not."""
        return self._folder / sha256[:2] / sha256

    def find(self, sha256: str) -> Path:
        """The file with this digest.

        Raises
        ------
        StoreError
            There is none: the store was copied without its ``blob`` folder, or cleaned. A link to somewhere else is
            none: a store that somebody sent could make it lead to any file of this machine.
        """
        path = self.path(sha256)
        if not _DIGEST.fullmatch(sha256) or not path.is_file() or not self._holds(path):
            raise StoreError(f"the store keeps no file {sha256[:12]}…", hint="Copy the store with its blob/ folder")
        return path

    def _holds(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder.resolve())

    def keep(self, content: bytes | Path) -> str:
        """Store bytes, or a copy of a file, and return the SHA-256 of what was stored.

        The file appears whole and synced, or not at all.
        """
        draft = self._folder / f".{uuid.uuid4().hex}"
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            sha256 = _write(draft, content)
            target = self.path(sha256)
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return sha256


def _write(draft: Path, content: bytes | Path) -> str:
    with draft.open("w+b") as file:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
        # Hashing what was written, not what was asked: a source that changes meanwhile cannot get a false name.
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()
