"""A board that is looked at for a while: conditions as they are typed, other tables, searches and their candidates."""

import pytest

from mlops_magics import runs, track
from mlops_magics.faces.panels import panel
from mlops_magics.faces.panels.board import table_of
from mlops_magics.records import Param, RunRevision
from tests.faces.panels.grid import column, heads, names, row, sort_by

pytestmark = pytest.mark.slow

COUNT = "document.querySelector('.mlops-count').textContent === '{}'"


def count(shown, text):
    shown.page.wait_for_function(COUNT.format(text))


def tick(shown, name):
    shown.page.locator("summary", has_text="Columns").click()
    shown.page.locator(".mlops-choices").get_by_label(name, exact=True).check()
    shown.page.locator("summary", has_text="Columns").click()


@pytest.fixture
def search(store):
    """A search with three candidates, and a run beside it."""
    with track("flights", "search", store=store) as run:
        run.log(auc=0.5)
    for number, rate in enumerate((0.0001, 0.01, 0.1)):
        part = store.new_run_id()
        store.record(part, RunRevision(experiment="flights", name=f"part{number}", status="finished", parent=run.id))
        store.record(part, Param(key="rate", value=rate))
        store.record(part, Param(key="kind", value="same"))
    with track("flights", "plain", store=store) as run:
        run.log(auc=0.6)
    return panel(runs(store=store))


# -- conditions -------------------------------------------------------------------------------------------------------


def test_what_is_not_understood_is_said_in_a_line_and_filters_nothing(board, open_panel) -> None:
    shown = open_panel(board)
    field = shown.page.get_by_label("Filter")
    field.fill("auc > 0.75")
    count(shown, "2 of 4 runs")
    field.fill("auc >")
    count(shown, "4 runs")
    said = shown.page.get_by_role("alert").inner_text()
    assert said == "Not filtered, all runs are shown: a value is expected, not the end (at character 6)"
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("acu > 0.75")
    shown.page.wait_for_function("document.querySelector('.mlops-wrong').textContent.includes('Did you mean')")
    assert shown.page.get_by_role("alert").inner_text().endswith("Did you mean 'auc'?")
    field.fill("zzz > 0.75")
    shown.page.wait_for_function("document.querySelector('.mlops-wrong').textContent.includes('zzz')")
    assert "There is" not in shown.page.get_by_role("alert").inner_text()
    field.fill("auc > 0.75")
    count(shown, "2 of 4 runs")
    assert shown.page.get_by_role("alert").count() == 0
    assert field.get_attribute("aria-invalid") == "false"


def test_a_word_stays_a_word_when_one_presses_enter(board, open_panel) -> None:
    shown = open_panel(board)
    shown.page.get_by_label("Filter").fill("b")
    shown.page.keyboard.press("Enter")
    assert names(shown) == "b"
    assert shown.asked == []


# -- another table ----------------------------------------------------------------------------------------------------


def test_a_table_that_is_renewed_changes_nothing_a_person_did(board, store, open_panel) -> None:
    shown = open_panel(board)
    tick(shown, "seed")
    row(shown, "b").click()
    shown.page.get_by_label("Filter").fill("auc > 0.75")
    count(shown, "2 of 4 runs")
    for name, auc in (("e", 0.95), ("f", 0.1)):
        with track("flights", name, store=store, params={"depth": 3, "seed": 0}) as run:
            run.log(auc=auc)
    shown.put(table=table_of(runs(store=store)))
    count(shown, "3 of 6 runs")
    assert names(shown) == "ecb"
    assert [one.get_attribute("aria-selected") for one in (row(shown, "e"), row(shown, "c"), row(shown, "b"))] == [
        "false", "false", "true",
    ]  # fmt: skip
    assert "seed" in heads(shown)
    shown.page.get_by_role("grid").press("ArrowUp")
    shown.page.keyboard.press("Space")
    shown.page.wait_for_timeout(100)
    assert board.selected == (board.ids["b"], board.ids["c"])


def test_a_column_that_was_taken_away_stays_away(board, store, open_panel) -> None:
    shown = open_panel(board)
    shown.page.locator("summary", has_text="Columns").click()
    shown.page.locator(".mlops-choices").get_by_label("loss", exact=True).uncheck()
    shown.put(table=table_of(runs(store=store)))
    assert "loss" not in heads(shown)


