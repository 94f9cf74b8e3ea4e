"""What a pair of column profiles shows: one piece of evidence per way a column can drift, in numbers and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from mlops_magics.data.bins import Bins, as_text, common_bins, inner_edges
from mlops_magics.data.distance import excess, jensen_shannon, noise_floor, split_floor
from mlops_magics.data.profile import MOST_STRAYS, ColumnProfile, comparable
from mlops_magics.look.numbers import percent
from mlops_magics.monitor.distance import (
    chi_square_p,
    kolmogorov_smirnov_p,
    one_sided_chance,
    population_stability_index,
    share_p,
    widest_gap,
)
from mlops_magics.monitor.power import ORDER_SHARE, Power

Method = Literal["js", "psi", "chi2"]

FEWEST_ROWS = 50
"""With fewer rows with a value on either side nothing statistical is judged: the answer is ``unknown``."""

LEAST_EFFECT = 0.035
"""Jensen-Shannon distance beyond chance from which on a distribution has drifted: a mean moved by 0.08 standard
deviations. With enough rows smaller shifts are significant and mean nothing: the hours at which flights leave New
York differ by 0.023 to 0.032 between a winter and the months after it."""

LEAST_SHARE_EFFECT = 0.025
"""The same for a share of rows that are missing, not finite, or where the reference never was: one that went from
nothing to 0.13 %, or from 5 % to 6.4 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One way a column changed or did not. ``p_value`` is for this one test; None when there is nothing to test, the
    change itself being certain. ``power`` is what that test could see.
    """

    column: str
    kind: str
    seen: str
    effect: float | None
    floor: float | None = None
    p_value: float | None = None
    method: str | None = None
    is_enough: bool = True
    power: Power | None = None
    bins: Bins | None = None


def weigh(reference: ColumnProfile, current: ColumnProfile, *, method: Method) -> list[Evidence]:
    """The evidence on one column, the distribution first, then what is particular; there is always some.

    Kinds: ``distribution``, ``missing`` (null or NaN, which libraries write for one another), ``infinite``,
    ``new_categories``, ``vanished_categories``, ``constant``, ``range``, ``type``; for dates and timestamps
    ``too_old`` instead of distribution and range, since time is expected to move on.
    """
    return list(_weighed(reference, current, method)) or [_nothing_missing(reference, current)]


def _weighed(reference: ColumnProfile, current: ColumnProfile, method: Method) -> Iterator[Evidence]:
    # A column without a value has no type of its own.
    has_values = current.missing < current.count and reference.missing < reference.count
    if has_values and not comparable(reference.type, current.type):
        yield Evidence(
            column=reference.name, kind="type", effect=1.0, method="type",
            seen=f"is {current.type} now, was {reference.type}",
        )
        return
    if reference.is_withheld or current.is_withheld:
        yield from _shares(reference, current)
        return
    if reference.family in ("number", "level"):
        yield _distribution(reference, current, method)
    yield from _shares(reference, current)
    if reference.levels is not None:
        yield from _categories(reference, current)
    elif reference.grid is not None and current.grid is not None:
        yield from _outside(reference, current)
    if reference.grid is not None or reference.levels is not None:
        yield from _constant(reference, current)


def _distribution(reference: ColumnProfile, current: ColumnProfile, method: Method) -> Evidence:
    n, m = reference.values, current.values
    if not n and not m:
        return Evidence(column=reference.name, kind="distribution", effect=0.0, p_value=1.0, method=method,
                        seen="has no value on either side")
    if min(n, m) < FEWEST_ROWS or (reference.grid is None and reference.levels is None):
        return Evidence(
            column=reference.name, kind="distribution", effect=None, method=method, is_enough=False,
            seen=f"has {m:,} values to compare with {n:,}; fewer than {FEWEST_ROWS} on a side tell too little",
        )
    bins = common_bins(reference, current, most=10 if method == "psi" else 64)
    measured = _measured(reference, current, bins, method)
    if method == "psi":
        index = population_stability_index(bins.reference, bins.current)
        measured = replace(
            measured, effect=index, floor=(len(bins) - 1) * (1 / n + 1 / m),
            seen=f"has a population stability index of {index:.3f} over {len(bins)} bins",
        )
    return replace(measured, seen=measured.seen + _moves(bins) + _means(reference, current))


def _measured(reference: ColumnProfile, current: ColumnProfile, bins: Bins, method: Method) -> Evidence:
    """How far the sides lie apart, and how surprising that is.

    Chi-square over bins sees any difference and none of them well, as it does not know that bins have an order;
    Kolmogorov-Smirnov sees a shift. Of the two p-values of numbers the smaller one counts, once divided by its share
    of the level, 0.2 and 0.8 (Bonferroni, weighted: Rosenthal & Rubin 1983).

    The distance is taken in these bins and in two, split where the sides differ most: in coarser bins a distance can
    only be less, but so is the noise. Whichever shows more beyond chance is told.
    """
    n, m = reference.values, current.values
    distance, floor = jensen_shannon(bins.reference, bins.current), noise_floor(len(bins), n, m)
    measured = Evidence(
        column=reference.name, kind="distribution", effect=excess(distance, floor), floor=floor, method=method,
        p_value=chi_square_p(bins.reference, bins.current), bins=bins, power=Power(n, m, max(len(bins) - 1, 1)),
        seen=f"lies at Jensen-Shannon distance {distance:.3f}, where chance alone gives about {floor:.3f}",
    )
    if reference.grid is None or method == "chi2":
        return measured
    place, gap = widest_gap(reference.counts, current.counts)
    shares = ((kolmogorov_smirnov_p(gap, n, m), ORDER_SHARE), (measured.p_value or 0.0, 1 - ORDER_SHARE))
    p_value = min(*(p / share for p, share in shares), 1.0)
    measured = replace(measured, p_value=p_value, power=Power(n, m, None))
    split = _split(reference, current, place)
    distance, floor = jensen_shannon(split.reference, split.current), split_floor(n, m)
    if excess(distance, floor) <= (measured.effect or 0.0):
        return measured
    return replace(
        measured, effect=excess(distance, floor), floor=floor,
        seen=f"lies at Jensen-Shannon distance {distance:.3f} when split at {as_text(split.edges[1], is_time=False)}, "
        f"where chance alone gives about {floor:.3f}",
    )


def _split(reference: ColumnProfile, current: ColumnProfile, place: int) -> Bins:
    """Two bins: up to the end of the one at ``place``, and the rest."""
    assert reference.grid is not None
    below, now_below = (sum(side.counts[: place + 1]) for side in (reference, current))
    return Bins(
        (below, reference.values - below), (now_below, current.values - now_below),
        edges=(-inf, inner_edges(reference.grid)[place], inf),
    )


def _moves(bins: Bins) -> str:
    moves = [f"{label} went from {percent(before)} to {percent(now)}" for label, before, now in bins.movers()]
    return f"; {', '.join(moves)}" if moves else ""


def _means(reference: ColumnProfile, current: ColumnProfile) -> str:
    if reference.mean is None or current.mean is None or reference.family != "number":
        return ""
    before, now = as_text(reference.mean, is_time=False), as_text(current.mean, is_time=False)
    return f"; mean {before} → {now}" if before != now else ""


def _shares(reference: ColumnProfile, current: ColumnProfile) -> Iterator[Evidence]:
    for kind, words, hits, now in (
        ("missing", "missing values", reference.missing, current.missing),
        ("infinite", "infinities", _infinities(reference), _infinities(current)),
    ):
        if (hits or now) and reference.count and current.count:
            yield _share(reference, current, (kind, words, hits, now))


def _infinities(profile: ColumnProfile) -> int:
    return profile.positive_infinities + profile.negative_infinities


def _share(reference: ColumnProfile, current: ColumnProfile, counted: tuple[str, str, int, int]) -> Evidence:
    kind, words, hits, now = counted
    n, m = reference.count, current.count
    floor = noise_floor(2, n, m)
    return Evidence(
        column=reference.name, kind=kind, effect=excess(_share_distance(hits / n, now / m), floor), floor=floor,
        p_value=share_p(hits, n, now, m), method="share", is_enough=min(n, m) >= FEWEST_ROWS, power=Power(n, m),
        seen=f"has changed: {words} went from {percent(hits / n)} to {percent(now / m)} of rows ({now:,} of {m:,})",
    )


def _nothing_missing(reference: ColumnProfile, current: ColumnProfile) -> Evidence:
    """Of a column that is judged for missing values only and has none: what that is worth."""
    n, m = reference.count, current.count
    why = "is private" if reference.is_withheld or current.is_withheld else f"is of type {reference.type}"
    return Evidence(
        column=reference.name, kind="missing", effect=0.0, p_value=1.0, method="share",
        is_enough=min(n, m) >= FEWEST_ROWS, power=Power(n, m) if n and m else None,
        seen=f"{why}, judged for missing values only",
    )


def _share_distance(before: float, now: float) -> float:
    size = 10**12
    left, right = round(before * size), round(now * size)
    return jensen_shannon((left, size - left), (right, size - right))


def _categories(reference: ColumnProfile, current: ColumnProfile) -> Iterator[Evidence]:
    n, m = reference.values, current.values
    if not n or not m or reference.levels is None or current.levels is None:
        return
    is_enough = min(n, m) >= FEWEST_ROWS
    known = (reference.distinct or 0) + (current.distinct or 0)
    if reference.has_all_levels and current.strays:
        chances = {level: one_sided_chance(count, m, n) * known for level, count in current.strays.items()}
        count = len(current.strays)
        several = f"at least {count}" if count == MOST_STRAYS else str(count)
        yield Evidence(
            column=reference.name, kind="new_categories", p_value=min(*chances.values(), 1.0), method="exchangeability",
            effect=_share_distance(0.0, current.other / m), is_enough=is_enough,
            seen=f"has {several} level{'s' if count > 1 else ''} the reference never had: {_named(current.strays)}, "
            f"{percent(current.other / m)} of values",
        )
    gone = {level: count for level, count in reference.levels.items() if count and not current.levels[level]}
    chances = {level: min(one_sided_chance(count, n, m) * known, 1.0) for level, count in gone.items()}
    lost = {level: gone[level] for level, chance in chances.items() if chance <= 0.05} or gone
    if lost:
        yield Evidence(
            column=reference.name, kind="vanished_categories", p_value=min(chances.values()), method="exchangeability",
            effect=_share_distance(sum(lost.values()) / n, 0.0), is_enough=is_enough,
            seen=f"no longer has {_named(lost)}, {percent(sum(lost.values()) / n)} of the reference",
        )


def _named(levels: Mapping[str, int]) -> str:
    ranked = sorted(levels, key=lambda level: (-levels[level], level))
    return ", ".join(map(repr, ranked[:3])) + (f" and {len(ranked) - 3} more" if len(ranked) > 3 else "")


def _outside(reference: ColumnProfile, current: ColumnProfile) -> Iterator[Evidence]:
    n, m = reference.values, current.values
    low, high = reference.minimum, reference.maximum
    if not n or not m or low is None or high is None or reference.counts[0] or reference.counts[-1]:
        return
    is_time = reference.family == "time"
    below, above = current.counts[0], 0 if is_time else current.counts[-1]
    if is_time:
        yield _age(reference, current)
    elif below or above:
        chance = min(2 * min(one_sided_chance(below, m, n), one_sided_chance(above, m, n)), 1.0)
        span = f"{as_text(low, is_time=False)} to {as_text(high, is_time=False)}"
        found = f"{as_text(current.minimum or 0.0, is_time=False)} to {as_text(current.maximum or 0.0, is_time=False)}"
        yield Evidence(
            column=reference.name, kind="range", p_value=chance, effect=_share_distance(0.0, (below + above) / m),
            method="exchangeability", is_enough=min(n, m) >= FEWEST_ROWS,
            seen=f"leaves the reference's range {span} in {percent((below + above) / m)} of values ({found} now)",
        )


def _age(reference: ColumnProfile, current: ColumnProfile) -> Evidence:
    n, m, older = reference.values, current.values, current.counts[0]
    spans = [
        " to ".join(as_text(edge or 0.0, is_time=True) for edge in (profile.minimum, profile.maximum))
        for profile in (reference, current)
    ]
    return Evidence(
        column=reference.name, kind="too_old", p_value=one_sided_chance(older, m, n),
        effect=_share_distance(0.0, older / m), method="exchangeability", is_enough=min(n, m) >= FEWEST_ROWS,
        power=Power(n, m),
        seen=f"runs {spans[1]}, {percent(older / m)} of it older than the reference ({spans[0]})",
    )


def _constant(reference: ColumnProfile, current: ColumnProfile) -> Iterator[Evidence]:
    n, m = reference.values, current.values
    if not current.is_constant or reference.is_constant or not n or reference.family == "time":
        return
    same = _rows_like(reference, current)
    value = next((repr(level) for level, count in {**(current.levels or {}), **current.strays}.items() if count), None)
    value = value or as_text(current.minimum or 0.0, is_time=False)
    yield Evidence(
        column=reference.name, kind="constant", p_value=one_sided_chance(n - same, n, m), method="exchangeability",
        effect=_share_distance(same / n, 1.0), is_enough=min(n, m) >= FEWEST_ROWS,
        seen=f"is always {value} now, which was {percent(same / n)} of the reference",
    )


def _rows_like(reference: ColumnProfile, current: ColumnProfile) -> int:
    """Reference rows in the level or bin that all current rows are in."""
    if reference.levels is not None and current.levels is not None:
        return sum(count for level, count in reference.levels.items() if current.levels[level])
    return sum(count for count, now in zip(reference.counts, current.counts, strict=True) if now)
