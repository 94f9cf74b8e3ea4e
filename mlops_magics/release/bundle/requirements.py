"""What a model needs installed where it runs: distributions by the modules it names, pinned as they are here."""

from __future__ import annotations

import io
import json
import pickletools
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata

from mlops_magics.release.bundle.audit import version_of

ALWAYS = ("mlops-magics", "numpy", "pandas", "scikit-learn", "scipy", "skops")


def packages_for(data: bytes, *, model_format: str) -> tuple[dict[str, str], list[str]]:
    """Name to version of what the model needs, and the modules that no installed distribution provides."""
    roots = set(_skops_modules(data) if model_format == "skops" else _pickle_modules(data))
    roots -= {*sys.stdlib_module_names, "__main__", ""}
    homes = metadata.packages_distributions()
    named = {_normal(home) for root in roots for home in homes.get(root, ())[:1]}
    versions = {name: version_of(name) for name in sorted({*ALWAYS, *named})}
    return {name: version for name, version in versions.items() if version}, sorted(roots - homes.keys())


def requirements_text(packages: Mapping[str, str], homeless: Iterable[str]) -> str:
    """The lines of requirements.txt."""
    pins = [f"{name}=={version}" for name, version in sorted(packages.items())]
    notes = [f"# the module {name} must be importable; no installed package provides it" for name in homeless]
    return "\n".join([*pins, *notes]) + "\n"


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def _skops_modules(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        waiting = [json.loads(archive.read("schema.json"))]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("__module__"), str):
                yield part["__module__"].split(".")[0]
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _pickle_modules(data: bytes) -> Iterator[str]:
    """Roots of everything that looks like a module path: more than needed, never less."""
    for _, argument, _ in pickletools.genops(data):
        if isinstance(argument, str):
            root = argument.split(" ", maxsplit=1)[0].split(".", maxsplit=1)[0]
            if root in sys.modules:
                yield root
