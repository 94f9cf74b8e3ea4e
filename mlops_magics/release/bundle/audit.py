"""Whether a bundle is whole and deserves to be constructed. Everything is read once; nothing is constructed here."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mlops_magics.data.signature import Signature
from mlops_magics.errors import BundleError, ModelError
from mlops_magics.model.formats import untrusted_types
from mlops_magics.records import decode
from mlops_magics.release.bundle.manifest import EXAMPLE, MANIFEST, PROFILE, Manifest, parse_manifest

MANIFEST_LIMIT_BYTES = 16 * 2**20

LEFT_BEHIND: Mapping[str, str] = {
    ".DS_Store": "the Finder of macOS", "Thumbs.db": "Windows", "desktop.ini": "Windows",
    ".ipynb_checkpoints": "Jupyter",
}
"""What programs leave in folders by themselves, and whose it is. A bundle is refused for it as for anything else that
was not exported, since a name proves nothing; but then it is said that deleting it is enough.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A package, or Python, that is here in another version than where the bundle was written; None: not at all."""

    package: str
    written: str
    here: str | None

    def __str__(self) -> str:
        return f"{self.package} is {self.here or 'not installed'} here, {self.written} where the bundle was written"


@dataclass(frozen=True, slots=True)
class Audited:
    """A bundle that passed, with the very bytes that were hashed: a model is constructed from these, not read again."""

    manifest: Manifest
    contents: Mapping[str, bytes]
    signature: Signature | None
    differences: tuple[Difference, ...]


def audit(path: Path, *, trust: Iterable[str] = (), allow_pickle: bool = False, digest: str | None = None) -> Audited:
    """Check a bundle: the manifest, that its files and no others are there and unchanged, the types in the model.

    Parameters
    ----------
    path
        The folder; it may itself be reached through a link, nothing in it may.
    trust
        Type names trusted in addition to those of this package. The manifest has no say.
    allow_pickle
        Accept a model kept as a pickle.
    digest
        The manifest's digest, when it is known from elsewhere.

    Raises
    ------
    BundleError
        The first thing that is wrong, and what to do.
    """
    present = _entries(path)
    if MANIFEST not in present:
        raise BundleError(f"{path.name} has no {MANIFEST}, so it is no bundle", hint="Give the folder of a bundle.")
    manifest = parse_manifest(_read(path / MANIFEST, limit=MANIFEST_LIMIT_BYTES))
    if digest is not None and digest != manifest.digest:
        raise BundleError(
            f"the bundle has the digest {manifest.digest[:12]}…, not {digest[:12]}…",
            hint="It is another bundle than the one you mean.",
        )
    _check_names(present - {MANIFEST}, set(manifest.files))
    contents = {name: _verified(path / name, manifest) for name in sorted(manifest.files)}
    signature = _signature(manifest)
    for name in {PROFILE, EXAMPLE} & contents.keys():
        _check_json(name, contents[name])
    _check_model(manifest, contents[manifest.model_file], trust=trust, allow_pickle=allow_pickle)
    return Audited(manifest, contents, signature, differences(manifest))


def _entries(path: Path) -> set[str]:
    try:
        with os.scandir(path) as entries:
            found = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    except OSError as error:
        raise BundleError(f"there is no bundle at {path} ({error.strerror})", hint="Give the folder.") from error
    for name, status in found.items():
        _refuse_left_behind(name)
        if not stat.S_ISREG(status.st_mode):
            kind = "a link" if stat.S_ISLNK(status.st_mode) else "no plain file"
            raise BundleError(f"{name!r} in the bundle is {kind}", hint="A bundle has plain files only.")
    return set(found)


def _refuse_left_behind(name: str) -> None:
    if name in LEFT_BEHIND or name.startswith("._"):
        raise BundleError(
            f"the bundle has {name!r}, which {LEFT_BEHIND.get(name, 'macOS')} leaves in folders and nobody exported",
            hint="Delete it, then load the bundle again.",
        )


def _check_names(present: set[str], listed: set[str]) -> None:
    if missing := sorted(listed - present):
        raise BundleError(f"the bundle lacks {', '.join(missing)}", hint="Copy the whole folder again.")
    if surplus := sorted(present - listed):
        raise BundleError(
            f"the bundle has {', '.join(map(repr, surplus[:5]))}, which its manifest does not name",
            hint="Take it out if you know it; else do not trust the bundle.",
        )


def _read(path: Path, *, limit: int) -> bytes:
    """At most ``limit`` + 1 bytes of a plain file, not following a link that was put there a moment ago."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BundleError(f"{path.name!r} in the bundle is no plain file", hint="Do not trust the bundle.")
            return file.read(limit + 1)
    except OSError as error:
        raise BundleError(f"{path.name} cannot be read ({error.strerror})", hint="Check its permissions.") from error


def _verified(path: Path, manifest: Manifest) -> bytes:
    expected = manifest.files[path.name]
    content = _read(path, limit=expected.size_bytes)
    if len(content) != expected.size_bytes or hashlib.sha256(content).hexdigest() != expected.sha256:
        raise BundleError(
            f"{path.name} is not the file that was exported: its size or SHA-256 differs from the manifest",
            hint="It was changed or damaged: copy the bundle again, or export the run again.",
        )
    return content


def _signature(manifest: Manifest) -> Signature | None:
    try:
        return None if manifest.signature is None else Signature.from_dict(manifest.signature)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BundleError(f"the signature cannot be read ({error})", hint="Export the run again.") from error


def _check_json(name: str, content: bytes) -> None:
    try:
        decode(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name} is no JSON ({type(error).__name__})", hint="Export the run again.") from error


def _check_model(manifest: Manifest, data: bytes, *, trust: Iterable[str], allow_pickle: bool) -> None:
    if manifest.model_format == "pickle":
        if not allow_pickle:
            raise BundleError(
                "the model in the bundle is a pickle, which runs whatever it says when it is loaded",
                hint="If you know who made it: load_bundle(path, allow_pickle=True).",
            )
        return
    try:
        refused = untrusted_types(data, trust=trust)
    except ModelError as error:
        raise BundleError(error.what, hint=error.hint) from error
    if refused:
        they = "they do" if len(refused) > 1 else "it does"
        raise BundleError(
            f"the model holds {'types' if len(refused) > 1 else 'a type'} nobody trusted: {', '.join(refused)}",
            hint=f"If you know what {they}: load_bundle(path, trust={refused!r}).",
        )


def differences(manifest: Manifest) -> tuple[Difference, ...]:
    """What is here in another version than where the bundle was written, Python first."""
    here = {"python": platform.python_version(), **{name: version_of(name) for name in manifest.packages}}
    written = {"python": manifest.python, **manifest.packages}
    return tuple(Difference(name, written[name], here[name]) for name in written if here[name] != written[name])


def version_of(package: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, ValueError):
        return None