def test_those_selected_are_compared_whether_they_are_shown_or_not(board, open_panel) -> None:
    shown = open_panel(board)
    row(shown, "a").click()
    row(shown, "b").locator(".mlops-tick").click()
    shown.page.get_by_label("Filter").fill("auc > 0.75")
    count(shown, "2 of 4 runs")
    assert shown.page.get_by_text("2 selected, 1 of them not shown").is_visible()
    shown.page.get_by_role("button", name="Diff").click()
    shown.page.locator(".mlops-answer table").first.wait_for()
    assert shown.asked[-1] == {"kind": "diff", "runs": [board.ids["a"], board.ids["b"]]}


# -- candidates -------------------------------------------------------------------------------------------------------


def test_candidates_are_folded_below_their_search(search, open_panel) -> None:
    shown = open_panel(search)
    sort_by(shown, "run")
    shown.page.wait_for_timeout(80)
    assert column(shown, "run") == ["plain", "▸search (+3)"]
    count(shown, "2 runs, 3 candidates folded")
    found = shown.page.locator(".mlops-body [role=row]", has_text="search")
    assert found.get_attribute("aria-expanded") == "false"
    found.locator(".mlops-twist").click()
    shown.page.wait_for_timeout(80)
    unfolded = ["plain", "▾search (+3)", "part0", "part1", "part2"]
    assert column(shown, "run") == unfolded
    assert search.selected == ()
    count(shown, "2 runs")
    levels = shown.page.locator(".mlops-body [role=row]").evaluate_all("all => all.map((one) => one.ariaLevel).sort()")
    assert levels == ["1", "1", "2", "2", "2"]
    press = shown.page.get_by_role("treegrid").press
    press("ArrowDown")
    press("Space")
    shown.page.wait_for_timeout(80)
    assert len(search.selected) == 1
    press("ArrowLeft")
    press("ArrowLeft")
    shown.page.wait_for_timeout(80)
    assert column(shown, "run") == ["plain", "▸search (+3)"]
    press("ArrowRight")
    shown.page.wait_for_timeout(80)
    assert column(shown, "run") == unfolded
    shown.page.get_by_label("Candidates").check()
    shown.page.wait_for_timeout(80)
    assert column(shown, "run") == unfolded


def test_a_candidate_whose_search_is_filtered_away_can_be_reached(search, open_panel) -> None:
    shown = open_panel(search)
    shown.page.get_by_label("Filter").fill("params.rate > 0.001")
    count(shown, "0 of 2 runs, 2 candidates folded")
    shown.page.get_by_label("Candidates").check()
    shown.page.wait_for_timeout(80)
    assert sorted(column(shown, "run")) == ["part1", "part2"]


# -- columns and pictures ---------------------------------------------------------------------------------------------


WATCH = """() => {
    window.drawn = [];
    const draw = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, ...rest) {
        const half = this.measureText(text).width / 2;
        window.drawn.push([text, this.textAlign === "center" ? x - half : x]);
        return draw.call(this, text, x, ...rest);
    };
}"""


def drawn(shown):
    """The texts of the pictures since one asked last, and where they begin if they begin where it says."""
    shown.page.wait_for_timeout(150)
    return shown.page.evaluate("() => window.drawn.splice(0)")


def test_parameters_that_vary_among_the_runs_shown_are_axes(search, open_panel) -> None:
    shown = open_panel(search)
    shown.page.evaluate(WATCH)
    shown.page.get_by_text("Parallel coordinates").click()
    assert "rate (log)" not in [text for text, _ in drawn(shown)]
    shown.page.locator(".mlops-body [role=row]", has_text="search").locator(".mlops-twist").click()
    texts = [text for text, _ in drawn(shown)]
    assert {"rate (log)", "0.0001", "0.1", "0.01"} <= set(texts)
    assert "kind" not in texts
    tick(shown, "kind")
    assert "kind" in [text for text, _ in drawn(shown)]


