"""A panel where no widget lives: a notebook executed without a page, its export, a shell, a terminal."""

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from mlops_magics import track
from mlops_magics.faces.cli import main

pytestmark = pytest.mark.slow

VIEW = "application/vnd.jupyter.widget-view+json"
CELLS = (
    "%load_ext mlops_magics",
    """for name in ('baseline', 'boosted'):
    run = %mlops track flights --name {name}
    for step in range(3):
        run.log(loss=1 / (1 + step), step=step)
    run.params(depth=len(name))
    _ = %mlops end""",
    "%mlops runs --panel",
    "%mlops live",
    "%mlops diff baseline boosted --panel",
    "%mlops show boosted --panel",
    "import mlops_magics\nboard = mlops_magics.panel(mlops_magics.runs())\nboard.selected = ['boosted']\nboard",
)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("executed")
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def test_without_a_page_the_plain_results_are_there(executed) -> None:
    assert "widgets" not in executed.metadata
    for cell in executed.cells[2:]:
        # A bar that was shown before is empty by now.
        (output,) = (one for one in cell.outputs if one.data["text/plain"])
        assert set(output.data) == {"text/plain", "text/html"}
        assert output.data["text/html"].startswith("<div data-mlops-panel=")
    assert "<table" in executed.cells[2].outputs[-1].data["text/html"]
    assert "boosted" in executed.cells[2].outputs[-1].data["text/plain"]
    assert "data:image/svg+xml" in executed.cells[3].outputs[-1].data["text/html"]


def test_exported_they_are_still_there_and_need_no_script_from_elsewhere(executed) -> None:
    html, _ = HTMLExporter().from_notebook_node(executed)
    panels = re.findall(r'<div data-mlops-panel="\w+" data-mlops-plain="alone">', html)
    assert len(panels) == len(CELLS) - 2
    assert "html-manager" not in html
    assert VIEW not in html
    for part in html.split('<div data-mlops-panel="')[1:]:
        assert "<script" not in part.partition("</details>")[0].partition('class="jp-Cell')[0]


def test_a_page_that_names_its_cells_gets_a_widget(start) -> None:
    kernel = start()
    kernel.ask("%mlops track flights --name a\n_ = %mlops end", "one")
    plain, live = kernel.ask("%mlops runs --panel", "two")
    assert "<table" in plain["data"]["text/html"]
    assert "a    finished" in plain["data"]["text/plain"]
    assert set(live["data"]) == {VIEW, "text/plain"}
    (live,) = kernel.ask("from mlops_magics import panel, runs\npanel(runs())._repr_mimebundle_()", "three")
    assert VIEW in live["data"]["text/plain"]
    assert "<table" in live["data"]["text/plain"]


def test_in_a_shell_the_plain_result_is_the_answer(store, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MLOPS_STORE", str(store.path))
    with track("flights", "a", store=store) as run:
        for step in range(3):
            run.log(loss=1.0, step=step)
    shown = []
    for words in (["runs"], ["runs", "--panel"], ["live"], ["live", "a", "--metric", "loss"]):
        assert main(words) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert "loss · step" in shown[2]
    assert shown[2] == shown[3]
    assert main(["live", "a", "--metric", "los"]) == 2
    assert "loss" in capsys.readouterr().err
