"""The run's model is the one that was fitted last: it is exported, or it is said why not; never another one."""

import threading

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_magics import export, track
from mlops_magics.errors import BundleError
from mlops_magics.store.location import StoreWarning

X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
Y = (X["a"] > 0).to_numpy()


class Failing(RegressorMixin, BaseEstimator):
    """Holds the sum of what it was fitted on; raises when that is negative, ``late`` after it has changed."""

    def __init__(self, *, late: bool = False) -> None:
        self.late = late
        self.held_ = np.zeros(1)

    def fit(self, X, y):
        total = float(np.sum(y))
        if total < 0 and not self.late:
            raise ValueError("negative")
        self.held_ += total
        if total < 0:
            raise ValueError("negative")
        return self

    def predict(self, X):
        return np.zeros(len(X))


def exported(notebook, path):
    return export(notebook.run.id, path / "bundle", notebook.run.store, allow_pickle=True, trust=TRUSTED)


TRUSTED = (f"{__name__}.Failing",)


def test_a_model_that_cannot_be_kept_takes_the_place_of_the_one_before(execute, tmp_path) -> None:
    for line in (
        "import numpy as np, pandas as pd",
        "from sklearn.linear_model import LogisticRegression, Ridge",
        "from sklearn.pipeline import make_pipeline",
        "from sklearn.preprocessing import FunctionTransformer",
        "X = pd.DataFrame({'a': np.arange(20.0), 'b': np.arange(20.0) ** 2}); y = X.a > 9",
        "%load_ext mlops_magics",
        "%mlops track flights --name one",
        "LogisticRegression(C=3).fit(X, y)",
    ):
        execute(line)
    with pytest.warns(StoreWarning, match="the fitted model"):  # noqa: PT031 - written down when the run ends
        execute("make_pipeline(FunctionTransformer(lambda x: x * 2), Ridge()).fit(X, X.b)")
        execute("%mlops end")
    with pytest.raises(BundleError, match=r"a sklearn\.pipeline\.Pipeline, is not kept with it: .*lambda") as caught:
        export("one", tmp_path / "b1")
    assert "%mlops artifact MODEL" in str(caught.value)
    assert not (tmp_path / "b1").exists()


def test_a_model_kept_later_takes_the_place_of_one_that_was_not(notebook, tmp_path) -> None:
    with notebook.cell():
        LogisticRegression().fit(X, Y)
    with notebook.cell(), pytest.warns(StoreWarning, match="the fitted model"):  # noqa: PT031
        make_pipeline(FunctionTransformer(lambda table: table), Ridge()).fit(X, X["b"])
        notebook.autolog.refresh()
        notebook.worker.finish()
    assert notebook.run.store.model(notebook.run.id).artifact is None
    with notebook.cell():
        Ridge(alpha=3.0).fit(X, X["b"])
    assert exported(notebook, tmp_path).manifest.model_class == "sklearn.linear_model.Ridge"


def test_a_model_that_was_not_written_down_to_the_end_is_not_the_one_before(notebook, tmp_path) -> None:
    """As when the process dies, or the end is interrupted."""
    with notebook.cell():
        LogisticRegression().fit(X, Y)
    go_on = threading.Event()
    notebook.worker.later(go_on.wait)
    with notebook.cell():
        Ridge().fit(X, X["b"])
        notebook.autolog.refresh()
        with pytest.raises(BundleError, match=r"a sklearn\.linear_model\.Ridge, .* not written down yet"):
            exported(notebook, tmp_path)
        go_on.set()
    assert exported(notebook, tmp_path).manifest.model_class == "sklearn.linear_model.Ridge"


def test_an_evaluated_model_that_is_withheld_takes_the_place_of_the_one_before(store, tmp_path) -> None:
    store.path.mkdir(exist_ok=True)
    (store.path / "settings.toml").write_text("[capture]\nmodel_bytes = 200")
    with track("flights", "named", store=store) as run:
        run.artifact(LogisticRegression().fit(X, Y), "model")
        with pytest.warns(StoreWarning, match="takes more than"):
            run.evaluate(Ridge().fit(X, X["b"]), X, X["b"])
    with pytest.raises(BundleError, match=r"a sklearn\.linear_model\.Ridge, is not kept with it: .*takes more than"):
        export("named", tmp_path / "bundle", store)


@pytest.mark.parametrize("is_same_cell", [True, False])
def test_a_refit_that_raises_leaves_the_model_as_it_was(is_same_cell, notebook) -> None:
    model = Failing()
    go_on = threading.Event()
    notebook.worker.later(go_on.wait)  # what the first cell leaves is still waiting when the second one refits
    with notebook.cell():
        model.fit(X, X["b"].abs())
        if not is_same_cell:
            notebook.autolog.refresh()
        with pytest.raises(ValueError, match="negative"):
            model.fit(X, -X["b"].abs())
        notebook.autolog.refresh()
        go_on.set()
    found = notebook.run.store.model(notebook.run.id)
    assert found.artifact
    assert found.fit.status == "ok"
    assert [item.type for item in notebook.run.store.artifacts(notebook.run.id)] == ["model"]


def test_a_refit_that_raises_half_way_leaves_no_model_and_says_so(notebook, tmp_path) -> None:
    model = Failing(late=True)
    with notebook.cell():
        LogisticRegression().fit(X, Y)
    with notebook.cell():
        model.fit(X, X["b"].abs())
        with pytest.raises(ValueError, match="negative"):
            model.fit(X, -X["b"].abs())
    with pytest.raises(BundleError, match="a later fit of it raised ValueError, and left it half fitted"):
        exported(notebook, tmp_path)
    assert ["half fitted" in note.text for note in notebook.run.store.notes(notebook.run.id)] == [True]


def test_a_refit_that_raises_after_the_model_was_kept_changes_nothing(notebook) -> None:
    model = Failing(late=True)
    with notebook.cell():
        model.fit(X, X["b"].abs())
    with notebook.cell(), pytest.raises(ValueError, match="negative"):
        model.fit(X, -X["b"].abs())
    assert notebook.run.store.model(notebook.run.id).artifact
    assert notebook.run.store.notes(notebook.run.id) == []
