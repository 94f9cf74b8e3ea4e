"""A chart as an SVG picture that reads on a light and on a dark page, and the sentence that says what it shows."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from mlops_magics.look.axes import LARGEST, Axis, axis_over
from mlops_magics.look.document import Chart, Series
from mlops_magics.look.glyphs import clean, clip, width
from mlops_magics.look.numbers import count, number
from mlops_magics.look.palette import CHART_FAINT, CHART_RULE, CHART_TEXT, SERIES
from mlops_magics.look.reduce import Point, per_column, pieces

FONT = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
LETTER = 5.9
"""Pixels of an average letter at 11 px; wide characters take two."""
EDGE = 2.0
"""Where labels begin, so that the picture lines up with the text above it."""
SMALLEST_BIN = 0.6


@dataclass(frozen=True)
class Frame:
    """The rectangle the data is drawn into, in pixels, and the axes along it."""

    left: float
    top: float
    right: float
    bottom: float
    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> Point:
        """Where a data point stands in the picture."""
        return self.across(x), self.bottom - self.y.share(y) * (self.bottom - self.top)

    def across(self, x: float) -> float:
        """Where a data position stands from left to right."""
        return self.left + self.x.share(x) * (self.right - self.left)


def to_svg(chart: Chart) -> str:
    """Draw a chart as one self-contained SVG element: no script, no style sheet, no reference to anything outside.

    The title is left to the page around it, where it can follow the theme.
    """
    body = "".join(_body(chart) if _heights(chart) else _nothing(chart))
    size = f'width="{chart.width}" height="{chart.height}" viewBox="0 0 {chart.width} {chart.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" font-size="11" fill="{CHART_TEXT}">'
        f"{body}</svg>"
    )


def _body(chart: Chart) -> Iterator[str]:
    series, categories = _numbered(chart)
    numbered = Chart(**{**vars(chart), "series": series})
    frame = _frame(numbered, categories)
    yield from _heading(chart)
    yield from _rules(frame)
    yield from _category_labels(frame, categories) if categories else _x_labels(frame)
    yield from _axis_names(chart, frame)
    if chart.diagonal:
        yield from _diagonal(frame)
    yield from _drawn(numbered, frame, is_grouped=bool(categories))


def _nothing(chart: Chart) -> Iterator[str]:
    yield f'<rect x="1" y="1" width="{chart.width - 2}" height="{chart.height - 2}" rx="3" fill="{CHART_FAINT}"/>'
    yield _text("no points", chart.width / 2, chart.height / 2 + 4, anchor="middle")


def to_data_uri(chart: Chart) -> str:
    """The picture as a ``data:`` address, which survives where inline SVG is stripped."""
    return f"data:image/svg+xml;base64,{b64encode(to_svg(chart).encode()).decode()}"


def to_alt(chart: Chart) -> str:
    """What the chart shows, in words: its kind, its axes, and the range of every series."""
    kind = {"line": "Line chart", "step": "Step chart", "bars": "Bar chart"}[chart.kind]
    axes = " by ".join(label for label in (chart.y_label, chart.x_label) if label)
    named = ": ".join(part for part in (kind, chart.title or axes) if part)
    about = f"{named} ({axes})" if chart.title and axes else named
    told = [_told(one) for one in chart.series] or ["no points"]
    return f"{about}. {'; '.join(told)}."


def _told(series: Series) -> str:
    finite = [value for value in series.y if math.isfinite(value)]
    name = f"{series.name}: " if series.name else ""
    if not finite:
        return f"{name}no points"
    low, high = number(min(finite)), number(max(finite))
    extent = f"all {low}" if low == high else f"from {low} to {high}, last {number(finite[-1])}"
    return f"{name}{count(len(finite), 'point')}, {extent}"


def _numbered(chart: Chart) -> tuple[tuple[Series, ...], tuple[str, ...]]:
    """The series with category names as positions 0, 1, 2 …, and the names in order of first appearance."""
    names = tuple(dict.fromkeys(str(x) for one in chart.series if one.has_categories for x in one.x))
    if not names:
        return tuple(_drawable(one) for one in chart.series), ()
    places = {name: place for place, name in enumerate(names)}
    return tuple(Series(one.name, [places[str(x)] for x in one.x], map(_kept, one.y)) for one in chart.series), names


def _drawable(series: Series) -> Series:
    """The series without what no axis can hold: such heights become gaps, such positions go, open bins are closed."""
    if series.has_edges:
        return Series(series.name, _closed([_kept(edge) for edge in map(float, series.x)]), map(_kept, series.y))
    points = [(_kept(x), _kept(y)) for x, y in zip(map(float, series.x), series.y, strict=True)]
    placed = [point for point in points if math.isfinite(point[0])]
    return Series(series.name, [x for x, _ in placed], [y for _, y in placed])


def _kept(value: float) -> float:
    """The value, or what stands for it where the arithmetic of an axis would overflow."""
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value


def _closed(edges: list[float]) -> list[float]:
    """The edges with an infinite outer one moved to one ordinary bin beyond its neighbour."""
    inner = [edge for edge in edges if math.isfinite(edge)]
    gaps = sorted(right - left for left, right in pairwise(inner) if right > left)
    usual = gaps[len(gaps) // 2] if gaps else 1.0
    low, high = (inner[0], inner[-1]) if inner else (0.0, 0.0)
    return [edge if math.isfinite(edge) else low - usual if edge < 0 else high + usual for edge in edges]


def _frame(chart: Chart, categories: Sequence[str]) -> Frame:
    top = 8 + (17 if _has_legend(chart) else 0) + (19 if chart.y_label else 0)
    bottom = chart.height - 20 - (15 if chart.x_label else 0)
    heights = _heights(chart) + ([0.0, 1.0] if chart.diagonal else [])
    y = axis_over(heights, ticks=max(2, int((bottom - top) / 34)), is_rounded=True, includes_zero=chart.kind == "bars")
    left = 8 + LETTER * max(len(y.label(tick)) for tick in y.ticks) if y.ticks else 8.0
    right = chart.width - 10.0
    positions = [float(x) for one in chart.series for x in one.x] + ([0.0, 1.0] if chart.diagonal else [])
    if categories:
        x = Axis(-0.5, len(categories) - 0.5, (), 1.0)
    else:
        if chart.kind == "bars":
            positions += [edge for one in chart.series for edge in _edges(one)]
        x = axis_over(positions, ticks=max(2, int((right - left) / 56)), is_rounded=False)
    return Frame(left, top, right, max(bottom, top + 12.0), x, y)


def _heights(chart: Chart) -> list[float]:
    return [value for one in chart.series for value in one.y if abs(value) < LARGEST]


def _has_legend(chart: Chart) -> bool:
    return len(chart.series) > 1 and any(one.name for one in chart.series)


def _heading(chart: Chart) -> Iterator[str]:
    line = 13.0
    if _has_legend(chart):
        yield from _legend(chart, line)
        line += 17
    if chart.y_label:
        yield _text(_fitted(chart.y_label, chart.width - 14), EDGE, line)


def _legend(chart: Chart, line: float) -> Iterator[str]:
    place, share = EDGE, (chart.width - 8) / len(chart.series) - 20
    for index, one in enumerate(chart.series):
        name = clip(clean(one.name), max(3, int(max(share, 30) / LETTER)))
        shape = (
            f'<rect x="{place:.1f}" y="{line - 9:.1f}" width="10" height="10" rx="2"'
            if chart.kind == "bars"
            else f'<rect x="{place:.1f}" y="{line - 5:.1f}" width="12" height="2.5" rx="1"'
        )
        yield f'{shape} fill="{_colour(index)}"/>'
        yield _text(escape(name), place + 16, line)
        place += 28 + width(name) * LETTER


def _rules(frame: Frame) -> Iterator[str]:
    for tick in frame.y.ticks:
        _, height = frame.at(frame.x.low, tick)
        yield f'<path d="M{frame.left:.1f} {height:.1f}H{frame.right:.1f}" stroke="{CHART_RULE}"/>'
        yield _text(frame.y.label(tick), frame.left - 5, height + 3.5, anchor="end")


def _x_labels(frame: Frame) -> Iterator[str]:
    for tick in frame.x.ticks:
        place, label = frame.across(tick), frame.x.label(tick)
        half = len(label) * LETTER / 2
        # A label at either end leans inwards, so that the picture never cuts it.
        shift = min(0.0, frame.right + 8 - (place + half))
        yield f'<path d="M{place:.1f} {frame.bottom:.1f}v3" stroke="{CHART_TEXT}"/>'
        yield _text(label, place + shift, frame.bottom + 14, anchor="middle")


def _category_labels(frame: Frame, names: Sequence[str]) -> Iterator[str]:
    band = (frame.right - frame.left) / len(names)
    every = max(1, math.ceil(min(34.0, LETTER * max(width(name) for name in names)) / band))
    for index in range(0, len(names), every):
        yield _text(_fitted(names[index], band * every - 3), frame.across(index), frame.bottom + 14, anchor="middle")


def _axis_names(chart: Chart, frame: Frame) -> Iterator[str]:
    if chart.x_label:
        label = _fitted(chart.x_label, frame.right - frame.left)
        yield _text(label, (frame.left + frame.right) / 2, chart.height - 5, anchor="middle")


def _diagonal(frame: Frame) -> Iterator[str]:
    low, high = max(frame.x.low, frame.y.low), min(frame.x.high, frame.y.high)
    if low < high:
        (left, bottom), (right, top) = frame.at(low, low), frame.at(high, high)
        path = f"M{left:.1f} {bottom:.1f}L{right:.1f} {top:.1f}"
        yield f'<path d="{path}" stroke="{CHART_TEXT}" stroke-dasharray="3 4" fill="none"/>'


def _drawn(chart: Chart, frame: Frame, *, is_grouped: bool) -> Iterator[str]:
    for index, one in enumerate(chart.series):
        if chart.kind == "line" or (chart.kind == "step" and not one.x):
            yield from _line(one, frame, _colour(index))
        elif chart.kind == "step":
            yield from _steps(one, frame, _colour(index))
        elif is_grouped:
            yield from _grouped_bars(one, frame, index=index, of=len(chart.series))
        else:
            yield from _overlaid_bars(one, frame, _colour(index))


def _line(series: Series, frame: Frame, colour: str) -> Iterator[str]:
    points = zip(map(float, series.x), series.y, strict=True)
    for piece in pieces(points):
        placed = [frame.at(x, y) for x, y in piece]
        reduced = per_column(placed, limit=int(2 * (frame.right - frame.left)))
        # Where points crowd, a thick line would turn noise into a band.
        yield from _stroke(reduced, colour, weight=1.75 if len(reduced) == len(placed) else 1)


def _steps(series: Series, frame: Frame, colour: str) -> Iterator[str]:
    positions = [float(x) for x in series.x]
    ends = positions[1:] if series.has_edges else [*positions[1:], positions[-1]]
    corners = [
        corner for start, end, y in zip(positions, ends, series.y, strict=False) for corner in ((start, y), (end, y))
    ]
    for piece in pieces(corners):
        placed = [frame.at(x, y) for x, y in piece]
        yield from _stroke(per_column(placed, limit=int(4 * (frame.right - frame.left))), colour, weight=1.75)


def _stroke(placed: Sequence[Point], colour: str, *, weight: float) -> Iterator[str]:
    if len(set(placed)) == 1:
        (x, y) = placed[0]
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'
        return
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
    yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{weight}" stroke-linejoin="round"/>'


def _overlaid_bars(series: Series, frame: Frame, colour: str) -> Iterator[str]:
    """Translucent areas with a firm upper edge: two histograms over each other stay readable."""
    floor = frame.at(frame.x.low, min(max(0.0, frame.y.low), frame.y.high))[1]
    areas, outline, reached = [], "", math.nan
    for (start, end), y in zip(_bins(series), series.y, strict=True):
        if not math.isfinite(y):
            continue
        (left, top), right = frame.at(start, y), frame.across(end)
        right = max(right, left + SMALLEST_BIN)
        areas.append(f"M{left:.1f} {floor:.1f}V{top:.1f}H{right:.1f}V{floor:.1f}Z")
        # Bins that touch share one outline; the others get an edge of their own.
        joined = abs(left - reached) < SMALLEST_BIN
        outline += f"V{top:.1f}H{right:.1f}" if joined else f"M{left:.1f} {top:.1f}H{right:.1f}"
        reached = right
    if areas:
        yield f'<path d="{"".join(areas)}" fill="{colour}" fill-opacity="0.38"/>'
        yield f'<path d="{outline}" fill="none" stroke="{colour}" stroke-width="1.75"/>'


def _grouped_bars(series: Series, frame: Frame, *, index: int, of: int) -> Iterator[str]:
    bar = 0.76 / of
    floor = frame.at(0, min(max(0.0, frame.y.low), frame.y.high))[1]
    for place, y in zip(map(float, series.x), series.y, strict=True):
        if math.isfinite(y):
            left, height = frame.at(place - 0.38 + index * bar, y)
            right = frame.across(place - 0.38 + (index + 1) * bar)
            inner = max(SMALLEST_BIN, right - left - (1 if right - left > 4 else 0))
            where = f'x="{left:.1f}" y="{min(height, floor):.1f}"'
            size = f'width="{inner:.1f}" height="{abs(height - floor):.1f}"'
            yield f'<rect {where} {size} fill="{_colour(index)}"/>'


def _bins(series: Series) -> Iterator[tuple[float, float]]:
    return pairwise(_edges(series)) if series.has_edges else _around(series)


def _edges(series: Series) -> list[float]:
    if series.has_edges:
        return [float(edge) for edge in series.x]
    return [edge for ends in _around(series) for edge in ends]


def _around(series: Series) -> Iterator[tuple[float, float]]:
    """A bin around every position, as wide as the narrowest gap between two."""
    positions = sorted({float(x) for x in series.x if math.isfinite(float(x))})
    half = min((right - left for left, right in pairwise(positions)), default=1.0) * 0.46
    return ((float(x) - half, float(x) + half) for x in series.x)


def _colour(index: int) -> str:
    return SERIES[index % len(SERIES)]


def _fitted(text: str, pixels: float) -> str:
    """The text cut to about so many pixels, safe inside SVG."""
    return escape(clip(clean(text), max(2, int(pixels / LETTER))))


def _text(text: str, x: float, y: float, *, anchor: str = "start") -> str:
    """A label; ``text`` is already safe inside SVG."""
    side = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{side}>{text}</text>'
