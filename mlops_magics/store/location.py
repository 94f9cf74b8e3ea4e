"""Where a store is on disk: finding its folder, laying it out, and knowing when the disk is the wrong kind.

    .mlops/
      store.json        format number, storage version, store id
      main.duckdb       the database; only store/database.py opens it
      lock/             fold.lock, db.lock and turn.lock
      journal/          <run>.<writer>.jsonl, each with its .alive
      quarantine/       corrupt journal lines, kept
      blob/sha256/      files by their content

No path inside is absolute, so the folder can be moved, copied or sent away.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from mlops_magics.errors import StoreError

FORMAT = 1
STORAGE_VERSION = "v1.5.0"
"""The DuckDB file format written: the newest that 1.5 and 2.x both read and write."""

FOLDER_NAME = ".mlops"
VARIABLE = "MLOPS_STORE"
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "lustre"})


class StoreWarning(UserWarning):
    """Something of a run could not be recorded, or the store is in a place that does not suit it."""


def warn(message: str) -> None:
    """Give a :class:`StoreWarning` at the line that the person wrote, in a script or a cell, and not at one of ours."""
    depth = 1
    while _is_between(sys._getframe(depth)):
        depth += 1
    warnings.warn(message, StoreWarning, stacklevel=depth + 1)


def _is_between(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return module in {"mlops_magics", "IPython"} and frame.f_back is not None


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one store. The folder need not exist yet."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "store.json"

    @property
    def database(self) -> Path:
        return self.root / "main.duckdb"

    @property
    def fold_lock(self) -> Path:
        return self.root / "lock" / "fold.lock"

    @property
    def database_lock(self) -> Path:
        return self.root / "lock" / "db.lock"

    @property
    def turn_lock(self) -> Path:
        return self.root / "lock" / "turn.lock"

    @property
    def journals(self) -> Path:
        return self.root / "journal"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def blobs(self) -> Path:
        return self.root / "blob" / "sha256"

    def exists(self) -> bool:
        return self.settings.exists()


def locate(location: str | os.PathLike[str] | None = None) -> Layout:
    """Find the store: the argument, else ``$MLOPS_STORE``, else the nearest ``.mlops`` upward, else ``./.mlops``.

    A folder that holds a ``.mlops`` stands for it. Nothing is created.

    >>> locate("/data/team/.mlops").root.name
    '.mlops'
    """
    given = location if location is not None else os.environ.get(VARIABLE)
    if given:
        folder = Path(given).expanduser().absolute()
        inside = folder / FOLDER_NAME
        return Layout(inside if folder.name != FOLDER_NAME and inside.is_dir() else folder)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if Layout(folder / FOLDER_NAME).exists():
            return Layout(folder / FOLDER_NAME)
    return Layout(here / FOLDER_NAME)


def prepare(layout: Layout) -> None:
    """Create the folder if it is not there, and refuse a format this version cannot keep.

    Safe when several processes do it at once: ``store.json`` appears whole, and the first one made is kept.

    Raises
    ------
    StoreError
        The store was written by a newer version, its ``store.json`` is damaged, or a file is in the way.
    OSError
        The place cannot be written to.
    """
    refuse_file(layout)
    # Also in a store that is there: archives and version control leave empty folders out.
    for folder in (layout.journals, layout.fold_lock.parent):
        folder.mkdir(parents=True, exist_ok=True)
    if not layout.exists():
        _write_settings(layout)
        (layout.root / ".gitignore").write_text("*\n", encoding="utf-8")
    check_format(layout)


def refuse_file(layout: Layout) -> None:
    """Raise StoreError when a file is where the folder should be."""
    if layout.root.exists() and not layout.root.is_dir():
        raise StoreError(f"{layout.root} is a file, not a store folder", hint="Name a folder, or move the file")


def check_format(layout: Layout) -> None:
    """Raise StoreError when ``store.json`` is damaged or names a format this version does not know."""
    try:
        found = json.loads(layout.settings.read_text(encoding="utf-8"))["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{layout.settings} is damaged ({error})", hint=f'Restore it from a backup, or write {{"format": {FORMAT}}}'
        ) from error
    if not isinstance(found, int) or found > FORMAT:
        raise StoreError(
            f"the store {layout.root} has format {found}, this version knows up to {FORMAT}",
            hint="Upgrade: pip install --upgrade mlops_magics",
        )


def _write_settings(layout: Layout) -> None:
    settings = {"format": FORMAT, "storage_version": STORAGE_VERSION, "store": str(uuid.uuid4())}
    draft = layout.root / f".store.{uuid.uuid4().hex}.json"
    draft.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    try:
        # A hard link fails where the name exists, so two first users agree on one store id.
        os.link(draft, layout.settings)
    except FileExistsError:
        pass
    except OSError:
        if not layout.settings.exists():
            draft.replace(layout.settings)
    finally:
        draft.unlink(missing_ok=True)


def warn_of_network(layout: Layout) -> None:
    """Warn when the store is on a network file system, where DuckDB's locks cannot be relied on."""
    kind = file_system(layout.root)
    if kind in NETWORK_FILE_SYSTEMS:
        warnings.warn(
            f"the store {layout.root} is on a network file system ({kind}), where its database is not safe: "
            f"keep it on a local disk, for instance by {VARIABLE}=~/mlops",
            StoreWarning,
            stacklevel=3,
        )


def shown(path: Path) -> str:
    """A path as people read it: from the working folder where it is inside, else from their home, else whole."""
    for base, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(base) and path != base:
            return prefix + path.relative_to(base).as_posix()
    return str(path)


def source_of(root: Path, file: str | os.PathLike[str]) -> str:
    """What the runs of a store call a notebook or script: the way to it from the folder that holds the store.

    Links are followed first, so a file has one name. Moved with its store it keeps it. A file that is not below that
    folder has a name that begins with ``..``; on another drive it is known by the end of its path alone.

    >>> source_of(Path("/data/.mlops"), "/data/flights/train.ipynb")
    'flights/train.ipynb'
    >>> source_of(Path("/data/team/.mlops"), "/data/flights/train.ipynb")
    '../flights/train.ipynb'
    """
    found = os.path.realpath(file)
    try:
        return Path(os.path.relpath(found, _holder(root))).as_posix()
    except ValueError:
        return Path(found).name


def file_of(root: Path, source: str) -> Path:
    """Where the notebook or script is that the runs of a store call so, with links followed; it need not be there."""
    return Path(os.path.realpath(_holder(root) / source))


def _holder(root: Path) -> Path:
    return Path(os.path.realpath(root)).parent


def file_system(path: Path) -> str | None:
    """The file system type of a path, such as ``ext4`` or ``nfs4``; None where the platform does not tell."""
    if sys.platform == "win32":
        return "cifs" if str(path).startswith("\\\\") else None
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for line in mounts:
        _, point, name, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, name
    return kind
