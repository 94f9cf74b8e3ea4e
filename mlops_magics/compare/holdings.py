"""What a store holds: where it is, how large, how many of each fact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.look import Column, Document, Line, Shown, Table, Title
from mlops_magics.store.location import shown

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

COUNTED = {
    "runs": "runs",
    "metrics": "metric points",
    "params": "parameters",
    "cells": "cells",
    "datasets": "tables",
    "artifacts": "artifacts",
    "verdicts": "verdicts",
}


@dataclass(frozen=True, repr=False)
class Holdings(Shown):
    """A store from outside. Sizes are in bytes; ``waiting_bytes`` is what journals hold that is not folded."""

    path: str
    database_bytes: int
    blob_bytes: int
    waiting_bytes: int
    quarantined: int
    counts: dict[str, int]
    notice: str | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def document(self) -> Document:
        """Where it is, its counts, and anything one should know."""
        sizes = [
            ("database", self.database_bytes),
            ("files", self.blob_bytes),
            ("journals, not folded", self.waiting_bytes),
        ]
        blocks: list[Any] = [
            Title("Store", self.path),
            Table(["holds", Column("count", align="right")], list(self.counts.items())),
            Table(["part", Column("bytes", align="right")], sizes),
        ]
        if self.quarantined:
            sentence = f"{self.quarantined} journals had lines that were no records: see quarantine/"
            blocks.append(Line(sentence, tone="bad"))
        if self.notice:
            blocks.append(Line(self.notice, tone="unknown"))
        return Document(*blocks)


def holdings(store: Store) -> Holdings:
    """Count what a store holds, journals included."""
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in COUNTED)
    row = store.sql(f"SELECT {counts}").iloc[0]
    sizes = store.sizes()
    return Holdings(
        path=shown(store.path),
        database_bytes=sizes["database"],
        blob_bytes=sizes["blob"],
        waiting_bytes=sizes["journal"],
        quarantined=sizes["quarantined"],
        counts=dict(zip(COUNTED.values(), (int(value) for value in row), strict=True)),
        notice=store.notice,
    )
