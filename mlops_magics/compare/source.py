"""The code of a run: its cells as it left them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from mlops_magics.records import Cell


def final_sources(cells: Iterable[Cell], texts: Mapping[str, str]) -> list[str]:
    """The cells as the run left them: the last source of every cell, in the order of their last execution.

    A cell without an id, as in a plain IPython shell, is itself each time.
    """
    latest: dict[object, str] = {}
    for cell in cells:
        key = cell.cell or f"execution {cell.position}"
        latest.pop(key, None)
        latest[key] = texts.get(cell.source, "")
    return list(latest.values())


def own_sources(cells: Sequence[Cell], texts: Mapping[str, str], *, known: Collection[str] = ()) -> list[str]:
    """The code of a run beside another: its own cells, and those before it began that the other never ran.

    ``known`` are the digests of everything the other stood on. Two runs of one notebook share what ran before both, and
    the second stands on the first: neither is a difference between them.
    """
    return final_sources([cell for cell in cells if not cell.is_before or cell.source not in known], texts)
