"""Every word that a panel says by itself goes through the words of its source, so that the lab can say it otherwise."""

import pytest

from mlops_magics import diff, track
from mlops_magics.compare.curves import curves
from mlops_magics.faces.panels import panel

pytestmark = pytest.mark.slow

SAID = """(data) => {
    const own = (node) => !(node.closest ? node : node.parentElement).closest(data);
    const found = [];
    const walk = document.createTreeWalker(document.getElementById("place"), NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) if (own(node)) found.push(node.textContent);
    for (const name of ["aria-label", "placeholder", "title", "aria-valuetext"]) {
        const having = [...document.querySelectorAll(`#place [${name}]`)];
        found.push(...having.filter(own).map((one) => one.getAttribute(name)));
    }
    return found.map((text) => text.trim()).filter((text) => /[A-Za-z]{2}/.test(text));
}"""
DATA = ".mlops-row, option, .mlops-choices label, .mlops-key, figcaption, .mlops-document, .mlops-going"


def unmarked(shown) -> list[str]:
    """What was said and did not come from the source; what runs, columns and documents are called is theirs."""
    said = shown.page.evaluate(SAID, DATA)
    assert said
    return [text for text in said if not text.startswith("«")]


def test_words_of_a_leaderboard(board, open_panel) -> None:
    shown = open_panel(board, is_marked=True)
    assert unmarked(shown) == []
    assert shown.page.get_by_label("«Find a column»").count() == 1
    assert shown.page.locator(".mlops-count").first.inner_text() == "«4 runs»"
    shown.page.locator(".mlops-tick").nth(1).click()
    shown.page.get_by_role("button", name="«Curves»").click()
    shown.page.get_by_text("«Whole range»").wait_for()
    shown.page.get_by_label("Filter").fill("auc >")
    shown.page.get_by_text("«Not filtered").wait_for()
    assert unmarked(shown) == []


def test_words_of_curves_and_pages(store, open_panel) -> None:
    for name in ("left", "right"):
        with track("flights", name, store=store, params={"depth": len(name)}) as run:
            for step in range(3):
                run.log(loss=step, step=step)
    for found in (curves(["left", "right"], store=store), diff("left", "right", store)):
        shown = open_panel(panel(found, store=store), is_marked=True)
        shown.page.get_by_role("slider", name="loss").focus()
        shown.page.keyboard.press("End")
        assert shown.page.locator(".mlops-readout").inner_text().startswith("loss · «step 2»")
        assert [text for text in unmarked(shown) if not text.startswith(("loss", "Distributions of"))] == []
