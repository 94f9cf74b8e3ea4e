"""Whether a zip archive is what it says before anything in it is read: names, sizes, overlaps, bombs."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Collection
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

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


def canonical(data: bytes) -> bytes:
    """The same skops archive without what differs each time a model is written: dates, and addresses in memory, by
    which objects and members are named. So equal models are equal bytes, and nothing says where they once lay.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(contents.pop(SCHEMA))
    names: dict[str, str] = {}
    _renamed(schema, contents.keys(), names, {})
    out = io.BytesIO()
    members = {name: contents[former] for former, name in names.items()} | {SCHEMA: json.dumps(schema).encode()}
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, FIRST_DATE), content, zipfile.ZIP_DEFLATED, 6)
    return out.getvalue()


SCHEMA = "schema.json"
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip archive can say."""

FIRST_NUMBER = 2**32
"""Of objects. An address in memory is not small either: whoever writes into a schema by hand counts from 1."""


def _renamed(part: Any, members: Collection[str], names: dict[str, str], numbers: dict[int, int]) -> None:
    """Number objects and members in the order they are first named; ``names`` then says what each member becomes."""
    if isinstance(part, list):
        for item in part:
            _renamed(item, members, names, numbers)
    elif isinstance(part, dict):
        if type(part.get("__id__")) is int:
            part["__id__"] = numbers.setdefault(part["__id__"], len(numbers) + FIRST_NUMBER)
        if isinstance(part.get("file"), str) and part["file"] in members:
            former = part["file"]
            part["file"] = names.setdefault(former, f"{len(names) + 1}{PurePosixPath(former).suffix}")
        for item in part.values():
            _renamed(item, members, names, numbers)


_DAMAGED = "Do not load it; ask whoever made the bundle for the file again."


def _check_name(name: str) -> None:
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    is_escape = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\\" in name
    if is_escape or not name or "\0" in name:
        raise ModelError(f"the model file has a member named {name!r}, which leads out of it", hint=_DAMAGED)
