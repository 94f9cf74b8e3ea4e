"""What being tracked costs a notebook: its cells in a shell and in a kernel, its fits, its first cell, its end."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from tests.bench.cells import notebook
from tests.bench.figure import Figure, milliseconds
from tests.bench.kernel import kernel
from tests.bench.timing import fresh

CELLS = 200
ROUNDS = 5
KERNELS = 5
AWAIT_ENVIRONMENT = """
import threading
for thread in threading.enumerate():
    if thread.name == "mlops-environment":
        thread.join()
"""
WORK = "total = 0\nfor number in range(1_000_000):\n    total += number * number"


def figures(folder: Path) -> Iterator[Figure]:
    yield from _in_a_shell(folder / "shell")
    yield from _in_a_kernel(folder / "kernel")
    yield from _first_cells(folder / "first")
    yield from _fits(folder / "fits")
    yield from _analysis(folder / "analysis")


def _in_a_shell(folder: Path) -> Iterator[Figure]:
    found = fresh("notebook", folder, CELLS, ROUNDS)
    plain, tracked = _at_best(found["plain"]), _at_best(found["tracked"])
    more = _differences(tracked, plain)
    yield Figure.of(f"tracked cell, {CELLS} cells in IPython", [median(more)], "ms", 1,
                    beside=f"{median(plain) * 1e3:.2f} ms the same cell untracked")
    work = _differences(_at_best(found["tracked_work"]), _at_best(found["plain_work"]))
    yield Figure.of("  its own thread's work", [median(work)], "ms", 1)
    yield Figure.of("  of the slowest tenth of them, from", [quantiles(work, n=10)[-1]], "ms")
    yield Figure.of("  track after these cells", found["track"], "s")
    yield Figure.of("  end of their run", found["end"], "s")


def _in_a_kernel(folder: Path) -> Iterator[Figure]:
    cells = notebook(CELLS)
    rounds: dict[str, list[list[float]]] = {"plain": [], "tracked": []}
    with kernel(folder) as running:
        running.all_seconds(cells)
        for number in range(ROUNDS):
            rounds["plain"].append(running.all_seconds(cells))
            running.seconds(f"%load_ext mlops_magics\n%mlops track bench --name kernel{number}")
            running.seconds(AWAIT_ENVIRONMENT)
            rounds["tracked"].append(running.all_seconds(cells))
            running.seconds("%mlops end\n%unload_ext mlops_magics")
    plain, tracked = _at_best(rounds["plain"]), _at_best(rounds["tracked"])
    yield Figure.of(f"tracked cell, {CELLS} cells in a kernel", [median(_differences(tracked, plain))], "ms", 1,
                    beside=f"{median(plain) * 1e3:.2f} ms the same cell untracked, as its front end sees it")


def _first_cells(folder: Path) -> Iterator[Figure]:
    """What the look at the environment costs the cells that run meanwhile, in kernels that know nothing yet."""
    short, long, plain = [], [], []
    for number in range(KERNELS):
        with kernel(folder / str(number)) as running:
            running.seconds(WORK)
            running.seconds("%load_ext mlops_magics")
            running.seconds("%mlops track bench --name first")
            first, work = running.seconds("x = 1"), running.seconds(WORK)
            running.seconds(AWAIT_ENVIRONMENT)
            later = median(running.seconds("x = 1") for _ in range(5))
            plain.append(median(running.seconds(WORK) for _ in range(5)))
            short.append(first - later)
            long.append(work - plain[-1])
    yield Figure.of("first cell delayed by the look around", milliseconds(short), "ms", 50)
    yield Figure.of("  a cell of pure Python right after it", milliseconds(long), "ms", 50,
                    beside=f"{median(plain) * 1e3:.0f} ms the same cell later")


def _fits(folder: Path) -> Iterator[Figure]:
    """What is added does not grow with the fit, so a short one on the same rows shows it too, on a busy machine."""
    for name, trees, rounds in (("a fit of a second", 40, 9), ("a short fit on the same rows", 1, 25)):
        found = fresh("fits", folder / str(trees), 4_000, trees, rounds)
        least = {kind: min(milliseconds(times)) for kind, times in found.items() if kind != "said"}
        allowed = round(max(0.02 * least["plain"], 5), 1)
        yield Figure.of(f"autologged, {name}", [least["tracked"] - least["plain"]], "ms", allowed,
                        beside=f"{least['plain']:.0f} ms untracked")
        yield Figure.of("  its own thread's work", [least["tracked_work"] - least["plain_work"]], "ms", allowed)


def _analysis(folder: Path) -> Iterator[Figure]:
    rounds = [fresh("analysis", folder / str(number), CELLS) for number in range(3)]
    yield Figure.of(f"analysis of {CELLS} cells, seen the first time", [found["first"] for found in rounds], "s", 0.2,
                    beside=f"{rounds[0]['findings']} findings")
    yield Figure.of("  seen before", [each for found in rounds for each in found["later"]], "s")
    yield Figure.of("  run five times each", [each for found in rounds for each in found["many"]], "s")
    yield Figure.of(f"what the last of {5 * CELLS:,} executions stood on", [each for found in rounds
                    for each in found["needed"]], "s", 0.2)


def _at_best(rounds: Sequence[Sequence[float]]) -> list[float]:
    """The least seconds of each cell: what else a busy machine did in a round is no cost of the cell."""
    return [min(times) for times in zip(*rounds, strict=True)]


def _differences(tracked: Sequence[float], plain: Sequence[float]) -> list[float]:
    """Cell by cell, in milliseconds."""
    return milliseconds([more - less for more, less in zip(tracked, plain, strict=True)])
