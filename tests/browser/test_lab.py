"""A person's first hour with the extension in JupyterLab; the tests are its chapters, in order, in one browser."""

import subprocess
import sys

import pytest

from tests.browser.conftest import Lab, Tab, wait_for

pytestmark = pytest.mark.slow

CELLS = (
    "%load_ext mlops_magics\n%mlops track flights --name baseline",
    "depth = 3",
    "%mlops params depth={depth}",
    """import itertools, pathlib, time
for step in itertools.count():
    get_ipython().run_line_magic("mlops", f"log loss={1 / (step + 1)} --step {step}")
    time.sleep(0.1)
    if pathlib.Path("enough").exists():
        break""",
    "open('notes.txt', 'w').write('calm') and None\n%mlops artifact notes.txt",
    "%mlops end",
    "%mlops track flights --name deeper\n%mlops params depth=9\n%mlops log loss=0.01",
    "%mlops end",
)
LIVE = "#mlops-panel section[aria-label=Live] .mlops-run"
PAGE = ".mlops-Page:visible"
CURRENT = "window.jupyterapp.shell.currentWidget"
STATUS = """() => [...window.jupyterapp.shell.widgets('main')].find(one => one.sessionContext)
    .sessionContext.session.kernel.status"""


@pytest.fixture(scope="module", autouse=True)
def _opened(lab: Lab, tab: Tab) -> None:
    tab.open(lab.write_notebook("flights.ipynb", *CELLS))


def show_notebook(tab: Tab) -> None:
    tab.page.evaluate(
        """() => {
            const app = window.jupyterapp;
            app.shell.activateById([...app.shell.widgets('main')].find(one => one.sessionContext).id);
        }"""
    )


def canvas_end(tab: Tab) -> float:
    """How far the curve reaches."""
    return float(tab.page.locator(f"{PAGE} canvas").first.get_attribute("aria-valuemax"))


@pytest.mark.parametrize(("kind", "name"), [("labextension", "mlops-magics"), ("server extension", "mlops_magics")])
def test_jupyter_lists_it_as_enabled_and_ok(lab: Lab, kind: str, name: str) -> None:
    asked = [sys.executable, "-m", "jupyter", *kind.split(), "list"]
    done = subprocess.run(asked, env=lab.environment(), capture_output=True, text=True, timeout=60, check=True)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if name in line]
    assert any("enabled" in line for line in lines), done.stdout + done.stderr
    assert any("OK" in line for line in lines), done.stdout + done.stderr


def test_the_panel_lists_a_run_as_soon_as_it_is_tracked(tab: Tab) -> None:
    tab.show_panel()
    tab.page.wait_for_selector("#mlops-panel >> text=No run was recorded")
    tab.run(0)
    tab.page.wait_for_selector(f"{LIVE} >> text=flights / baseline")
    tab.page.wait_for_selector(".mlops-active >> text=flights / baseline")


def test_the_marks_follow_what_runs_and_what_is_edited(tab: Tab) -> None:
    tab.run(1)
    tab.run(2)
    wait_for(lambda: tab.states()[:4] == ["fresh", "fresh", "fresh", "outside"], 20, lambda: str(tab.states()))
    tab.set_source(1, "depth = 4")
    wait_for(lambda: tab.states()[1] == "edited", 20, lambda: str(tab.states()))
    said = tab.page.locator(".mlops-mark[data-state=edited]").get_attribute("aria-label")
    assert said.startswith("edited: In [2]"), said
    tab.save_picture("marks")
    tab.set_source(1, "depth = 3")
    wait_for(lambda: tab.states()[1] == "fresh", 20, lambda: str(tab.states()))


def test_the_curve_of_a_run_moves_while_its_cell_runs(lab: Lab, tab: Tab) -> None:
    tab.start(3)
    tab.page.wait_for_selector("#mlops-panel section[aria-label=Live] >> text=/loss .* at step/")
    tab.page.click(f"{LIVE} >> text=flights / baseline")
    tab.page.wait_for_selector(f"{PAGE} canvas")
    first = canvas_end(tab)
    wait_for(lambda: canvas_end(tab) >= first + 5, 60)
    tab.save_picture("live-curve")
    assert tab.page.evaluate(STATUS) == "busy"
    (lab.root / "enough").touch()
    wait_for(lambda: tab.page.evaluate(STATUS) == "idle", 30)


