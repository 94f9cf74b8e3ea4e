"""The files that a replay writes over or removes, put back as they were: the person may have newer ones."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlops_magics.capture.notebook.executed import Execution
from mlops_magics.capture.notebook.files import paths_made

if TYPE_CHECKING:
    from mlops_magics.rerun.recipe import Recipe

LARGEST_BYTES = 2 * 2**30
"""So much is copied at most, all files together."""


def files_in_reach(steps: Recipe, folder: Path) -> tuple[Path, ...]:
    """The files that are there and that the cells of a recipe write, add to or remove by a path the code tells in full.

    Of a folder that is removed, all that is in it.
    """
    executions = [Execution(place, None, cell.source) for place, cell in enumerate(steps.cells)]
    places = (folder / Path(path).expanduser() for path in paths_made(executions) if "://" not in path)
    found = (each for place in places for each in ([place] if place.is_file() else place.rglob("*")))
    return tuple(dict.fromkeys(path for path in found if path.is_file()))


@contextmanager
def put_back(paths: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """Leave these files as they were, contents and times, however the block ends.

    Yields those that are not looked after, because they are too large or cannot be read.
    """
    with TemporaryDirectory(prefix="mlops-files-", ignore_cleanup_errors=True) as aside:
        copies, left, room = dict[Path, Path](), list[Path](), LARGEST_BYTES
        for number, path in enumerate(paths):
            copy = Path(aside) / str(number)
            try:
                size = path.stat().st_size
                if size > room:
                    left.append(path)
                    continue
                shutil.copy2(path, copy)
            except OSError:
                left.append(path)
                continue
            copies[path], room = copy, room - size
        try:
            yield tuple(left)
        finally:
            for path, copy in copies.items():
                _restore(path, copy)


def _restore(path: Path, copy: Path) -> None:
    with suppress(OSError):
        was, now = copy.stat(), path.stat() if path.is_file() else None
        if now is None or (now.st_size, now.st_mtime_ns) != (was.st_size, was.st_mtime_ns):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(copy, path)
