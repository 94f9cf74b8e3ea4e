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
STEPS_BACK = (
    "<style>.jp-OutputArea-child:has([data-mlops-plain]):has(+ .jp-OutputArea-child .mlops-panel),"
    ".jp-OutputArea-child:has([data-mlops-plain=above]) + .jp-OutputArea-child:has(> .lm-Panel.jp-OutputArea-output)"
    ":not(:has(.mlops-panel)){display:none}</style>"
)
"""Of the plain result and the widget below it one is seen: the widget once it is there, else the plain result."""


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
        self._plain: Any = None
        self._has_page = False
        self._views: set[str] = set()
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

    def looked_at(self, *, is_seen: bool) -> None:
        """The widget has come onto a page, or has left the last one."""

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

    def view(self, number: str, *, is_seen: bool) -> None:
        """A view of the widget is on a page, or is not any more."""
        with self._lock:
            before = bool(self._views)
            self._views = self._views | {number} if is_seen else self._views - {number}
            if bool(self._views) != before:
                self.looked_at(is_seen=is_seen)

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
        self._has_page = has_front_end()
        self._plain = display(self._plain_bundle(), raw=True, display_id=self.number)
        if self._has_page:
            display({"text/plain": "", **self._view()}, raw=True)

    def renew_plain(self) -> None:
        """Say in the plain result, where it was shown, what the result is by now."""
        if self._plain is not None:
            self._plain.update(self._plain_bundle(), raw=True)

    def _plain_bundle(self) -> dict[str, str]:
        # By "above" the styles know that the output below is the widget, and not another one of the cell.
        styles, place = (STEPS_BACK, "above") if self._has_page else ("", "alone")
        html = f'{styles}<div data-mlops-panel="{self.number}" data-mlops-plain="{place}">{self._repr_html_()}</div>'
        return {"text/plain": repr(self), "text/html": html}

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
