"""A real kernel, and how long its cells take as a front end sees it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

WAIT_SECONDS = 60


class Kernel:
    """Executes cells and tells their seconds, from the request until the kernel is idle again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def seconds(self, source: str, *, cell_id: str | None = None) -> float:
        """How long a cell takes.

        Raises
        ------
        RuntimeError
            It failed.
        """
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = self._client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id}
        began = perf_counter()
        self._client.shell_channel.send(message)
        error = ""
        while True:
            reply = self._client.get_iopub_msg(timeout=WAIT_SECONDS)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if reply["msg_type"] == "error":
                error = f"{reply['content']['ename']}: {reply['content']['evalue']}"
            if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                break
        if error:
            raise RuntimeError(f"{source}\n{error}")
        return perf_counter() - began

    def all_seconds(self, cells: list[tuple[str, str]]) -> list[float]:
        """How long each of several cells takes."""
        return [self.seconds(source, cell_id=cell_id) for cell_id, source in cells]


@contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel of this Python that works in ``folder`` and keeps its store there."""
    from jupyter_client.manager import KernelManager

    folder.mkdir(parents=True, exist_ok=True)
    manager = KernelManager(kernel_name="python3")
    environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython"), "MLOPS_STORE": str(folder / ".mlops")}
    manager.start_kernel(cwd=str(folder), env=environment, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=WAIT_SECONDS)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
