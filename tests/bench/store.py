"""How fast the store answers, folds, and how small it is; beside each answer, JSON lines read by hand."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import orjson
import pandas

from mlops_magics.capture.environment import collect
from mlops_magics.compare.leaderboard import runs
from mlops_magics.records import Cell, Param, Record, RunRevision, Text
from mlops_magics.store import open_store
from mlops_magics.store.queries import Store
from tests.bench import difference
from tests.bench.figure import Figure
from tests.bench.timing import in_turns, seconds, start

ROUNDS = 9
BEST = "SELECT run, value FROM metric_sums WHERE key = 'metric3' ORDER BY value LIMIT 20"
COLUMNS = "{t: 'BIGINT', w: 'BIGINT', n: 'VARCHAR', v: 'DOUBLE', s: 'BIGINT'}"
FOLD_EVERY = 400
"""Journals are held open together by a fold; a process may hold only so many files."""


def figures(folder: Path) -> Iterator[Figure]:
    yield from _frames(folder)
    yield from difference.figures(folder / "difference")
    yield from _histories(folder)
    yield from _fold(folder)


# -- many runs ------------------------------------------------------------------------------------------------------


def _frames(folder: Path) -> Iterator[Figure]:
    store = open_store(folder / "runs")
    plain = folder / "runs.jsonl"
    _record_runs(store, 1_000, plain)
    assert store.runs().filter(regex=r"^(params|metrics)\.").notna().to_numpy().sum() == 20_000
    times = in_turns(
        {
            "frame": store.runs,
            "lines": _by_hand(plain),
            "board": lambda: runs(store=store),
        },
        rounds=ROUNDS,
    )
    yield Figure.of("1,000 runs × (10 + 10) to a frame", times["frame"], "s", 0.1, beside=_beside(times["lines"]))
    yield Figure.of("leaderboard of 1,000 runs", times["board"], "s", 0.1)
    _multiply_runs(store, 10)
    times = in_turns(
        {
            "board": lambda: runs(store=store),
            "shown": lambda: runs(store=store)._repr_html_(),
            "sql": lambda: store.sql(BEST),
        },
        rounds=5,
    )
    yield Figure.of("leaderboard of 10,000 runs × (10 + 10)", times["board"], "s", 0.1)
    yield Figure.of("  and shown as a table", times["shown"], "s", 0.1)
    yield Figure.of("  the best 20 of them by SQL", times["sql"], "s", 0.1)


def _record_runs(store: Store, count: int, plain: Path) -> None:
    """Runs with 10 parameters and 10 metrics, the first of them with cells and an environment; also as JSON lines."""
    environment, texts = collect(store.path.parent)
    with plain.open("ab") as file:
        for number in range(count):
            params = {f"param{index}": index * number for index in range(10)}
            metrics = {f"metric{index}": index + number / 7 for index in range(10)}
            journal = store.open_journal(store.new_run_id())
            journal.record(RunRevision(experiment="bench", name=f"run{number}", status="running"))
            for key, value in params.items():
                journal.record(Param(key=key, value=value))
            journal.metrics(metrics, 1)
            if number < 10:
                for record in (*texts, environment, *_cells(number)):
                    journal.record(record)
            journal.record(RunRevision(status="finished"))
            journal.close()
            file.write(orjson.dumps({"name": f"run{number}", **params, **metrics}) + b"\n")
            if number % FOLD_EVERY == FOLD_EVERY - 1:
                store.fold()
    store.fold()


def _multiply_runs(store: Store, times: int) -> None:
    """Give every run copies under other ids, behind the store's back: recording ten thousand takes half a minute."""
    with duckdb.connect(str(store.path / "main.duckdb")) as connection:
        for table in ("run_revs", "param_revs", "metrics", "metric_sums"):
            connection.execute(
                f"""INSERT INTO {table} SELECT run || '-' || copy AS run, * EXCLUDE (run, copy)
                    FROM {table}, range(1, {times}) AS copies(copy)"""
            )


