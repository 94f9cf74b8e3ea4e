"""The same bundle in Notebook 7, which has no main area to put a page into."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import Lab, Tab, wait_for

pytestmark = pytest.mark.slow

# Notebook 7.6 says so of its own settings at every start, with this extension and without.
ITS_OWN = "/static/notebook/notebook_core"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Notebook 7, running."""
    found = Lab(tmp_path_factory.mktemp("notebook"), "notebook")
    found.start()
    yield found
    found.stop()


def test_the_panel_the_marks_and_a_page_are_there(lab: Lab, tab: Tab) -> None:
    tab.open(lab.write_notebook("small.ipynb", "%load_ext mlops_magics\n%mlops track small --name only", "%mlops end"))
    tab.run(0)
    tab.page.wait_for_selector(".mlops-mark[data-state=fresh]")
    tab.show_panel()
    tab.page.wait_for_selector("#mlops-panel section[aria-label=Live] >> text=small / only")
    tab.page.click("#mlops-panel section[aria-label=Live] .mlops-run")
    tab.page.wait_for_selector(".mlops-Page:visible >> text=small / only")
    tab.save_picture("notebook-7")
    tab.run(1)
    wait_for(lambda: tab.page.locator("#mlops-panel .mlops-run[data-status=running]").count() == 0, 20)
    assert [said for said in tab.errors if ITS_OWN not in said] == []
    assert tab.hosts == {"127.0.0.1"}
