"""The mix-in that gives a result its two faces: text where there is a terminal, HTML where there is a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_magics.look.document import Document


class Shown:
    """A result that says what it is, once, and reads well everywhere.

    A subclass defines :meth:`document`. There is no ``_repr_mimebundle_`` here on purpose: Jupyter asks for the
    text and the HTML by themselves, a terminal never pays for HTML, and a widget may inherit from this class and
    build a bundle of its own out of ``repr(self)`` and ``_repr_html_()``.

    Examples
    --------
    >>> from mlops_magics.look import Document, Line
    >>> class Answer(Shown):
    ...     def document(self):
    ...         return Document(Line("42", tone="good"))
    >>> Answer()
    ✓ 42
    """

    __slots__ = ()

    def document(self) -> Document:
        """What this result says, as neutral blocks."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it is: define document()")

    def __repr__(self) -> str:
        from shutil import get_terminal_size

        from mlops_magics.look.text import to_text

        return to_text(self.document(), width=get_terminal_size((100, 24)).columns)

    def _repr_html_(self) -> str:
        from mlops_magics.look.html import to_html

        return to_html(self.document())
