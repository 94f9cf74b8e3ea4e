"""The git work tree a run happens in: its commit, and what of it is not committed."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from mlops_magics.capture.programs import command
from mlops_magics.capture.secrets import mask

GIT_SECONDS = 10.0
PATCH_LIMIT_BYTES = 1 << 20
REST = 4.0
"""How much longer than it works, the masking of a patch rests."""
_CHUNK_BYTES = 1 << 16
_PIECE_CHARACTERS = 1 << 13


@dataclass(frozen=True, slots=True)
class Git:
    """The state of the work tree.

    Attributes
    ----------
    commit, branch
        Where it stands; ``branch`` is ``"HEAD"`` when it stands on none.
    dirty
        Whether anything differs from the commit, files git was not told of included.
    patch
        What tracked files have that the commit has not, with secrets masked; None where there is nothing, or more than
        1 MiB of it.
    patch_sha256
        Of the whole patch as it is, also when it is not kept; None where there is nothing.
    remote
        Where the repository comes from, without user and password; ``"local"`` for a folder of this machine.
    """

    commit: str
    branch: str | None
    dirty: bool
    patch: str | None
    patch_sha256: str | None = None
    remote: str | None = None


def git_state(folder: Path) -> Git | None:
    """The git work tree around a folder, or None where there is none, no commit yet, or no git."""
    place = _ask(folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD")
    if not place:
        return None
    commit, _, branch = place.strip().partition("\n")
    digest, patch = _patch(folder)
    is_dirty = digest is not None or _says_anything(folder, "ls-files", "--others", "--exclude-standard")
    return Git(
        commit=commit,
        branch=branch or None,
        dirty=is_dirty,
        patch=patch,
        patch_sha256=digest,
        remote=_remote(folder),
    )


def without_credentials(url: str) -> str:
    """An address without user and password, and nothing of this machine's folders.

    >>> without_credentials("https://me:secret@git.example.org/me/x.git")
    'https://git.example.org/me/x.git'
    >>> without_credentials("git@git.example.org:me/x.git"), without_credentials("/home/me/x")
    ('git@git.example.org:me/x.git', 'local')
    """
    if re.match(r"(?i)(?:file:|[/\\~.]|[a-z]:[/\\])", url) or not re.search(r":", url):
        return "local"
    return mask(re.sub(r"(?i)^((?:\w+\+)?https?://)[^/]*@", r"\1", url))


def _remote(folder: Path) -> str | None:
    lines = (_ask(folder, "config", "--get-regexp", r"^remote\..*\.url$") or "").splitlines()
    urls = dict(line.split(" ", 1) for line in lines if " " in line)
    url = urls.get("remote.origin.url") or next(iter(urls.values()), None)
    return without_credentials(url) if url else None


def _patch(folder: Path) -> tuple[str | None, str | None]:
    """Digest and text of what is not committed. A patch of any size takes no more memory than what is kept of it."""
    digest, kept, size = sha256(), bytearray(), 0
    with _Git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv") as git:
        while piece := git.read(_CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
            if size <= PATCH_LIMIT_BYTES:
                kept += piece
    if not size or not git.is_done:
        return None, None
    if size > PATCH_LIMIT_BYTES:
        return digest.hexdigest(), None
    return digest.hexdigest(), _masked(kept.decode("utf-8", "replace"))


def _masked(patch: str) -> str:
    return "".join(_at_ease(_pieces(patch)))


def _pieces(patch: str) -> Iterator[tuple[str, str]]:
    """A patch hunk by hunk, each behind the line that says which file it is of."""
    for section in re.split(r"^(?=diff --git )", patch, flags=re.MULTILINE):
        if len(section) <= _PIECE_CHARACTERS:
            yield "", section
            continue
        first, *hunks = re.split(r"^(?=@@ )", section, flags=re.MULTILINE)
        yield "", first
        yield from ((section.partition("\n")[0] + "\n", hunk) for hunk in hunks)


def _at_ease(pieces: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Mask one piece after the other, with rests: the person's cell waits for the same lock on the interpreter."""
    for title, piece in pieces:
        began = time.thread_time()
        yield mask(title + piece)[len(mask(title)) :]
        time.sleep(REST * (time.thread_time() - began))


def _ask(folder: Path, *words: str) -> str | None:
    with _Git(folder, *words) as git:
        said = git.read(-1)
    return said.decode("utf-8", "replace") if git.is_done else None


def _says_anything(folder: Path, *words: str) -> bool:
    with _Git(folder, *words) as git:
        return bool(git.read(1))


class _Git:
    """One question to git, which is ended when it takes too long or when enough was heard."""

    def __init__(self, folder: Path, *words: str) -> None:
        # Without locks: a commit the person makes at this moment must not find the index taken. diff does not keep to
        # the first word, and rewrites the index whenever a file was only touched.
        quiet = ("--no-optional-locks", "-c", "diff.autoRefreshIndex=false")
        self._command = command("git", *quiet, "-C", str(folder), *words)
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self.is_done = False
        """Whether it answered, in full."""

    def __enter__(self) -> _Git:
        try:
            process = subprocess.Popen(  # noqa: S603 - fixed words
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError:
            return self
        self._process, self._output = process, process.stdout
        self._limit = threading.Timer(GIT_SECONDS, process.kill)
        self._limit.daemon = True
        self._limit.start()
        return self

    def read(self, size: int) -> bytes:
        return self._output.read(size) if self._output else b""

    def __exit__(self, *_: object) -> None:
        if self._process is None or self._output is None:
            return
        # Closed before it has said everything, it would wait for a reader, or die of having none: both are an end.
        self._output.close()
        self.is_done = self._process.wait() == 0
        self._limit.cancel()
