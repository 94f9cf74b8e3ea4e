"""Every way to a run leads to the one that is meant: notebooks of one name, keys, commands, jumps to closed ones."""

import pytest

from mlops_magics import open_store
from mlops_magics.records import RunRevision
from tests.browser.conftest import Lab, Tab, wait_for

pytestmark = pytest.mark.slow

TWIN = (
    "%load_ext mlops_magics\n%mlops track twins --name of-{0}",
    "%mlops log loss={1}",
    "import pathlib, time\nwhile not pathlib.Path('enough').exists():\n    time.sleep(0.1)",
)
MANY = 230
PAGE = ".mlops-Page:visible"
STATUS = ".mlops-active:visible"
DIALOG = ".jp-Dialog"
CURRENT = "window.jupyterapp.shell.currentWidget"
PATH = f"() => {CURRENT}.context?.path ?? {CURRENT}.id"


@pytest.fixture(scope="module", autouse=True)
def _two_notebooks_of_one_name(lab: Lab, tab: Tab) -> None:
    store = open_store(lab.root / ".mlops")
    for number in range(MANY):
        told = RunRevision(experiment="many", name=f"old{number:03}", status="finished")
        store.record(store.new_run_id(), told)
    store.fold()
    for folder, loss in (("aa", 0.5), ("bb", 0.25)):
        lab.write_notebook(f"{folder}/train.ipynb", *(cell.format(folder, loss) for cell in TWIN))
    tab.open("aa/train.ipynb")


def press(tab: Tab, key: str) -> None:
    """The keys of a command, in the notebook in front where there is one, as its user presses them between cells."""
    tab.page.keyboard.press("Alt+m")
    tab.page.keyboard.press(key)


def run_of(tab: Tab) -> str:
    return tab.page.locator(STATUS).inner_text()


def choose(tab: Tab, label: str) -> None:
    """Choose from the list of a dialog."""
    tab.page.locator(f"{DIALOG} select").select_option(label=label)
    tab.page.click(f"{DIALOG} .jp-mod-accept")


def test_notebooks_of_one_name_each_have_their_own_run(tab: Tab) -> None:
    tab.show_panel()
    tab.run(0)
    tab.page.wait_for_selector(f"{STATUS} >> text=twins / of-aa")
    tab.open_beside("bb/train.ipynb")
    tab.page.wait_for_selector(STATUS, state="detached")
    wait_for(lambda: tab.states() == [None, None, None], 20, lambda: str(tab.states()))
    tab.run(0)
    tab.page.wait_for_selector(f"{STATUS} >> text=twins / of-bb")
    tab.run(1)
    wait_for(lambda: tab.states() == ["fresh", "fresh", "outside"], 20, lambda: str(tab.states()))
    tab.open_beside("aa/train.ipynb")
    tab.page.wait_for_selector(f"{STATUS} >> text=twins / of-aa")
    assert tab.states() == ["fresh", "outside", "outside"]
    tab.run(1)


def test_a_cell_that_runs_is_marked_as_running(lab: Lab, tab: Tab) -> None:
    wait_for(lambda: tab.states() == ["fresh", "fresh", "outside"], 20, lambda: str(tab.states()))
    tab.start(2)
    wait_for(lambda: tab.states() == ["fresh", "fresh", "running"], 20, lambda: str(tab.states()))
    mark = tab.page.locator(".jp-NotebookPanel:visible .mlops-mark").nth(2)
    assert mark.get_attribute("aria-label") == "running: In [*]: runs, or waits for those before it"
    tab.save_picture("running-mark")
    (lab.root / "aa" / "enough").touch()
    wait_for(lambda: tab.states() == ["fresh", "fresh", "fresh"], 20, lambda: str(tab.states()))


def test_the_keys_start_and_end_a_run(tab: Tab) -> None:
    tab.page.click(".jp-NotebookPanel:visible .jp-Cell .jp-InputPrompt >> nth=0")
    press(tab, "e")
    tab.page.wait_for_selector(STATUS, state="detached")
    press(tab, "t")
    assert tab.page.locator(f"{DIALOG} input").input_value() == "train"
    tab.page.click(f"{DIALOG} .jp-mod-reject")


