"""Sentences that confirm what a verb did."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_magics.look import Document, Line, Shown, Table
from mlops_magics.look.numbers import count, timestamp

if TYPE_CHECKING:
    import pandas

SHOWN_ROWS = 100


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


class Answer(Shown):
    """The rows of a query: every one in a terminal, the first in a page. ``value`` is their frame."""

    def __init__(self, value: pandas.DataFrame) -> None:
        self.value = value

    def __repr__(self) -> str:
        from shutil import get_terminal_size

        # Not where the extension is loaded.
        from mlops_magics.look.text import to_text

        return to_text(self._table(len(self.value)), width=get_terminal_size((100, 24)).columns)

    def document(self) -> Document:
        """A table of the first rows."""
        return self._table(SHOWN_ROWS)

    def to_json(self) -> list[dict[str, Any]]:
        """A mapping per row, JSON-ready."""
        return [dict(zip(self._names(), map(_exact, row), strict=True)) for row in self._rows(len(self.value))]

    def _table(self, most: int) -> Document:
        rows = [[_readable(value) for value in row] for row in self._rows(most)]
        hidden = len(self.value) - len(rows)
        more = f"{count(hidden, 'more row')}: x = %mlops sql … holds them all"
        return Document(Table(self._names(), rows), *([Line(more, tone="quiet")] if hidden > 0 else []))

    def _names(self) -> list[str]:
        return [str(name) for name in self.value.columns]

    def _rows(self, most: int) -> list[tuple[Any, ...]]:
        """Rows with None for what is missing. A frame has floats where an integer is missing; here they are whole."""
        frame = self.value.head(most)
        columns = []
        for at in range(frame.shape[1]):
            column = frame.iloc[:, at]
            values = [None if is_missing else value for value, is_missing in zip(column, column.isna(), strict=True)]
            known = [value for value in values if isinstance(value, float)]
            if len(known) < len(values) and all(value.is_integer() for value in known):
                values = [int(value) if isinstance(value, float) else value for value in values]
            columns.append(values)
        return list(zip(*columns, strict=True))


def _exact(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    return timestamp(value) if isinstance(value, datetime) else value


def _readable(value: Any) -> Any:
    return value if isinstance(value, str | datetime) or not hasattr(value, "tolist") else value.tolist()


class Both(Shown):
    """Two results, one under the other; ``value`` is the one that the verb is about."""

    def __init__(self, first: Shown, second: Shown, *, value: Shown) -> None:
        self.first = first
        self.second = second
        self.value = value

    def document(self) -> Document:
        """The blocks of both."""
        return Document(*self.first.document().blocks, *self.second.document().blocks)
