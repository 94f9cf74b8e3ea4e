"""Where two executions went apart: laws, and the order in which it is told."""

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_magics.rerun.deviation import close, deviations, equal
from mlops_magics.rerun.facts import Facts, Point

# A machine that is busy with kernels is no reason to fail.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
START = datetime(2026, 1, 1)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def facts(cells: dict[int, list[tuple]]) -> Facts:
    """Cells by position, ten seconds each: what each of them recorded, as ``(kind, key, value[, step])``."""
    series = {}
    for position, recorded in cells.items():
        for place, (kind, key, value, *step) in enumerate(recorded):
            point = Point(value, at(10 * position + place / 1000), step[0] if step else None)
            series.setdefault((kind, key), []).append(point)
    return Facts(series, [(at(10 * position), position) for position in cells])


names = st.sampled_from(["auc", "loss", "n"])
numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)
metrics = st.tuples(st.just("metric"), names, numbers, st.one_of(st.none(), st.integers(0, 3)))
params = st.tuples(st.just("param"), names, st.one_of(numbers, st.booleans(), st.sampled_from(["l1", "l2"])))
tables = st.tuples(st.just("data"), st.sampled_from(["fit", "test"]), st.sampled_from(["a1", "b2"]))
recorded = st.dictionaries(
    st.integers(1, 5), st.lists(st.one_of(metrics, params, tables), max_size=6), max_size=4
).map(lambda cells: facts(dict(sorted(cells.items()))))


@patient
@given(recorded)
def test_equal_facts_do_not_deviate(one) -> None:
    assert deviations(one, one, positions=range(10)) == ()


@patient
@given(recorded, recorded)
def test_swapping_the_sides_swaps_the_values(one, other) -> None:
    there = {(d.kind, d.key): (repr(d.original), repr(d.replayed), d.step) for d in deviations(one, other)}
    back = {(d.kind, d.key): (repr(d.replayed), repr(d.original), d.step) for d in deviations(other, one)}
    assert there == back


@patient
@given(recorded, recorded, st.floats(0, 1), st.floats(0, 1))
def test_a_greater_tolerance_never_finds_more(one, other, small, large) -> None:
    small, large = sorted((small, large))
    strict = {(d.kind, d.key) for d in deviations(one, other, tolerance=small)}
    loose = {(d.kind, d.key) for d in deviations(one, other, tolerance=large)}
    assert loose <= strict


@patient
@given(recorded, recorded)
def test_they_come_in_the_order_of_cells_then_data_params_metrics(one, other) -> None:
    found = deviations(one, other, positions=range(10))
    keys = [(math.inf if d.cell is None else d.cell, ("data", "param", "metric").index(d.kind)) for d in found]
    assert keys == sorted(keys)


@patient
@given(recorded, recorded)
def test_no_deviation_means_equal_last_values(one, other) -> None:
    told = {(d.kind, d.key) for d in deviations(one, other)}
    for name in {*one.series, *other.series} - told:
        assert equal(one.series[name][-1].value, other.series[name][-1].value)


def test_the_first_cell_is_told_first_and_data_before_their_metrics() -> None:
    original = facts({
        3: [("data", "fit", "aaaa"), ("param", "depth", 3), ("metric", "auc", 0.7)],
        4: [("metric", "loss", 0.1)],
    })
    replayed = facts({
        3: [("data", "fit", "bbbb"), ("param", "depth", 4), ("metric", "auc", 0.8)],
        4: [("metric", "loss", 0.2)],
    })
    found = deviations(original, replayed)
    assert [(d.kind, d.key, d.cell) for d in found] == [
        ("data", "fit", 3), ("param", "depth", 3), ("metric", "auc", 3), ("metric", "loss", 4),
    ]


def test_a_curve_is_compared_at_every_step() -> None:
    curve = [("metric", "loss", 1 / (step + 1), step) for step in range(5)]
    bent = [*curve[:3], ("metric", "loss", 0.3, 3), curve[4]]
    (found,) = deviations(facts({1: curve}), facts({1: bent}))
    assert (found.step, found.original, found.replayed, found.is_last_equal) == (3, 0.2, 0.2, True)


def test_a_step_logged_again_counts_as_it_was_last() -> None:
    once = [("metric", "loss", 0.5, 0), ("metric", "loss", 0.4, 1)]
    again = [("metric", "loss", 0.9, 0), *once]
    assert deviations(facts({1: once}), facts({1: again})) == ()


def test_a_metric_that_only_one_side_has() -> None:
    some, none = facts({1: [("metric", "auc", 0.7)]}), facts({1: []})
    (gone,) = deviations(some, none)
    assert (gone.original, gone.replayed) == (0.7, None)
    (new,) = deviations(none, some, positions=[None, 8])
    assert (new.original, new.replayed, new.cell) == (None, 0.7, 8)


def test_what_a_skipped_cell_recorded_is_missed_only_as_the_last_word() -> None:
    replayed = facts({2: [("metric", "auc", 0.8)]})
    before = facts({1: [("metric", "auc", 0.7)], 2: [("metric", "auc", 0.8)]})
    assert deviations(before, replayed, skipped=frozenset({1})) == ()
    assert len(deviations(before, replayed)) == 1
    after = facts({2: [("metric", "auc", 0.8)], 3: [("metric", "auc", 0.7)]})
    (found,) = deviations(after, replayed, skipped=frozenset({3}))
    assert (found.original, found.replayed) == (0.7, 0.8)


def test_what_is_said_again_is_no_news() -> None:
    once, twice = [("param", "depth", 3), ("data", "fit", "aa")], [("param", "depth", 3), ("data", "fit", "aa")] * 2
    assert deviations(facts({1: once}), facts({1: twice})) == ()


def test_late_facts_belong_to_the_earlier_of_both_cells() -> None:
    original = Facts({("data", "fit"): [Point("a", at(25))]}, [(at(10), 1), (at(20), 2)])
    replayed = Facts({("data", "fit"): [Point("b", at(15))]}, [(at(10), 0), (at(20), 1)])
    (found,) = deviations(original, replayed, positions=[1, 2])
    assert found.cell == 1


@pytest.mark.parametrize(
    ("left", "right", "tolerance", "is_same"),
    [
        (0.7, 0.7, 0.0, True),
        (0.7, math.nextafter(0.7, 1), 0.0, False),
        (0.7, math.nextafter(0.7, 1), 1e-15, True),
        (100.0, 101.0, 0.01, True),
        (100.0, 102.0, 0.01, False),
        (-100.0, -101.0, 0.01, True),
        (0.0, 1e-300, 0.5, False),
        (math.nan, math.nan, 0.0, True),
        (math.nan, 0.0, 1.0, False),
        (math.inf, math.inf, 0.0, True),
        (math.inf, -math.inf, 1.0, False),
        (math.inf, 1e308, 1.0, False),
    ],
)
def test_close(left, right, tolerance, is_same) -> None:
    assert close(left, right, tolerance) is close(right, left, tolerance) is is_same
