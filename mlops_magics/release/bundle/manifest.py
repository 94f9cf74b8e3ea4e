"""What a bundle says about itself: one frozen record, one canonical text, checked field by field when it is read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mlops_magics.errors import BundleError
from mlops_magics.records import decode, encode

FORMAT = 1
"""The format this version writes. A reader of a format stays when a new one comes."""

MANIFEST = "manifest.json"
PROFILE = "profile.json"
EXAMPLE = "example.json"
REQUIREMENTS = "requirements.txt"
README = "README.md"
MODEL_FILES = {"skops": "model.skops", "pickle": "model.pkl"}

ALLOWED_FILES = frozenset({PROFILE, EXAMPLE, REQUIREMENTS, README, *MODEL_FILES.values()})
"""The files a bundle of format 1 may have beside its manifest. A name with a path in it is not among them."""

_DAMAGED = "It was changed after it was written: export the run again."


@dataclass(frozen=True, slots=True)
class File:
    """How a file of the bundle must look."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in the bundle, where it came from, and what was trusted to make it.

    Attributes
    ----------
    format
        1.
    written_by
        ``mlops_magics`` and its version.
    name
        What the model is called: the name of the run.
    model_class, task, model_format
        The class, ``binary``, ``multiclass`` or ``regression``, and ``skops`` or ``pickle``.
    run
        ``id``, ``name`` and ``experiment``.
    created
        UTC, ISO 8601, ending in Z.
    metrics
        What was measured of this model: ``SPLIT/METRIC`` of its newest evaluations.
    logged
        The last values of the run's other metrics: logged by hand, or of a fit or a cross-validation. Nobody measured
        them of this model.
    signature
        Types and ranges of the columns, as ``Signature.to_dict()``; None when the run has no profile.
    python, packages
        The environment that wrote the bundle: what the model needs, by name and version.
    trusted_by_package, trusted_by_user
        Type names in the model beyond those skops trusts by itself. A record, never an instruction: whoever loads
        the bundle decides anew.
    pickle
        Whether loading the model runs a pickle.
    files
        Every file but the manifest.
    """

    format: int
    written_by: str
    name: str
    model_class: str
    task: str
    model_format: str
    run: Mapping[str, str]
    created: str
    metrics: Mapping[str, float]
    logged: Mapping[str, float]
    signature: Mapping[str, Any] | None
    python: str
    packages: Mapping[str, str]
    trusted_by_package: tuple[str, ...] = ()
    trusted_by_user: tuple[str, ...] = ()
    pickle: bool = False
    files: Mapping[str, File] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        files = {name: {"sha256": file.sha256, "size_bytes": file.size_bytes} for name, file in self.files.items()}
        return {
            **told,
            "run": dict(self.run),
            "metrics": dict(self.metrics),
            "logged": dict(self.logged),
            "packages": dict(self.packages),
            "trusted_by_package": list(self.trusted_by_package),
            "trusted_by_user": list(self.trusted_by_user),
            "files": files,
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text of all fields. Kept elsewhere, it proves that a bundle is the one you mean."""
        return hashlib.sha256(encode(self.to_dict()).encode()).hexdigest()

    @property
    def model_file(self) -> str:
        """Name of the file the model is in."""
        return MODEL_FILES[self.model_format]

    def to_text(self) -> str:
        """The one text of this manifest: canonical JSON of its fields and its digest, and a line end."""
        return encode({**self.to_dict(), "digest": self.digest}) + "\n"


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest, every field checked.

    Its own digest finds accidents; a person with intent computes a new one, which is why nothing in it is believed
    when it comes to trust.

    Raises
    ------
    BundleError
        No JSON, an unknown format number, a field missing, surplus or of the wrong type, a file name that may not
        be in a bundle, text that is not the canonical one, a digest that does not fit.
    """
    try:
        text = data.decode("utf-8")
        told = decode(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{MANIFEST} cannot be read ({type(error).__name__})", hint=_DAMAGED) from error
    if not isinstance(told, dict):
        raise BundleError(f"{MANIFEST} holds a {type(told).__name__}, not the fields of a manifest", hint=_DAMAGED)
    _check_format(told)
    digest = told.pop("digest", None)
    _check_fields(told)
    manifest = _built(told)
    if digest != manifest.digest or manifest.to_text() != text:
        raise BundleError(f"{MANIFEST} was changed: its digest does not fit its content", hint=_DAMAGED)
    return manifest


def _check_format(told: Mapping[str, Any]) -> None:
    number = told.get("format")
    if type(number) is int and number == FORMAT:
        return
    writer = told.get("written_by")
    is_named = isinstance(writer, str) and re.fullmatch(r"mlops_magics [0-9A-Za-z.+!-]{1,40}", writer)
    raise BundleError(
        f"the bundle has format {number!r:.40}, this version reads {FORMAT}",
        hint=f"Load it with {writer}, which wrote it." if is_named else _DAMAGED,
    )


def _check_fields(told: Mapping[str, Any]) -> None:
    if odd := sorted(told.keys() ^ _CHECKS.keys()):
        what = "lacks" if odd[0] in _CHECKS else "has an unknown"
        raise BundleError(f"{MANIFEST} {what} field {odd[0]!r:.60}", hint=_DAMAGED)
    for name, is_right in _CHECKS.items():
        if not is_right(told[name]):
            raise BundleError(f"{MANIFEST} has a wrong {name}: {told[name]!r:.80}", hint=_DAMAGED)
    if told["pickle"] is not (told["model_format"] == "pickle"):
        raise BundleError(f"{MANIFEST} does not say truly whether the model is a pickle", hint=_DAMAGED)
    if MODEL_FILES[told["model_format"]] not in told["files"]:
        raise BundleError(f"{MANIFEST} names no {MODEL_FILES[told['model_format']]}", hint=_DAMAGED)


def _built(told: Mapping[str, Any]) -> Manifest:
    files = {name: File(**file) for name, file in told["files"].items()}
    trusted = {name: tuple(told[name]) for name in ("trusted_by_package", "trusted_by_user")}
    return Manifest(**{**told, **trusted, "files": files})


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_text_mapping(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_numbers(value: object) -> bool:
    return isinstance(value, dict) and all(type(item) in (int, float) for item in value.values())


def _is_files(value: object) -> bool:
    return isinstance(value, dict) and all(name in ALLOWED_FILES and _is_file(file) for name, file in value.items())


def _is_file(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"sha256", "size_bytes"}:
        return False
    digest, size = value["sha256"], value["size_bytes"]
    is_digest = isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest) is not None
    return is_digest and type(size) is int and size >= 0


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "format": lambda value: value == FORMAT,
    "written_by": _is_text,
    "name": _is_text,
    "model_class": _is_text,
    "task": _is_text,
    "model_format": lambda value: isinstance(value, str) and value in MODEL_FILES,
    "run": lambda value: _is_text_mapping(value) and value.keys() == {"id", "name", "experiment"},  # type: ignore[attr-defined]
    "created": _is_text,
    "metrics": _is_numbers,
    "logged": _is_numbers,
    "signature": lambda value: value is None or isinstance(value, dict),
    "python": _is_text,
    "packages": _is_text_mapping,
    "trusted_by_package": _is_texts,
    "trusted_by_user": _is_texts,
    "pickle": lambda value: isinstance(value, bool),
    "files": _is_files,
}
