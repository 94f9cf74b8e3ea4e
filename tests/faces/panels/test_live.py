"""Curves on a page: drawn from what Python sent, read out by keys and pointer, zoomed with and without an answer."""

import math
import re
import threading
import time

import pytest

from mlops_magics import track
from mlops_magics.compare.curves import curves
from mlops_magics.faces.panels import panel
from mlops_magics.faces.panels.packing import pack

pytestmark = pytest.mark.slow

INK = """(canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 250) continue;
    const key = [data[at], data[at + 1], data[at + 2]].join();
    colours[key] = (colours[key] || 0) + 1;
  }
  return colours;
}"""
BLUE, ORANGE = "59,130,196", "217,112,30"


def log(store, name, values, **options):
    run = track("flights", name, store=store, **options)
    for step, value in enumerate(values):
        run.log(loss=value, step=step)
    return run


@pytest.fixture
def two(store):
    for name, rate in (("slow", 0.9), ("fast", 0.5)):
        log(store, name, [rate**step for step in range(20)]).end()
    return panel(curves(["slow", "fast"], store=store), store=store)


def ink(shown):
    shown.page.wait_for_timeout(80)
    return shown.page.locator("canvas").first.evaluate(INK)


def readout(shown):
    return shown.page.locator(".mlops-readout").inner_text()


def test_curves_are_drawn_over_each_other_and_hidden(two, open_panel) -> None:
    shown = open_panel(two)
    drawn = ink(shown)
    assert drawn[BLUE] > 50
    assert drawn[ORANGE] > 50
    button = shown.page.get_by_role("button", name="slow")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    drawn = ink(shown)
    assert drawn.get(BLUE, 0) == 0
    assert drawn[ORANGE] > 50
    assert "slow finished" in shown.page.locator(".mlops-going").inner_text()


def test_what_is_read_out_is_what_can_be_seen(two, open_panel) -> None:
    shown = open_panel(two)
    box = shown.page.locator("canvas").first.bounding_box()
    shown.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 50)
    assert "slow" in readout(shown)
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 20)
    assert readout(shown) == ""
    assert shown.page.get_by_role("slider", name="loss").get_attribute("aria-valuetext") == "no point chosen"
    shown.page.get_by_role("slider", name="loss").focus()
    shown.page.keyboard.press("End")
    shown.page.get_by_role("button", name="slow").click()
    shown.page.wait_for_timeout(80)
    assert readout(shown).startswith("loss · step 19 · fast")
    assert "slow" not in readout(shown)


def test_a_smoothed_course_stays_on_the_chart(store, open_panel) -> None:
    log(store, "late", [100.0] * 10 + [1.0] * 50).end()
    shown = open_panel(panel(curves(["late"], store=store), store=store))
    shown.page.get_by_label("Smoothing").fill("0.98")
    shown.page.get_by_role("slider", name="loss").focus()
    shown.page.keyboard.press("End")
    for _ in range(3):
        shown.page.keyboard.press("+")
    shown.page.wait_for_timeout(400)
    assert "smoothed" in readout(shown)
    assert ink(shown).get(BLUE, 0) > 200


def test_keys_move_the_cursor_and_say_what_is_there(two, open_panel) -> None:
    shown = open_panel(two)
    canvas = shown.page.get_by_role("slider", name="loss")
    canvas.focus()
    shown.page.keyboard.press("ArrowRight")
    assert readout(shown) == "loss · step 0 · slow 1 · fast 1"
    shown.page.keyboard.press("ArrowRight")
    assert readout(shown) == "loss · step 1 · slow 0.9 · fast 0.5"
    assert canvas.get_attribute("aria-valuetext") == readout(shown)
    assert canvas.get_attribute("aria-valuenow") == "1"
    shown.page.keyboard.press("End")
    assert "step 19" in readout(shown)
    shown.page.keyboard.press("ArrowLeft")
    assert "step 18" in readout(shown)
    shown.page.keyboard.press("Shift+ArrowLeft")
    assert "step 8" in readout(shown)


def test_the_pointer_reads_the_nearest_point(two, open_panel) -> None:
    shown = open_panel(two)
    box = shown.page.locator("canvas").bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] - 12, box["y"] + 50)
    assert "step 19" in readout(shown)


def test_smoothing_and_the_log_axis_ask_nobody(two, open_panel) -> None:
    shown = open_panel(two)
    plain = ink(shown)
    shown.page.get_by_label("Log axis").check()
    logarithmic = ink(shown)
    assert logarithmic != plain
    shown.page.get_by_label("Smoothing").fill("0.9")
    assert ink(shown) != logarithmic
    shown.page.locator("canvas").focus()
    shown.page.keyboard.press("End")
    assert re.search(r"fast 1\.90735e-6, smoothed 0\.0346005$", readout(shown))
    assert shown.asked == []


def test_the_smoothed_course_is_the_moving_mean(two, open_panel) -> None:
    shown = open_panel(two)
    values = [1.0, math.nan, 3.0, 2.0]
    found = shown.page.evaluate(
        "async (values) => Array.from((await import('/packet.js')).smoothed(Float64Array.from(values), 0.6))", values
    )
    mean, share, expected = 0.0, 1.0, []
    for value in values:
        if math.isnan(value):
            expected.append(math.nan)
            continue
        mean, share = mean * 0.6 + value * 0.4, share * 0.6
        expected.append(mean / (1 - share))
    assert found == pytest.approx(expected, nan_ok=True)