def test_the_first_name_of_an_axis_is_all_there(store, open_panel) -> None:
    for name in ("a_model_with_a_long_name", "another_model_of_them"):
        with track("flights", name, store=store, params={"model": name}) as run:
            run.log(auc=0.5)
    shown = open_panel(panel(runs(store=store)), width=700)
    shown.page.evaluate(WATCH)
    shown.page.get_by_text("Scatter").click()
    found = dict(drawn(shown))
    assert found["a_model_with_a_long_name"] >= 0


def test_a_column_is_found_among_many(store, open_panel) -> None:
    params = {f"some_step_of_a_pipeline__its_part__parameter_{number}": number for number in range(60)}
    with track("flights", "wide", store=store, params={**params, "depth": 3}) as run:
        run.log(auc=0.5)
    shown = open_panel(panel(runs(store=store)))
    shown.page.locator("summary", has_text="Columns").click()
    choices = shown.page.locator(".mlops-choices")
    assert choices.evaluate("one => one.scrollWidth <= one.clientWidth")
    shown.page.get_by_label("Find a column").fill("ter_17")
    assert choices.locator("label:visible").all_inner_texts() == ["some_step_of_a_pipeline__its_part__parameter_17"]
    choices.locator("label:visible").click()
    assert "some_step_of_a_pipeline__its_part__parameter_17" in heads(shown)


def add(store, name, *, parent=None):
    """A run that is over, or a candidate of one; returns its id."""
    run = store.new_run_id()
    store.record(run, RunRevision(experiment="flights", name=name, status="finished", parent=parent))
    return run


def test_a_long_name_leaves_room_for_the_count_of_its_parts(store, open_panel) -> None:
    search = add(store, "a-long-name-that-" * 5)
    for number in range(12):
        add(store, f"part{number}", parent=search)
    shown = open_panel(panel(runs(store=store), store=store), width=900)
    cell = shown.page.locator(".mlops-body [role=gridcell]").nth(1)
    edge, count = cell.bounding_box(), cell.locator(".mlops-count").bounding_box()
    assert count["x"] + count["width"] <= edge["x"] + edge["width"]
    assert cell.get_attribute("title").startswith("a-long-name")


def test_a_board_of_several_experiments_says_which(store, open_panel) -> None:
    for experiment, name in (("flights", "a"), ("trains", "b")):
        with track(experiment, name, store=store) as run:
            run.log(auc=0.5 if name == "a" else 0.6, epochs=3)
    shown = open_panel(panel(runs(limit=1, store=store), store=store), width=900)
    heads = shown.page.get_by_role("columnheader").all_inner_texts()
    assert heads[1:4] == ["run", "experiment", "status"]
    assert shown.page.locator(".mlops-best").count() == 0, "they need not have measured the same thing"
    assert column(shown, "epochs") == ["3", "3"]


def test_the_same_value_is_nobodys_best(store, open_panel) -> None:
    for auc in (0.5, 0.6):
        with track("flights", f"r{auc}", store=store) as run:
            run.log(auc=auc, epochs=3)
    shown = open_panel(panel(runs(store=store), store=store), width=900)
    assert column(shown, "epochs") == ["3", "3"]
    assert column(shown, "auc") == ["✓ 0.6000", "0.5000"]


def test_candidates_are_unfolded_where_they_were_asked_for(store, open_panel) -> None:
    search = add(store, "search")
    add(store, "part0", parent=search)
    shown = open_panel(panel(runs(children=True, store=store), store=store), width=900)
    assert shown.page.get_by_label("Candidates").is_checked()
    assert column(shown, "run") == ["▾search (+1)", "part0"]


def test_a_parameter_that_holds_others_has_a_column_for_each(store, open_panel) -> None:
    for at, flip in enumerate((True, False)):
        with track("flights", f"r{at}", store=store, params={"augment": {"flip": flip, "crop": at}}) as run:
            run.log(auc=at)
    shown = open_panel(panel(runs(store=store), store=store), width=900)
    assert {"augment.flip", "augment.crop"} < set(heads(shown))
    assert column(shown, "augment.flip") == ["False", "True"]
    shown.page.get_by_label("Filter").fill("augment.flip = true")
    count(shown, "1 of 2 runs")
