"""Panels on a real page in a real Chromium: their ES modules as they are, their questions answered by real panels."""

import base64
import functools
import http.server
import json
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_magics import open_store, runs, track
from mlops_magics.faces.panels import panel
from mlops_magics.faces.panels.display import Panel
from mlops_magics.faces.panels.modules import STATIC
from mlops_magics.store.queries import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>panel</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/panel.css"></head><body><main id="place"></main>
<script type="module">
import { plainWords } from "/words.js";
const values = new Map(), listeners = new Map();
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer);
const plain = (value) => (value && value.bytes !== undefined ? bytes(value.bytes) : value);
const tell = (name) => (listeners.get(name) || []).forEach((callback) => callback());
const source = {
  trans: plainWords,
  get: (name) => values.get(name),
  on(name, callback) {
    listeners.set(name, [...(listeners.get(name) || []), callback]);
    return () => listeners.set(name, listeners.get(name).filter((one) => one !== callback));
  },
  set(name, value) { values.set(name, value); tell(name); window.pythonSet(name, JSON.stringify(value)); },
  async ask(question) {
    const reply = JSON.parse(await window.pythonAsk(JSON.stringify(question)));
    if (reply.error) throw new Error(reply.error);
    return plain(reply.answer);
  },
};
window.put = (name, value) => { values.set(name, plain(value)); tell(name); };
window.open_panel = async (module) => {
  const { mount } = await import(`/${module}.js`);
  window.dispose = mount(document.getElementById("place"), source);
};
window.mark_words = () => {
  const { __, _n } = plainWords;
  source.trans = { __: (...words) => `«${__(...words)}»`, _n: (...words) => `«${_n(...words)}»` };
};
window.isReady = true;
</script></body></html>"""


class _Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    files = functools.partial(_Files, directory=STATIC)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api") if not _must_run() else __import__("playwright.sync_api")
    if CHROMIUM is None and not _must_run():
        pytest.skip("there is no Chromium on this machine: install the package chromium")
    from playwright.sync_api import sync_playwright

    del playwright
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def _must_run() -> bool:
    return os.environ.get("MLOPS_TEST_NO_SKIP") == "1"


class Shown:
    """A panel on a page: ``page`` is Playwright's, ``asked`` are the questions so far."""

    def __init__(self, page: Any, panel: Panel) -> None:
        self.page = page
        self.panel = panel
        self.asked: list[Mapping[str, Any]] = []
        self.set: list[tuple[str, Any]] = []
        self.errors: list[str] = []
        self.is_busy = False
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.expose_function("pythonAsk", self._ask)
        page.expose_function("pythonSet", self._set)

    def put(self, **values: Any) -> None:
        """What the kernel would hand over."""
        for name, value in values.items():
            # As text: Playwright takes seconds to hand over a large object.
            text = json.dumps(_carried(value), allow_nan=False)
            self.page.evaluate("([name, text]) => window.put(name, JSON.parse(text))", [name, text])

    def _ask(self, text: str) -> str:
        question = json.loads(text)
        self.asked.append(question)
        if self.is_busy:
            return json.dumps({"error": "the kernel is busy or gone"})
        message, buffers = self.panel.respond({"number": "1", "question": question})
        return json.dumps({**message, "answer": _carried(buffers[0]) if buffers else message.get("answer")})

    def _set(self, name: str, text: str) -> None:
        value = json.loads(text)
        self.set.append((name, value))
        self.panel.received(name, value)


def _carried(value: Any) -> Any:
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


@pytest.fixture
def open_panel(browser, address) -> Iterator[Callable[..., Shown]]:
    """Mount a panel on a page of its own; no error may reach the console and no request may leave the machine."""
    opened: list[Shown] = []
    strangers: list[str] = []

    def mount(panel: Panel, *, scheme: str = "light", width: int = 900, is_marked: bool = False) -> Shown:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        page = context.new_page()
        page.on("request", lambda request: request.url.startswith((address, "data:")) or strangers.append(request.url))
        shown = Shown(page, panel)
        opened.append(shown)
        page.goto(address)
        page.wait_for_function("window.isReady")
        shown.put(**panel.values())
        if is_marked:
            page.evaluate("window.mark_words()")
        page.evaluate("(module) => window.open_panel(module)", panel.module)
        return shown

    yield mount
    for shown in opened:
        assert shown.errors == []
        shown.page.context.close()
    assert strangers == []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / ".mlops")


SCORES = {"a": (2, 0.7), "b": (4, 0.9), "c": (6, 0.8), "d": (8, math.nan)}


@pytest.fixture
def board(store):
    ids = {}
    for name, (depth, auc) in SCORES.items():
        with track("flights", name, store=store, params={"depth": depth, "seed": 0}) as run:
            for step in range(3):
                run.log(loss=1 / (step + depth), step=step)
            run.log(auc=auc)
        ids[name] = run.id
    made = panel(runs(store=store), store=store)
    made.ids = ids
    return made
