"""``python -m tests.bench [all | notebook | store | drift | significance | server | panels]``: print a table, save
``build/bench/``.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import capture, drift, notebook, panels, server, significance, store
from tests.bench.figure import Figure
from tests.bench.report import machine, save, table
from tests.bench.timing import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=["all", *CHOICES])
    what = parser.parse_args().what
    groups = GROUPS if what == "all" else CHOICES[what]
    for group in groups:
        with tempfile.TemporaryDirectory(prefix="mlops-bench-") as name:
            before = machine(Path(name))
            figures = list(GROUPS[group](Path(name)))
            facts = {**before, "load_after": machine(Path(name))["load"]}
        save(ROOT / "build" / "bench" / f"{group}.json", figures, facts)
        print(f"{table(figures)}\n{_conditions(group, facts)}\n", flush=True)


def _drift(folder: Path) -> Iterator[Figure]:
    for layout, found in drift.main().items():
        yield Figure.of(f"drift of 1M × 20 Parquet, {layout}", [found["seconds"]], "s")
        yield Figure.of("  × bare DuckDB histograms", [found["ratio"]], "×", 1.5,
                        beside=f"{found['bare_seconds']:.2f} s bare")
        yield Figure.of("  peak memory of its process", [found["peak_mb"]], "MB", 500)


def _conditions(group: str, facts: dict[str, object]) -> str:
    return (
        f"{group}: {facts['cpu_count']} cores, load {facts['load']} before and {facts['load_after']} after; "
        f"Python {facts['python']}, DuckDB {facts['duckdb']}, {facts['file_system']}"
    )


GROUPS = {
    "notebook": notebook.figures, "capture": capture.figures, "store": store.figures, "drift": _drift,
    "significance": significance.figures, "server": server.figures, "panels": panels.figures,
}  # fmt: skip
CHOICES = {
    "notebook": ("notebook",), "store": ("capture", "store"), "drift": ("drift",), "significance": ("significance",),
    "server": ("server",), "panels": ("panels",),
}  # fmt: skip

if __name__ == "__main__":
    main()
