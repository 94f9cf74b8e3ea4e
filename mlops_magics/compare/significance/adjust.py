"""P-values corrected for being many: over the metrics of a pair, and over several variants."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust so that of all differences called real below q, at most a share q is expected to be none.

    For the metrics of one pair of runs, which ask the same rows in different words. Benjamini & Hochberg (1995), as
    ``scipy.stats.false_discovery_control``.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    (0.03, 0.04, 0.04)
    """
    many = len(p_values)
    adjusted, least = [1.0] * many, 1.0
    for rank, index in zip(range(many, 0, -1), _ascending(p_values)[::-1], strict=True):
        least = min(least, p_values[index] * many / rank)
        adjusted[index] = least
    return tuple(adjusted)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust so that the chance of calling even one difference real that is none stays below the level asked for.

    For several variants against one reference, where one wrong winner is one too many. Holm (1979).

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    many = len(p_values)
    adjusted, greatest = [1.0] * many, 0.0
    for rank, index in enumerate(_ascending(p_values)):
        greatest = max(greatest, min(1.0, p_values[index] * (many - rank)))
        adjusted[index] = greatest
    return tuple(adjusted)


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=p_values.__getitem__)
