"""What the cells of a run displayed, to look at again: figures and the first rows of tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import StoreError
from mlops_magics.look import Fold, Line, Picture, Table
from mlops_magics.look.numbers import count
from mlops_magics.records import Artifact

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

SHOWN_FIGURES = 12
SHOWN_BYTES = 1 << 20
"""Larger figures are named, not shown: a page must stay one that a front end can hold."""
SHOWN_ROWS = 10
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


@dataclass(frozen=True)
class Displayed:
    """An artifact that was displayed, with its content where it can be shown."""

    artifact: Artifact
    content: bytes | None

    def block(self) -> Picture | Fold | Line:
        """The picture, or the table folded, or its name."""
        name, detail = self.artifact.name, self.artifact.detail or {}
        if self.content is None:
            return Line(f"{name} is in the store", tone="quiet")
        if self.artifact.type == "figure":
            return Picture(self.content, detail["media_type"], name)
        table = json.loads(self.content)
        rows = [[_cell(value) for value in row] for row in table["data"][:SHOWN_ROWS]]
        sizes = f"{name}: {count(int(detail.get('rows', len(rows))), 'row')}"
        return Fold(sizes, Table([str(column) for column in table["columns"]], rows))


def displayed(store: Store, artifacts: list[Artifact]) -> tuple[Displayed, ...]:
    """Figures and previews of tables, in the order they were displayed; the first have their content. What makes a
    figure again, such as Plotly's JSON, is named where there is no image of it.
    """
    pictures = {item.name.partition(".")[0] for item in artifacts if _is_picture(item)}
    found = [item for item in artifacts if _is_shown(item) or _is_alone(item, pictures)]
    return tuple(
        Displayed(item, _content(store, item) if number < SHOWN_FIGURES and _is_shown(item) else None)
        for number, item in enumerate(found)
    )


def _is_shown(artifact: Artifact) -> bool:
    return artifact.type == "preview" or _is_picture(artifact)


def _is_alone(artifact: Artifact, pictures: set[str]) -> bool:
    """Whether it makes a figure of a cell again, of which there is no image."""
    is_of_a_cell = artifact.type == "figure" and "position" in (artifact.detail or {})
    return is_of_a_cell and artifact.name.partition(".")[0] not in pictures


def _is_picture(artifact: Artifact) -> bool:
    return artifact.type == "figure" and (artifact.detail or {}).get("media_type") in PICTURES


def _content(store: Store, artifact: Artifact) -> bytes | None:
    if artifact.size_bytes > SHOWN_BYTES:
        return None
    try:
        return store.blob(artifact.sha256).read_bytes()
    except (StoreError, OSError):
        return None  # the store was moved without it


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else json.dumps(value)