def test_the_page_of_a_run_shows_its_cells_and_files_and_leads_back_to_them(tab: Tab) -> None:
    show_notebook(tab)
    tab.run(4)
    tab.run(5)
    tab.page.wait_for_selector(".mlops-active", state="detached")
    tab.page.click("#mlops-panel .mlops-experiment >> text=baseline")
    tab.page.wait_for_selector(f"{PAGE} >> text=finished")
    tab.page.click(f"{PAGE} summary >> text=Cells in the order they ran")
    tab.page.wait_for_selector(f"{PAGE} summary >> text=[3] %mlops params depth={{depth}}")
    tab.page.click(f"{PAGE} summary >> text=Files")
    with tab.page.expect_download() as saving:
        tab.page.click(f"{PAGE} button >> text=notes.txt")
    assert saving.value.path().read_text(encoding="utf-8") == "calm"
    tab.page.click(f"{PAGE} summary >> text=What was recorded")
    tab.page.click(f"{PAGE} tr:has(th:text-is('loss')) button")
    wait_for(lambda: tab.page.evaluate(f"() => {CURRENT}.content.activeCellIndex") == 3, 10)


def test_the_difference_to_another_run_is_shown(tab: Tab) -> None:
    show_notebook(tab)
    tab.run(6)
    tab.run(7)
    tab.page.click("#mlops-panel .mlops-experiment >> text=baseline")
    tab.page.wait_for_selector(PAGE)
    tab.command("mlops:compare")
    tab.page.locator(".jp-Dialog select").select_option(index=0)
    tab.page.click(".jp-Dialog .jp-mod-accept")
    tab.page.wait_for_selector(f"{PAGE} .mlops-difference >> text=depth")
    assert "deeper" in tab.page.locator(f"{PAGE} .mlops-choice option:checked").inner_text()
    told = tab.page.inner_text(f"{PAGE} .mlops-difference")
    assert "deeper" in told
    assert "9" in told
    tab.page.locator(f"{PAGE} .mlops-legend button").nth(1).wait_for()
    tab.save_picture("lab-light")


def test_all_runs_are_sorted_filtered_and_compared_in_a_tab(tab: Tab) -> None:
    tab.page.click("#mlops-panel >> text=Show all runs")
    board = tab.page.locator(".mlops-leaderboard:visible")
    rows = board.locator(".mlops-body [role=row]")
    rows.nth(1).wait_for()
    for expected in ("deeper", "baseline"):
        header = board.get_by_role("columnheader", name="loss")
        wait_for(lambda header=header, expected=expected: _clicked(header, rows, expected), 20)
    field = board.get_by_label("Filter")
    field.fill("loss >")
    board.get_by_role("alert").filter(has_text="a value is expected").wait_for()
    assert rows.count() == 2
    field.fill("loss > 0.5")
    rows.nth(1).wait_for(state="detached")
    field.fill("")
    rows.nth(1).wait_for()
    rows.nth(0).click()
    rows.nth(1).click(modifiers=["Control"])
    board.get_by_role("button", name="Diff").click()
    board.locator(".mlops-answer >> text=depth").first.wait_for()
    tab.save_picture("lab-runs")
    assert tab.violations(".mlops-leaderboard") == []
    tab.page.click("#mlops-panel .mlops-experiment >> text=baseline")
    tab.page.wait_for_selector(f"{PAGE} .mlops-difference >> text=depth")


def _clicked(header, rows, expected: str) -> bool:
    """Sort once more by a column; whether this row comes first now."""
    header.get_by_role("button").click()
    rows.page.wait_for_timeout(200)
    first = min(rows.all(), key=lambda row: int(row.get_attribute("aria-rowindex")))
    return expected in first.inner_text()


def test_nothing_in_it_shuts_anybody_out(tab: Tab) -> None:
    assert tab.violations("#mlops-panel", ".mlops-Page:not(.lm-mod-hidden)") == []
    tab.command("apputils:change-theme", {"theme": "JupyterLab Dark"})
    tab.page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    tab.page.wait_for_timeout(500)
    tab.save_picture("lab-dark")
    assert tab.violations("#mlops-panel", ".mlops-Page:not(.lm-mod-hidden)") == []
    show_notebook(tab)
    tab.save_picture("notebook-dark")
    assert tab.violations(".jp-Notebook .mlops-mark") == []
    tab.command("apputils:change-theme", {"theme": "JupyterLab Light"})
    tab.page.wait_for_selector("body[data-jp-theme-light=true]", state="attached")