def drag(shown, start, end):
    box = shown.page.locator("canvas").bounding_box()
    mouse, y = shown.page.mouse, box["y"] + 60
    mouse.move(box["x"] + box["width"] * start, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] * (start + end) / 2, y)
    mouse.move(box["x"] + box["width"] * end, y)
    mouse.up()


def test_zooming_in_shows_points_that_were_not_there(store, open_panel) -> None:
    log(store, "long", [math.sin(step / 50) for step in range(20_000)]).end()
    shown = open_panel(panel(curves("long", store=store), store=store))
    drag(shown, 0.4, 0.42)
    shown.page.wait_for_timeout(600)
    (question,) = shown.asked
    assert question["kind"] == "zoom"
    assert question["keys"] == ["loss"]
    canvas = shown.page.get_by_role("slider", name="loss")
    low, high = (float(canvas.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
    assert 0 < low < high < 20_000
    assert (low, high) == (question["low"], question["high"])
    canvas.focus()
    shown.page.keyboard.press("ArrowRight")
    first = readout(shown)
    shown.page.keyboard.press("ArrowRight")
    steps = [int(re.search(r"step ([\d,]+)", text)[1].replace(",", "")) for text in (first, readout(shown))]
    assert steps[1] - steps[0] == 1
    assert " to " not in readout(shown)
    shown.page.keyboard.press("Home")
    shown.page.wait_for_timeout(100)
    assert canvas.get_attribute("aria-valuemin") == "0"


def test_without_an_answer_what_is_there_is_drawn(store, open_panel) -> None:
    log(store, "long", [math.sin(step / 50) for step in range(5000)]).end()
    shown = open_panel(panel(curves("long", store=store), store=store))
    shown.is_busy = True
    shown.page.locator("canvas").focus()
    shown.page.keyboard.press("+")
    shown.page.keyboard.press("+")
    shown.page.wait_for_timeout(500)
    assert len(shown.asked) == 1
    assert "the kernel is busy or gone" in shown.page.get_by_role("status").inner_text()
    assert ink(shown)[BLUE] > 50


def test_what_is_not_finite_is_a_gap_with_a_mark(store, open_panel) -> None:
    log(store, "a", [1.0, 2.0, math.nan, 2.0, 1.0]).end()
    shown = open_panel(panel(curves("a", store=store), store=store))
    shown.page.locator("canvas").focus()
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    assert readout(shown) == "loss · step 2 · a not finite"


def test_new_points_move_the_curve(store, open_panel) -> None:
    run = log(store, "a", [1.0, 0.5])
    live = panel(curves("a", store=store), store=store)
    shown = open_panel(live)
    before = ink(shown)
    run.log(loss=0.1, step=2)
    shown.put(curves=pack(curves("a", store=store)))
    assert ink(shown) != before
    shown.page.locator("canvas").focus()
    shown.page.keyboard.press("End")
    assert readout(shown) == "loss · step 2 · a 0.1"
    run.end()


def test_metrics_are_chosen(store, open_panel) -> None:
    with track("flights", "a", store=store) as run:
        for step in range(3):
            run.log({f"m{number}": step * 1.0 for number in range(8)}, step=step)
    shown = open_panel(panel(curves("a", store=store), store=store))
    assert shown.page.locator("canvas").count() == 6
    shown.page.get_by_text("Metrics", exact=True).click()
    shown.page.get_by_role("checkbox", name="m7").check()
    shown.page.get_by_role("checkbox", name="m0").uncheck()
    assert shown.page.locator("figcaption").all_inner_texts() == ["m1", "m2", "m3", "m4", "m5", "m7"]


def test_disposed_of_nothing_is_left(two, open_panel) -> None:
    shown = open_panel(two)
    shown.page.evaluate("window.dispose()")
    assert shown.page.locator("#place").inner_html() == ""
    shown.put(curves=pack(two.result))


@pytest.fixture
def following(store):
    run = log(store, "a", [1.0, 0.5])
    live = panel(curves("a", store=store), store=store)
    assert live.widget.curves == live.values()["curves"]
    yield run, live
    live.close()
    if run.status == "running":
        run.end()


def wait_until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_a_thread_of_its_own_follows_until_the_run_ends(following) -> None:
    run, live = following
    assert live.is_following
    run.log(loss=0.1, step=7)
    wait_until(lambda: live.result.runs[0].step == 7)
    assert live.widget.curves == pack(live.result)
    run.end()
    wait_until(lambda: not live.is_following)
    assert live.result.runs[0].run.status == "finished"


def test_nobody_looking_nobody_asks(following) -> None:
    _, live = following
    live.view("one", is_seen=True)
    live.view("other", is_seen=True)
    live.view("one", is_seen=False)
    assert live.is_following
    live.view("other", is_seen=False)
    wait_until(lambda: not live.is_following)
    live.view("one", is_seen=True)
    assert live.is_following
    live.close()
    wait_until(lambda: not any(thread.name == "mlops-live" for thread in threading.enumerate()))


def test_a_run_that_is_over_needs_no_thread(two) -> None:
    assert two.widget is not None
    assert not two.is_following
