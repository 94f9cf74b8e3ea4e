"""What happens to notebooks: interrupts in a fit, restarts, two of them on one store, one of them in two tabs."""

import os
import signal
import threading
import time

import pytest
from jupyter_client.blocking import BlockingKernelClient

from mlops_magics.store import open_store

SLOW = """
import time
from sklearn.base import BaseEstimator, ClassifierMixin
class Slow(ClassifierMixin, BaseEstimator):
    def __init__(self, seconds=0.0):
        self.seconds = seconds
    def fit(self, X, y):
        print('fitting', flush=True)
        time.sleep(self.seconds)
        self.classes_ = [0, 1]
        return self
    def predict(self, X):
        return [0] * len(X)
X, y = [[0.0], [1.0]], [0, 1]
"""


@pytest.fixture
def store(start):
    return open_store(start.folder / ".mlops")


def test_an_interrupted_fit_is_told_and_the_run_goes_on(start, store):
    kernel = start()
    kernel.ask(SLOW)
    kernel.ask("%mlops track life --name interrupted")

    def interrupt():
        time.sleep(2)
        os.kill(kernel.manager.provisioner.pid, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    began = time.monotonic()
    outputs = kernel.ask("slow = Slow(60).fit(X, y)", "fit")
    assert time.monotonic() - began < 50
    assert outputs[-1]["ename"] == "KeyboardInterrupt"
    assert kernel.ask("model = Slow().fit(X, y)")[-1]["text"] == "fitting\n"
    kernel.ask("%mlops log a=1")
    kernel.ask("%mlops end")
    assert [(fit.status, (fit.error or "").partition(":")[0]) for fit in store.fits("interrupted")] == [
        ("error", "KeyboardInterrupt"), ("ok", ""),
    ]  # fmt: skip
    statuses = [cell.status for cell in store.own_cells("interrupted")]
    assert statuses == ["ok", "error", "ok", "ok", "ok"]
    assert store.find("interrupted").status == "finished"


def test_a_restart_leaves_an_interrupted_run_and_a_new_one_begins_clean(start, store):
    kernel = start()
    kernel.ask("%mlops track life --name before", "track")
    kernel.ask("x = 1", "a")
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    kernel.ask("%load_ext mlops_magics", "load")
    kernel.ask("%mlops track life --name after", "track")
    kernel.ask("y = 2", "b")
    kernel.ask("%mlops end", "end")
    assert store.find("before").status == "interrupted"
    assert [cell.cell for cell in store.cells("after")] == ["load", "track", "b", "end"]
    assert [cell.execution_count for cell in store.cells("after")] == [1, 2, 3, 4]


def test_two_notebooks_on_one_store_keep_to_their_own(start, store):
    left, right = start(), start()
    for kernel, name in ((left, "left"), (right, "right")):
        kernel.ask(SLOW)
        kernel.ask(f"%mlops track life --name {name}")
    left.ask("left_model = Slow(0.1).fit(X, y)")
    right.ask("right_model = Slow(0.2).fit(X, y)")
    left.ask("%mlops log side=1")
    left.ask("%mlops end")
    right.ask("again = Slow(0.3).fit(X, y)")
    right.ask("%mlops log side=2")
    right.ask("%mlops end")
    assert [fit.name for fit in store.fits("left")] == ["left_model"]
    assert [fit.name for fit in store.fits("right")] == ["right_model", "again"]
    assert (store.metrics("left")["side"], store.metrics("right")["side"]) == (1.0, 2.0)
    texts = store.texts([cell.source for cell in store.cells("left")])
    assert not any("right" in text for text in texts.values())


def test_two_tabs_of_one_notebook_are_one_session(start, store):
    kernel = start()
    other = BlockingKernelClient(connection_file=kernel.manager.connection_file)
    other.load_connection_file()
    other.start_channels()
    other.wait_for_ready(timeout=60)
    kernel.ask("%mlops track life --name tabs", "track")
    kernel.ask("x = 1", "a")
    other.execute("x = 2", reply=True, timeout=60)
    kernel.ask("y = x", "b")
    kernel.ask("%mlops end", "end")
    other.stop_channels()
    cells = store.own_cells("tabs")
    assert [cell.cell for cell in cells] == ["track", "a", None, "b", "end"]
    assert [cell.position for cell in cells] == sorted(cell.position for cell in cells)


def test_a_fit_in_a_thread_that_outlives_its_cell_is_recorded(start, store):
    kernel = start()
    kernel.ask(SLOW)
    kernel.ask("%mlops track life --name threads")
    kernel.ask("import threading\nthread = threading.Thread(target=lambda: Slow(1.0).fit(X, y)); thread.start()")
    kernel.ask("z = 1")
    kernel.ask("thread.join()")
    kernel.ask("%mlops end")
    assert [fit.class_name.rpartition(".")[2] for fit in store.fits("threads")] == ["Slow"]


def test_a_fit_after_the_end_belongs_to_no_run(start, store):
    kernel = start()
    kernel.ask(SLOW)
    kernel.ask("%mlops track life --name over")
    kernel.ask("%mlops end")
    kernel.ask("late = Slow().fit(X, y)")
    kernel.ask("%mlops track life --name next")
    kernel.ask("%mlops autolog off")
    kernel.ask("unseen = Slow().fit(X, y)")
    kernel.ask("%mlops autolog on")
    kernel.ask("seen = Slow().fit(X, y)")
    kernel.ask("%mlops end")
    assert store.fits("over") == []
    assert [fit.name for fit in store.fits("next")] == ["seen"]
