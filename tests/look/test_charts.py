"""Pictures are well-formed, stay inside their frame, stay small, and lose no extreme."""

import math
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_magics.look import Chart, Series
from mlops_magics.look.axes import LARGEST, axis_over, nice_step
from mlops_magics.look.charts import to_alt, to_svg
from mlops_magics.look.reduce import means, per_column, pieces

relaxed = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
finite = st.floats(allow_nan=False, allow_infinity=False)


def shapes(chart: Chart, tag: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(to_svg(chart)).findall(f"{{http://www.w3.org/2000/svg}}{tag}")


def texts(chart: Chart) -> list[str]:
    return [shape.text or "" for shape in shapes(chart, "text")]


@given(data=st.data())
@relaxed
def test_every_picture_is_well_formed(data: st.DataObject, any_charts: st.SearchStrategy[Chart]) -> None:
    chart = data.draw(any_charts)
    svg = to_svg(chart)
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert names <= {"svg", "path", "rect", "text", "circle"}
    assert "nan" not in svg
    assert "inf" not in "".join(str(path.get("d")) for path in shapes(chart, "path"))
    assert to_alt(chart)


@given(st.lists(finite, max_size=20), st.integers(2, 10), st.booleans())
def test_an_axis_covers_its_values_with_even_ticks(values: list[float], ticks: int, is_rounded: bool) -> None:
    axis = axis_over(values, ticks=ticks, is_rounded=is_rounded)
    assert axis.low < axis.high
    slack = (axis.high - axis.low) * 1e-6
    assert all(axis.low - slack <= value <= axis.high + slack for value in values if abs(value) < LARGEST)
    assert all(axis.low - slack <= tick <= axis.high + slack for tick in axis.ticks)
    assert all(math.isclose(right - left, axis.step, rel_tol=1e-3) for left, right in pairwise(axis.ticks))
    assert len(axis.ticks) <= ticks + 3


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_a_nice_step_is_nice(rough: float) -> None:
    step = nice_step(rough)
    assert rough * (1 - 1e-6) <= step <= rough * 2.5 * (1 + 1e-6)
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert any(math.isclose(mantissa, nice, rel_tol=1e-6) for nice in (1, 2, 2.5, 5, 10))


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 1], ["0", "0.25", "0.50", "0.75", "1.00"]),
        ([0, 340_000], ["0", "100k", "200k", "300k", "400k"]),
        ([1e-7, 4e-7], ["1e-7", "2e-7", "3e-7", "4e-7"]),
    ],
)
def test_tick_labels_read(values: list[float], labels: list[str]) -> None:
    axis = axis_over(values, ticks=4, is_rounded=True)
    assert [axis.label(tick) for tick in axis.ticks] == labels


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 100)), max_size=60))
def test_reduction_loses_no_extreme(points: list[tuple[float, float]]) -> None:
    kept = per_column(points, limit=3)
    assert len(kept) <= len(points)
    assert [point for point in points if point in set(kept)][:1] == points[:1]
    assert kept[-1:] == points[-1:]
    for side in (min, max):
        assert side((y for _, y in kept), default=0) == side((y for _, y in points), default=0)


def test_a_long_line_is_a_small_picture() -> None:
    points = 100_000
    chart = Chart("line", (Series("loss", range(points), [math.sin(index / 50) for index in range(points)]),))
    assert len(to_svg(chart)) < 20_000


def test_gaps_split_a_line_and_lone_points_stay_visible() -> None:
    chart = Chart("line", (Series("a", range(6), [1, 2, float("nan"), 3, None, 5]),))
    lines = [shape for shape in shapes(chart, "path") if shape.get("stroke-linejoin")]
    assert len(lines) == 1
    assert len(shapes(chart, "circle")) == 2
    assert list(pieces([(0, 1), (1, math.nan), (2, 3)])) == [[(0, 1)], [(2, 3)]]


def test_an_empty_chart_says_so() -> None:
    for series in ((), (Series("a", [], []),), (Series("a", [1], [float("nan")]),)):
        assert texts(Chart("step", series)) == ["no points"]


def test_categories_stand_side_by_side_and_are_named() -> None:
    chart = Chart("bars", (Series("before", ["UA", "EV"], [3, 2]), Series("after", ["EV", "9E"], [2, 1])))
    assert [text for text in texts(chart) if text in {"UA", "EV", "9E"}] == ["UA", "EV", "9E"]
    bars = [shape for shape in shapes(chart, "rect") if shape.get("rx") is None]
    spans = sorted((float(bar.get("x", 0)), float(bar.get("width", 0))) for bar in bars)
    assert len(spans) == 4
    assert all(left + wide <= right + 0.11 for (left, wide), (right, _) in pairwise(spans))


def test_open_bins_are_closed_by_an_ordinary_one() -> None:
    chart = Chart("bars", (Series("h", [-math.inf, 0, 10, 20, math.inf], [1, 5, 4, 2]),))
    assert {"0", "20"} <= set(texts(chart))
    (area,) = [shape for shape in shapes(chart, "path") if shape.get("fill-opacity")]
    assert area.get("d", "").count("Z") == 4


def test_the_diagonal_is_drawn_on_a_common_square() -> None:
    chart = Chart("line", (Series("roc", [0.2, 0.8], [0.5, 0.9]),), diagonal=True)
    dashed = [shape for shape in shapes(chart, "path") if shape.get("stroke-dasharray")]
    assert len(dashed) == 1
    assert {"0", "1.0"} <= set(texts(chart)) or {"0", "1.00"} <= set(texts(chart))


def test_means_keep_gaps() -> None:
    assert means([1, 3, 5, 7], cells=2) == [2, 6]
    assert math.isnan(means([math.nan] * 10, cells=2)[0])
