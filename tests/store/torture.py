"""Writers, a folder and a reader at work on one store, killed with SIGKILL at random moments.

    python tests/store/torture.py STORE --kills 60 --seed 1

Prints one JSON object: how many records were acknowledged, lost, doubled, and how often a reader saw less than had been
acknowledged before it began. Run by tests/store/test_kills.py in a process of its own, since it forks.
"""

import argparse
import json
import mmap
import os
import random
import signal
import struct
import sys
import time

# Imported once here rather than in every child.
import duckdb  # noqa: F401
import pandas  # noqa: F401

from mlops_magics.records import RunRevision
from mlops_magics.store import open_store

SLOTS = 4096
WEIGHTS = {"write": 3, "fold": 4, "read": 1}
"""How often each role is killed: readers seldom, so that they live long enough to read."""
READS, SHORT, DOUBLE, FOLDS, CRASHED = SLOTS - 5, SLOTS - 4, SLOTS - 3, SLOTS - 2, SLOTS - 1


class Board:
    """Counters that outlive the processes which write them."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * SLOTS)

    def __getitem__(self, slot: int) -> int:
        return struct.unpack_from("q", self._memory, 8 * slot)[0]

    def __setitem__(self, slot: int, value: int) -> None:
        struct.pack_into("q", self._memory, 8 * slot, value)


def write(place: str, board: Board, slot: int, run: str) -> None:
    journal = open_store(place).open_journal(run)
    journal.record(RunRevision(experiment="torture", name=f"writer-{slot}", status="running"))
    for step in range(1 << 40):
        journal.metric("step", float(step), step)
        board[slot] = step + 1
        if step % 300 == 0:
            time.sleep(0.005)


def fold(place: str, board: Board) -> None:
    store = open_store(place)
    while True:
        store.fold()
        board[FOLDS] += 1


def read(place: str, board: Board, runs: dict[int, str]) -> None:
    store = open_store(place)
    while True:
        before = {run: board[slot] for slot, run in runs.items()}
        seen = store.sql("SELECT run, count(*) AS points, count(DISTINCT step) AS steps FROM metrics GROUP BY run")
        points = dict(zip(seen["run"], seen["points"], strict=True))
        board[READS] += 1
        board[SHORT] += sum(points.get(run, 0) < count for run, count in before.items())
        board[DOUBLE] += int((seen["points"] != seen["steps"]).sum())


def spawn(work, *arguments) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work(*arguments)
    except BaseException as error:
        sys.stderr.write(f"{work.__name__}: {type(error).__name__}: {error}\n")
        arguments[1][CRASHED] += 1
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    board, runs = Board(), {}
    roles: dict[int, tuple[str, int]] = {}

    def start(role: str) -> None:
        if role == "write":
            slot = len(runs) + 1
            runs[slot] = open_store(options.store).new_run_id()
            roles[spawn(write, options.store, board, slot, runs[slot])] = role, 0
        elif role == "fold":
            roles[spawn(fold, options.store, board)] = role, 0
        else:
            roles[spawn(read, options.store, board, dict(runs))] = role, board[READS] + 1

    for role in ("write", "write", "fold", "read"):
        start(role)
    kills = {"write": 0, "fold": 0, "read": 0}
    while sum(kills.values()) < options.kills or not kills["read"]:
        time.sleep(chance.uniform(0.005, 0.4))
        # A reader is spared until it has read once: on a slow machine none ever would.
        weights = [WEIGHTS[role] * (board[READS] >= reads) for role, reads in roles.values()]
        (child,) = chance.choices(list(roles), weights)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        role, _ = roles.pop(child)
        kills[role] += 1
        start(role)
    for child in roles:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    store = open_store(options.store)
    counts = "count(*) AS points, count(DISTINCT step) AS steps, max(step) + 1 AS reach"
    found = store.sql(f"SELECT run, {counts} FROM metrics GROUP BY run").set_index("run")
    lost = doubled = invented = 0
    for slot, run in runs.items():
        points, steps, reach = found.loc[run] if run in found.index else (0, 0, 0)
        lost += max(0, board[slot] - steps) + (reach - steps)
        doubled += points - steps
        invented += max(0, steps - board[slot] - 1)
    statuses = {run.id: run.status for run in store.all_runs()}
    report = {
        "acknowledged": sum(board[slot] for slot in runs), "lost": lost, "doubled": doubled, "invented": invented,
        "reads": board[READS], "short_reads": board[SHORT], "double_reads": board[DOUBLE], "folds": board[FOLDS],
        "crashed": board[CRASHED], "kills": kills, "runs": len(runs),
        "interrupted": sum(status == "interrupted" for status in statuses.values()),
        # A writer may be killed before it says that its run began; one that logged a point has said so.
        "not_interrupted": sum(bool(board[slot]) and statuses.get(run) != "interrupted" for slot, run in runs.items()),
        "journals_left": sum(1 for _ in (store.path / "journal").iterdir()),
    }
    print(json.dumps(report, default=int))


if __name__ == "__main__":
    main()
