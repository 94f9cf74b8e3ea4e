"""Notebooks in fresh kernels: what stops them, what does not, and that no kernel is left behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest

from mlops_magics.rerun.execution import execute, kernel_environment


def notebook_of(*sources: str, may_fail: tuple[int, ...] = ()):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for place in may_fail:
        notebook.cells[place].metadata["tags"] = ["raises-exception"]
    return notebook


def run(*sources: str, may_fail=(), **options):
    notebook = notebook_of(*sources, may_fail=may_fail)
    environment = options.pop("environment", kernel_environment())
    return notebook, execute(notebook, folder=Path.cwd(), environment=environment, **options)


def kernels() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "ipykernel_launcher" in child.cmdline()]


def test_a_kernel_of_this_interpreter_here_until_a_cell_fails() -> None:
    told, ended = [], []
    notebook, done = run(
        "import os, sys, asyncio\nprint(sys.executable, os.getcwd(), os.environ['FLAVOUR'], 'GONE' in os.environ)",
        "%%capture captured\nprint('unseen')",
        "1 / 0",
        "await asyncio.sleep(0.01)\ncaptured.stdout",
        "input('who? ')",
        "print('never')",
        may_fail=(2,),
        environment=kernel_environment(FLAVOUR="sweet", GONE=None),
        progress=lambda share, what: told.append((share, what)),
        before_shutdown=lambda: ended.append(1),
    )
    seen = notebook.cells[0].outputs[0].text.split()
    assert [Path(part).resolve() for part in seen[:2]] == [Path(sys.executable).resolve(), Path.cwd().resolve()]
    assert seen[2:] == ["sweet", "False"]
    assert notebook.cells[3].outputs[0].data["text/plain"] == "'unseen\\n'"
    assert done.stop.index == 4
    assert done.stop.error.startswith("StdinNotImplementedError: ")
    assert "\x1b" not in done.stop.traceback
    assert list(done.began) == [0, 1, 2, 3, 4]
    assert list(done.began.values()) == sorted(done.began.values())
    assert [share for share, _ in told] == [place / 6 for place in range(5)]
    assert ended == [1]
    assert kernels() == []


@pytest.mark.slow
def test_a_kernel_that_is_killed() -> None:
    _, done = run("x = 1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "x")
    assert (done.stop.index, done.stop.is_death) == (1, True)
    assert done.stop.error.startswith("the kernel died")


@pytest.mark.slow
def test_a_cell_that_takes_too_long() -> None:
    _, done = run("x = 1", "import time\ntime.sleep(60)", timeout_seconds=0.5)
    assert done.stop.index == 1
    assert done.stop.error.startswith("TimeoutError: ")
    assert done.seconds < 40
    assert kernels() == []


@pytest.mark.slow
def test_a_kernel_that_does_not_start(tmp_path) -> None:
    broken = tmp_path / "broken" / "ipykernel_launcher.py"
    broken.parent.mkdir()
    broken.write_text("raise SystemExit('no kernel today')")
    _, done = run("x = 1", environment=kernel_environment(PYTHONPATH=str(broken.parent)))
    assert done.stop.index is None
    assert "no kernel today" in done.stop.traceback


@pytest.fixture(autouse=True)
def _interrupts_are_felt() -> Iterator[None]:
    """What a shell starts in the background is told to ignore interrupts."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def interrupt_when(is_time: Callable[[], bool]) -> None:
    def wait() -> None:
        while not is_time():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.slow
@pytest.mark.parametrize("after_seconds", [0, 0.01, 0.1, 0.5])
def test_an_interrupt_ends_a_kernel_that_starts(after_seconds) -> None:
    interrupt_when(lambda: bool(kernels()) and (time.sleep(after_seconds) or True))
    with pytest.raises(KeyboardInterrupt):
        run("x = 1")
    assert kernels() == []


@pytest.mark.slow
def test_an_interrupt_ends_a_kernel_that_works() -> None:
    interrupt_when(Path("working").exists)
    with pytest.raises(KeyboardInterrupt):
        run("import time, pathlib\npathlib.Path('working').touch()\ntime.sleep(60)")
    assert kernels() == []
