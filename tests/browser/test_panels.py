"""Panels in a real JupyterLab: curves that grow while their cell runs, a leaderboard that opens a difference, the pages
of a run, a difference and drift, and what is left when the kernel is gone.
"""

import pytest

from tests.browser.conftest import Lab, Tab, wait_for

pytestmark = pytest.mark.slow

LOGGING = """import math, time
for step in range(300):
    values = {"train/loss": math.exp(-step / 80) + 0.05 * math.sin(step), "val/auc": 1 - math.exp(-step / 50)}
    run.log(values, step=step)
    time.sleep(0.03)"""
MORE = """for name, depth in (("shallow", 2), ("deep", 9), ("deeper", 12)):
    with mlops_magics.track("flights", name, params={"depth": depth, "lr": depth / 10}) as other:
        for step in range(200):
            other.log({"train/loss": math.exp(-step / 20 / depth) + 0.02 * math.cos(step)}, step=step)
        other.log({"val/auc": 0.6 + depth / 50})"""
FITTED = """import numpy, pandas
from sklearn.linear_model import LogisticRegression
X = pandas.DataFrame(numpy.random.default_rng(0).normal(size=(2000, 2)), columns=["hour", "distance"])
%mlops track delays --name base
LogisticRegression().fit(X, X.hour > 0)
%mlops end
new = X * 1.3 + 0.2"""
CELLS = (
    "%load_ext mlops_magics\nimport mlops_magics",
    "run = %mlops track flights --name boosted\nrun.params({'n_estimators': 300, 'depth': 5, 'lr': 0.3})",
    "%mlops live",
    LOGGING,
    "%mlops end",
    MORE,
    "board = %mlops runs --panel\nboard",
    "[board.result.store.find(one).name for one in board.selected]",
    "%mlops live boosted shallow deep deeper --metric train/loss",
    "board.selected = ['shallow', 'boosted']",
    "%mlops show deep --panel",
    "%mlops diff shallow deep --panel",
    FITTED,
    "%mlops drift new --against base --panel",
)
PAGES = (10, 11, 13)
KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
CURVES = ".mlops-curves canvas >> nth=0"
DARK = """async theme => {
    const { app } = { app: window.jupyterapp };
    await app.commands.execute('apputils:change-theme', { theme });
}"""


@pytest.fixture(scope="module", autouse=True)
def _opened(lab: Lab, tab: Tab) -> None:
    tab.open(lab.write_notebook("panels.ipynb", *CELLS))


def last_step(tab: Tab) -> float:
    return float(tab.page.locator(CURVES).get_attribute("aria-valuemax"))


def cell(tab: Tab, index: int) -> object:
    return tab.page.locator(".jp-Notebook .jp-Cell").nth(index)


def test_a_live_curve_moves_while_its_cell_runs(tab: Tab) -> None:
    for index in range(3):
        tab.run(index)
    tab.start(3)
    tab.page.wait_for_selector(CURVES)
    wait_for(lambda: last_step(tab) > 20, 30)
    first = last_step(tab)
    wait_for(lambda: last_step(tab) > first + 20, 10)
    assert "about" in tab.page.locator(".mlops-going").inner_text()
    assert tab.page.evaluate(KERNEL) == "busy"
    # What needs no kernel works while it is busy.
    tab.page.locator(CURVES).focus()
    tab.page.keyboard.press("End")
    assert "train/loss · step" in tab.page.locator(".mlops-readout").inner_text()
    tab.page.get_by_label("Smoothing").fill("0.8")
    tab.save_picture("live-light")


def test_the_plain_result_has_stepped_back(tab: Tab) -> None:
    plain = tab.page.locator("[data-mlops-panel]")
    assert plain.count() == 1
    assert not plain.is_visible()


def test_a_leaderboard_sorts_and_what_is_selected_is_a_value(tab: Tab) -> None:
    for index in range(4, 7):
        tab.run(index)
    board = cell(tab, 6)
    board.locator("[role=grid]").wait_for()
    board.get_by_role("columnheader", name="val/auc").get_by_role("button").click()
    tab.page.wait_for_timeout(200)
    rows = board.locator(".mlops-body [role=row]")
    by_place = sorted(rows.all(), key=lambda row: int(row.get_attribute("aria-rowindex")))
    assert by_place[0].locator("[role=gridcell]").nth(1).inner_text() == "boosted"
    by_place[0].click()
    by_place[1].locator(".mlops-tick").click()
    wait_for(lambda: tab.run(7) == "['boosted', 'deeper']", 10)


