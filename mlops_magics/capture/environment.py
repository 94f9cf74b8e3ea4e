"""Where a run happens: Python, packages, git. Collected off the user's path."""

from __future__ import annotations

import functools
import platform
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mlops_magics.records import Environment, Text, encode

GIT_SECONDS = 10.0
PATCH_LIMIT_BYTES = 1 << 20
SAME_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Git:
    """The state of the working tree: commit, branch, and the patch of what is not committed, at most 1 MiB."""

    commit: str
    branch: str | None
    dirty: bool
    patch: str | None


def collect(folder: Path) -> tuple[Environment, list[Text]]:
    """Look at the interpreter and at the git work tree around ``folder``; slow, so call it off the user's path.

    Runs that follow each other within a few seconds share one look. Returns the record, and the texts it refers to.
    """
    with _one_look_at_a_time:
        return _collect(folder, int(time.monotonic() // SAME_SECONDS))


_one_look_at_a_time = threading.Lock()


@functools.lru_cache(maxsize=1)
def _collect(folder: Path, moment: int) -> tuple[Environment, list[Text]]:  # noqa: ARG001 - part of the cache's key
    packages = Text.of(encode(installed_packages()))
    git = git_state(folder)
    texts = [packages]
    patch = None
    if git and git.patch:
        patch = Text.of(git.patch)
        texts.append(patch)
    environment = Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=packages.sha256,
        git_commit=git.commit if git else None,
        git_branch=git.branch if git else None,
        git_dirty=git.dirty if git else None,
        git_patch=patch.sha256 if patch else None,
    )
    return environment, texts


def installed_packages() -> dict[str, str]:
    """Name to version of every distribution on ``sys.path``."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions(path=sys.path):
        # A half-removed package has metadata without a name.
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(name.lower().replace("_", "-"), distribution.version)
    return dict(sorted(found.items()))


def git_state(folder: Path) -> Git | None:
    """The git work tree around a folder, or None where there is none, no commit yet, or no git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    patch = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff") or ""
    untracked = _git(folder, "ls-files", "--others", "--exclude-standard") or ""
    small = patch if len(patch.encode("utf-8", "replace")) <= PATCH_LIMIT_BYTES else None
    return Git(
        commit=commit.strip(),
        branch=branch.strip() if branch else None,
        dirty=bool(patch or untracked.strip()),
        patch=small or None,
    )


def _git(folder: Path, *arguments: str) -> str | None:
    # Without locks: a commit the person makes at this moment must not find the index taken. diff does not keep to
    # the first word, and rewrites the index whenever a file was only touched.
    command = ["git", "--no-optional-locks", "-c", "diff.autoRefreshIndex=false", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
