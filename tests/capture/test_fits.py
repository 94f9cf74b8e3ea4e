"""A fit belongs to the innermost run that is open, whether a verb or Python began it; never to one that is over."""

import pytest

from mlops_magics import open_store

SETUP = """
import threading
import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
import mlops_magics as mlops
X = np.arange(40.0).reshape(20, 2); y = X[:, 0] > 19
%load_ext mlops_magics
"""


@pytest.fixture
def ask(execute):
    for line in SETUP.strip().splitlines():
        execute(line)
    return execute


def fitted(store, name: str) -> list[tuple[str, object]]:
    run = store.find(name)
    return [(fit.class_name.rpartition(".")[2], fit.params.get("C")) for fit in store.fits(run)]


def test_a_run_inside_another_has_the_fits_of_its_block(ask) -> None:
    ask("%mlops track t --name open")
    ask("""
before = Ridge().fit(X, y)
with mlops.track('t', 'inner') as run:
    model = LogisticRegression(C=9).fit(X, y)
    learner = SGDClassifier().partial_fit(X, y, classes=[False, True])
    learner.partial_fit(X, y)
""")
    ask("after = LogisticRegression(C=2).fit(X, y)")
    ask("%mlops end")
    store = open_store()
    assert sorted(fitted(store, "inner")) == [("LogisticRegression", 9), ("SGDClassifier", None)]
    assert fitted(store, "open") == [("Ridge", None), ("LogisticRegression", 2)]
    kept = {name: [item.detail["class"] for item in store.artifacts(name)] for name in ("open", "inner")}
    assert kept["inner"] == ["sklearn.linear_model.SGDClassifier"]
    assert kept["open"] == ["sklearn.linear_model.Ridge", "sklearn.linear_model.LogisticRegression"]
    assert store.params("open")["C"] == 2
    assert [table.role for table in store.datasets("inner")] == ["fit", "fit target"]
    names = {fit.name for fit in store.fits("inner")}
    assert names == {"model", "learner"}, "the notebook knows their names by the end of the block"


def test_a_run_in_python_needs_no_other(ask) -> None:
    ask("""
for C in (1, 2):
    with mlops.track('t', f'of-{C}'):
        LogisticRegression(C=C).fit(X, y)
Ridge().fit(X, y)
""")
    store = open_store()
    assert [fitted(store, name) for name in ("of-1", "of-2")] == [[("LogisticRegression", C)] for C in (1, 2)]
    assert store.params("of-2")["C"] == 2
    assert ask("type(LogisticRegression.__dict__['fit']).__name__") == "function", "classes are themselves again"


def test_a_run_may_stay_open_over_several_cells(ask) -> None:
    ask("run = mlops.track('t', 'long')")
    ask("LogisticRegression(C=1).fit(X, y)")
    ask("%mlops track t --name shorter")
    ask("LogisticRegression(C=2).fit(X, y)")
    ask("%mlops end")
    ask("LogisticRegression(C=3).fit(X, y)")
    ask("run.end()")
    ask("LogisticRegression(C=4).fit(X, y)")
    store = open_store()
    assert fitted(store, "long") == [("LogisticRegression", 1), ("LogisticRegression", 3)]
    assert fitted(store, "shorter") == [("LogisticRegression", 2)]


def test_a_run_of_another_thread_is_that_threads(ask) -> None:
    ask("%mlops track t --name main")
    ask("""
def in_a_thread():
    with mlops.track('t', 'thread'):
        begun.set()
        LogisticRegression(C=1).fit(X, y)
        go_on.wait(30)

begun, go_on = threading.Event(), threading.Event()
thread = threading.Thread(target=in_a_thread)
thread.start()
begun.wait(30)
LogisticRegression(C=2).fit(X, y)
go_on.set()
thread.join()
other = threading.Thread(target=LogisticRegression(C=3).fit, args=(X, y))
other.start()
other.join()
""")
    ask("%mlops end")
    store = open_store()
    assert fitted(store, "thread") == [("LogisticRegression", 1)]
    assert sorted(fitted(store, "main")) == [("LogisticRegression", 2), ("LogisticRegression", 3)]


def test_what_is_switched_off_stays_off(ask) -> None:
    ask("%mlops autolog off")
    ask("with mlops.track('t', 'quiet'):\n    LogisticRegression().fit(X, y)")
    assert fitted(open_store(), "quiet") == []
    ask("%mlops autolog on")
    ask("with mlops.track('t', 'loud', autolog=False):\n    LogisticRegression().fit(X, y)")
    assert fitted(open_store(), "loud") == []
