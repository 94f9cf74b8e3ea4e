"""A person's first hour with the extension in JupyterLab; the tests are its chapters, in order, in one browser."""

import pytest

from tests.browser.conftest import Lab, Tab

pytestmark = pytest.mark.slow

CELLS = (
    "%load_ext mlops_magics",
    "%mlops track flights --name baseline",
    "depth = 3",
    "for step in range(20):\n    _ = get_ipython().run_line_magic('mlops', f'log loss={1 / (step + 1)} --step {step}')",
    "%mlops end",
)


@pytest.fixture(scope="module", autouse=True)
def _opened(lab: Lab, tab: Tab) -> None:
    tab.open(lab.write_notebook("flights.ipynb", *CELLS))


def test_the_panel_lists_a_run_as_soon_as_it_is_tracked(tab: Tab) -> None:
    tab.show_panel()
    tab.page.wait_for_selector("#mlops-panel >> text=No run was recorded")
    tab.run(0)
    tab.run(1)
    tab.page.wait_for_selector("#mlops-panel section[aria-label=Live] .mlops-run >> text=flights / baseline")
    tab.page.wait_for_selector(".mlops-active >> text=flights / baseline")
    tab.save_picture("first")
