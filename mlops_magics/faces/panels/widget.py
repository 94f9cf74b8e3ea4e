"""The anywidget of a panel: its values as traits, its questions as messages. The only place that imports anywidget."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from mlops_magics.faces.panels.modules import joined, styles

if TYPE_CHECKING:
    from mlops_magics.faces.panels.display import Panel


class PanelWidget(anywidget.AnyWidget):
    """What the front end sees of a panel."""

    number = traitlets.Unicode().tag(sync=True)


def widget_of(panel: Panel) -> PanelWidget:
    """Make the widget of a panel, connected to it."""
    values = panel.values()
    kinds = tuple((name, isinstance(value, bytes)) for name, value in values.items())
    widget = _class_for(panel.module, kinds)(number=panel.number, **values)

    def asked(_: Any, message: dict[str, Any], __: Any) -> None:
        if "view" in message:
            panel.view(message["view"], is_seen=bool(message.get("isSeen")))
            return
        reply, buffers = panel.respond(message)
        widget.send(reply, buffers=buffers)

    widget.on_msg(asked)
    widget.observe(lambda change: panel.received(change["name"], change["new"]), list(values))
    return widget


@cache
def _class_for(module: str, kinds: tuple[tuple[str, bool], ...]) -> type[PanelWidget]:
    traits: dict[str, Any] = {
        name: (traitlets.Bytes() if is_bytes else traitlets.Any()).tag(sync=True) for name, is_bytes in kinds
    }
    parts = {**traits, "_esm": joined(module), "_css": styles(), "__module__": __name__}
    return type(f"{module.capitalize()}Widget", (PanelWidget,), parts)
