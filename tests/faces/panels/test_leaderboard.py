"""A leaderboard on a page: thousands of rows of which few are there, sorted, filtered, selected, compared."""

import pytest

from mlops_magics import track
from mlops_magics.compare.leaderboard import runs
from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.faces.panels import panel
from tests.faces.panels.grid import column, names, row, sort_by

pytestmark = pytest.mark.slow

def test_rows_are_the_runs_and_what_differs(board, open_panel) -> None:
    shown = open_panel(board)
    assert names(shown) == "dcba"
    heads = shown.page.get_by_role("columnheader").all_inner_texts()
    assert heads == ["", "run", "status", "loss", "auc", "depth", "started", "took"]
    assert column(shown, "auc") == ["", "0.8000", "✓ 0.9000", "0.7000"]
    assert shown.page.locator(".mlops-count").first.inner_text() == "4 runs"


@pytest.mark.parametrize(("best", "columns"), [(None, None), ("score", None), ("auc", ["depth", "seed"])])
def test_its_columns_are_those_of_the_plain_leaderboard(store, open_panel, best, columns) -> None:
    for at, name in enumerate(("a", "b", "c")):
        with track("flights", name, store=store, params={"seed": 0, "depth": at, "alpha": at, "zeta": at}) as run:
            run.log(auc=at / 10, loss=1.0, **({"score": 0.5, "aaa": 0.1} if at else {}))
    plain = runs(best=best, columns=columns, store=store)
    shown = open_panel(panel(plain, store=store), width=1440)
    heads = shown.page.get_by_role("columnheader").all_inner_texts()[1:]
    words = {"name": "run", "seconds": "took"}
    wanted = [words.get(thing.key, thing.key) for thing in plain.things()]
    assert heads == (wanted if best in {None, *wanted} else [*wanted, best])
    cut = """() => [...document.querySelectorAll('.mlops-row > div')].filter(
        (cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.innerText)"""
    assert shown.page.evaluate(cut) == []
    shown.page.get_by_text("Parallel coordinates").click()
    assert shown.page.get_by_label("coloured by").input_value() == f"metrics.{best or 'auc'}"


def test_a_click_on_a_heading_sorts(board, open_panel) -> None:
    shown = open_panel(board)
    sort_by(shown, "auc")
    assert names(shown) == "bcad"
    assert shown.page.get_by_role("columnheader", name="auc").get_attribute("aria-sort") == "descending"
    sort_by(shown, "auc")
    assert names(shown) == "acbd"
    sort_by(shown, "run")
    assert names(shown) == "abcd"
    sort_by(shown, "loss")
    assert names(shown) == "dcba"


def test_a_word_filters_at_once_and_a_condition_asks(board, open_panel) -> None:
    shown = open_panel(board)
    field = shown.page.get_by_label("Filter")
    field.fill("b")
    assert names(shown) == "b"
    assert shown.asked == []
    field.fill("auc > 0.75 and params.depth <= 6")
    assert "seed" not in shown.page.get_by_role("columnheader").all_inner_texts()
    shown.page.wait_for_function("document.querySelector('.mlops-count').textContent === '2 of 4 runs'")
    assert names(shown) == "cb"
    assert shown.asked == [{"kind": "filter", "where": "auc > 0.75 and params.depth <= 6"}]
    field.fill("not (seed > 0) and auc > 0.75")
    shown.page.get_by_role("columnheader", name="seed").wait_for()
    field.fill("")
    assert names(shown) == "dcba"


def test_what_is_selected_is_a_value_of_python(board, open_panel) -> None:
    shown = open_panel(board)
    row(shown, "b").click()
    row(shown, "d").locator(".mlops-tick").click()
    shown.page.wait_for_timeout(100)
    assert board.selected == (board.ids["b"], board.ids["d"])
    assert row(shown, "b").get_attribute("aria-selected") == "true"
    assert row(shown, "a").get_attribute("aria-selected") == "false"
    shown.put(selected=[board.ids["a"]])
    shown.page.wait_for_timeout(100)
    assert row(shown, "a").get_attribute("aria-selected") == "true"
    assert row(shown, "b").get_attribute("aria-selected") == "false"


def test_keys_select(board, open_panel) -> None:
    shown = open_panel(board)
    grid = shown.page.get_by_role("grid")
    grid.focus()
    press = shown.page.keyboard.press
    press("ArrowDown")
    press("Space")
    shown.page.wait_for_timeout(100)
    assert board.selected == (board.ids["c"],)
    active = grid.get_attribute("aria-activedescendant")
    assert shown.page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    press("Home")
    press("Shift+End")
    shown.page.wait_for_timeout(100)
    assert set(board.selected) == set(board.ids.values())
    press("Escape")
    shown.page.wait_for_timeout(100)
    assert board.selected == ()
    press("Control+a")
    shown.page.wait_for_timeout(100)
    assert len(board.selected) == 4


