"""A panel: a result that a browser draws while its kernel lives, and that stays readable when neither is there."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlops_magics.errors import DataError, MlopsError
from mlops_magics.look import Document, Shown

if TYPE_CHECKING:
    from mlops_magics.faces.panels.widget import PanelWidget

VIEW = "application/vnd.jupyter.widget-view+json"


class Panel(Shown):
    """Shows a result twice: plainly, which a saved notebook keeps, and as a widget, for which the plain one steps back.

    Subclasses name their ES module, say what it is given, and answer what it asks. The widget, and with it anywidget,
    is made when the panel is shown in a front end that has cells; elsewhere (nbconvert, a terminal) the plain result
    is all there is.

    Attributes
    ----------
    module
        The module in ``static/`` that mounts the panel.
    number
        Unique to the panel; by it the widget finds the plain result on the page.
    """

    module: ClassVar[str]

    def __init__(self, result: Shown) -> None:
        self.result = result
        self.number = uuid.uuid4().hex
        self._widget: PanelWidget | None = None
        self._lock = threading.RLock()

    def document(self) -> Document:
        """What the plain result says."""
        return self.result.document()

    def to_dict(self) -> dict[str, Any]:
        """The plain result, JSON-ready."""
        return self.result.to_dict()  # type: ignore[attr-defined, no-any-return]

    def values(self) -> dict[str, Any]:
        """What the module reads by ``source.get``: bytes, or what JSON can say."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its module is given: define values()")

    def answer(self, question: Mapping[str, Any]) -> Any:
        """The answer to what the module asks: bytes, or what JSON can say.

        Raises
        ------
        MlopsError
            There is none; its message is shown in the panel.
        """
        raise DataError(f"this panel has no answer to {question.get('kind')!r}", seen=question.get("kind"))

    def received(self, name: str, value: Any) -> None:
        """The module has set a value."""

    @property
    def widget(self) -> PanelWidget:
        """The anywidget, for use among other widgets. Made when it is first touched."""
        with self._lock:
            if self._widget is None:
                from mlops_magics.faces.panels.widget import widget_of

                self._widget = widget_of(self)
                self.opened()
            return self._widget

    def opened(self) -> None:
        """The widget is there."""

    def put(self, **values: Any) -> None:
        """Hand values to the module, if there is a widget."""
        with self._lock:
            if self._widget is not None:
                for name, value in values.items():
                    self._widget.set_trait(name, value)

    def close(self) -> None:
        """Take the widget off the page. The plain result stays."""
        with self._lock:
            if self._widget is not None:
                self._widget.close()
                self._widget = None

    def respond(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """The message that answers a question of the module, and the bytes that go with it."""
        asked = {"answers": message.get("number")}
        try:
            answer = self.answer(message.get("question") or {})
        except MlopsError as error:
            return {**asked, "error": str(error)}, []
        return (asked, [answer]) if isinstance(answer, bytes) else ({**asked, "answer": answer}, [])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        plain = {"text/plain": repr(self), "text/html": self._repr_html_()}
        return {**plain, **self._view()} if has_front_end() else plain

    def _ipython_display_(self) -> None:
        from IPython.display import display

        # Two outputs: of one with both, JupyterLab would show only the widget, and an error once its kernel is gone.
        html = f'<div data-mlops-panel="{self.number}">{self._repr_html_()}</div>'
        display({"text/plain": repr(self), "text/html": html}, raw=True)
        if has_front_end():
            display({"text/plain": "", **self._view()}, raw=True)

    def _view(self) -> dict[str, Any]:
        return {VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}}


def has_front_end() -> bool:
    """Whether a page with cells asked for what runs now: JupyterLab, Notebook and VS Code name the cell.

    What executes a notebook without a page, such as nbconvert, does not; it would store the state of a widget, with
    scripts from elsewhere to show it.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    metadata = kernel.get_parent().get("metadata") or {}
    return any(word in metadata for word in ("cellId", "colab"))
