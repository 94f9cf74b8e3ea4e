"""A real JupyterLab in a real Chromium: one server and one browser per module, and helpers that know their races.

Playwright's sync API runs an event loop of its own: no test here may use pytest-jupyter or asyncio fixtures.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
TOKEN = "of-the-tests"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
]  # fmt: skip
TIMEOUT = int(os.environ.get("MLOPS_TEST_BROWSER_MS", "60000"))

READY = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    if (!panel?.sessionContext) return false;
    await panel.context.ready;
    await panel.sessionContext.ready;
    const kernel = panel.sessionContext.session?.kernel;
    if (!kernel) return false;
    await kernel.info;
    return kernel.connectionStatus === 'connected';
}"""

RUN = """async index => {
    const app = window.jupyterapp, panel = app.shell.currentWidget, notebook = panel.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    await app.commands.execute('notebook:run-cell');
    const cell = notebook.widgets[index].model.toJSON();
    return cell.outputs.map(one =>
        one.text ?? one.data?.['text/plain'] ?? (one.traceback ?? []).join('\\n')).flat().join('\\n');
}"""

START = """async index => {
    const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    void app.commands.execute('notebook:run-cell');
}"""

SET_SOURCE = """([index, source]) => {
    window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setSource(source);
}"""


def no_chromium() -> str | None:
    """Why there is no browser to test with; None when there is one."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return None if CHROMIUM else "there is no Chromium on the path"


@pytest.fixture(scope="session", autouse=True)
def _chromium() -> None:
    reason = no_chromium()
    if reason:
        if os.environ.get("MLOPS_TEST_NO_SKIP") == "1":
            pytest.fail(f"{reason}, and MLOPS_TEST_NO_SKIP forbids to skip")
        pytest.skip(f"{reason}: the browser tests are skipped")


@dataclass
class Lab:
    """A Jupyter server in a folder of its own, with no configuration but the environment's."""

    folder: Path
    app: str = "lab"
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """What the server serves."""
        return self.folder / "root"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def address(self, path: str) -> str:
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def start(self) -> None:
        """Start the server, on the port it had before if it was started before, and wait until it answers."""
        self.root.mkdir(exist_ok=True)
        self.port = self.port or free_port()
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyter", self.app, "--no-browser", "--ServerApp.port_retries=0",
                 f"--ServerApp.port={self.port}", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self.root}",
                 f"--IdentityProvider.token={TOKEN}", "--ServerApp.allow_root=True",
                 f"--{'LabApp' if self.app == 'lab' else 'JupyterNotebookApp'}.expose_app_in_browser=True"],
                cwd=self.root, env=self.environment(), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for(self.answers, 60, self.log)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.address("api/status"), timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """Stop the server as a person does, or else for good; its kernels go with it."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def environment(self) -> dict[str, str]:
        places = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython",
        }  # fmt: skip
        news = self.folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        if not news.exists():
            news.parent.mkdir(parents=True)
            news.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")
        mine = {name: str(self.folder / place) for name, place in places.items()}
        return {**os.environ, **mine, **self.variables, "MLOPS_STORE": "", "OMP_NUM_THREADS": "1"}

    def write_notebook(self, name: str, *sources: str) -> str:
        """Write a notebook of code cells, with ids ``cell-0``, ``cell-1``, …; returns its name."""
        cells = [nbformat.v4.new_code_cell(source, id=f"cell-{index}") for index, source in enumerate(sources)]
        spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=spec)
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, self.root / name)
        return name


@dataclass
class Tab:
    """A page of the browser, with what went wrong in it and where it asked."""

    lab: Lab
    page: object
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def asks(self, address: str) -> None:
        """Remember a host; what stays in the page, as ``data:`` and ``blob:`` do, has none."""
        if host := urlsplit(address).hostname:
            self.hosts.add(host)

    def open(self, notebook: str) -> None:
        """Open a notebook and wait until its kernel listens: it seems idle earlier, and loses what it is told then."""
        path = "lab/tree" if self.lab.app == "lab" else "notebooks"
        self.page.goto(self.lab.address(f"{path}/{notebook}"))
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        wait_for(lambda: self.page.evaluate(READY), 60, self.lab.log)

    def run(self, index: int) -> str:
        """Run a cell to its end; returns what it put out, as text."""
        return self.page.evaluate(RUN, index)

    def start(self, index: int) -> None:
        """Run a cell and do not wait."""
        self.page.evaluate(START, index)

    def set_source(self, index: int, source: str) -> None:
        self.page.evaluate(SET_SOURCE, [index, source])

    def command(self, name: str, args: dict | None = None) -> None:
        """Run a command of the application and do not wait for what it asks."""
        self.page.evaluate(
            "([name, args]) => { void window.jupyterapp.commands.execute(name, args) }", [name, args or {}]
        )

    def open_beside(self, notebook: str) -> None:
        """Open one notebook more, in front, or bring it there; wait until its kernel listens."""
        self.page.evaluate(
            "name => { void window.jupyterapp.commands.execute('docmanager:open', { path: name }) }", notebook
        )
        self.page.wait_for_function(
            "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=notebook
        )
        self.wait_ready()

    def states(self) -> list[str | None]:
        """The marks of the cells of the notebook in front, from top to bottom."""
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets.map(
                cell => cell.node.querySelector(':scope > .mlops-mark')?.dataset.state ?? null)"""
        )

    def show_panel(self) -> None:
        """Bring the panel to the front."""
        self.page.evaluate("() => window.jupyterapp.shell.activateById('mlops-panel')")
        self.page.wait_for_selector("#mlops-panel", state="visible")

    def save_picture(self, name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def violations(self, *within: str) -> list[str]:
        """What axe-core finds that is serious or critical in these parts of the page."""
        axe = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
        if not self.page.evaluate("() => typeof window.axe === 'object'"):
            self.page.evaluate(axe.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            """async within => {
                const found = await axe.run({ include: within.map(one => [one]) });
                return found.violations.filter(one => ['serious', 'critical'].includes(one.impact))
                    .map(one => `${one.id}: ${one.help}: ${one.nodes.map(node => node.html).slice(0, 3).join(' | ')}`);
            }""",
            list(within),
        )
        return list(found)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float, why: Callable[[], str] = str) -> None:
    """Ask until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {why()}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab, running."""
    found = Lab(tmp_path_factory.mktemp("lab"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def tab(lab: Lab) -> Iterator[Tab]:
    """A page of a browser, with nothing open in it yet."""
    yield from browse(lab)


def browse(lab: Lab) -> Iterator[Tab]:
    """A browser with one page, which writes down every error and every host it asks."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(TIMEOUT)
        tab = Tab(lab, page)
        page.on("console", lambda said: tab.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: tab.errors.append(error.stack or str(error)))
        page.on("request", lambda request: tab.asks(request.url))
        page.on("websocket", lambda socket: tab.asks(socket.url))
        yield tab
        browser.close()


def settings_of(lab: Lab, plugin: str, values: dict[str, object]) -> None:
    """Write the settings of a plugin, as a person saves them."""
    package, name = plugin.split(":")
    path = lab.folder / "settings" / package / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
