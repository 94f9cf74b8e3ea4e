"""The notebook about comparing, run cell by cell in JupyterLab: its curves grow, its panels work. The README's pictures
are taken here.
"""

import shutil

import nbformat
import pytest

from tests.browser.conftest import ROOT, Lab, Tab, wait_for

pytestmark = pytest.mark.slow

NAME = "03_compare.ipynb"
TRAINING = "for rounds in range"
DIFF = "%mlops diff baseline boosted"
NAMING = "%mlops tag --run boosted alias=champion"
CURVES = ".mlops-curves canvas >> nth=0"


@pytest.fixture(scope="module", autouse=True)
def _opened(lab: Lab, tab: Tab) -> None:
    for name in (NAME, "flights.py"):
        shutil.copy(ROOT / "notebooks" / name, lab.root / name)
    notebook = nbformat.read(lab.root / NAME, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, lab.root / NAME)
    tab.open(NAME)


def index_of(text: str) -> int:
    """The cell that is this text, or else the one that holds it."""
    cells = nbformat.read(ROOT / "notebooks" / NAME, as_version=4).cells
    code = {index: cell.source for index, cell in enumerate(cells) if cell.cell_type == "code"}
    found = [index for index, source in code.items() if source == text]
    found = found or [index for index, source in code.items() if text in source]
    assert len(found) == 1, text
    return found[0]


def run_to(tab: Tab, last: str, *, after: str | None = None) -> None:
    """Run the cells before ``last``, from the top or from the one that follows ``after``."""
    cells = nbformat.read(ROOT / "notebooks" / NAME, as_version=4).cells
    for index in range(index_of(after) + 1 if after else 0, index_of(last)):
        if cells[index].cell_type == "code":
            tab.run(index)


def show(tab: Tab, index: int) -> object:
    """Scroll a cell to the top of the notebook."""
    cell = tab.page.locator(".jp-Notebook .jp-Cell").nth(index)
    cell.evaluate("element => element.scrollIntoView({ block: 'start' })")
    return cell


def test_curves_grow_while_trees_do(tab: Tab) -> None:
    run_to(tab, TRAINING)
    tab.start(index_of(TRAINING))
    tab.page.wait_for_selector(CURVES)
    wait_for(lambda: float(tab.page.locator(CURVES).get_attribute("aria-valuemax") or 0) >= 80, 120)
    show(tab, index_of("%mlops live"))
    tab.page.locator(CURVES).focus()
    tab.page.keyboard.press("End")
    tab.save_picture("live")
    assert tab.page.locator(".mlops-going").inner_text().startswith("boosted running")


def test_the_difference_says_where_it_is_better(tab: Tab) -> None:
    run_to(tab, DIFF, after=TRAINING)
    assert "boosted is better by" in tab.run(index_of(DIFF))
    show(tab, index_of(DIFF))
    tab.page.wait_for_timeout(500)
    tab.save_picture("diff")


def test_the_panel_opens_the_run(tab: Tab) -> None:
    tab.run(index_of(NAMING))
    tab.show_panel()
    tab.page.wait_for_selector("#mlops-panel section[aria-label=Models] .mlops-alias >> text=champion")
    tab.page.locator("#mlops-panel").get_by_text("boosted").first.click()
    tab.page.get_by_text("Cells in the order they ran").wait_for()
    tab.page.wait_for_timeout(1500)
    tab.save_picture("panel")
    assert tab.errors == []
    assert tab.hosts - {""} == {"127.0.0.1"}
