"""What a cell displayed: its figures, and the first rows of the table it ended with."""

from __future__ import annotations

import base64
import binascii
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from mlops_magics.capture.artifacts import is_frame
from mlops_magics.capture.private import DECIMALS
from mlops_magics.capture.public import public_frame
from mlops_magics.records import Artifact

if TYPE_CHECKING:
    from mlops_magics.capture.guard import Guard
    from mlops_magics.capture.privacy import Privacy
    from mlops_magics.capture.run import ActiveRun

PREVIEW_ROWS = 50
PREVIEW_COLUMNS = 100
OUTPUT_LIMIT_BYTES = 4 << 20
"""A larger figure or preview is not kept."""
CELL_LIMIT = 20
"""Of one cell, so many figures are kept: the first ones."""

IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
"""What a figure is kept as; the first that it has."""

SPECIFICATIONS = {"application/vnd.plotly.v1+json": "plotly.json", "vegalite": "vegalite.json", "vnd.vega": "vega.json"}
"""What makes a figure again, by a piece of its media type."""


@dataclass(slots=True)
class Output:
    """Something to keep: what it is called in its cell, its bytes, and what to know of it."""

    name: str
    type: str
    data: bytes
    detail: dict[str, Any] = field(default_factory=dict)

    def keep(self, run: ActiveRun, position: int) -> Artifact:
        """Put it into the store of a run, without the private values that the run has met, and describe it."""
        data = self.data
        if self.type == "preview" and run.privacy.columns:
            table = orjson.loads(data)
            data = orjson.dumps({part: run.private.mask_within(values) for part, values in table.items()})
        return Artifact(
            name=f"cell-{position}/{self.name}",
            type=self.type,
            sha256=run.store.keep_blob(data),
            size_bytes=len(data),
            detail={**self.detail, "position": position},
        )


class OutputWatch:
    """Sees what the cells of a shell display, without touching it.

    Parameters
    ----------
    shell
        IPython's. One without a display publisher displays nothing that could be seen.
    guard
        Told what could not be seen: what is displayed must reach the person.
    """

    def __init__(self, shell: Any, guard: Guard) -> None:
        self._shell = shell
        self._guard = guard
        self._displayed: list[Mapping[str, Any]] = []

    def start(self) -> None:
        """Begin to see. A kernel's messages are seen as they are sent; a plain shell keeps what it displayed."""
        register = getattr(getattr(self._shell, "display_pub", None), "register_hook", None)
        if register:
            register(self._see)

    def stop(self) -> None:
        """Stop seeing."""
        unregister = getattr(getattr(self._shell, "display_pub", None), "unregister_hook", None)
        if unregister:
            unregister(self._see)

    def begin(self) -> None:
        """A cell begins: what was displayed before is not its own."""
        self._displayed.clear()

    def _see(self, message: Any) -> Any:
        with self._guard("what cells display"):
            if len(self._displayed) < CELL_LIMIT and isinstance(message, dict):
                data = message.get("content", {}).get("data")
                if message.get("msg_type") == "display_data" and data and _has_figure(data):
                    self._displayed.append(data)
        return message

    def collect(self, result: Any, count: int | None, privacy: Privacy) -> Iterator[Output]:
        """The figures that the cell with this execution count displayed, and a preview of the table it ended with."""
        value = getattr(result, "result", None)
        table = _first_rows(value, privacy)
        if table is not None:
            yield table
        history = getattr(getattr(self._shell, "history_manager", None), "outputs", {})
        # Not by its type alone: a kernel sends what is displayed, and its history has only the last expression's.
        kept = [_with_chart(output.bundle) for output in history.get(count, ()) if output.output_type in _DISPLAYS]
        displayed = [_with_chart(data) for data in self._displayed]
        if any("vegalite" in media_type for data in kept for media_type in data):
            value = None
        number = 0
        seen: set[bytes] = set()
        for data in (*displayed, *kept, _as_altair(value)):
            # A figure that a cell ends with is often displayed twice: by its value, and by its library.
            outputs = [output for output in _figure(data, number + 1) if output.data not in seen]
            seen.update(output.data for output in outputs)
            yield from outputs
            number += bool(outputs)
            if number >= CELL_LIMIT:
                return


