"""What the lab's panel costs: a poll of a store with 10,000 runs, idle and while 50 runs log 1,000 times a second."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import orjson

from mlops_magics.faces.server.desk import Desk
from mlops_magics.faces.server.places import Places
from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
from mlops_magics.store.queries import Store
from tests.bench import store as bench_store
from tests.bench.figure import Figure, milliseconds
from tests.bench.timing import ROOT, seconds

POLLS = 40
RUNS = 50
PER_SECOND = 1000
WRITING_SECONDS = 4
ROUNDS = 3
POLL_EVERY_SECONDS = 0.25


def figures(folder: Path) -> Iterator[Figure]:
    store = open_store(folder / ".mlops")
    bench_store._record_runs(store, 1_000, folder / "plain.jsonl")
    bench_store._multiply_runs(store, 10)
    desk = Desk(Places.of(str(folder)))
    yield Figure.of("first look at 10,000 runs", milliseconds([seconds(lambda: _poll(desk, ""))]), "ms")
    yield from _idle(desk, store)
    yield from _writing(desk, folder)
    yield _changed(desk, store)


def _poll(desk: Desk, stamp: str) -> str:
    """One poll of the panel, to the bytes that are sent."""
    answer = desk.overview("", stamp)
    orjson.dumps(answer)
    return answer.stamp


def _idle(desk: Desk, store: Store) -> Iterator[Figure]:
    stamp = _poll(desk, "")
    yield Figure.of("poll of 10,000 runs, nothing new", milliseconds(
        [seconds(lambda: _poll(desk, stamp)) for _ in range(POLLS)]), "ms", 20)  # fmt: skip
    times = []
    journal = store.open_journal(store.new_run_id())
    journal.record(RunRevision(experiment="bench", name="live", status="running"))
    for step in range(POLLS):
        journal.metric("loss", 1 / (step + 1), step)
        times.append(seconds(lambda: _poll(desk, stamp)))
    journal.close()
    yield Figure.of("poll of 10,000 runs, one of them logged", milliseconds(times), "ms", 20)


def _writing(desk: Desk, folder: Path) -> Iterator[Figure]:
    """Each round without a panel that polls and with one, so that what else the machine does falls on both."""
    alone, watched, times, processor = [], [], [], []
    for _ in range(ROUNDS):
        alone.append(_written(_writer(folder)))
        process, stamp = _writer(folder), ""
        while process.poll() is None:
            began, before = time.perf_counter(), time.thread_time()
            is_first, stamp = not stamp, _poll(desk, stamp)
            if not is_first:
                times.append(time.perf_counter() - began)
                processor.append(time.thread_time() - before)
            time.sleep(POLL_EVERY_SECONDS)
        watched.append(_written(process))
    rates = [[one["rate"] for one in written] for written in (alone, watched)]
    lost = [100 * (1 - with_panel / without) for without, with_panel in zip(*rates, strict=True)]
    rate = f"{median(rates[1]):,.0f} points a second of {RUNS} runs"
    yield Figure.of(f"poll while {RUNS} runs log at 1 kHz", milliseconds(times), "ms", 20, beside=rate)
    yield Figure.of("  of the processor's time", milliseconds(processor), "ms", 20)
    unwatched = f"{median(rates[0]):,.0f} a second unwatched"
    yield Figure.of("  of their rate lost to the panel", lost, "%", 5, beside=unwatched)
    for name, what in (("median", "  a log call then"), ("p99", "  the slowest in a hundred")):
        without = f"{median(one[name] for one in alone):.1f} µs unwatched"
        yield Figure.of(what, [one[name] for one in watched], "µs", beside=without)


def _changed(desk: Desk, store: Store) -> Figure:
    times = []
    for number in range(5):
        store.record(store.new_run_id(), RunRevision(experiment="bench", name=f"new{number}", status="finished"))
        store.fold()
        times.append(seconds(lambda: _poll(desk, "")))
    return Figure.of("poll of 10,000 runs after a fold", milliseconds(times), "ms")


def _writer(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.server", str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def _written(process: "subprocess.Popen[str]") -> dict[str, float]:
    out, _ = process.communicate()
    return dict(json.loads(out.splitlines()[-1]))


def _write(folder: Path) -> dict[str, float]:
    """Log to fifty runs, each a thousand times a second, as far as this machine can."""
    store = open_store(folder / ".mlops")
    journals = [store.open_journal(store.new_run_id()) for _ in range(RUNS)]
    for number, journal in enumerate(journals):
        journal.record(RunRevision(experiment="live", name=f"live{number}", status="running"))
    took, began = [], time.perf_counter()
    for step in range(WRITING_SECONDS * PER_SECOND):
        for journal in journals:
            before = time.perf_counter()
            journal.metric("loss", 1 / (step + 1), step)
            took.append(time.perf_counter() - before)
        time.sleep(max(0.0, began + (step + 1) / PER_SECOND - time.perf_counter()))
        if time.perf_counter() - began > WRITING_SECONDS:
            break
    rate = len(took) / (time.perf_counter() - began)
    for journal in journals:
        journal.record(RunRevision(status="finished"))
        journal.close()
    cuts = quantiles(took, n=100)
    return {"rate": rate, "median": cuts[49] * 1e6, "p99": cuts[98] * 1e6}


if __name__ == "__main__":
    print(json.dumps(_write(Path(sys.argv[1]))))
