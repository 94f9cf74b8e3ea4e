"""What a person sets is so, at once and from the start; and every word goes through the translator."""

import json

import pytest

from tests.browser.conftest import TIMEOUT, Lab, Tab, settings_of, wait_for

pytestmark = pytest.mark.slow

CELLS = ("%load_ext mlops_magics\n%mlops track flights --name one", "x = 1")
PLUGIN = "mlops-magics:plugin"
STATUS = ".mlops-active:visible"
WORDS = {
    "Experiments": ["Versuche"],
    "Show all runs": ["Alle Läufe zeigen"],
    "%1 run in %2": ["%1 Lauf in %2", "%1 Läufe in %2"],
    "fresh": ["frisch"],
    "Compare with": ["Vergleiche mit"],
}


@pytest.fixture(scope="module", autouse=True)
def _opened(lab: Lab, tab: Tab) -> None:
    settings_of(lab, PLUGIN, {"markers": False, "statusBar": False})
    tab.open(lab.write_notebook("flights.ipynb", *CELLS))
    tab.show_panel()
    tab.run(0)
    tab.page.wait_for_selector("#mlops-panel section[aria-label=Live] >> text=flights / one")


def switch(tab: Tab, title: str) -> None:
    """Click a box of the settings, as they are open."""
    tab.page.locator(f".jp-SettingsPanel label:has-text('{title}') input[type=checkbox]").click()


def test_what_is_turned_off_is_not_shown(tab: Tab) -> None:
    tab.run(1)
    tab.page.wait_for_timeout(1500)  # longer than a mark takes
    assert tab.states() == [None, None]
    assert tab.page.locator(STATUS).count() == 0


def test_settings_take_effect_at_once(tab: Tab) -> None:
    """While nothing happens in the store."""
    tab.page.evaluate("() => { void window.jupyterapp.commands.execute('settingeditor:open', { query: 'MLOps' }) }")
    tab.page.wait_for_selector(".jp-SettingsPanel:visible >> text=Mark cells")
    switch(tab, "Show the active run")
    tab.page.wait_for_selector(STATUS)
    switch(tab, "Show the active run")
    tab.page.wait_for_selector(STATUS, state="detached")
    switch(tab, "Mark cells")
    tab.open_beside("flights.ipynb")
    wait_for(lambda: tab.states() == ["fresh", "fresh"], 20, lambda: str(tab.states()))


def test_the_words_are_those_of_the_language(lab: Lab, tab: Tab) -> None:
    pack = lab.folder / "packs"
    words = pack / "of_these_tests" / "locale" / "de_DE" / "LC_MESSAGES" / "mlops_magics.json"
    words.parent.mkdir(parents=True)
    (pack / "of_these_tests" / "__init__.py").touch()
    about = {"domain": "mlops_magics", "language": "de-DE", "plural_forms": "nplurals=2; plural=(n != 1);"}
    words.write_text(json.dumps({"": about, **WORDS}), encoding="utf-8")
    told = pack / "of_these_tests-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: of-these-tests\nVersion: 1\n", encoding="utf-8")
    (told / "entry_points.txt").write_text("[jupyterlab.languagepack]\nde_DE = of_these_tests\n", encoding="utf-8")
    lab.variables["PYTHONPATH"] = str(pack)
    settings_of(lab, "@jupyterlab/translation-extension:plugin", {"locale": "de_DE"})
    settings_of(lab, PLUGIN, {})
    lab.stop()
    lab.start()
    tab.open("flights.ipynb")
    tab.show_panel()
    for said in ("1 Lauf in", "Alle Läufe zeigen", "Versuche"):
        tab.page.wait_for_selector(f"#mlops-panel >> text={said}", timeout=TIMEOUT)
    tab.page.wait_for_selector(".mlops-mark[aria-label^='frisch:']", state="attached")
    tab.page.click("#mlops-panel .mlops-experiment .mlops-run >> text=one")
    tab.page.wait_for_selector(".mlops-Page:visible >> text=Vergleiche mit")
    tab.save_picture("lab-translated")
