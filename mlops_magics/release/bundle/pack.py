"""A run's model as a bundle: gathered, written aside, synced, renamed into place. Never half a bundle."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_magics.compare.telling import MACHINE
from mlops_magics.data.signature import Signature
from mlops_magics.errors import BundleError, ModelError, StoreError
from mlops_magics.look.progress import Progress
from mlops_magics.model.formats import TRUSTED_TYPES, types_in
from mlops_magics.monitor.reference import reference_profile
from mlops_magics.records import Evaluated, Run, decode, encode
from mlops_magics.release.bundle.audit import version_of
from mlops_magics.release.bundle.load import Bundle, load_bundle
from mlops_magics.release.bundle.manifest import (
    EXAMPLE,
    FORMAT,
    MANIFEST,
    MODEL_FILES,
    PROFILE,
    README,
    REQUIREMENTS,
    File,
    Manifest,
)
from mlops_magics.release.bundle.readme import readme_text
from mlops_magics.release.bundle.requirements import packages_for, requirements_text
from mlops_magics.store import open_store
from mlops_magics.store.models import RunModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_magics.store.queries import Store




def export(  # noqa: PLR0913 - every one is a question the command line asks
    run: Run | str,
    path: str | os.PathLike[str],
    store: Store | str | os.PathLike[str] | None = None,
    *,
    trust: Iterable[str] = (),
    allow_pickle: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Bundle:
    """Write the model of a run as a bundle: one movable folder that loads anywhere, checked.

    The folder appears whole, synced to disk, or not at all; a process killed in between leaves a hidden folder beside
    it and nothing else. What was written is audited before it is returned.

    Parameters
    ----------
    run
        A run, its name, a piece of its id, ``@last`` or ``@best:METRIC``.
    path
        The folder to make. Missing folders above it are made.
    store
        Where the run is; None: the store :func:`mlops_magics.open_store` finds.
    trust
        Exact names of types in the model you trust beyond the package's own; they are written into the manifest, and
        whoever loads the bundle must trust them too.
    allow_pickle
        Export a model that was kept as a pickle, because skops cannot write it. A model that skops has written goes
        out as that, and its types are trusted by name.
    overwrite
        Replace a bundle that is there already. The former one stays until the new one is in place. Anything but a
        bundle or an empty folder is never replaced.
    progress
        Told the share done, from 0 to 1, and what is being done.

    Raises
    ------
    RunNotFound
        Nothing answers to ``run``.
    BundleError
        The run has no model, the model is a pickle or holds types nobody trusted, something is there already, or
        the disk refuses.
    """
    tell = progress or (lambda _share, _what: None)
    target = Path(path).absolute()
    trusted = (trust,) if isinstance(trust, str) else tuple(trust)
    tell(0.0, "finding the model")
    _check_target(target, overwrite=overwrite)
    store = open_store(store)
    found = store.find(run)
    with store.snapshot():
        kept, data = _model(found, store, allow_pickle=allow_pickle)
        tell(0.2, "reading the model")
        contents = _contents(found, kept, data, store, trust=trusted)
    tell(0.4, "writing the bundle")
    with _beside(target) as draft:
        for name, content in contents.items():
            _write(draft / name, content)
        _sync_folder(draft)
        tell(0.6, "checking what was written")
        bundle = load_bundle(draft, trust=trusted, allow_pickle=allow_pickle)
        _put_in_place(draft, target, overwrite=overwrite)
    tell(1.0, "done")
    return replace(bundle, path=target)


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise BundleError(f"{target} is there already, and no folder", hint="Choose another path.")
    inside = {entry.name for entry in target.iterdir()}
    if inside and MANIFEST not in inside:
        raise BundleError(f"{target} is a folder with other things in it", hint="Choose a path of its own.")
    if inside and not overwrite:
        raise BundleError(f"there is a bundle at {target} already", hint="Choose another path, or say --overwrite.")


def _model(run: Run, store: Store, *, allow_pickle: bool) -> tuple[RunModel, bytes]:
    kept = store.model(run)
    if kept is None:
        raise BundleError(f"the run {run.name!r} has no model", hint="%mlops evaluate MODEL X y keeps one.")
    artifact = kept.artifact
    if artifact is None:
        raise BundleError(
            f"the model of {run.name!r}, a {kept.model.class_name}, is not kept with it: {kept.model.reason}",
            hint="What is exported is the run's newest model; %mlops evaluate MODEL X y or %mlops artifact MODEL "
            "keeps another.",
        )
    detail = artifact.detail or {}
    if detail.get("format") not in MODEL_FILES:
        raise BundleError(
            f"the model of {run.name!r} is kept as {detail.get('format')!r}", seen=detail.get("format"),
            exists=MODEL_FILES, hint="%mlops evaluate MODEL X y keeps it anew.",
        )
    if detail["format"] == "pickle" and not allow_pickle:
        raise BundleError(
            f"the model of {run.name!r} is kept as a pickle, which runs whatever it says when it is loaded",
            hint="To ship it all the same, and say so in the manifest: --allow-pickle.",
        )
    return kept, _blob(artifact.sha256, artifact.name, store)


def _blob(digest: str, name: str, store: Store) -> bytes:
    content = store.blob(digest).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise StoreError(f"the file {digest[:12]}… of {name!r} in the store is damaged")
    return content


def _contents(
    run: Run, kept: RunModel, data: bytes, store: Store, *, trust: tuple[str, ...]
) -> dict[str, bytes]:
    """Every file of the bundle, the manifest last."""
    model_format = str((kept.artifact.detail or {})["format"] if kept.artifact else "")
    types = _types(data, trust=trust) if model_format == "skops" else ()
    packages, homeless = packages_for(data, model_format=model_format)
    profile = reference_profile(run, store)
    measured, logged = _metrics(run, kept, store)
    files = {
        MODEL_FILES[model_format]: data,
        REQUIREMENTS: requirements_text(packages, homeless).encode(),
        **({PROFILE: encode(profile.to_dict()).encode()} if profile else {}),
        **_example(kept, store),
    }
    by_user = tuple(name for name in types if name not in TRUSTED_TYPES)
    manifest = Manifest(
        format=FORMAT,
        written_by=f"mlops_magics {version_of('mlops-magics') or 'unknown'}",
        name=run.name,
        model_class=kept.model.class_name,
        task=kept.model.task or "unknown",
        model_format=model_format,
        run={"id": run.id, "name": run.name, "experiment": run.experiment},
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        metrics=measured,
        logged=logged,
        signature=Signature.of(profile).to_dict() if profile else None,
        python=platform.python_version(),
        packages=packages,
        trusted_by_package=tuple(name for name in types if name in TRUSTED_TYPES),
        trusted_by_user=by_user,
        pickle=model_format == "pickle",
    )
    files[README] = readme_text(manifest, has_example=EXAMPLE in files).encode()
    return {**files, MANIFEST: _listing(manifest, files).to_text().encode()}


def _listing(manifest: Manifest, files: Mapping[str, bytes]) -> Manifest:
    listed = {name: File(hashlib.sha256(content).hexdigest(), len(content)) for name, content in files.items()}
    return replace(manifest, files=listed)


def _types(data: bytes, *, trust: tuple[str, ...]) -> tuple[str, ...]:
    try:
        types = types_in(data)
    except ModelError as error:
        raise BundleError(error.what, hint=error.hint) from error
    if refused := sorted(set(types) - TRUSTED_TYPES - set(trust)):
        raise BundleError(
            f"the model holds {'types' if len(refused) > 1 else 'a type'} nobody trusted: {', '.join(refused)}",
            hint=f"If you know what {'they do' if len(refused) > 1 else 'it does'}, trust by name: "
            f"{' '.join(f'--trust {name}' for name in refused)}. --allow-pickle is for models that skops cannot write.",
        )
    return types


def _metrics(run: Run, kept: RunModel, store: Store) -> tuple[dict[str, float], dict[str, float]]:
    """What was measured of this model, and what the run has that was measured of no model in particular."""
    newest = {evaluated.split: evaluated for evaluated in kept.evaluations}
    measured = {key: value for evaluated in newest.values() for key, value in _named(evaluated)}
    of_models = {key for evaluated in store.evaluations(run) if evaluated.model for key, _ in _named(evaluated)}
    others = {
        key: value for key, value in store.metrics(run).items()
        if key not in of_models and not key.startswith(MACHINE)
    }
    return measured, others


def _named(evaluated: Evaluated) -> list[tuple[str, float]]:
    return [(f"{evaluated.split}/{name}", value) for name, value in evaluated.metrics.items()]


def _example(kept: RunModel, store: Store) -> dict[str, bytes]:
    if kept.example is None:
        return {}
    content = _blob(kept.example, "example", store)
    # A column may have become private since.
    is_private = not store.settings.private_columns.isdisjoint(map(str, decode(content.decode()).get("columns", ())))
    return {} if is_private else {EXAMPLE: content}


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A hidden folder beside the target, on the same disk; gone afterwards unless it was renamed."""
    draft = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent))
        draft.chmod(0o755)
        yield draft
    except OSError as error:
        raise BundleError(
            f"the bundle cannot be written to {target} ({error.strerror or error})",
            hint="Nothing was left behind: make room, or choose another path.",
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name != "posix":  # Windows has no handle of a folder to sync
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(draft: Path, target: Path, *, overwrite: bool) -> None:
    _check_target(target, overwrite=overwrite)
    if not target.exists():
        draft.rename(target)
        _sync_folder(target.parent)
        return
    former = draft.with_suffix(".old")
    target.rename(former)
    try:
        draft.rename(target)
    except OSError:
        with suppress(OSError):
            former.rename(target)
        raise
    _sync_folder(target.parent)
    shutil.rmtree(former, ignore_errors=True)