def _cells(number: int) -> Iterator[Record]:
    for position in range(1, 21):
        source = Text.of(f"frame = load({position})\nmodel = fit(frame, depth={number if position == 7 else 1})\n" * 10)
        yield source
        yield Cell(cell=f"cell{position}", position=position, source=source.sha256, seconds=0.1, status="ok")


# -- many points ----------------------------------------------------------------------------------------------------


def _histories(folder: Path) -> Iterator[Figure]:
    store = open_store(folder / "points")
    plain = folder / "points.jsonl"
    ids = _record_points(store, plain, runs=20, points=10_000)
    times = in_turns(
        {
            "history": lambda: store.history(ids, "loss"),
            "lines": _by_hand(plain),
        },
        rounds=ROUNDS,
    )
    assert len(store.history(ids, "loss")) == 200_000
    yield Figure.of("history of 20 runs × 10,000 points", times["history"], "s", 0.1, beside=_beside(times["lines"]))
    yield _bytes_per_point(store, 200_000)


def _record_points(store: Store, plain: Path, *, runs: int, points: int) -> list[str]:
    ids = []
    for number in range(runs):
        ids.append(store.new_run_id())
        journal = store.open_journal(ids[-1])
        journal.record(RunRevision(experiment="bench", name=f"run{number}", status="running"))
        for step in range(points):
            journal.metric("loss", number + 1 / (step + 1), step)
        journal.record(RunRevision(status="finished"))
        with plain.open("ab") as file, journal.path.open("rb") as lines:
            file.writelines(line for line in lines if b'"n":"loss"' in line)
        journal.close()
    store.fold()
    return ids


# -- the fold -------------------------------------------------------------------------------------------------------


def _fold(folder: Path) -> Iterator[Figure]:
    """The journal of a killed writer, folded from copies by a process that has DuckDB loaded already."""
    written = folder / "killed" / ".mlops"
    written.mkdir(parents=True)
    start("killed_journal", written.parent, 1_000_000).communicate()
    (journal,) = (written / "journal").glob("*.jsonl")
    folds, bare = [], []
    for number in range(3):
        copy = shutil.copytree(written, folder / f"copy{number}")
        bare.append(seconds(lambda: _load(journal, journal.with_name("bare.duckdb"))))
        journal.with_name("bare.duckdb").unlink()
        store = open_store(copy)
        folds.append(_seconds_of_fold(store))
        if number:
            shutil.rmtree(copy)
    beside = f"{median(bare):.2f} s bare read_json into a table; {journal.stat().st_size / 1e6:.0f} MB"
    yield Figure.of("fold of a killed writer's 1,000,000 lines", folds, "s", 1.0, beside=beside)
    yield _bytes_per_point(open_store(folder / "copy0"), 1_000_000)


def _seconds_of_fold(store: Store) -> float:
    reports = []
    taken = seconds(lambda: reports.append(store.fold()))
    (report,) = reports
    assert (report.lines, report.corrupt, report.journals) == (1_000_002, 0, 1), report
    return taken


def _load(journal: Path, database: Path) -> None:
    """What DuckDB alone takes to read the lines into a table on disk, without knowing whose they are."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"""CREATE TABLE metrics AS SELECT w, make_timestamp(t) AS time, n, s, v FROM read_json('{journal}',
                format = 'newline_delimited', columns = {COLUMNS})"""
        )


def _bytes_per_point(store: Store, points: int) -> Figure:
    size = store.sizes()["database"]
    beside = f"{size / 1e6:.1f} MB of database"
    return Figure.of(f"  bytes per point, {points:,} folded", [size / points], "bytes", 15, beside=beside)


def _by_hand(plain: Path) -> Callable[[], Any]:
    return lambda: pandas.DataFrame([orjson.loads(line) for line in plain.read_bytes().splitlines()])


def _beside(times: list[float]) -> str:
    return f"{median(times):.3f} s JSON lines by hand"
