"""Sentences that confirm what a verb did."""

from __future__ import annotations

from typing import Any

from mlops_magics.look import Document, Line, Shown


class Said(Shown):
    """One sentence that confirms what was done."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences

    def document(self) -> Document:
        """The sentences, a line each."""
        return Document(*(Line(sentence, tone="quiet") for sentence in self.sentences))

    def to_dict(self) -> dict[str, Any]:
        """The sentences, JSON-ready."""
        return {"said": list(self.sentences)}


class Both(Shown):
    """Two results, one under the other; ``value`` is the one that the verb is about."""

    def __init__(self, first: Shown, second: Shown, *, value: Shown) -> None:
        self.first = first
        self.second = second
        self.value = value

    def document(self) -> Document:
        """The blocks of both."""
        return Document(*self.first.document().blocks, *self.second.document().blocks)
