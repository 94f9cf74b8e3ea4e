"""What a pair of column profiles shows: one piece of evidence per way a column can drift, in numbers and words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from mlops_magics.data.bins import Bins, as_text, common_bins
from mlops_magics.data.distance import excess, jensen_shannon, noise_floor
from mlops_magics.data.profile import MOST_STRAYS, ColumnProfile, comparable
from mlops_magics.look.numbers import percent
from mlops_magics.monitor.distance import (
    chi_square_p,
    one_sided_chance,
    population_stability_index,
    share_p,
)

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
    change itself being certain.
    """

    column: str
    kind: str
    seen: str
    effect: float | None
    floor: float | None = None
    p_value: float | None = None
    method: str | None = None
    is_enough: bool = True
    bins: Bins | None = None


def weigh(reference: ColumnProfile, current: ColumnProfile, *, method: Method) -> Iterator[Evidence]:
    """Yield the evidence on one column, the distribution first, then what is particular.

    Kinds: ``distribution``, ``missing``, ``nan``, ``infinite``, ``new_categories``, ``vanished_categories``,
    ``constant``, ``range``, ``type``; for dates and timestamps ``too_old`` instead of distribution and range, since
    time is expected to move on.
    """
    if not comparable(reference.type, current.type):
        if current.nulls < current.count and reference.nulls < reference.count:
            yield Evidence(
                column=reference.name, kind="type", effect=1.0, method="type",
                seen=f"is {current.type} now, was {reference.type}",
            )
            return
        current = _empty_like(reference, current)
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


def _empty_like(reference: ColumnProfile, current: ColumnProfile) -> ColumnProfile:
    """A column without a value has no type of its own: it takes the reference's."""
    if current.nulls < current.count:
        return current
    levels = None if reference.levels is None else dict.fromkeys(reference.levels, 0)
    return replace(
        reference, count=current.count, nulls=current.nulls, nan=0, positive_infinities=0, negative_infinities=0,
        minimum=None, maximum=None, sum=0.0, sum_squares=0.0, counts=(0,) * len(reference.counts), levels=levels,
        other=0, strays={}, distinct=0,
    )


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
    distance, floor = jensen_shannon(bins.reference, bins.current), noise_floor(len(bins), n, m)
    measured = Evidence(
        column=reference.name, kind="distribution", effect=excess(distance, floor), floor=floor, method=method,
        p_value=chi_square_p(bins.reference, bins.current), bins=bins,
        seen=f"lies at Jensen-Shannon distance {distance:.3f}, where chance alone gives about {floor:.3f}",
    )
    if method == "psi":
        index = population_stability_index(bins.reference, bins.current)
        expected = (len(bins) - 1) * (1 / n + 1 / m)
        measured = replace(
            measured, effect=index, floor=expected,
            seen=f"has a population stability index of {index:.3f} over {len(bins)} bins",
        )
    return replace(measured, seen=measured.seen + _moves(bins) + _means(reference, current))


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
        ("missing", "missing values", reference.nulls, current.nulls),
        ("nan", "NaN", reference.nan, current.nan),
        ("infinite", "infinities", _infinities(reference), _infinities(current)),
    ):
        if hits or now:
            yield _share(reference, current, (kind, words, hits, now))


def _infinities(profile: ColumnProfile) -> int:
    return profile.positive_infinities + profile.negative_infinities


def _share(reference: ColumnProfile, current: ColumnProfile, counted: tuple[str, str, int, int]) -> Evidence:
    kind, words, hits, now = counted
    n, m = reference.count, current.count
    floor = noise_floor(2, n, m)
    return Evidence(
        column=reference.name, kind=kind, effect=excess(_share_distance(hits / n, now / m), floor), floor=floor,
        p_value=share_p(hits, n, now, m), method="share", is_enough=min(n, m) >= FEWEST_ROWS,
        seen=f"{words} went from {percent(hits / n)} to {percent(now / m)} of rows ({now:,} of {m:,})",
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


def _named(levels: dict[str, int] | object) -> str:
    assert isinstance(levels, dict)
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
