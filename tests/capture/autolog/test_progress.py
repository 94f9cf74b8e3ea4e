"""Long fits tell how far they are, and the estimator is what it would be without."""

import time

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_magics.capture.autolog import progress

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0]


class Slow(RegressorMixin, BaseEstimator):
    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize(("jobs", "candidates"), [(None, 14), (2, 26)])
def test_a_long_search_shows_how_far_it_is(jobs, candidates, notebook) -> None:
    search = GridSearchCV(Slow(), {"seconds": [0.05 + index / 1e6 for index in range(candidates)]}, cv=2, n_jobs=jobs)
    with notebook.cell():
        search.fit(X, Y)
    ((label, said),) = notebook.bars
    shares = [share for share, _ in said]
    assert label == "GridSearchCV"
    assert said[-1][1].endswith(f" of {2 * candidates}")
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] <= 1
    assert "_skl_callbacks" not in vars(search)


def test_a_short_fit_shows_nothing(notebook) -> None:
    with notebook.cell():
        GridSearchCV(Slow(0), {"seconds": [0.0]}, cv=2).fit(X, Y)
    assert notebook.bars == []


def test_a_pipeline_tells_its_steps(notebook, monkeypatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0.0)
    with notebook.cell():
        make_pipeline(StandardScaler(), StandardScaler(), Slow(0)).fit(X, Y)
    assert [share for share, _ in notebook.bars[0][1]] == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_a_solver_is_followed_only_where_it_costs_nothing(notebook, monkeypatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    with notebook.cell():
        LogisticRegression().fit(X, Y > 0)
        assert notebook.bars == []
        plain = LogisticRegression().fit(X, Y > 0)
        monkeypatch.setattr(progress, "LARGE_SIZE", 0)
        monkeypatch.setattr(progress, "PAUSE_SECONDS", 0.0)
        followed = LogisticRegression().fit(X, Y > 0)
        LogisticRegression(solver="liblinear").fit(X, Y > 0)
    assert notebook.bars[0][0] == "LogisticRegression"
    assert followed.coef_.tolist() == plain.coef_.tolist()
    assert list(vars(followed)) == list(vars(plain))


def test_callbacks_of_the_person_are_left_alone(notebook) -> None:
    class Own:
        seen = 0

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            self.seen += 1

    own = Own()
    search = GridSearchCV(Slow(0), {"seconds": [0.0]}, cv=2).set_callbacks(own)
    with notebook.cell():
        search.fit(X, Y)
    assert own.seen > 2
    assert search._skl_callbacks == [own]


def test_a_bar_that_breaks_is_not_felt(notebook, monkeypatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)

    def broken(label):
        raise OSError("no display")

    notebook.progress = broken
    with notebook.cell():
        assert GridSearchCV(Slow(0), {"seconds": [0.0, 0.001]}, cv=2).fit(X, Y).best_score_ <= 0
    assert len(notebook.fits()) == 1


def test_a_fit_that_fails_leaves_nothing_behind(notebook) -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [-1.0]}, cv=2)
    with notebook.cell(), pytest.raises(ValueError, match="fits failed"):
        search.fit(X, Y > 0)
    assert "_skl_callbacks" not in vars(search)
