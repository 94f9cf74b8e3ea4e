"""The parts that are timed in a process of their own: ``python -m tests.bench.fresh PART FOLDER …`` prints JSON.

Imports stand inside the parts, for what is imported when is a part of what they measure.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, sleep, thread_time
from typing import Any

from tests.settling import settle

HEAVY = ("duckdb", "pandas", "sklearn", "pyarrow", "ipywidgets", "anywidget", "numpy", "scipy", "skops", "polars")


def load_ext() -> dict[str, Any]:
    """``%load_ext`` in an IPython that has run a cell, and the heavy modules it brought."""
    shell = _shell()
    before = set(sys.modules)
    began = perf_counter()
    shell.run_line_magic("load_ext", "mlops_magics")
    taken = perf_counter() - began
    brought = set(sys.modules) - before
    return {"seconds": taken, "modules": len(brought), "heavy": sorted(brought.intersection(HEAVY))}


def first_run() -> dict[str, Any]:
    """The first run of a store that is not there yet."""
    import mlops_magics

    began = perf_counter()
    run = mlops_magics.track("bench", "first")
    tracked = perf_counter()
    run.log({"loss": 0.5}, step=0)
    run.end()
    ended = perf_counter()
    return {"seconds": ended - began, "track": tracked - began}


def empty_runs(count: str) -> dict[str, Any]:
    """Runs that record nothing, one after the other, once everything is imported."""
    from mlops_magics.capture.tracking import track

    track("bench", "warm").end()
    settle()
    times = []
    for number in range(int(count)):
        began = perf_counter()
        track("bench", f"empty{number}").end()
        times.append(perf_counter() - began)
    return {"times": times}


def cells(module: str, blocks: str, count: str) -> dict[str, Any]:
    """Blocks of trivial cells, by turns without the extension and tracked; the median of each. ``module`` is imported.

    The thread that looks at the environment of a new run is awaited: it is not the cells' own cost.
    """
    shell = _shell()
    shell.run_cell(f"import {module}")
    medians: dict[str, list[float]] = {"plain": [], "tracked": []}
    for number in range(int(blocks)):
        medians["plain"].append(_seconds_of_cell(shell, int(count)))
        shell.run_line_magic("load_ext", "mlops_magics")
        shell.run_line_magic("mlops", f"track bench --name cells{number}")
        settle()
        medians["tracked"].append(_seconds_of_cell(shell, int(count)))
        shell.run_line_magic("unload_ext", "mlops_magics")
    return medians


def notebook(count: str, rounds: str) -> dict[str, Any]:
    """The seconds of each cell of a notebook and of its thread's work, by turns without the extension and tracked; and
    of track and end.
    """
    from tests.bench.cells import notebook as cells_of

    shell = _shell()
    cells = cells_of(int(count))
    kinds = ("plain", "plain_work", "tracked", "tracked_work", "track", "end")
    found: dict[str, list[Any]] = {kind: [] for kind in kinds}

    def run(kind: str) -> None:
        times = [
            _times(lambda cell=cell: shell.run_cell(cell[1], store_history=True, cell_id=cell[0])) for cell in cells
        ]
        found[kind].append([seconds for seconds, _ in times])
        found[f"{kind}_work"].append([work for _, work in times])

    run("plain")
    for number in range(int(rounds)):
        run("plain")
        shell.run_line_magic("load_ext", "mlops_magics")
        found["track"].append(_seconds(lambda n=number: shell.run_line_magic("mlops", f"track bench --name n{n}")))
        settle()
        run("tracked")
        found["end"].append(_seconds(lambda: shell.run_line_magic("mlops", "end")))
        shell.run_line_magic("unload_ext", "mlops_magics")
    return found


def fits(rows: str, trees: str, rounds: str) -> dict[str, Any]:
    """The seconds of a cell that fits and of its thread's work, by turns without the extension and tracked."""
    shell = _shell()
    shell.run_cell(
        "import pandas as pd\nfrom sklearn.datasets import make_classification\n"
        "from sklearn.ensemble import GradientBoostingClassifier\n"
        f"X, y = make_classification({rows}, 20, random_state=0)\nX = pd.DataFrame(X).add_prefix('feature')"
    )
    cell = f"model = GradientBoostingClassifier(n_estimators={trees}, random_state=0).fit(X, y)"
    found: dict[str, list[float]] = {"plain": [], "plain_work": [], "tracked": [], "tracked_work": []}

    def fit(kind: str) -> None:
        seconds, work = _times(lambda: shell.run_cell(cell, store_history=True))
        found[kind].append(seconds)
        found[f"{kind}_work"].append(work)

    for number in range(int(rounds) + 1):
        fit("plain")
        shell.run_line_magic("load_ext", "mlops_magics")
        shell.run_line_magic("mlops", f"track bench --name fit{number}")
        settle()
        fit("tracked")
        shell.run_line_magic("unload_ext", "mlops_magics")
    return {name: times[1:] for name, times in found.items()}  # the first of each loads what the others have