def test_two_selected_are_compared(board, open_panel) -> None:
    shown = open_panel(board)
    button = shown.page.get_by_role("button", name="Diff")
    assert button.is_disabled()
    row(shown, "a").click()
    assert button.is_disabled()
    row(shown, "b").locator(".mlops-tick").click()
    button.click()
    answer = shown.page.locator(".mlops-answer")
    answer.get_by_role("table").first.wait_for()
    assert "depth" in answer.inner_text()
    assert "seed" not in answer.inner_text()
    assert {question["kind"] for question in shown.asked} == {"diff"}
    answer.get_by_role("button", name="Close").click()
    assert not answer.is_visible()


def test_curves_of_those_selected(board, open_panel) -> None:
    shown = open_panel(board)
    row(shown, "a").click()
    row(shown, "b").locator(".mlops-tick").click()
    shown.page.get_by_role("button", name="Curves").click()
    canvas = shown.page.get_by_role("slider", name="loss")
    canvas.focus()
    shown.page.keyboard.press("End")
    assert "loss · step 2" in shown.page.locator(".mlops-readout").inner_text()
    shown.page.keyboard.press("+")
    shown.page.wait_for_timeout(500)
    assert shown.page.locator(".mlops-curves .mlops-told").inner_text() == ""


def test_brushing_selects(board, open_panel) -> None:
    shown = open_panel(board)
    shown.page.get_by_text("Scatter").click()
    height = shown.page.locator(".mlops-fold select").last
    assert height.input_value() == "metrics.loss"
    height.select_option("metrics.auc")
    canvas = shown.page.locator(".mlops-plot").last
    box = canvas.bounding_box()
    mouse = shown.page.mouse
    mouse.move(box["x"] + 5, box["y"] + 2)
    mouse.down()
    mouse.move(box["x"] + 200, box["y"] + 100)
    mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2)
    mouse.up()
    shown.page.wait_for_timeout(100)
    # A run without the metric has no point.
    assert set(board.selected) == {board.ids[name] for name in "abc"}
    shown.page.get_by_text("Scatter").click()
    shown.page.get_by_text("Parallel coordinates").click()
    shown.page.get_by_label("coloured by").select_option("metrics.auc")
    box = shown.page.locator(".mlops-plot").first.bounding_box()
    x = box["x"] + box["width"] - 32
    mouse.move(x, box["y"] + 40)
    mouse.down()
    mouse.move(x, box["y"] + 70)
    mouse.move(x, box["y"] + 90)
    mouse.up()
    shown.page.wait_for_timeout(100)
    assert board.selected == (board.ids["b"],)


def test_of_ten_thousand_rows_few_are_on_the_page(open_panel, board) -> None:
    shown = open_panel(board)
    count = 10_000
    numbers = [((index * 7919) % count) / count for index in range(count)]
    columns = [
        {"name": "name", "label": "run", "family": "runs", "kind": "text", "shown": True,
         "values": [f"run{index}" for index in range(count)]},
        {"name": "metrics.auc", "label": "auc", "family": "metrics", "kind": "number", "digits": 4, "shown": True,
         "values": numbers, "best": max(numbers), "lower": False},
    ]  # fmt: skip
    ids = [str(index) for index in range(count)]
    shown.put(table={"ids": ids, "parents": [None] * count, "columns": columns})
    rows = shown.page.locator(".mlops-body [role=row]")
    shown.page.wait_for_timeout(100)
    assert 10 < rows.count() < 50
    assert shown.page.get_by_role("grid").get_attribute("aria-rowcount") == "10001"
    shown.page.get_by_role("grid").focus()
    shown.page.keyboard.press("End")
    shown.page.wait_for_timeout(100)
    assert "run9999" in rows.all_inner_texts()[-1]
    assert rows.count() < 50
    frames = shown.page.evaluate(SCROLLING)
    assert max(frames) < 100, frames
    sort_by(shown, "auc")
    shown.page.wait_for_timeout(100)
    assert shown.page.locator(".mlops-count").first.inner_text() == "10,000 runs"


SCROLLING = """async () => {
  const grid = document.querySelector("[role=grid]"), times = [];
  for (let count = 0; count < 40; count += 1) {
    grid.scrollTop = count * 6400;
    grid.dispatchEvent(new Event("scroll"));
    const began = performance.now();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - began);
  }
  return times.slice(2);
}"""


def test_only_runs_of_the_board_can_be_selected(board, store) -> None:
    board.selected = ["b", board.ids["a"]]
    assert board.selected == (board.ids["b"], board.ids["a"])
    with pytest.raises(RunNotFound):
        board.selected = ["zzz"]
    with track("flights", "later", store=store):
        pass
    with pytest.raises(DataError, match="later"):
        board.selected = ["later"]
    board.received("selected", ["not an id", board.ids["a"]])
    assert board.selected == (board.ids["a"],)
