"""Real shells: an IPython one per test, and answers of its cells."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from mlops_magics.store import open_store
from mlops_magics.store.queries import Store
from tests.settling import settle


@dataclass
class Answer:
    """What a cell did: its result, the results it displayed, and what it printed."""

    result: ExecutionResult
    shown: list[dict[str, Any]]
    printed: str

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def error(self) -> BaseException:
        assert not self.success, "the cell did not fail"
        return self.result.error_before_exec or self.result.error_in_exec

    @property
    def text(self) -> str:
        return "\n".join(data["text/plain"] for data in self.shown)


class Notebook:
    """A shell to run cells in."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, source: str, *, cell_id: str | None = None) -> Answer:
        with capture_output() as captured:
            result = self.shell.run_cell(source, store_history=True, cell_id=cell_id)
        return Answer(result, [output.data for output in captured.outputs], captured.stdout)

    def ask(self, source: str, *, cell_id: str | None = None) -> Answer:
        answer = self.run(source, cell_id=cell_id)
        assert answer.success, answer.error
        return answer

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.shell.user_ns[name] = value


class Kernel:
    """A kernel, and the outputs of what it executes, as a front end gets them."""

    def __init__(self, folder, environment) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(
            cwd=str(folder), env=environment, extra_arguments=["--IPKernelApp.log_level=40"], stderr=subprocess.DEVNULL
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def ask(self, source: str, cell_id: str | None = None) -> list[dict[str, Any]]:
        content = {
            "code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": False,
        }  # fmt: skip
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id}
        self.client.shell_channel.send(message)
        outputs = []
        while True:
            reply = self.client.get_iopub_msg(timeout=60)
            if reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                return outputs
            if reply["msg_type"] in {"stream", "display_data", "execute_result", "error", "update_display_data"}:
                outputs.append({"type": reply["msg_type"], **reply["content"]})

    def kill(self) -> None:
        os.kill(self.manager.provisioner.pid, signal.SIGKILL)
        self.manager.provisioner.process.wait()

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def shell(tmp_path, monkeypatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    yield shell
    shell.run_cell("%unload_ext mlops_magics")
    shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()
    settle()


@pytest.fixture
def notebook(shell) -> Notebook:
    """A shell with the extension loaded."""
    notebook = Notebook(shell)
    notebook.ask("%load_ext mlops_magics")
    return notebook


@pytest.fixture
def store() -> Store:
    """The store that cells write to: the one of the test's folder."""
    return open_store()


@pytest.fixture
def two_runs(notebook, store) -> Store:
    """``baseline`` and ``boosted`` of ``flights``, ended, with a parameter and metrics that differ."""
    for name, depth, auc in (("baseline", 2, 0.7), ("boosted", 6, 0.75)):
        notebook.ask(f"%mlops track flights --name {name}")
        notebook.ask(f"%mlops params depth={depth} seed=0")
        notebook.ask(f"%mlops log val_auc={auc} val_loss={1 - auc}")
        notebook.ask("%mlops end")
    settle()
    return store


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("kernel")
    started = []

    def begin() -> Kernel:
        kept = {name: value for name, value in os.environ.items() if name != "MLOPS_STORE"}
        kernel = Kernel(folder, {**kept, "IPYTHONDIR": str(folder / "ipython")})
        started.append(kernel)
        assert kernel.ask("%load_ext mlops_magics") == []
        return kernel

    begin.folder = folder
    yield begin
    for kernel in started:
        kernel.stop()
