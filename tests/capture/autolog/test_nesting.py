"""Parts of a fit are parts of it, in whatever thread or process; fits side by side are fits of their own."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(120, 3)), columns=list("abc"))
Y = (X["a"] > 0).to_numpy()


def names_of(notebook) -> list[str]:
    return [fit["class_name"].rpartition(".")[2] for fit in notebook.fits()]


def test_only_the_outermost(notebook) -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    with notebook.cell():
        pipeline.fit(X, Y)
        StackingClassifier([("a", LogisticRegression())], RandomForestClassifier(3), cv=2).fit(X, Y)
        OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    assert names_of(notebook) == ["Pipeline", "StackingClassifier", "OneVsRestClassifier"]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_of_a_fit_are_part_of_it(backend, notebook) -> None:
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"memory": [None]}, cv=2, n_jobs=2)
    with notebook.cell(), joblib.parallel_config(backend):
        search.fit(X, Y)
        VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))], n_jobs=2).fit(X, Y)
        BaggingClassifier(LogisticRegression(), 4, n_jobs=2).fit(X, Y)
    assert names_of(notebook) == ["GridSearchCV", "VotingClassifier", "BaggingClassifier"]


def test_workers_of_workers_of_a_fit_in_a_thread(notebook) -> None:
    """The search runs in a thread of the person, its folds in threads of joblib, and their parts in others."""
    voting = VotingClassifier([("a", LogisticRegression()), ("b", make_pipeline(LogisticRegression()))], n_jobs=2)
    search = GridSearchCV(voting, {"voting": ["hard", "soft"]}, cv=2, n_jobs=2)

    def work() -> None:
        with joblib.parallel_config("threading"):
            search.fit(X, Y)

    with notebook.cell():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert names_of(notebook) == ["GridSearchCV"]


class Meeting(BaseEstimator):
    """Waits inside of ``fit`` until another one does."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def fit(self, X, y, *, barrier):
        barrier.wait(10)
        Ridge().fit(X, y)
        barrier.wait(10)
        return self


def test_fits_side_by_side_are_each_recorded(notebook) -> None:
    barrier = threading.Barrier(2)
    with notebook.cell(), ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: Meeting(number).fit(X, Y, barrier=barrier), range(2)))
    assert names_of(notebook) == ["Meeting", "Meeting"]


def test_fits_side_by_side_by_joblib_of_the_person(notebook) -> None:
    barrier = threading.Barrier(2)
    with notebook.cell():
        jobs = (joblib.delayed(Meeting(number).fit)(X, Y, barrier=barrier) for number in range(2))
        joblib.Parallel(n_jobs=2, backend="threading")(jobs)
    assert names_of(notebook) == ["Meeting", "Meeting"]


def test_fits_side_by_side_in_an_asynchronous_cell(notebook) -> None:
    barrier = threading.Barrier(2)

    async def cell() -> None:
        fits = (asyncio.to_thread(Meeting(number).fit, X, Y, barrier=barrier) for number in range(2))
        await asyncio.gather(*fits)

    with notebook.cell():
        asyncio.run(cell())
    assert names_of(notebook) == ["Meeting", "Meeting"]


def test_a_fit_in_a_thread_that_the_fit_itself_started(notebook) -> None:
    class Delegating(BaseEstimator):
        def fit(self, X, y):
            with ThreadPoolExecutor(2) as pool:
                self.parts_ = list(pool.map(lambda part: clone(part).fit(X, y), [Ridge(), Ridge(2)]))
            return self

    with notebook.cell():
        Delegating().fit(X, Y)
    assert names_of(notebook) == ["Delegating"]


def test_what_an_interrupt_left_open_does_not_hide_the_next(notebook) -> None:
    with notebook.cell():
        notebook.autolog._desk._nesting.enter()
    with notebook.cell():
        Ridge().fit(X, Y)
    assert names_of(notebook) == ["Ridge"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks nothing")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_the_child_of_a_fork_writes_nothing(notebook) -> None:
    with notebook.cell():
        parent = os.getpid()
        notebook.current = lambda: notebook.run if os.getpid() == parent else None
        child = os.fork()
        if child == 0:
            Ridge().fit(X, Y)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert names_of(notebook) == []
