"""Which packages a kernel can import, in which versions, and which of them came from elsewhere than an index."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mlops_magics.capture.git import without_credentials

_METADATA = re.compile(r"(?P<name>[A-Za-z0-9][\w.]*)-(?P<version>[^-]+)\.dist-info")
_FIELDS = re.compile(r"^(Name|Version):[ \t]*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """One installed distribution; ``origin`` is None when it came from a package index."""

    name: str
    version: str
    origin: dict[str, Any] | None = None


def installed_packages() -> dict[str, str]:
    """Name to version of every distribution on ``sys.path``, sorted. Names are in small letters, with dashes."""
    return {package.name: package.version for package in find_packages()}


def find_packages() -> tuple[Package, ...]:
    """Every distribution on ``sys.path``, by name; of two with one name the one that is imported.

    The names of folders tell nearly everything: parsing the metadata of a hundred packages would hold up the person's
    cell for a quarter of a second.
    """
    found: dict[str, Package] = {}
    for entry in sys.path:
        for package in _packages_in(entry or os.curdir):
            found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def moment_of_packages() -> tuple[tuple[str, float], ...]:
    """What changes when something is installed, removed, or put on ``sys.path``."""
    moments = []
    for entry in sys.path:
        try:
            moments.append((entry, os.stat(entry or os.curdir).st_mtime))  # noqa: PTH116 - entries are text
        except OSError:
            continue
    return tuple(moments)


def sources_of(packages: tuple[Package, ...], base: Path) -> dict[str, str]:
    """Where packages came from that are from no index: name to a repository with its commit, an address, or a folder.

    Folders are given relative to ``base``; those outside of it are ``"local"``: paths of a machine tell nobody else
    anything but who works there.
    """
    return {package.name: _source(package.origin, base) for package in packages if package.origin}


def _source(origin: dict[str, Any], base: Path) -> str:
    url = str(origin.get("url", ""))
    repository = origin.get("vcs_info")
    if isinstance(repository, dict):
        place = f"{repository.get('vcs', 'git')}+{without_credentials(url)}"
        return f"{place}@{repository.get('commit_id', '')}".rstrip("@")
    parts = urlsplit(url)
    if parts.scheme != "file":
        return without_credentials(url)
    details = origin.get("dir_info")
    note = " (editable)" if isinstance(details, dict) and details.get("editable") else ""
    # On Windows a drive stands behind a slash.
    path = Path(unquote(parts.path).lstrip("/") if os.name == "nt" else unquote(parts.path))
    return (path.relative_to(base).as_posix() if path.is_relative_to(base) else "local") + note


def _packages_in(folder: str) -> Iterator[Package]:
    try:
        with os.scandir(folder) as entries:
            paths = sorted(entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info")))
    except NotADirectoryError:
        yield from _packages_of_archive(folder)
        return
    except OSError:
        return
    for path in paths:
        if package := _package_at(path):
            yield package


def _package_at(path: str) -> Package | None:
    """What a folder of metadata tells; None where an installation or a removal left only half of it."""
    try:
        files = set(os.listdir(path)) if os.path.isdir(path) else set()  # noqa: PTH112, PTH208 - many, and quickly
        match = _METADATA.fullmatch(os.path.basename(path))  # noqa: PTH119
        if match and "METADATA" in files:
            origin = _origin(path) if "direct_url.json" in files else None
            return Package(_canonical(match["name"]), match["version"], origin)
        file = Path(path, "PKG-INFO" if "PKG-INFO" in files else "METADATA") if files else Path(path)
        header = file.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
        fields = dict(_FIELDS.findall(header))
        return Package(_canonical(fields["Name"]), fields["Version"])
    except (OSError, KeyError):
        return None


def _origin(path: str) -> dict[str, Any] | None:
    folder = Path(path)
    try:
        origin = json.loads((folder / "direct_url.json").read_text(encoding="utf-8"))
        # conda writes down where its own index built a package.
        installer = folder / "INSTALLER"
        is_from_index = installer.exists() and installer.read_text(encoding="utf-8").strip() == "conda"
    except (OSError, ValueError):
        return None
    return origin if isinstance(origin, dict) and not is_from_index else None


def _packages_of_archive(path: str) -> Iterator[Package]:
    from importlib import metadata

    for distribution in metadata.distributions(path=[path]):
        if name := distribution.metadata["Name"]:
            yield Package(_canonical(name), distribution.version)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