def test_two_selected_open_their_difference(tab: Tab) -> None:
    board = cell(tab, 6)
    board.get_by_role("button", name="Diff").click()
    board.locator(".mlops-answer table").first.wait_for()
    assert "depth" in board.locator(".mlops-answer").inner_text()
    board.scroll_into_view_if_needed()
    tab.save_picture("leaderboard-light")


def test_python_selects_too(tab: Tab) -> None:
    tab.run(9)
    selected = cell(tab, 6).locator(".mlops-body [aria-selected=true]")
    wait_for(lambda: {row.locator("[role=gridcell]").nth(1).inner_text() for row in selected.all()}
             == {"shallow", "boosted"}, 10)  # fmt: skip


def test_a_run_opens_what_differs_from_another(tab: Tab) -> None:
    tab.run(10)
    page = cell(tab, 10).locator(".mlops-page")
    assert "flights / deep" in page.locator(".mlops-document").inner_text()
    page.get_by_role("slider", name="train/loss").focus()
    tab.page.keyboard.press("End")
    assert "train/loss · step 199" in page.locator(".mlops-readout").inner_text()
    choice = page.get_by_label("What differs from")
    choice.select_option(label=next(text for text in choice.locator("option").all_inner_texts() if "shallow" in text))
    page.locator(".mlops-answer table").first.wait_for()
    assert "depth" in page.locator(".mlops-answer").inner_text()


def test_a_difference_folds_and_has_both_curves(tab: Tab) -> None:
    tab.run(11)
    page = cell(tab, 11).locator(".mlops-page")
    assert page.locator(".mlops-legend button").all_inner_texts() == ["shallow", "deep"]
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert page.locator(".mlops-document details[open]").count() == 0
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator(".mlops-document details:not([open])").count() == 0
    assert "depth" in page.locator(".mlops-document").inner_text()


def test_drift_shows_the_distributions_of_a_column(tab: Tab) -> None:
    tab.run(12)
    tab.run(13)
    page = cell(tab, 13).locator(".mlops-page")
    assert "drifted from base" in page.locator(".mlops-document").inner_text()
    for column in ("distance", "hour"):
        page.get_by_label("Column").select_option(column)
        page.locator(f".mlops-answer img[alt^='Bar chart: {column} ']").first.wait_for()
    page.scroll_into_view_if_needed()
    tab.save_picture("drift-light")


def test_in_the_dark(tab: Tab) -> None:
    tab.page.evaluate(DARK, "JupyterLab Dark")
    tab.page.wait_for_timeout(1000)
    cell(tab, 6).scroll_into_view_if_needed()
    tab.page.get_by_text("Parallel coordinates").click()
    tab.page.get_by_text("Scatter", exact=True).click()
    tab.page.wait_for_timeout(500)
    tab.save_picture("leaderboard-dark")
    tab.run(8)
    cell(tab, 8).locator("canvas").wait_for()
    cell(tab, 8).scroll_into_view_if_needed()
    tab.page.wait_for_timeout(500)
    tab.save_picture("curves-dark")


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_a_screen_reader_can_use_them(tab: Tab, theme: str) -> None:
    tab.page.evaluate(DARK, theme)
    tab.page.wait_for_selector(f"body[data-jp-theme-light={str('Light' in theme).lower()}]", state="attached")
    tab.page.wait_for_timeout(500)
    for index in (6, 8, *PAGES):
        cell(tab, index).scroll_into_view_if_needed()  # what is out of sight is not on the page
        cell(tab, index).locator(".mlops-panel").first.wait_for()
        assert tab.violations(".jp-Notebook .mlops-panel") == [], index


def test_a_notebook_with_panels_closes_without_a_word(lab: Lab, tab: Tab) -> None:
    tab.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    tab.page.evaluate("() => window.jupyterapp.commands.execute('application:close')")
    tab.page.wait_for_selector(".jp-Notebook", state="detached")
    tab.page.wait_for_timeout(1000)
    assert tab.errors == []
    tab.open("panels.ipynb")


def test_when_the_kernel_is_gone_the_plain_results_are_there(tab: Tab, lab: Lab) -> None:
    tab.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    assert tab.errors == []
    assert tab.hosts - {""} == {"127.0.0.1"}
    tab.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    tab.page.reload()
    tab.wait_ready()
    plain = cell(tab, 6).locator("[data-mlops-panel] table")
    plain.first.wait_for()
    # What the run came to, not how it began.
    assert "step 299" in cell(tab, 2).locator("[data-mlops-panel]").inner_text()
    tab.page.wait_for_timeout(2000)
    assert "widget" not in cell(tab, 6).inner_text()
    tab.save_picture("kernel-gone")
