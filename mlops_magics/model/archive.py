"""Whether a zip archive is what it says before anything in it is read: names, sizes, overlaps, bombs."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from pathlib import PurePosixPath, PureWindowsPath

from mlops_magics.errors import ModelError

FREE_BYTES = 64 * 2**20
"""An archive that unpacks to no more than this is never called a bomb."""

MAX_RATIO = 200
"""Above ``FREE_BYTES``, unpacked bytes per byte of the archive. Fitted models stay below 20."""

MAX_MEMBERS = 200_000


def check_archive(data: bytes) -> None:
    """Refuse an archive whose directory is hostile or damaged; nothing is unpacked.

    Refused: absolute names, drive letters, backslashes, ``..``, the same name twice, encrypted members, members that
    share their bytes, more than :data:`MAX_MEMBERS` members, a bomb (see :data:`MAX_RATIO`). The sizes in the
    directory can be relied on afterwards: ``zipfile`` reads no more than they say.

    Raises
    ------
    ModelError
        Says which member, and what is wrong with it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ModelError(f"the model file is no readable zip archive ({error})", hint=_DAMAGED) from error
    if len(members) > MAX_MEMBERS:
        raise ModelError(f"the model file has {len(members):,} members, more than {MAX_MEMBERS:,}", hint=_DAMAGED)
    for member in members:
        _check_name(member.filename)
        if member.flag_bits & 0x1:
            raise ModelError(f"the member {member.filename!r} of the model file is encrypted", hint=_DAMAGED)
    twice = [name for name, times in Counter(member.filename for member in members).items() if times > 1]
    if twice:
        raise ModelError(f"the model file has the member {twice[0]!r} twice", hint=_DAMAGED)
    if sum(member.compress_size for member in members) > len(data):
        raise ModelError("members of the model file share their bytes, as in a zip bomb", hint=_DAMAGED)
    unpacked = sum(member.file_size for member in members)
    if unpacked > max(FREE_BYTES, MAX_RATIO * len(data)):
        raise ModelError(
            f"the model file of {len(data):,} bytes would unpack to {unpacked:,}, as a zip bomb does", hint=_DAMAGED
        )


_DAMAGED = "Do not load it; ask whoever made the bundle for the file again."


def _check_name(name: str) -> None:
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    is_escape = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\\" in name
    if is_escape or not name or "\0" in name:
        raise ModelError(f"the model file has a member named {name!r}, which leads out of it", hint=_DAMAGED)
