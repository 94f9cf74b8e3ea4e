"""Curves as few values: no extreme is lost, what is not finite is said, and what was logged a moment ago is there."""

import json
import math
from datetime import UTC

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_magics import open_store, track
from mlops_magics.capture.parameters import Word
from mlops_magics.compare.curves import curves, extended
from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.records import Param


def log(store, name, points, *, key="loss", params=None, ends=True):
    run = track("flights", name, store=store, params=params)
    for step, value in points:
        run.log({key: value}, step=step)
    if ends:
        run.end()
    return run


def test_few_points_are_all_there(store) -> None:
    values = [3.0, 1.0, 2.0]
    log(store, "a", enumerate(values))
    (curve,) = curves("a", store=store).curves
    assert curve.by == "step"
    assert curve.x.tolist() == [0, 1, 2]
    assert curve.low.tolist() == curve.high.tolist() == curve.last.tolist() == values
    assert (curve.points, curve.not_finite, curve.steps) == (3, 0, (0, 2))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf])), min_size=2),
    st.integers(1, 40),
)
def test_no_extreme_is_lost(tmp_path_factory, values, columns) -> None:
    store = open_store(tmp_path_factory.mktemp("curves") / ".mlops")
    log(store, "a", enumerate(values))
    (curve,) = curves("a", store=store, columns=columns).curves
    heights = np.array(values)
    places = np.minimum(np.arange(len(values)) * columns // max(len(values) - 1, 1), columns - 1)
    assert len(curve.x) == len(set(places)) <= columns
    for at, place in enumerate(sorted(set(places))):
        inside = heights[places == place]
        finite = inside[np.isfinite(inside)]
        expected = [finite.min(), finite.max(), finite[-1]] if len(finite) else [math.nan] * 3
        np.testing.assert_array_equal([curve.low[at], curve.high[at], curve.last[at]], expected)
        assert curve.x[at] == np.flatnonzero(places == place)[-1]
    assert curve.points == len(values)
    assert curve.not_finite == np.count_nonzero(~np.isfinite(heights))


def test_what_is_not_finite_is_a_gap_and_is_said(store) -> None:
    log(store, "a", [(0, 1.0), (1, math.nan), (2, math.inf), (3, 2.0)])
    found = curves("a", store=store)
    np.testing.assert_array_equal(found.curves[0].last, [1, np.nan, np.nan, 2])
    assert "2 of 4 points of loss are NaN or infinite" in repr(found)
    assert "NaN or infinite" in found._repr_html_()


def test_a_step_logged_again_shows_its_newest_value(store) -> None:
    log(store, "a", [(0, 1.0), (1, 5.0), (1, 2.0)])
    (curve,) = curves("a", store=store).curves
    assert [curve.low.tolist(), curve.high.tolist(), curve.last.tolist()] == [[1, 2], [1, 5], [1, 2]]


def test_several_runs_share_their_columns(store) -> None:
    log(store, "short", [(step, 0.0) for step in range(50)])
    log(store, "long", [(step, 1.0) for step in range(100)])
    found = curves(["short", "long"], store=store, columns=10)
    assert [len(curve.x) for curve in found.curves] == [5, 10]
    assert found.keys == ("loss",)
    assert [going.run.name for going in found.runs] == ["short", "long"]


def test_a_part_is_asked_for_in_more_detail(store) -> None:
    log(store, "a", [(step, float(step)) for step in range(1000)])
    (curve,) = curves("a", store=store, columns=10, low=200, high=209).curves
    assert curve.x.tolist() == list(range(200, 210))
    assert curve.points == 10
    assert curve.steps == (0, 999)
    (empty,) = curves("a", store=store, low=5000, high=6000).curves
    assert (len(empty.x), empty.points) == (0, 0)


def test_what_a_living_run_logged_a_moment_ago_is_there(store) -> None:
    run = log(store, "a", [(0, 1.0), (1, 0.5)], ends=False)
    assert curves("a", store=store).is_running
    run.log(loss=0.25, step=2)
    found = curves("@last", store=store)
    assert found.curves[0].last.tolist() == [1.0, 0.5, 0.25]
    run.end()
    assert not curves("a", store=store).is_running


def test_without_steps_time_is_the_axis(store) -> None:
    log(store, "a", [(None, 1.0), (None, 2.0)])
    found = curves("a", store=store)
    (curve,) = found.curves
    assert curve.by == "seconds"
    assert 0 <= curve.x[0] < curve.x[1] < 60
    log(store, "b", enumerate([1.0, 2.0]))
    assert curves("b", store=store, by="seconds").curves[0].by == "seconds"
    assert "seconds" in repr(found)


def test_which_metrics_are_curves(store) -> None:
    with track("flights", "a", store=store) as run:
        run.log({"system/cpu": 1.0, "loss": 1.0, "final": 0.7}, step=0)
        run.log({"system/cpu": 1.0, "loss": 0.5}, step=1)
    assert curves("a", store=store).keys == ("loss",)
    assert curves("a", ["system/cpu", "final"], store=store).keys == ("system/cpu", "final")
    with track("flights", "idle", store=store) as run:
        for step in range(2):
            run.log({"system/cpu": 1.0}, step=step)
    assert curves("idle", store=store).keys == ("system/cpu",)
    with track("flights", "silent", store=store):
        pass
    assert "No metric was logged more than once" in repr(curves("silent", store=store))


def test_what_is_not_there_is_named(store) -> None:
    log(store, "a", enumerate([1.0, 2.0]))
    with pytest.raises(DataError, match="loss"):
        curves("a", "los", store=store)
    with pytest.raises(RunNotFound):
        curves("b", store=store)
    with pytest.raises(DataError, match="columns"):
        curves("a", store=store, columns=0)


@pytest.mark.parametrize(
    ("params", "total"),
    [
        ({"epochs": 100}, 100),
        ({"model__max_iter": 100, "depth": 500}, 100),
        ({"epochs": 100, "steps": 900}, None),
        ({"epochs": 5}, None),
        ({"epochs": True}, None),
        ({}, None),
    ],
)
def test_what_remains_is_told_where_one_parameter_says_it(store, params, total) -> None:
    run = log(store, "a", [(step, 1.0) for step in range(11)], params=params, ends=False)
    (going,) = curves("a", store=store).runs
    assert (going.step, going.total) == (10, total)
    assert (going.remaining is None) == (total is None)
    assert ("at most" in going.sentence) == (total is not None)
    assert going.elapsed > 0
    run.end()


def test_what_a_model_was_fitted_with_is_no_total(store) -> None:
    run = log(store, "a", [(step, 1.0) for step in range(11)], ends=False)
    run.describe_model([Param(key="max_iter", value=80, is_default=False)], Word.FITTED)
    (going,) = curves("a", store=store).runs
    assert (going.step, going.total) == (10, None)
    run.end()
    assert curves("a", store=store).runs[0].remaining is None


def test_runs_of_one_name_are_told_apart(store) -> None:
    one, other = log(store, "a", enumerate([1.0, 2.0])), log(store, "a", enumerate([3.0, 4.0]))
    shown = repr(curves([one.id, other.id], store=store))
    assert one.id[-8:] in shown
    assert other.id[-8:] in shown


def test_the_answer_is_data(store) -> None:
    log(store, "a", enumerate([1.0, 2.0]))
    told = json.loads(json.dumps(curves("a", store=store).to_dict()))
    assert told["curves"][0]["last"] == [1.0, 2.0]
    assert told["runs"][0]["name"] == "a"


@pytest.mark.parametrize("step", [0, None])
def test_points_are_appended_as_the_store_would_have_told(store, step) -> None:
    run = log(store, "a", [(step and at, 1.0 / (at + 1)) if step is None else (at, 1.0) for at in range(3)], ends=False)
    before = curves("a", store=store)
    moment = int(before.curves[0].times[1].replace(tzinfo=UTC).timestamp() * 1e6)
    points = [(None if step is None else at, moment + at * 1000, value) for at, value in ((1, 9.0), (3, math.nan))]
    found = extended(before, {(run.id, "loss"): points}).curves[0]
    # A step that was there already waits until the store is asked again; time never stands still.
    kept = 2 if step is None else 1
    assert found.points == 3 + kept
    assert found.not_finite == 1
    assert math.isnan(found.last[-1])
    assert np.all(np.diff(found.x) > 0)
    assert found.steps == (None if step is None else (0, 3))
    assert extended(before, {}).curves == before.curves
    run.end()
