"""What the models of two runs are made of, as it was recorded when they were kept: no model is opened for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.difference.changes import Change
from mlops_magics.errors import StoreError
from mlops_magics.records import decode

if TYPE_CHECKING:
    from mlops_magics.store.models import RunModel
    from mlops_magics.store.queries import Store


def structure_in_store(model: RunModel | None, store: Store) -> dict[str, Any] | None:
    """The structure of a run's model; None without one, or where it was not recorded, as of one that was not kept."""
    file = model.artifact if model else None
    digest = (file.detail or {}).get("structure") if file else None
    if not isinstance(digest, str):
        return None
    try:
        found = decode(store.blob(digest).read_text(encoding="utf-8"))
    except (StoreError, OSError, ValueError):
        # A blob somebody removed: what was recorded is no longer known.
        return None
    return found if isinstance(found, dict) else None


def largest_first(found: Iterable[Change]) -> list[Change]:
    """Coefficients by how far they moved; one that only one side has counts with all of it."""

    def moved(change: Change) -> float:
        sides = (change.left if change.in_left else 0.0), (change.right if change.in_right else 0.0)
        return abs(sides[1] - sides[0]) if all(isinstance(side, int | float) for side in sides) else float("inf")

    return sorted(found, key=lambda change: (-moved(change), change.key))


def split(found: Iterable[Change]) -> tuple[list[Change], list[Change], list[Change]]:
    """Changes of steps, of fitted attributes, and of coefficients."""
    parts: Mapping[str, list[Change]] = {"steps": [], "fitted": [], "coefficients": []}
    for change in found:
        for one in _apart(change):
            parts.get(str(one.path[0]), parts["fitted"]).append(one)
    return parts["steps"], parts["fitted"], parts["coefficients"]


def _apart(change: Change) -> Iterable[Change]:
    """A mapping that only one side has, key by key: so many coefficients are read one by one."""
    value = change.right if change.in_right else change.left
    if isinstance(value, Mapping) and change.in_left != change.in_right and value:
        for key, item in value.items():
            side = {"right": item} if change.in_right else {"left": item}
            yield from _apart(Change((*change.path, key), **side, in_left=change.in_left, in_right=change.in_right))
    else:
        yield change