def test_the_cells_a_command_writes_stand_where_they_ran(lab: Lab, tab: Tab) -> None:
    cells = ("first = 1", "second = first", "third = second", "1 / 0", "late = 1")
    tab.open_beside(lab.write_notebook("middle.ipynb", *cells))
    tab.run(0)
    tab.command("mlops:track", {"experiment": "middle"})
    tab.page.wait_for_selector(".mlops-active >> text=middle")
    tab.run(2)
    tab.page.evaluate(f"() => {{ {CURRENT}.content.activeCellIndex = 0 }}")
    tab.command("mlops:end")
    tab.page.wait_for_selector(".mlops-active", state="detached")
    sources = tab.page.evaluate(f"() => {CURRENT}.content.widgets.map(one => one.model.sharedModel.getSource())")
    assert sources == [
        "first = 1", "%load_ext mlops_magics\n%mlops track middle", "second = first", "%mlops end", *cells[2:],
    ]  # fmt: skip
    assert tab.page.evaluate(f"() => {CURRENT}.content.activeCellIndex") == 3


def test_a_mark_says_nothing_of_a_cell_that_the_run_does_not_know(lab: Lab, tab: Tab) -> None:
    cells = ("%load_ext mlops_magics\n%mlops track known --name over", "1 / 0", "%mlops end", "late = 1")
    tab.open_beside(lab.write_notebook("known.ipynb", *cells))
    tab.run(0)
    tab.run(1)
    wait_for(lambda: tab.states() == ["fresh", "failed", "outside", "outside"], 20, lambda: str(tab.states()))
    tab.run(2)
    tab.run(3)
    wait_for(lambda: tab.states() == ["fresh", "failed", "fresh", "outside"], 20, lambda: str(tab.states()))
    marks = tab.page.locator(".jp-NotebookPanel:visible .mlops-mark")
    wait_for(lambda: "which is over" in marks.nth(0).get_attribute("title"), 20)
    told = [mark.get_attribute("title") for mark in marks.all()]
    assert told[0].startswith("fresh: In [1]: ran so in over, which is over"), told
    assert told[1].startswith("failed: In [2] raised an error"), told
    assert told[1].endswith("(in over, which is over)"), told
    assert told[3] == "not in the run: is not part of over, which is over", told


def test_a_command_starts_tracking_by_a_cell_that_everybody_sees(lab: Lab, tab: Tab) -> None:
    name = lab.write_notebook("My second notebook.ipynb", "x = 1")
    tab.open_beside(name)
    tab.page.click(".jp-NotebookPanel:visible .jp-Toolbar [data-command='mlops:track']")
    assert tab.page.locator(".jp-Dialog input").input_value() == "My-second-notebook"
    tab.page.fill(".jp-Dialog input", "second try")
    tab.page.click(".jp-Dialog .jp-mod-accept")
    tab.page.wait_for_selector(f"{LIVE} >> text=/second-try/")
    source = tab.page.evaluate(f"() => {CURRENT}.content.widgets[0].model.sharedModel.getSource()")
    assert source == "%load_ext mlops_magics\n%mlops track second-try"
    tab.page.wait_for_selector(".mlops-active >> text=second-try")


def test_the_panel_survives_the_kernel(tab: Tab) -> None:
    tab.page.evaluate(f"async () => {{ await {CURRENT}.sessionContext.session.kernel.restart() }}")
    tab.wait_ready()
    tab.page.wait_for_selector("#mlops-panel .mlops-run[data-status=interrupted] >> text=second-try")
    assert tab.page.locator(LIVE).count() == 0


def test_the_layout_comes_back_with_the_page_of_a_run(lab: Lab, tab: Tab) -> None:
    tab.command("docmanager:save")
    tab.page.wait_for_timeout(2000)  # the layout is saved a second after it changed
    tab.page.goto(lab.address("lab"))
    tab.page.wait_for_selector("#mlops-panel", state="visible")
    tab.page.wait_for_selector(".lm-TabBar-tab >> text=baseline")


def test_no_error_was_said_and_nothing_was_asked_of_another_machine(tab: Tab) -> None:
    assert tab.errors == []
    assert tab.hosts == {"127.0.0.1"}


def test_the_panel_survives_the_server(lab: Lab, tab: Tab) -> None:
    tab.page.wait_for_selector("#mlops-panel >> text=5 runs in")
    lab.stop()
    tab.page.wait_for_selector("#mlops-panel >> text=The server does not answer")
    lab.start()
    tab.page.wait_for_selector("#mlops-panel >> text=5 runs in")
    # JupyterLab itself says a lot when its server goes; a failure of ours would have our files in its stack.
    assert [said for said in tab.errors if "mlops" in said] == []
