"""Drift of a million rows × 20 columns of Parquet against a stored profile, and the bare DuckDB queries below it."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROWS = 1_000_000
REPEATS = 5
MEMORY = """
import json, resource, sys
from pathlib import Path
from mlops_magics.data.profile import Profile
from mlops_magics.monitor.drift import drift
report = drift(sys.argv[1], against=Profile.from_dict(json.loads(open(sys.argv[2]).read())))
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss of a child starts at what its parent held
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(report.verdict, peak / 1024)
"""


def write(path: Path, *, seed: int, shift: float, row_group_size: int) -> None:
    """14 columns of numbers, five of text with 3 to 5,000 levels, one of booleans; ``shift`` moves three of them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"normal{i}": random.normal(size=ROWS) + (i == 0) * shift for i in range(6)}
    columns |= {f"skewed{i}": random.lognormal(size=ROWS) * (1 + (i == 0) * shift) for i in range(3)}
    columns |= {f"uniform{i}": random.random(ROWS) for i in range(2)}
    columns |= {"hour": random.integers(0, 24, ROWS), "count": random.poisson(3 + shift, ROWS),
                "id": random.integers(0, 10**6, ROWS)}
    for levels in (3, 16, 100, 1_000, 5_000):
        names = np.array([f"level {i:04}" for i in range(levels)])
        chosen = np.minimum(random.random(ROWS) ** 2 * levels, levels - 1).astype(int)
        columns[f"text{levels}"] = pa.array(names[chosen])
    columns["flag"] = random.random(ROWS) < 0.3
    columns["normal1"] = pa.array(columns["normal1"], mask=random.random(ROWS) < 0.05)
    pq.write_table(pa.table(columns), path, row_group_size=row_group_size)


def bare_queries(path: Path, spans: dict[str, tuple[float, float]], texts: list[str]) -> list[str]:
    """A histogram of 64 bins with fixed edges per column of numbers, a count per level for the others."""
    source = f"read_parquet('{path}')"
    queries = [
        f"SELECT CAST(CASE WHEN {name} IS NULL THEN -2 ELSE least(greatest(floor(({name} - ({low})) / {high - low} "
        f"* 64), -1), 64) END AS INTEGER) AS bin, count(*) FROM {source} GROUP BY 1"
        for name, (low, high) in spans.items()
    ]
    return queries + [f"SELECT {name}, count(*) FROM {source} GROUP BY 1" for name in texts]


def seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(folder: Path, *, row_group_size: int) -> dict[str, float]:
    """Both, interleaved, and the peak memory of a fresh process that does nothing but the check."""
    import duckdb

    from mlops_magics.data.engines.duckdb import profile_table
    from mlops_magics.data.frames import open_table
    from mlops_magics.data.profile import Profile
    from mlops_magics.monitor.drift import drift
    from mlops_magics.records import encode

    reference, current, stored = folder / "reference.parquet", folder / "current.parquet", folder / "profile.json"
    write(reference, seed=1, shift=0.0, row_group_size=row_group_size)
    write(current, seed=2, shift=0.1, row_group_size=row_group_size)
    table = open_table(reference)
    profile = profile_table(table)
    stored.write_text(encode(profile.to_dict()), encoding="utf-8")
    spans = {name: (column.minimum or 0.0, column.maximum or 0.0)
             for name, column in profile.columns.items() if column.grid is not None}
    queries = bare_queries(current, spans, [name for name in table.columns if name not in spans])

    def ours() -> None:
        drift(current, against=Profile.from_dict(json.loads(stored.read_text(encoding="utf-8"))))

    def bare() -> None:
        with duckdb.connect() as connection:
            for query in queries:
                connection.execute(query).fetchall()

    ours(), bare()
    times = [(seconds(ours), seconds(bare)) for _ in range(REPEATS)]
    mine, limit = median(pair[0] for pair in times), median(pair[1] for pair in times)
    fresh = subprocess.run([sys.executable, "-c", MEMORY, str(current), str(stored)],
                           capture_output=True, text=True, check=True)
    return {"seconds": mine, "bare_seconds": limit, "ratio": mine / limit, "peak_mb": float(fresh.stdout.split()[1]),
            "profile_bytes": stored.stat().st_size}


def main() -> dict[str, Any]:
    """Print and return the figures for one row group (pyarrow's layout) and for many (DuckDB's)."""
    results = {}
    for name, size in (("one row group", 1_048_576), ("row groups of 122,880", 122_880)):
        with tempfile.TemporaryDirectory() as folder:
            results[name] = found = measure(Path(folder), row_group_size=size)
        print(f"drift 1M x 20, {name}: {found['seconds']:.2f} s, bare histograms {found['bare_seconds']:.2f} s, "
              f"ratio {found['ratio']:.2f} (limit 1.5), peak {found['peak_mb']:.0f} MB (limit 500)")
    return results


if __name__ == "__main__":
    main()
