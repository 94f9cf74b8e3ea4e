"""Where a run happens: Python, packages, machine, git. Collected off the user's path."""

from __future__ import annotations

import functools
import os
import platform
import threading
import time
from pathlib import Path

from mlops_magics.capture import machine
from mlops_magics.capture.git import Git, git_state
from mlops_magics.capture.packages import Package, find_packages, moment_of_packages, sources_of
from mlops_magics.records import Environment, Text, encode

SAME_SECONDS = 3.0


def collect(
    folder: Path, store_root: Path | None = None, *, keeps_patch: bool = True
) -> tuple[Environment, list[Text]]:
    """Look at the interpreter, the machine and the git work tree around ``folder``; call it off the user's path.

    The machine is looked at once per process, packages again when some were installed, git every time; but runs that
    follow each other within a few seconds share one look.

    Parameters
    ----------
    folder
        Where the run works.
    store_root
        The store's folder, ``.mlops``; where it works, and packages that were installed from folders beside it, are
        given relative to the folder this is in. Not given, ``folder`` is unknown.
    keeps_patch
        Keep the text of what is not committed. A private run keeps only its digest: notebooks hold outputs.

    Returns
    -------
    tuple
        The record, and the texts it refers to.
    """
    with _one_look_at_a_time:
        return _collect(folder, store_root, keeps_patch, int(time.monotonic() // SAME_SECONDS))


_one_look_at_a_time = threading.Lock()


@functools.lru_cache(maxsize=1)
def _collect(
    folder: Path,
    store_root: Path | None,
    keeps_patch: bool,
    moment: int,  # noqa: ARG001 - part of the cache's key
) -> tuple[Environment, list[Text]]:
    base = (store_root or folder).parent
    found = _packages(moment_of_packages())
    packages = Text.of(encode({package.name: package.version for package in found}))
    git = git_state(folder)
    patch = Text.of(git.patch) if git and git.patch else None
    environment = Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=packages.sha256,
        sources=sources_of(found, base) or None,
        folder=_relative(folder, base) if store_root else None,
        git_commit=git.commit if git else None,
        git_branch=git.branch if git else None,
        git_dirty=git.dirty if git else None,
        git_remote=git.remote if git else None,
        git_patch=patch.sha256 if patch else git.patch_sha256 if git else None,
        cpu=machine.cpu(),
        cpus=machine.cpus(),
        memory_bytes=machine.memory_bytes(),
        gpus=machine.gpus(),
        variables=machine.variables(),
    )
    return environment, [packages, patch] if patch and keeps_patch else [packages]


@functools.lru_cache(maxsize=1)
def _packages(moment: object) -> tuple[Package, ...]:  # noqa: ARG001 - part of the cache's key
    return find_packages()


def _relative(folder: Path, base: Path) -> str | None:
    try:
        return Path(os.path.relpath(folder, base)).as_posix()
    except ValueError:
        # Another drive: there is no way from one to the other.
        return None


__all__ = ["Git", "collect", "git_state"]
