"""What a comparison found, in one sentence: by the first metric, by which others the contrary, and on which slices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlops_magics.look.numbers import count

if TYPE_CHECKING:
    from mlops_magics.compare.significance.comparison import Comparison

MOST_NAMED = 3
"""Metrics and slices that a sentence names, where there are more than one besides."""


def sentence(found: Comparison) -> str:
    """Why nothing was compared, that both answer the same, or which side is better and where it is not."""
    if not found.telling:
        reason = f"{_capital(found.reason)}." if found.reason else ""
        return f"{reason} {found.hint}." if found.hint else reason
    if found.is_same:
        return f"Both answer the same in all {count(found.rows, 'row')}."
    first = found.telling[0]
    said = first.sentence(*found.names)
    if first.verdict == "not told apart":
        return f"{'; '.join([said, *_by_others(found)])}."
    against = [one.metric for one in found.contrary]
    but = f", but worse by {listed(against)}" if against else ""
    return f"{'; '.join([said + but, *_on_slices(found)])}."


def listed(names: Sequence[str]) -> str:
    """Names in words, the first three of many.

    >>> listed(["f1"]), listed(["f1", "recall"]), listed(["a", "b", "c", "d", "e"])
    ('f1', 'f1 and recall', 'a, b, c and 2 others')
    """
    if len(names) > MOST_NAMED + 1:
        return f"{', '.join(names[:MOST_NAMED])} and {count(len(names) - MOST_NAMED, 'other')}"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _by_others(found: Comparison) -> Iterator[str]:
    """Who is better by metrics other than the first, which tells nothing; by more of them first."""
    left, right = found.names
    by = [(name, [one.metric for one in found.telling if one.verdict == verdict])
          for name, verdict in ((right, "better"), (left, "worse"))]
    for name, metrics in sorted(by, key=lambda told: -len(told[1])):
        if metrics:
            yield f"{name} is better by {listed(metrics)}"


def _on_slices(found: Comparison) -> Iterator[str]:
    """Where the winner does not win. The metric is named again where others were named since."""
    metric = found.telling[0].metric
    by = f" by {metric}" if found.contrary else ""
    same = [piece for piece in found.slices if piece.comparison.metric == metric]
    if lost := [piece.name for piece in same if piece in found.where_loser_wins]:
        yield f"on {listed(lost)} it is not{' better' if by else ''}{by}"
    if unsure := [piece.name for piece in same if piece.comparison.verdict == "not told apart"]:
        yield f"on {listed(unsure)} they are not told apart{by}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith(("it ", "the ", "their ")) else text