def analysis(count: str) -> dict[str, Any]:
    """What ``end`` does to a notebook that ran once, also when its cells are known, and five times; and what a replay
    asks of it.
    """
    from datetime import datetime

    from mlops_magics.capture.notebook.document import SavedCell, SavedNotebook
    from mlops_magics.capture.notebook.findings import examine
    from mlops_magics.capture.notebook.flow import Execution, stands_on
    from tests.bench.cells import notebook as cells_of

    cells = cells_of(int(count))
    saved = SavedNotebook(Path("bench.ipynb"), tuple(SavedCell(*cell) for cell in cells), datetime(2026, 1, 1))
    once = [Execution(number, *cell) for number, cell in enumerate(cells, start=1)]
    again = [Execution(number, *cell) for number, cell in enumerate(5 * cells, start=1)]
    return {
        "first": _seconds(lambda: examine(once, saved)),
        "later": [_seconds(lambda: examine(once, saved)) for _ in range(5)],
        "needed": [_seconds(lambda: stands_on(again, [len(again) - 1])) for _ in range(3)],
        "many": [_seconds(lambda: examine(again, saved)) for _ in range(3)],
        "findings": len(examine(once, saved).findings),
    }


def writer(name: str, count: str, steps: str) -> dict[str, Any]:
    """One of several that make the store at the same moment and log as fast as they can."""
    from mlops_magics.capture.tracking import track

    barrier = Path("barrier")
    (barrier / name).touch()
    while len(list(barrier.iterdir())) < int(count):
        sleep(0.001)
    began = perf_counter()
    run = track("bench", name)
    tracked = perf_counter()
    for step in range(int(steps)):
        run.log({"loss": 1 / (step + 1)}, step=step)
    logged = perf_counter()
    run.end()
    return {"logging": logged - tracked, "whole": perf_counter() - began, "lost": run._journal.lost}


def killed_journal(lines: str) -> None:
    """Write a journal and die of ``kill -9``. Without a keeper, which would fold a part of it meanwhile."""
    from mlops_magics.records import RunRevision
    from mlops_magics.store.identity import new_id
    from mlops_magics.store.journal import Journal
    from mlops_magics.store.location import locate, prepare

    layout = locate()
    prepare(layout)
    journal = Journal(layout, new_id())
    journal.record(RunRevision(experiment="bench", name="killed", status="running"))
    for step in range(int(lines)):
        journal.metric("loss", 1 / (step + 1), step)
    os.kill(os.getpid(), signal.SIGKILL)


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_cell("1 + 1;", store_history=True)
    return shell


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _times(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and those that this thread worked."""
    began, worked = perf_counter(), thread_time()
    work()
    return perf_counter() - began, thread_time() - worked


def _seconds_of_cell(shell: Any, count: int) -> float:
    times = []
    for number in range(count):
        source = f"x = {number}"
        began = perf_counter()
        shell.run_cell(source, store_history=True)
        times.append(perf_counter() - began)
    return median(times)


PARTS: dict[str, Callable[..., Any]] = {
    part.__name__: part
    for part in (load_ext, first_run, empty_runs, cells, notebook, fits, analysis, writer, killed_journal)
}

if __name__ == "__main__":
    part, folder, *arguments = sys.argv[1:]
    os.chdir(folder)
    print("\n" + json.dumps(PARTS[part](*arguments)))
