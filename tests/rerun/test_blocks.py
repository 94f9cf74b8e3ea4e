"""A run that Python begins in a notebook has cells too, and comes out the same from them."""

import pytest

from mlops_magics import replay
from mlops_magics.compare.executions import executions

SETUP = """
import numpy as np
from sklearn.linear_model import Ridge
import mlops_magics as mlops
X = np.arange(40.0).reshape(20, 2)
y = X[:, 0] ** 2
unused = 5
"""
LOOP = """
for alpha in (1, 9):
    with mlops.track("heat", f"alpha-{alpha}", params={"alpha": alpha}) as run:
        model = Ridge(alpha).fit(X, y)
        run.log(r2=model.score(X, y))
"""


def test_each_run_of_a_loop_has_its_cell_and_those_before(notebook, store) -> None:
    notebook.run(SETUP, "setup")
    notebook.run("1 / 0", "wrong", fails=True)
    notebook.run(LOOP, "loop")
    notebook.run("after = 1", "after")
    for name in ("alpha-1", "alpha-9"):
        cells = store.cells(name)
        assert [(cell.cell, bool(cell.is_before)) for cell in cells] == [
            ("load", True), ("setup", True), ("wrong", True), ("loop", False),
        ]  # fmt: skip
        assert [cell.status for cell in cells] == ["ok", "ok", "error", "ok"]
        assert cells[-1].seconds > 0
        assert store.text(cells[-1].source) == LOOP
    assert "alpha-9" in str(executions("alpha-9"))


def test_a_run_that_stays_open_has_the_cells_up_to_its_end(notebook, store) -> None:
    notebook.run(SETUP, "setup")
    notebook.run("%mlops track heat --name outer", "outer")
    notebook.run("inner = mlops.track('heat', 'inner')", "begin")
    notebook.run("inner.log(a=1)", "log")
    notebook.run("inner.end()", "end")
    notebook.run("%mlops end", "over")
    own = {name: [cell.cell for cell in store.cells(name) if not cell.is_before] for name in ("inner", "outer")}
    assert own == {"inner": ["begin", "log", "end"], "outer": ["outer", "begin", "log", "end", "over"]}


@pytest.mark.slow
def test_a_run_of_a_loop_comes_out_the_same(notebook, store) -> None:
    notebook.run("unused = [1]", "unused")
    notebook.run(SETUP, "setup")
    notebook.run(LOOP, "loop")
    done = replay("alpha-9")
    assert (done.outcome, done.failure) == ("same", None), done
    assert (done.cells, done.executed) == (3, 4)
    assert "unused = [1]" not in done.path.read_text()
