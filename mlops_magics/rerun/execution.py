"""A notebook executed in a fresh kernel of this interpreter: how far it came, when each cell began, what stopped it."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from mlops_magics.look.progress import Progress
from mlops_magics.rerun.apart import run_apart

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbformat import NotebookNode

STARTUP_SECONDS = 120
LAST_LINES = 20
_ESCAPES = re.compile(r"\x1b\[[\d;]*[A-Za-z]")
_OF_THE_CALLER = ("JPY_SESSION_NAME", "JPY_PARENT_PID", "JPY_INTERRUPT_EVENT")
"""What a Jupyter server tells its own kernels: a kernel that is started in one must not take it for itself."""


@dataclass(frozen=True, slots=True)
class Stop:
    """What ended an execution before its end. ``index`` is the cell's place in the notebook; None: no cell began.
    ``is_death`` of the kernel: ``traceback`` is then the last it wrote to standard error.
    """

    index: int | None
    error: str
    traceback: str = ""
    is_death: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """What happened: when each code cell began (UTC without zone), by its place in the notebook; what stopped it."""

    began: Mapping[int, datetime]
    seconds: float
    stop: Stop | None


def execute(  # noqa: PLR0913 - all that a kernel needs to know
    notebook: NotebookNode,
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout_seconds: float | None = None,
    progress: Progress | None = None,
    before_shutdown: Callable[[], object] = lambda: None,
) -> Execution:
    """Execute the code cells in order, in a kernel that lives only for this; outputs go into ``notebook``.

    A cell tagged ``raises-exception`` may fail; any other failing one is the last. Nobody can answer ``input()``: it
    raises. An interrupt (Ctrl-C, the stop button) ends the kernel too.

    Parameters
    ----------
    notebook
        An nbformat 4 notebook; its kernelspec is not looked at.
    folder
        The working folder of the kernel.
    environment
        All of its environment variables.
    timeout_seconds
        The longest a single cell may take; None: as long as it wants.
    progress
        Told the share of cells done, and which one is running.
    before_shutdown
        Called after the last cell, and after one that stopped it, while the kernel is still alive.
    """
    began: dict[int, datetime] = {}
    start = _now()
    with TemporaryFile() as complaints:
        manager = _manager()
        client = _client(notebook, manager, timeout_seconds)
        options = {"cwd": str(folder), "env": dict(environment), "stdout": subprocess.DEVNULL, "stderr": complaints}

        def work(tell: Progress) -> Awaitable[Stop | None]:
            return _converse(client, manager, options=options, began=began, tell=tell, before_shutdown=before_shutdown)

        try:
            stop = run_apart(work, progress)
        except RuntimeError as error:
            # jupyter_client has no other word for a kernel that did not start or answer.
            stop = Stop(next(reversed(began), None), str(error), is_death=True)
        if stop and stop.is_death:
            stop = replace(stop, traceback=_last_words(complaints))
    return Execution(began, (_now() - start).total_seconds(), stop)


async def _converse(  # noqa: PLR0913 - the two ends of a conversation, and who listens
    client: NotebookClient,
    manager: AsyncKernelManager,
    *,
    options: Mapping[str, Any],
    began: dict[int, datetime],
    tell: Progress,
    before_shutdown: Callable[[], object],
) -> Stop | None:
    cells = client.nb.cells
    code = [index for index, cell in enumerate(cells) if cell.cell_type == "code"]
    stop, is_over = None, False
    try:
        # By single steps instead of client.async_execute(): that one takes over the signals of the process, and does
        # not clean up when it is cancelled while the kernel starts.
        await client.async_start_new_kernel(**options)
        await client.async_start_new_kernel_client()
        for done, index in enumerate(code):
            tell(done / len(code), f"cell {done + 1} of {len(code)}")
            began[index] = _now()
            stop = await _execute_cell(client, cells[index], index)
            if stop:
                break
        if stop is None or not stop.is_death:
            await asyncio.to_thread(before_shutdown)
        is_over = stop is None
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if manager.has_kernel:
            # A cell that hangs answers no polite request either.
            await manager.shutdown_kernel(now=not is_over)
    return stop


async def _execute_cell(client: NotebookClient, cell: NotebookNode, index: int) -> Stop | None:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        await client.async_execute_cell(cell, index)
    except CellExecutionError as error:
        said = next((output for output in reversed(cell.outputs) if output.output_type == "error"), None)
        lines = "\n".join(said.traceback) if said else error.traceback
        return Stop(index, f"{error.ename}: {_plain(error.evalue)}", _plain(lines))
    except CellTimeoutError:
        return Stop(index, f"TimeoutError: the cell took longer than the {client.timeout} s it was given")
    except DeadKernelError:
        return Stop(index, "the kernel died: it was killed, ran out of memory, or crashed", is_death=True)
    return None


def _manager() -> AsyncKernelManager:
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisInterpreter(KernelSpecManager):  # type: ignore[misc, unused-ignore]
        """What is installed as python3 may be another environment's kernel."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name=kernel_name, language="python")

    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisInterpreter(), log=_silent())


def _client(notebook: NotebookNode, manager: AsyncKernelManager, timeout_seconds: float | None) -> NotebookClient:
    from nbclient import NotebookClient

    return NotebookClient(
        notebook,
        km=manager,
        # 0 and None both mean no limit to nbclient, and it takes whole seconds only.
        timeout=None if timeout_seconds is None else max(1, math.ceil(timeout_seconds)),
        startup_timeout=STARTUP_SECONDS,
        record_timing=False,
        log=_silent(),
        extra_arguments=["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=40"],
    )


def _silent() -> logging.Logger:
    """What goes wrong is told by the result; in a notebook it would also land among the messages of its server."""
    logger = logging.Logger("nbclient")
    logger.disabled = True
    return logger


def kernel_environment(**changed: str | None) -> dict[str, str]:
    """The environment variables of this process for a kernel of its own; None takes one out."""
    kept: dict[str, Any] = {name: value for name, value in os.environ.items() if name not in _OF_THE_CALLER}
    return {name: value for name, value in {**kept, **changed}.items() if value is not None}


def _last_words(complaints: IO[bytes]) -> str:
    """The end of what the kernel wrote to standard error: all there is to know of one that crashed."""
    complaints.seek(0)
    return "\n".join(_plain(complaints.read().decode("utf-8", "replace")).splitlines()[-LAST_LINES:])


def _plain(text: str) -> str:
    """Without the colours of a terminal."""
    return _ESCAPES.sub("", text)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
