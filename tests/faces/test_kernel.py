"""``%mlops`` in a real Jupyter kernel: cell ids, await, errors as nbval reads them, display data, a killed kernel."""

import re
import signal
import subprocess
import sys

import nbformat
import pytest

from mlops_magics.store import open_store
from mlops_magics.store.queries import Store


@pytest.fixture(scope="module")
def kernel(start):
    return start()


@pytest.fixture(scope="module")
def store(start) -> Store:
    return open_store(start.folder / ".mlops")


def test_cells_are_known_by_their_ids(kernel, store) -> None:
    (tracked,) = kernel.ask("%mlops track flights --name baseline", "aaaa")
    assert tracked["type"] == "display_data"
    assert set(tracked["data"]) == {"text/plain", "text/html"}
    kernel.ask("x = 1", "bbbb")
    kernel.ask("x = 2", "bbbb")
    kernel.ask("%%capture\nprint(x)", "cccc")
    kernel.ask("%mlops end", "dddd")
    cells = store.own_cells("baseline")
    assert [cell.cell for cell in cells] == ["aaaa", "bbbb", "bbbb", "cccc", "dddd"]
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(counts[0], counts[0] + 5))


def test_await_in_a_tracked_cell(kernel, store) -> None:
    outputs = kernel.ask(
        "%%mlops track flights --name waiting\nimport asyncio\nawait asyncio.sleep(0.01)\n%mlops log done=1", "eeee"
    )
    assert [output["type"] for output in outputs] == ["display_data", "display_data"]
    assert store.find("waiting").status == "finished"
    assert store.metrics("waiting") == {"done": 1.0}
    assert [cell.cell for cell in store.own_cells("waiting")] == ["eeee"]


def test_an_error_in_a_tracked_cell_is_one_error_with_its_line(kernel, store) -> None:
    outputs = kernel.ask("%%mlops track flights --name failing\nx = 1\ny = x / 0\nz = 3", "ffff")
    errors = [output for output in outputs if output["type"] == "error"]
    assert len(errors) == 1
    assert errors[0]["ename"] == "ZeroDivisionError"
    traceback = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(errors[0]["traceback"]))
    assert "----> 3 y = x / 0" in traceback
    assert "mlops_magics" not in traceback
    run = store.find("failing")
    assert (run.status, run.message) == ("failed", "ZeroDivisionError: division by zero")


@pytest.mark.parametrize("source", ["%mlops trakc flights", "%mlops diff a b", "%%mlops log x=1\npass"])
def test_a_wrong_word_is_an_error_output(source, kernel) -> None:
    outputs = kernel.ask(source)
    (error,) = [output for output in outputs if output["type"] == "error"]
    assert error["ename"] in {"CommandError", "RunNotFound"}
    assert error["evalue"]
    assert len(error["traceback"]) == 1
    assert "\n" not in error["traceback"][0]


def test_an_assigned_line_shows_nothing(kernel) -> None:
    for name in ("left", "right"):
        kernel.ask(f"%mlops track flights --name {name}\n%mlops end")
    assert kernel.ask("d = %mlops diff left right") == []
    (shown,) = kernel.ask("d")
    assert shown["type"] == "execute_result"
    assert "left → right" in shown["data"]["text/plain"]
    assert shown["data"]["text/html"].lstrip().startswith("<")


def test_a_silent_question_of_the_front_end_is_no_cell(kernel, store) -> None:
    kernel.ask("%mlops track flights --name quiet", "gggg")
    kernel.client.execute("1 + 1", silent=True, reply=True, timeout=60)
    kernel.ask("%mlops end", "hhhh")
    assert [cell.cell for cell in store.own_cells("quiet")] == ["gggg", "hhhh"]


@pytest.mark.slow
def test_nbval_fails_a_cell_with_a_wrong_word(start) -> None:
    folder = start.folder
    kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernelspec})
    lines = "%load_ext mlops_magics", "%mlops runs", "%mlops rnus"
    notebook.cells = [nbformat.v4.new_code_cell(line) for line in lines]
    nbformat.write(notebook, folder / "wrong.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "wrong.ipynb"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert "1 failed, 2 passed" in done.stdout, done.stdout
    assert "CommandError" in done.stdout


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
def test_a_killed_kernel_leaves_a_run_that_goes_on(start, store) -> None:
    first = start()
    first.ask("%mlops track flights --name killed", "a")
    first.ask("%mlops log loss=0.5 --step 1", "b")
    before = store.find("killed")
    assert before.status == "running"
    first.kill()
    assert store.find("killed").status == "interrupted"
    second = start()
    (refused,) = second.ask("%mlops track flights --name kiled --resume")
    assert "Did you mean 'killed'?" in refused["evalue"]
    second.ask("%mlops track flights --name killed --resume", "a")
    second.ask("%mlops log loss=0.25 --step 2", "b")
    assert store.find("killed").status == "running"
    second.ask("%mlops end", "c")
    after = store.find("killed")
    assert (after.id, after.status) == (before.id, "finished")
    assert store.history("killed")[["step", "value"]].values.tolist() == [[1, 0.5], [2, 0.25]]
    cells = [(cell.cell, cell.position) for cell in store.own_cells("killed")]
    assert cells == [("a", 2), ("b", 3), ("a", 6), ("b", 7), ("c", 8)]
    assert len([run for run in store.all_runs() if run.name == "killed"]) == 1
