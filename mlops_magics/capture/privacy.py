"""What of a run must not be written down in the clear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Privacy:
    """What a run keeps to itself.

    Attributes
    ----------
    is_private
        No cell outputs, no previews of data, no row-wise predictions, no example rows, and no model that holds texts
        as they stand in data, such as the categories of an encoder, or rows of it, unless the person keeps it.
    columns
        Names of columns whose values are never written: their profile has no levels and no values, predictions,
        previews and kept tables leave them out, a model that holds values of them is not kept, parameters, previews and
        messages of errors and warnings have those replaced that were fitted or evaluated. Columns are known by their
        names, also where these label or stand in rows: what was made an array has none. The person's own is theirs:
        cell sources, figures, notes, files and text that they keep, and messages about tables that were neither fitted
        nor evaluated.
    """

    is_private: bool = False
    columns: frozenset[str] = frozenset()
