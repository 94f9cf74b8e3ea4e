"""What tracking costs the person who is tracked: a log call, loading the extension, starting a run, running a cell."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import time_ns
from typing import Any

import orjson

from mlops_magics.capture.run import ActiveRun
from mlops_magics.capture.tracking import track
from mlops_magics.store import open_store
from tests.bench.figure import Figure, microseconds, milliseconds, ratios
from tests.bench.timing import answer, fresh, in_turns, start

CALLS = 1_000
TEN = {f"metric{number}": number / 7 for number in range(10)}
WRITERS = 4
STEPS = 2_000


def figures(folder: Path) -> Iterator[Figure]:
    yield from _log_call(folder / "log")
    yield from _load_ext(folder)
    yield from _runs(folder)
    yield from _cells(folder)
    yield from _writers(folder)


# -- a log call -----------------------------------------------------------------------------------------------------


def _log_call(folder: Path) -> Iterator[Figure]:
    """A batch of calls is timed, in turns with batches of the bare work on a file of the same file system."""
    folder.mkdir()
    run = track("bench", "log", store=folder / ".mlops")
    with _appending(folder / "bare.jsonl") as descriptor:
        scalar, many = _lines_of(run)
        times = in_turns(
            {
                "mapping": lambda: _repeat(lambda step: run.log({"val/loss": step / 7}, step=step)),
                "keyword": lambda: _repeat(lambda step: run.log(loss=step / 7, step=step)),
                "no step": lambda: _repeat(lambda step: run.log({"val/loss": step / 7})),
                "bare": lambda: _repeat(_bare_scalar(descriptor, scalar["w"])),
                "bare, constant time": lambda: _repeat(_bare_scalar_of_one_time(descriptor, scalar["w"])),
                "ten": lambda: _repeat(lambda step: run.log(TEN, step=step)),
                "bare ten": lambda: _repeat(_bare_record(descriptor, many)),
            },
            rounds=60,
        )
    run.end()
    per_call = {name: microseconds([value / CALLS for value in values]) for name, values in times.items()}
    bare = per_call["bare"]

    def over(peer: str) -> str:
        return f"{median(per_call[peer]):.2f} µs {peer}"

    yield Figure.of("run.log({name: x}, step=n)", per_call["mapping"], "µs", beside=over("bare"))
    yield Figure.of("  × bare orjson + os.write", ratios(per_call["mapping"], bare), "×", 1.5)
    yield Figure.of("  × the same with a constant time", ratios(per_call["mapping"], per_call["bare, constant time"]),
                    "×", 1.5, beside=over("bare, constant time"))
    yield Figure.of("  × run.log(name=x, step=n)", ratios(per_call["keyword"], bare), "×", 1.5)
    yield Figure.of("  × run.log({name: x}), no step", ratios(per_call["no step"], bare), "×", 1.5)
    yield Figure.of("10 metrics in one call, per scalar", [value / 10 for value in per_call["ten"]], "µs")
    yield Figure.of("  × bare orjson + os.write", ratios(per_call["ten"], per_call["bare ten"]), "×",
                    beside=over("bare ten"))


def _repeat(call: Callable[[int], object]) -> None:
    for step in range(CALLS):
        call(step)


@contextmanager
def _appending(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lines_of(run: ActiveRun) -> tuple[dict[str, Any], dict[str, Any]]:
    """The last two lines of a journal, after a scalar and ten of them: what the bare work must write."""
    run.log({"val/loss": 0.5}, step=1)
    run.log(TEN, step=1)
    lines = [orjson.loads(line) for line in run._journal.path.read_bytes().splitlines()]
    scalar = next(line for line in lines if line.get("n"))
    many = next(line for line in lines if line.get("m"))
    assert list(scalar) == ["t", "w", "n", "v", "s"]
    assert many["m"] == TEN
    return scalar, many


def _bare_scalar(descriptor: int, w: int) -> Callable[[int], object]:
    def write(step: int) -> None:
        line = {"t": time_ns() // 1000, "w": w, "n": "val/loss", "v": step / 7, "s": step}
        os.write(descriptor, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    return write


def _bare_scalar_of_one_time(descriptor: int, w: int) -> Callable[[int], object]:
    t = time_ns() // 1000

    def write(step: int) -> None:
        line = {"t": t, "w": w, "n": "val/loss", "v": step / 7, "s": step}
        os.write(descriptor, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    return write


def _bare_record(descriptor: int, like: dict[str, Any]) -> Callable[[int], object]:
    def write(step: int) -> None:
        line = {"t": time_ns() // 1000, "w": like["w"], "m": like["m"], "s": step}
        os.write(descriptor, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    return write


# -- starting -------------------------------------------------------------------------------------------------------


def _load_ext(folder: Path) -> Iterator[Figure]:
    rounds = [fresh("load_ext", folder / f"load{number}") for number in range(5)]
    heavy = sorted({name for found in rounds for name in found["heavy"]})
    yield Figure.of("%load_ext mlops_magics", [found["seconds"] for found in rounds], "s", 0.15,
                    beside=f"{rounds[0]['modules']} modules")
    yield Figure.of("  heavy modules it imports", [len(heavy)], "", 0, beside=", ".join(heavy) or "none")


def _runs(folder: Path) -> Iterator[Figure]:
    rounds = [fresh("first_run", folder / f"first{number}") for number in range(5)]
    yield Figure.of("first run on a new store", [found["seconds"] for found in rounds], "s", 0.3)
    empty = fresh("empty_runs", folder / "empty", 50)["times"]
    yield Figure.of("empty run (track + end), warm", milliseconds(empty), "ms", 5)


def _cells(folder: Path) -> Iterator[Figure]:
    for module in ("json", "sklearn.ensemble"):
        found = fresh("cells", folder / f"cells.{module}", module, 3, 100)
        overhead = milliseconds([more - less for more, less in zip(found["tracked"], found["plain"], strict=True)])
        name = "overhead of a tracked cell" if module == "json" else f"  with {module} imported"
        beside = f"{median(found['plain']) * 1e3:.2f} ms a plain cell"
        yield Figure.of(name, overhead, "ms", 1, beside=beside)


# -- several at once ------------------------------------------------------------------------------------------------


def _writers(folder: Path) -> Iterator[Figure]:
    rounds = [_newborn(folder / f"newborn{number}") for number in range(3)]
    name = f"{WRITERS} processes × {STEPS:,} steps, new store"
    yield Figure.of(name, [found["logging"] for found in rounds], "s", 0.5, beside="the slowest of them")
    yield Figure.of("  from track to end", [found["whole"] for found in rounds], "s")
    yield Figure.of("  processes that failed or complained", [max(found["errors"] for found in rounds)], "", 0)
    yield Figure.of("  points lost", [max(found["lost"] for found in rounds)], "", 0)


def _newborn(folder: Path) -> dict[str, float]:
    (folder / "barrier").mkdir(parents=True)
    processes = [start("writer", folder, f"writer{number}", WRITERS, STEPS) for number in range(WRITERS)]
    answers, errors = [], 0
    for process in processes:
        try:
            answers.append(answer(process))
            errors += bool(answers[-1]["said"])
        except RuntimeError:
            errors += 1
    kept = open_store(folder / ".mlops").sql("SELECT count(DISTINCT (run, step)) AS n FROM metrics")["n"][0]
    return {
        "logging": max((found["logging"] for found in answers), default=float("nan")),
        "whole": max((found["whole"] for found in answers), default=float("nan")),
        "errors": errors,
        "lost": WRITERS * STEPS - int(kept),
    }
