"""Timing: works taken in turns, so that a noisy machine is equally noisy to all of them, and processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[2]


def seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def in_turns(works: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of each work in every round, after one round that does not count; every other round backwards."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for number in range(rounds):
        for name in works if number % 2 else reversed(works):
            times[name].append(seconds(works[name]))
    return times


def start(part: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start a part of ``tests/bench/fresh.py`` in a process of its own, which works in ``folder``."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.fresh", part, str(folder), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "IPYTHONDIR": str(folder / "ipython"), "MLOPS_STORE": str(folder / ".mlops")},
    )  # fmt: skip


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for it, and read the JSON it printed last.

    Raises
    ------
    RuntimeError
        It failed; the message holds what it said.
    """
    out, err = process.communicate()
    if process.returncode:
        raise RuntimeError(err)
    return {"said": err, **json.loads(out.splitlines()[-1])}


def fresh(part: str, folder: Path, *arguments: object) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    return answer(start(part, folder, *arguments))
