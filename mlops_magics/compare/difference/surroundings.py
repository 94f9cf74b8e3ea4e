"""Where two runs happened: Python, the machine, packages, git, and what was not committed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from mlops_magics.records import Environment, plain

MOST_LINES = 20_000
"""Longer patches are not compared line by line: that takes seconds."""

_NAMES = {
    "python": "python", "platform": "platform", "git_commit": "git commit", "git_branch": "git branch",
    "git_dirty": "uncommitted changes", "git_patch": "uncommitted patch", "git_remote": "git remote",
    "folder": "folder", "cpu": "cpu", "cpus": "cpus", "memory_bytes": "memory bytes", "gpus": "gpus",
    "sources": "package sources", "variables": "variables",
}


@dataclass(frozen=True, slots=True)
class Patches:
    """What was not committed on each side, as far as its text was kept; None where there was nothing or no text."""

    left: str | None
    right: str | None

    def inverted(self) -> Patches:
        """With the sides swapped."""
        return Patches(self.right, self.left)

    def as_diff(self) -> str:
        r"""What differs between the two, file by file, as a unified diff of patches; empty where nothing does.

        Where only one side has a patch, it is that patch.

        >>> patch = "diff --git a/x b/x\n@@ -1 +1 @@\n-old\n+new\n"
        >>> print(Patches(None, patch).as_diff())
        diff --git a/x b/x
        @@ -1 +1 @@
        -old
        +new
        """
        if not self.left:
            return (self.right or "").rstrip("\n")
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        before, after = _files(self.left or ""), _files(self.right or "")
        for name in sorted({*before, *after}):
            texts = before.get(name, "").splitlines(), after.get(name, "").splitlines()
            if texts[0] == texts[1]:
                continue
            yield name
            if len(texts[0]) + len(texts[1]) > MOST_LINES:
                yield f"@@ {len(texts[0]):,} and {len(texts[1]):,} lines: too many to compare @@"
                continue
            yield from list(unified_diff(*texts, lineterm=""))[2:]


def state_of(environment: Environment) -> dict[str, Any]:
    """Everything recorded of where a run happened but its packages, under the names people read."""
    facts = {name: plain(getattr(environment, field)) for field, name in _NAMES.items()}
    return {name: value for name, value in facts.items() if value is not None}


def patches_of(
    left: Mapping[str, Any] | None, right: Mapping[str, Any] | None, texts: tuple[Mapping[str, str], Mapping[str, str]]
) -> Patches | None:
    """The patches of two states that differ in theirs, as far as their text was kept."""
    digests = [(side or {}).get("uncommitted patch") for side in (left, right)]
    if digests[0] == digests[1]:
        return None
    kept = [known.get(digest) if digest else None for digest, known in zip(digests, texts, strict=True)]
    # A side whose patch was too large to keep must not look like one that has none.
    is_unknown = any(digest and text is None for digest, text in zip(digests, kept, strict=True))
    return None if is_unknown else Patches(*kept)


def _files(patch: str) -> dict[str, str]:
    sections = re.split(r"^(?=diff --git )", patch, flags=re.MULTILINE)
    return {section.partition("\n")[0]: section.partition("\n")[2] for section in sections if section}
