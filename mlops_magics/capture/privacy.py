"""What of a run must not be written down in the clear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Privacy:
    """What a run keeps to itself.

    Attributes
    ----------
    is_private
        No cell outputs, no previews of data, no row-wise predictions, no example rows.
    columns
        Names of columns whose values are never written: their profile has no levels and no values, predictions and
        previews leave them out.
    """

    is_private: bool = False
    columns: frozenset[str] = frozenset()
