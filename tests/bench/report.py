"""What a group of benchmarks came to: a table for people, JSON for machines."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_magics.store.location import file_system
from tests.bench.figure import Figure

HEADINGS = ("figure", "measured", "rounds", "at most", "", "beside it, in the same run")
RIGHT = {1, 2, 3}


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text; ``rounds`` is the least and the greatest of them."""
    rows = [HEADINGS, *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.rjust(width) if column in RIGHT else cell.ljust(width)
                  for column, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    )  # fmt: skip


def save(path: Path, figures: Sequence[Figure], facts: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": facts, "figures": [figure.to_dict() for figure in figures]}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine(folder: Path) -> dict[str, Any]:
    """What the figures depend on. ``load`` is the number of processes that wanted a core over the last minute."""
    versions = {name: importlib.metadata.version(name) for name in ("duckdb", "ipython", "orjson", "pandas", "pyarrow")}
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu_count": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "file_system": file_system(folder),
        **versions,
    }


def _row(figure: Figure) -> tuple[str, ...]:
    rounds = f"{_number(min(figure.rounds))}–{_number(max(figure.rounds))}" if len(figure.rounds) > 1 else ""
    limit = "" if figure.limit is None else f"{figure.limit:g} {figure.unit}".strip()
    measured = f"{_number(figure.measured)} {figure.unit}".strip()
    return figure.name, measured, rounds, limit, figure.verdict, figure.beside


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1_000 else f"{value:,.0f}"