_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
_DISPLAYS = {"execute_result", "display_data"}


_CHART = "vega.github.io/schema/vega"
_CHART_BEGINS = "})({"
_CHARTS = {"schema/vega-lite/": "application/vnd.vegalite+json", "schema/vega/": "application/vnd.vega+json"}


def _is_figure(media_type: str) -> bool:
    return media_type in IMAGES or any(piece in media_type for piece in SPECIFICATIONS)


def _has_figure(data: Mapping[str, Any]) -> bool:
    return any(map(_is_figure, data)) or _CHART in data.get("text/html", "")


def _with_chart(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was displayed, with the specification of a chart that is in its web page only, as Altair's usually is."""
    page = data.get("text/html", "")
    if _CHART not in page or any("vega" in media_type for media_type in data):
        return data
    begin = page.rfind(_CHART_BEGINS) + len(_CHART_BEGINS) - 1
    try:
        specification, end = json.JSONDecoder().raw_decode(page, begin)
    except ValueError:
        return data
    schema = specification.get("$schema", "") if isinstance(specification, dict) else ""
    kind = next((kind for piece, kind in _CHARTS.items() if piece in schema), None)
    return {**data, kind: page[begin:end]} if kind else data


def _figure(data: Mapping[str, Any], number: int) -> Iterator[Output]:
    """The image of a figure, and what makes it again where it says so."""
    image = next((kind for kind in IMAGES if kind in data), None)
    if image is not None:
        content = _bytes(data[image])
        if content is not None and len(content) <= OUTPUT_LIMIT_BYTES:
            yield Output(f"figure-{number}.{IMAGES[image]}", "figure", content, {"media_type": image})
    for media_type, value in data.items():
        suffix = next((suffix for piece, suffix in SPECIFICATIONS.items() if piece in media_type), None)
        if suffix:
            content = value.encode() if isinstance(value, str) else orjson.dumps(value, default=str, option=_OPTIONS)
            if len(content) <= OUTPUT_LIMIT_BYTES:
                yield Output(f"figure-{number}.{suffix}", "figure", content, {"media_type": media_type})


def _as_altair(value: Any) -> Mapping[str, Any]:
    """What makes an Altair chart again; as most front ends are set, it displays itself as a web page only."""
    chart = getattr(sys.modules.get("altair"), "TopLevelMixin", None)
    if chart is None or not isinstance(value, chart):
        return {}
    return {"application/vnd.vegalite+json": value.to_json(indent=None)}


def _bytes(content: Any) -> bytes | None:
    """An image as bytes: Base64 in a kernel's messages, text where it is SVG."""
    if isinstance(content, bytes):
        return content
    if not isinstance(content, str):
        return None
    if content.lstrip().startswith("<"):
        return content.encode("utf-8", "backslashreplace")
    try:
        return base64.b64decode(content, validate=False)
    except (binascii.Error, ValueError):
        return None


def _first_rows(value: Any, privacy: Privacy) -> Output | None:
    """The first rows as they are now: the person may change the table before they are written."""
    if not is_frame(value):
        return None
    rows = value.head(PREVIEW_ROWS) if hasattr(value, "head") else value.slice(0, PREVIEW_ROWS)
    rows = rows if "pandas" in type(rows).__module__ else rows.to_pandas()
    seen = public_frame(rows, privacy.columns)
    if seen is None:
        return None
    rows, hidden = seen
    if hidden and not rows.size:
        return None
    text = rows.iloc[:, :PREVIEW_COLUMNS].to_json(
        orient="split", date_format="iso", double_precision=DECIMALS, default_handler=str
    )
    content = text.encode("utf-8", "backslashreplace")
    if len(content) > OUTPUT_LIMIT_BYTES:
        return None
    detail = {"rows": value.shape[0], "columns": value.shape[1], **({"hidden": hidden} if hidden else {})}
    return Output("table.json", "preview", content, detail)
