"""Runs 01_quickstart.ipynb on real data, a line per step, and prints what came out of it. Called by ``make demo``."""

import os
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

HERE = Path(__file__).parent
NOTEBOOK = HERE / "01_quickstart.ipynb"


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The kernel works in the demo's folder, so that its store and bundle stay there.
    os.environ["PYTHONPATH"] = str(HERE)
    # Two OpenMP threads that spin for each other are far slower than ones that wait, when the machine is busy.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ["MLOPS_STORE"] = str(folder / ".mlops")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    execute(notebook, folder)
    page = folder / NOTEBOOK.with_suffix(".html").name
    nbformat.write(notebook, folder / NOTEBOOK.name)
    page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    report(folder, page)


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
        # Its kernel is on this machine; that its port is not encrypted need not be said.
        extra_arguments=["--IPKernelApp.log_level=40"],
    )
    steps = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    with client.setup_kernel():
        for number, index in enumerate(steps, 1):
            cell = notebook.cells[index]
            label = next(line for line in cell.source.splitlines() if line.strip())
            print(f"[{number:2}/{len(steps)}] {label[:70]:<70}", end=" ", flush=True)
            began = time.perf_counter()
            client.execute_cell(cell, index)
            print(f"{time.perf_counter() - began:6.1f} s", flush=True)


def report(folder: Path, page: Path) -> None:
    import mlops_magics as mlops
    from mlops_magics.release.bundle import load_bundle

    store = mlops.open_store()
    verdicts = [verdict for verdict in store.verdicts("boosted") if verdict.question == "drift"]
    print()
    print(mlops.runs("flights", best="val_auc"))
    print()
    print(mlops.diff("baseline", "boosted"))
    print()
    print(f"drift of {verdicts[0].subject} against boosted: {verdicts[0].verdict}. {verdicts[0].detail['sentence']}")
    print(f"the bundle, ready to be loaded: {shown(load_bundle(folder / 'bundles' / 'flights').path)}")
    print(f"the notebook, a page to look at: {shown(page)}")


def shown(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
