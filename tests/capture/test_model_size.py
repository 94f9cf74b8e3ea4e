"""A model that is too large is not written by itself, not even in part; the person may keep it all the same."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from mlops_magics import track
from mlops_magics.store.location import StoreWarning

X = np.random.default_rng(0).normal(size=(50, 2))
Y = X[:, 0] > 0


class Large(ClassifierMixin, BaseEstimator):
    """As large as it is asked to be, in numbers that do not compress."""

    def __init__(self, values: int = 10_000) -> None:
        self.values = values

    def fit(self, X, y):
        self.classes_ = np.array([False, True])
        self.held_ = np.random.default_rng(0).normal(size=self.values)
        return self

    def predict(self, X):
        return X[:, 0] > 0



def blobs(store) -> int:
    return sum(1 for file in (store.path / "blob").rglob("*") if file.is_file())


@pytest.fixture
def small(store):
    store.path.mkdir(exist_ok=True)
    (store.path / "settings.toml").write_text("[capture]\nmodel_bytes = 50_000")
    return store


def test_by_evaluate(small) -> None:
    with track("flights", "large", store=small) as run:
        with pytest.warns(StoreWarning, match="takes more than 50.0 kB"):
            run.evaluate(Large().fit(X, Y), X, Y)
        (note,) = small.notes(run.id)
        assert "cannot be exported" in note.text
        assert "%mlops artifact MODEL, or [capture] model_bytes in the store's settings" in note.text
        assert {item.type for item in small.artifacts(run.id)} == {"predictions", "example"}
        assert blobs(small) == 2
        run.evaluate(LogisticRegression().fit(X, Y), X, Y)
        assert [item.type for item in small.artifacts(run.id)].count("model") == 1
        kept = run.artifact(Large().fit(X, Y), "large")
        assert kept.size_bytes > 50_000


def test_by_autologging(small, session) -> None:
    session.end()
    session.track("flights", "autologged")
    run = session.run
    events = session._shell.events
    with pytest.warns(StoreWarning, match="the fitted model"):  # noqa: PT031
        for _ in range(2):
            info = SimpleNamespace(raw_cell="", cell_id=None, store_history=True)
            events.trigger("pre_run_cell", info)
            Large().fit(X, Y)
            result = SimpleNamespace(info=info, error_before_exec=None, error_in_exec=None, result=None)
            result.execution_count = 1
            events.trigger("post_run_cell", result)
        session.end()
    assert small.artifacts(run.id) == []
    assert [("takes more than 50.0 kB" in note.text) for note in small.notes(run.id)] == [True]
    assert len(small.fits(run.id)) == 2


def test_the_usual_limit_is_two_gibibytes(store) -> None:
    assert store.settings.model_bytes == 2 * 1024**3
