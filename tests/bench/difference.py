"""How fast two variants are told apart: the difference itself, and what showing it reads on top."""

from collections.abc import Iterator
from pathlib import Path

from mlops_magics.compare.difference import diff, diff_matrix
from mlops_magics.records import Artifact, Cell, Dataset, Environment, Param, Record, RunRevision, Text, encode
from mlops_magics.store import open_store
from mlops_magics.store.queries import Store
from tests.bench.figure import Figure
from tests.bench.timing import in_turns

ROUNDS = 9
CURVE_POINTS = 10_000


def figures(folder: Path) -> Iterator[Figure]:
    plain, curved = open_store(folder / "plain"), open_store(folder / "curved")
    for number in range(8):
        _record(plain, number, points=1)
    for number in range(3):
        # The last one repeats the one before: all its curves have to be looked at point by point.
        _record(curved, min(number, 1), points=CURVE_POINTS, name=f"run{number}")
    for store in (plain, curved):
        store.fold()
    found = diff("run0", "run1", store=plain, tests=False)
    assert (len(found.params), len(found.metrics), len(found.cells)) == (99, 50, 40)
    assert len(diff("run0", "run1", store=curved, tests=False).curves) == 50
    assert diff("run1", "run2", store=curved, tests=False).is_empty
    times = in_turns(
        {
            "plain": lambda: diff("run0", "run1", store=plain, tests=False),
            "shown": lambda: diff("run0", "run1", store=plain, tests=False)._repr_html_(),
            "curves": lambda: diff("run0", "run1", store=curved, tests=False),
            "equal": lambda: diff("run1", "run2", store=curved, tests=False),
            "read": lambda: diff("run0", "run1", store=curved, tests=False).read_curves(),
            "matrix": lambda: diff_matrix([f"run{number}" for number in range(8)], plain, tests=False),
        },
        rounds=ROUNDS,
    )
    beside = "100 parameters, 50 metrics, 40 cells, 300 packages"
    yield Figure.of("diff of two runs", times["plain"], "s", 0.1, beside=beside)
    yield Figure.of("  and shown", times["shown"], "s")
    yield Figure.of("  with 50 curves × 10,000 points", times["curves"], "s", 0.1)
    yield Figure.of("  with as many that are equal", times["equal"], "s", beside="1,000,000 points looked at")
    yield Figure.of("  aligned step by step", times["read"], "s", beside="1,000,000 points read")
    yield Figure.of("8 runs side by side", times["matrix"], "s")


def _record(store: Store, number: int, *, points: int, name: str | None = None) -> None:
    journal = store.open_journal(store.new_run_id())
    journal.record(RunRevision(experiment="bench", name=name or f"run{number}", status="running"))
    for record in _facts(number):
        journal.record(record)
    for step in range(points):
        journal.metrics({f"metric{index}": number / 3 + index / (step + 1) for index in range(50)}, step)
    journal.record(RunRevision(status="finished"))
    journal.close()


def _facts(number: int) -> Iterator[Record]:
    for index in range(100):
        yield Param(key=f"param{index}", value=index * (1 + number))
    for position in range(1, 41):
        source = Text.of(f"c{position} = load()\n" + f"y{position + number} = x * {number + 1}\n" * 12)
        yield source
        yield Cell(cell=f"cell{position}", position=position, source=source.sha256, status="ok")
    packages = Text.of(encode({f"package{index}": f"1.{index}" for index in range(300)}))
    yield packages
    yield Environment(python="3.13.1", platform="Linux", packages=packages.sha256, git_commit=f"{number}" * 40)
    yield Dataset(name="X", role="fit", fingerprint=f"{number}" * 64, rows=1_000, columns={"a": "number"})
    yield Artifact(name="model", type="model", sha256=f"{number}" * 64, size_bytes=1_000)
