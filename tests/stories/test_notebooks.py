"""The notebooks a newcomer runs do what they tell, with the outputs they show."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import mlops_magics as mlops
from mlops_magics.store.queries import Store

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def run_through(place: Path, name: str) -> Store:
    """Run a notebook where it finds nothing but its neighbours; returns the store it left."""
    leftovers = shutil.ignore_patterns(".mlops", "bundles", "*.parquet", ".ipynb_checkpoints")
    shutil.copytree(NOTEBOOKS, place, ignore=leftovers)
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout=300", "-q", "-p", "no:cacheprovider",
         "-c", os.devnull, "--rootdir", str(place), name],
        cwd=place, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return mlops.open_store(place / ".mlops")


@pytest.mark.slow
def test_what_happened(tmp_path: Path) -> None:
    place = tmp_path / "notebooks"
    store = run_through(place, "02_what_happened.ipynb")
    judged = {item.question: item for item in store.verdicts("tangled")}
    assert judged["notebook"].verdict == "fail"
    found = {finding["kind"] for finding in judged["notebook"].detail["findings"]}
    assert found == {"out_of_order", "stale", "edited", "deleted", "failed"}
    assert judged["replay"].verdict == "pass"
    assert {table.origins for table in store.datasets("tangled")} == {("january.parquet",)}
    tidy = [cell.source for cell in nbformat.read(place / "tidy.ipynb", as_version=4).cells]
    assert tidy.count("january = january.iloc[::2]") == 2
    assert not any("feature_importances_" in source or "plot.bar" in source for source in tidy)


@pytest.mark.slow
def test_comparing(tmp_path: Path) -> None:
    place = tmp_path / "notebooks"
    store = run_through(place, "03_compare.ipynb")
    runs = {run.name: run for run in store.all_runs() if run.parent is None}
    assert list(runs) == ["baseline", "boosted", "without-weather", "searched"]
    assert {run.status for run in runs.values()} == {"finished"}
    judged = [item for item in store.verdicts("boosted") if item.question == "significance"]
    (found,) = [item for item in judged if item.subject == "baseline"]
    assert found.verdict == "pass"
    assert "on origin = JFK they are not told apart" in found.detail["sentence"]
    # Fits of the person, not those that a metric makes for itself.
    assert len(store.fits("boosted")) == 12


@pytest.mark.slow
def test_the_quickstart(tmp_path: Path) -> None:
    place = tmp_path / "notebooks"
    store = run_through(place, "01_quickstart.ipynb")
    assert [run.name for run in store.all_runs()] == ["baseline", "boosted"]
    assert {run.status for run in store.all_runs()} == {"finished"}
    assert store.find("@best:val_auc").name == "boosted"
    assert mlops.diff("baseline", "boosted", store=store).metrics
    verdicts = [item for item in store.verdicts("boosted") if item.question == "drift"]
    assert len(verdicts) == 10
    assert verdicts[0].subject == "july"
    assert verdicts[0].verdict == "fail"
    assert mlops.load_bundle(place / "bundles" / "flights").manifest.run["name"] == "boosted"


def test_outputs_are_kept_and_name_no_machine() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code), f"{path.name} was not run before it was kept"
        text = path.read_text(encoding="utf-8")
        for foreign in ("/home/", "/tmp/", "/Users/", str(Path.home()), str(NOTEBOOKS.parent)):
            assert foreign not in text, f"{path.name} names {foreign}"
