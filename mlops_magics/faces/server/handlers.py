"""The addresses under ``/mlops/``: who asks is known, what is asked is taken apart, and one answer is given.

Every verb of every handler wants a token, those that answer nothing too. What may take long runs in a thread.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from mlops_magics.compare.curves import COLUMNS
from mlops_magics.errors import MlopsError, RunNotFound, StoreError
from mlops_magics.faces.server.answers import CellSource, CurvesQuestion, MarksQuestion, Problem
from mlops_magics.faces.server.desk import Desk
from mlops_magics.faces.server.places import NoStore, OutsideRoot, Places

NAMESPACE = "mlops"
CHUNK_BYTES = 1 << 20
SAFE_TYPES = {
    ".csv": "text/csv", ".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet", ".png": "image/png", ".txt": "text/plain",
}  # fmt: skip
"""What a browser cannot be made to execute. Anything else is told to be bytes."""

_T = TypeVar("_T")


class Handler(APIHandler):
    """What all of them share. A panel that asks by itself is no activity of a person."""

    _track_activity = False

    def initialize(self, desk: Desk) -> None:
        """Called by tornado with what the route was made with."""
        self.desk = desk

    async def ask(self, question: Callable[..., _T], *words: Any) -> _T | None:
        """The answer, from a thread; where there is none, say why and return None."""
        try:
            return await asyncio.to_thread(question, *words)
        except MlopsError as error:
            self.set_status(_status(error))
            self.finish(orjson.dumps(Problem(str(error), type(error).__name__)))
            return None

    async def answer(self, question: Callable[..., Any], *words: Any) -> None:
        """Send the answer as JSON; numbers that JSON has no word for are null."""
        found = await self.ask(question, *words)
        if found is not None:
            self.set_header("Cache-Control", "no-store")
            self.finish(orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY))

    @authenticated
    async def head(self) -> None:
        raise HTTPError(405)

    @authenticated
    async def get(self) -> None:
        raise HTTPError(405)

    @authenticated
    async def post(self) -> None:
        raise HTTPError(405)

    @authenticated
    async def put(self) -> None:
        raise HTTPError(405)

    @authenticated
    async def patch(self) -> None:
        raise HTTPError(405)

    @authenticated
    async def delete(self) -> None:
        raise HTTPError(405)

    @authenticated
    async def options(self) -> None:  # type: ignore[override]
        raise HTTPError(405)


class OverviewHandler(Handler):
    """``overview?notebook=PATH&stamp=STAMP``: asked again and again while the panel can be seen."""

    @authenticated
    async def get(self) -> None:
        await self.answer(self.desk.overview, self.get_argument("notebook", ""), self.get_argument("stamp", ""))


class RunHandler(Handler):
    """``run?store=STORE&run=RUN``: one run, whole."""

    @authenticated
    async def get(self) -> None:
        await self.answer(self.desk.run, self.get_argument("store"), self.get_argument("run"))


class CurvesHandler(Handler):
    """``curves?store=STORE&run=RUN…&key=METRIC…&columns=800&low=…&high=…``: points to draw."""

    @authenticated
    async def get(self) -> None:
        question = CurvesQuestion(
            store=self.get_argument("store"),
            runs=tuple(self.get_arguments("run")),
            keys=tuple(self.get_arguments("key")),
            columns=int(_number(self.get_argument("columns", ""), "columns") or COLUMNS),
            low=_number(self.get_argument("low", ""), "low"),
            high=_number(self.get_argument("high", ""), "high"),
        )
        await self.answer(self.desk.curves, question)


class BoardHandler(Handler):
    """``board?store=STORE``: every run by column."""

    @authenticated
    async def get(self) -> None:
        await self.answer(self.desk.board, self.get_argument("store"))


class MeetingHandler(Handler):
    """``meeting?store=STORE&where=CONDITION``: the runs that meet a condition, or what of it is not understood."""

    @authenticated
    async def get(self) -> None:
        await self.answer(self.desk.meeting, self.get_argument("store"), self.get_argument("where"))


class DiffHandler(Handler):
    """``diff?store=STORE&left=RUN&right=RUN``: what differs."""

    @authenticated
    async def get(self) -> None:
        words = (self.get_argument(name) for name in ("store", "left", "right"))
        await self.answer(self.desk.diff, *words)


class MarksHandler(Handler):
    """``marks``, a :class:`MarksQuestion` posted: a question too long for an address. It changes nothing."""

    @authenticated
    async def post(self) -> None:
        await self.answer(self.desk.marks, _marks_question(self.request.body))


class ArtifactHandler(Handler):
    """``artifact?store=STORE&run=RUN&sha256=DIGEST``: a file of a run, to be saved and never to be shown by itself."""

    @authenticated
    async def get(self) -> None:
        found = await self.ask(self.desk.artifact, *(self.get_argument(name) for name in ("store", "run", "sha256")))
        if found is None:
            return
        item, path = found
        kind = SAFE_TYPES.get(Path(item.name).suffix.lower(), "application/octet-stream")
        self.set_header("Content-Type", kind)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(Path(item.name).name, safe='')}")
        self.set_header("Content-Length", str(item.size_bytes))
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                self.write(chunk)
                await self.flush()
        self.finish(set_content_type=kind)

    @property
    def content_security_policy(self) -> str:
        """Where a browser opens it all the same, it can do nothing."""
        return f"{super().content_security_policy}; sandbox"


ROUTES: dict[str, type[Handler]] = {
    "overview": OverviewHandler,
    "run": RunHandler,
    "curves": CurvesHandler,
    "board": BoardHandler,
    "meeting": MeetingHandler,
    "diff": DiffHandler,
    "marks": MarksHandler,
    "artifact": ArtifactHandler,
}
"""Every address, below ``/mlops/``."""


def routes(base_url: str, root: str) -> list[tuple[str, type[Handler], dict[str, Desk]]]:
    """The addresses of a server that was started on a folder."""
    desk = Desk(Places.of(root))
    return [(url_path_join(base_url, NAMESPACE, name), handler, {"desk": desk}) for name, handler in ROUTES.items()]


def _status(error: MlopsError) -> int:
    if isinstance(error, OutsideRoot):
        return 403
    if isinstance(error, RunNotFound | NoStore):
        return 404
    return 503 if type(error) is StoreError else 400


def _number(text: str, name: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise HTTPError(400, f"{name} is a number")
    return value


def _marks_question(body: bytes) -> MarksQuestion:
    """What was posted, checked field by field.

    Raises
    ------
    HTTPError
        400, it is something else.
    """
    try:
        read = orjson.loads(body)
        return MarksQuestion(_text(read["notebook"]), tuple(map(_cell, read["cells"])))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise HTTPError(400, "marks takes a notebook, and the id and source of each cell") from error


def _cell(read: Any) -> CellSource:
    return CellSource(_text(read["id"]), _text(read["source"]), busy=read.get("busy") is True)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value
