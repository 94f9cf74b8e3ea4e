"""Panels: how long until one is drawn, how often a live one moves, and what that costs the loop that trains.

Drawing is measured in Chromium on a page of its own, from the call that asks Python until the frame is on the screen.
"""

import functools
import http.server
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from mlops_magics import diff, open_store, runs, show, track
from mlops_magics.compare.curves import curves
from mlops_magics.faces.panels import panel
from mlops_magics.faces.panels.display import Panel
from mlops_magics.faces.panels.modules import joined, styles
from mlops_magics.records import Param, RunRevision
from mlops_magics.store.queries import Store
from tests.bench.figure import Figure
from tests.bench.timing import seconds
from tests.faces.panels.conftest import ARGUMENTS, CHROMIUM, PAGE, STATIC, Shown

RUNS = 10_000
POINTS = 1_000_000
UPDATES = 100
"""Log calls a second of the loop that trains."""
TRAINING_SECONDS = 3.0


def figures(folder: Path) -> Iterator[Figure]:
    store = open_store(folder / ".mlops")
    fill(store)
    times = [seconds(lambda: curves("long", store=store)) for _ in range(5)]
    yield Figure.of("curves of 1M points, reduced", times, "s")
    if CHROMIUM is None:
        print("how fast panels are drawn is not measured: there is no Chromium")
    else:
        yield from renders(store)
    yield from live(open_store(folder / "small"), "one run in the store")
    yield from live(store, f"{RUNS:,} runs in the store")


def renders(store: Store) -> Iterator[Figure]:
    with pages() as open_page:
        made = {
            "curves of 1M points": lambda: panel(curves("long", store=store), store=store),
            f"leaderboard of {RUNS:,} runs": lambda: panel(runs(store=store)),
            "run": lambda: panel(show("long", store), store=store),
            "difference": lambda: panel(diff("long", "short", store), store=store),
        }
        for name, make in made.items():
            times = [first_render(make, open_page) for _ in range(3)]
            yield Figure.of(f"first render: {name}", times, "s", 0.5 if "1M" in name else None)


def fill(store: Store) -> None:
    for name, points in (("long", POINTS), ("short", 1000)):
        with track("flights", name, store=store) as run:
            for step in range(points):
                run.log(loss=math.sin(step / 1e5) + (step % 97) / 97, step=step)
    for number in range(RUNS):
        journal = store.open_journal(store.new_run_id())
        journal.record(RunRevision(experiment="flights", name=f"run{number}", status="running"))
        for key, value in (("depth", number % 7), ("lr", (number * 7919 % 1000) / 1000), ("loss", "abc"[number % 3])):
            journal.record(Param(key=key, value=value))
        journal.metrics({f"m{key}": math.sin(number * (key + 1)) for key in range(6)}, None)
        journal.record(RunRevision(status="finished"))
        journal.close()
    store.fold()


@contextmanager
def pages() -> Iterator[Any]:
    """Opens the joined module of a panel, as anywidget would, on a page of its own."""
    from playwright.sync_api import sync_playwright

    class Files(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/")
            kind, text = "text/html; charset=utf-8", PAGE
            if name == "words.js":
                kind, text = "text/javascript", (STATIC / name).read_text(encoding="utf-8")
            elif name.endswith(".js"):
                kind, text = "text/javascript", joined(name.removesuffix(".js"))
            elif name:
                kind, text = "text/css", styles()
            text = text.replace("export default", "export { mount };\nexport default")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files)) as server, sync_playwright() as it:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = it.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def open_page(made: Panel) -> Any:
            page = browser.new_page()
            shown = Shown(page, made)
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            page.wait_for_function("window.isReady")
            page.evaluate("(module) => import(`/${module}.js`).then(() => 0)", made.module)
            return shown

        yield open_page
        browser.close()
        server.shutdown()


DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"


def first_render(make: Any, open_page: Any) -> float:
    """Seconds from asking Python until the second frame after the module was mounted."""
    shown = open_page(make())  # also warms what both rounds need
    began = perf_counter()
    made = make()
    shown.put(**made.values())
    shown.page.evaluate("(module) => window.open_panel(module)", made.module)
    shown.page.evaluate(DRAWN)
    taken = perf_counter() - began
    shown.page.close()
    return taken


def live(store: Store, where: str) -> Iterator[Figure]:
    """A loop that works and logs a hundred times a second, alone and with a panel that follows it."""
    alone, followed, updates = [], [], []
    for _ in range(2):
        alone.append(training(store, followed=False)[0])
        work, sent = training(store, followed=True)
        followed.append(work)
        updates.append(sent / TRAINING_SECONDS)
    yield Figure.of(f"live, {UPDATES} logs/s, {where}: updates", updates, "/s")
    yield Figure.of("  steps of the loop, alone", alone, "/s")
    yield Figure.of("  steps of the loop, followed", followed, "/s")
    yield Figure.of("  slowed by", [100 * (1 - max(followed) / max(alone))], "%", 5)


def training(store: Store, *, followed: bool) -> tuple[float, int]:
    """Steps of work a second, and how many updates the widget was given."""
    sent = 0
    with track("flights", "training", store=store) as run:
        run.log(loss=1.0, step=0)
        made = panel(curves("training", store=store), store=store)
        if followed:
            def count(_: object) -> None:
                nonlocal sent
                sent += 1

            made.widget.observe(count, "curves")
        began, steps, logged = perf_counter(), 0, 0
        while (now := perf_counter() - began) < TRAINING_SECONDS:
            sum(math.sqrt(number) for number in range(2000))
            steps += 1
            if now * UPDATES > logged:
                logged += 1
                run.log(loss=1 / logged, step=logged)
    made.close()
    sleep(0.3)
    return steps / TRAINING_SECONDS, sent


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for figure in figures(Path(place)):
            print(f"{figure.name}: {figure.measured:.3g} {figure.unit}  {figure.verdict}", flush=True)