def test_a_run_older_than_the_list_is_compared_by_its_name(tab: Tab) -> None:
    tab.page.click("#mlops-panel .mlops-experiment >> text=of-aa")
    tab.page.wait_for_selector(f"{PAGE} >> text=twins / of-aa")
    tab.page.click(f"{PAGE} >> text=finished")
    press(tab, "c")
    choose(tab, "another run …")
    tab.page.fill(f"{DIALOG} input", "old000")
    tab.page.click(f"{DIALOG} .jp-mod-accept")
    tab.page.wait_for_selector(f"{PAGE} .mlops-difference >> text=old000")
    assert "many / old000" in tab.page.locator(f"{PAGE} .mlops-choice option:checked").inner_text()
    tab.page.click(f"{PAGE} .mlops-choice >> text=another run …")
    tab.page.fill(f"{DIALOG} input", "nobody")
    tab.page.click(f"{DIALOG} .jp-mod-accept")
    tab.page.wait_for_selector(f"{PAGE} .mlops-problem >> text=nobody")


def test_commands_are_about_the_page_in_front(lab: Lab, tab: Tab) -> None:
    """Also when the notebook before it has a store of its own."""
    open_store(lab.root / "other" / ".mlops").record("01", RunRevision(experiment="elsewhere", name="x"))
    tab.open_beside(lab.write_notebook("other/n.ipynb", "1"))
    tab.page.wait_for_selector("#mlops-panel >> text=elsewhere")
    tab.page.click(".lm-TabBar-tab >> text=of-aa")
    tab.page.click(f"{PAGE} >> text=finished")
    press(tab, "c")
    tab.page.wait_for_selector(f"{DIALOG} >> text=Compare of-aa with")
    listed = tab.page.locator(f"{DIALOG} option").all_inner_texts()
    assert listed[0].startswith("twins / of-bb"), listed[:3]
    assert not any("elsewhere" in one for one in listed)
    choose(tab, listed[0])
    tab.page.wait_for_selector(f"{PAGE} .mlops-difference >> text=of-bb")


def test_jumping_opens_a_notebook_that_was_closed(lab: Lab, tab: Tab) -> None:
    tab.open_beside("aa/train.ipynb")
    tab.page.evaluate(f"async () => {{ await {CURRENT}.context.save(); {CURRENT}.close() }}")
    tab.page.click(".lm-TabBar-tab >> text=of-aa")
    tab.page.click(f"{PAGE} >> text=finished")
    press(tab, "j")
    choose(tab, "metric loss – In [2]")
    wait_for(lambda: tab.page.evaluate(PATH) == "aa/train.ipynb", 20)
    wait_for(lambda: tab.page.evaluate(f"() => {CURRENT}.content.activeCell?.model.id") == "cell-1", 20)


def test_what_cannot_be_reached_is_said(lab: Lab, tab: Tab) -> None:
    tab.page.evaluate(f"() => {CURRENT}.close()")
    (lab.root / "aa" / "train.ipynb").unlink()
    tab.page.click(".lm-TabBar-tab >> text=of-aa")
    tab.page.click(f"{PAGE} >> text=finished")
    tab.command("mlops:jump")
    choose(tab, "metric loss – In [2]")
    tab.page.wait_for_selector(".Toastify__toast:visible >> text=aa/train.ipynb is not there any more")
    tab.open_beside("other/n.ipynb")
    tab.command("mlops:jump")
    tab.page.wait_for_selector(".Toastify__toast:visible >> text=Open the page of a run first")


def test_a_run_is_one_line_of_the_panel(tab: Tab) -> None:
    tab.open_beside("bb/train.ipynb")
    tab.page.wait_for_selector("#mlops-panel .mlops-experiment >> text=of-aa")
    heights = tab.page.evaluate(
        "() => [...document.querySelectorAll('#mlops-panel .mlops-run')].map(one => one.clientHeight)"
    )
    assert len(heights) > 20
    assert max(heights) < 30, heights
    tab.save_picture("lab-panel")
    assert tab.violations("#mlops-panel") == []


def test_those_the_panel_leaves_out_are_a_click_away(tab: Tab) -> None:
    tab.page.locator("#mlops-panel .mlops-experiment", has_text="many").get_by_role("button", name="more runs").click()
    grid = tab.page.locator(f"{PAGE} .mlops-grid")
    grid.locator("[role=row] >> text=old").first.wait_for()
    assert grid.bounding_box()["height"] > 550, "a page of its own is filled"
    tab.page.locator(f"{PAGE} summary", has_text="Scatter").wait_for()
    tab.page.get_by_role("button", name="Show all runs").wait_for()
