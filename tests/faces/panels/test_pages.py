"""Pages of a run, a difference and drift: what the plain result says, unfolded, and one part of choice beside it."""

import hashlib

import pandas as pd
import pytest

from mlops_magics import diff, drift, show, track
from mlops_magics.compare.difference import diff_matrix
from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.frames import open_table
from mlops_magics.errors import DataError
from mlops_magics.faces.panels import panel
from mlops_magics.records import Dataset, Text, encode

pytestmark = pytest.mark.slow


def table(shift=0.0, rows=2000):
    return pd.DataFrame({"hour": [(row * 7 % 24) + shift for row in range(rows)], "dest": ["LGA", "JFK"] * (rows // 2)})


@pytest.fixture
def two(store):
    for name, shift in (("baseline", 0.0), ("boosted", 6.0)):
        with track("flights", name, store=store, params={"depth": len(name)}) as run:
            for step in range(5):
                run.log(loss=shift + 1 / (1 + step), step=step)
    return store


def test_a_run_with_its_curves_and_what_differs_from_another(two, open_panel) -> None:
    shown = open_panel(panel(show("boosted", store=two), store=two))
    page = shown.page
    page.get_by_role("slider", name="loss").focus()
    page.keyboard.press("End")
    assert "loss · step 4 · boosted 6.2" in page.locator(".mlops-readout").inner_text()
    text = page.locator(".mlops-document").inner_text()
    assert "flights / boosted" in text
    assert not page.locator(".mlops-answer").is_visible()
    choice = page.get_by_label("What differs from")
    choice.select_option(index=1)
    page.locator(".mlops-answer table").first.wait_for()
    assert "depth" in page.locator(".mlops-answer").inner_text()
    choice.select_option(index=0)
    assert not page.locator(".mlops-answer").is_visible()


def test_everything_unfolds_and_folds(two, open_panel) -> None:
    shown = open_panel(panel(show("boosted", store=two), store=two))
    folds = shown.page.locator(".mlops-document details")
    assert folds.count() > 0
    shown.page.get_by_role("button", name="Fold all", exact=True).click()
    assert shown.page.locator(".mlops-document details[open]").count() == 0
    shown.page.get_by_role("button", name="Unfold all").click()
    assert shown.page.locator(".mlops-document details[open]").count() == folds.count()


def test_a_difference_with_both_curves(two, open_panel) -> None:
    for found in (diff("baseline", "boosted", two), diff_matrix(["baseline", "boosted"], two)):
        shown = open_panel(panel(found, store=two))
        shown.page.get_by_role("slider", name="loss").focus()
        shown.page.keyboard.press("End")
        assert "baseline 0.2 · boosted 6.2" in shown.page.locator(".mlops-readout").inner_text()
        assert "depth" in shown.page.locator(".mlops-document").inner_text()


@pytest.fixture
def fitted(store):
    """Runs whose data is profiled, as a notebook's would be."""

    def keep(name, frame):
        with track("flights", name, store=store) as run:
            text = encode(profile_table(open_table(frame)).to_dict())
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            run.record(Text(sha256=sha256, text=text))
            columns = {column: str(kind) for column, kind in frame.dtypes.items()}
            facts = {"fingerprint": sha256, "profile": sha256, "rows": len(frame), "columns": columns}
            run.record(Dataset(name="flights", role="train", **facts))

    return keep


def test_a_difference_overlays_the_distributions_of_a_column(store, fitted, open_panel) -> None:
    fitted("before", table())
    fitted("after", table(6))
    shown = open_panel(panel(diff("before", "after", store), store=store))
    choice = shown.page.get_by_label("Distributions of")
    assert "hour (train)" in choice.inner_text()
    choice.select_option("train/hour")
    picture = shown.page.locator(".mlops-answer img")
    picture.wait_for()
    assert picture.get_attribute("alt").startswith("Bar chart: hour (density: share of values per unit). before:")


def test_drift_column_by_column_and_verdict_by_verdict(store, fitted, open_panel) -> None:
    fitted("reference", table())
    for shift in (0, 3, 6):
        report = drift(table(shift), "reference", store)
    shown = open_panel(panel(report, store=store))
    page = shown.page
    choice = page.get_by_label("Column")
    assert choice.input_value() == "hour"
    pictures = page.locator(".mlops-answer img")
    assert [text.split(".")[0] for text in pictures.evaluate_all("all => all.map((one) => one.alt)")] == [
        "Bar chart: hour (density: share of values per unit)",
        "Bar chart: hour, verdict by verdict (effect)",
    ]
    # A column that did not drift has its picture too, which the plain result leaves out.
    choice.select_option("dest")
    page.wait_for_function("document.querySelector('.mlops-answer img').alt.includes('dest')")
    assert list(report.bins) == ["hour"]


def test_without_curves_there_is_nothing_to_steer_them_with(store, fitted, open_panel) -> None:
    fitted("before", table())
    fitted("after", table(6))
    for found in (diff("before", "after", store), drift(table(6), "before", store)):
        shown = open_panel(panel(found, store=store))
        shown.page.locator(".mlops-document > *").first.wait_for()
        assert shown.page.get_by_label("Smoothing").count() == 0
        assert "No curves" not in shown.page.locator("#place").inner_text()


def test_what_cannot_be_chosen_is_said(two) -> None:
    page = panel(diff("baseline", "boosted", two), store=two)
    with pytest.raises(DataError, match="nonsense"):
        page.part("nonsense")
    message, buffers = page.respond({"number": "7", "question": {"kind": "part", "value": "nonsense"}})
    assert message["answers"] == "7"
    assert "nonsense" in message["error"]
    assert buffers == []
    assert "error" in page.respond({"number": "8", "question": {"kind": "delete"}})[0]
    with pytest.raises(DataError, match="no panel for"):
        panel(track)
