"""What is recorded of a fit: that it happened, on what, with which words, how long, how it ended."""

import json
import threading

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, label_binarize

from mlops_magics.store.location import StoreWarning

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(120, 3)), columns=list("abc"))
Y = (X["a"] + X["b"] > 0).to_numpy()
CLASSES = (LogisticRegression, Ridge, StandardScaler, BaseEstimator)


@pytest.fixture(autouse=True)
def _classes_are_themselves_again(notebook):
    notebook.autolog.remove()
    before = held()
    yield
    notebook.autolog.remove()
    assert held() == before


def held() -> list:
    names = ("fit", "fit_predict", "fit_transform", "partial_fit", "__init_subclass__")
    return [kind.__dict__.get(name) for kind in CLASSES for name in names]


def test_a_fit_is_recorded_with_everything_about_it(notebook) -> None:
    with notebook.cell() as names:
        names["X_train"] = X
        names["model"] = LogisticRegression(C=0.5).fit(X, Y)
    (fit,) = notebook.fits()
    assert (fit["name"], fit["class_name"]) == ("model", "sklearn.linear_model.LogisticRegression")
    assert (fit["rows"], fit["columns"], json.loads(fit["features"])) == (120, 3, ["a", "b", "c"])
    assert json.loads(fit["params"])["C"] == 0.5
    assert "C" not in json.loads(fit["defaults"])
    assert "max_iter" in json.loads(fit["defaults"])
    assert (fit["status"], fit["error"], json.loads(fit["warnings"])) == ("ok", None, {})
    assert 0 < fit["seconds"] < 10
    params = notebook.params()
    assert (params["model"], params["C"]) == ("LogisticRegression", 0.5)
    dataset, answers = notebook.run.store.datasets(notebook.run.id)
    assert (answers.name, answers.role, answers.rows) == ("y", "fit target", 120)
    assert (dataset.name, dataset.role, dataset.rows, list(dataset.origins)) == ("X_train", "fit", 120, ["X_train.csv"])
    assert fit["fingerprint"] == dataset.fingerprint
    (model,) = notebook.run.store.artifacts(notebook.run.id)
    assert (model.type, model.detail["task"]) == ("model", "binary")
    revisions = notebook.rows("SELECT key, is_default FROM param_revs")
    usual = {row["key"]: row["is_default"] for row in revisions}
    assert (usual["C"], usual["tol"]) == (False, True)


def test_x_by_keyword_and_without_a_name(notebook) -> None:
    with notebook.cell():
        LogisticRegression().fit(X=X.to_numpy(), y=Y)
    assert notebook.tables() == [("fit", "fit", 120)]
    assert notebook.fits()[0]["features"] is None


def test_a_transformer_is_a_fit_and_no_model(notebook) -> None:
    with notebook.cell():
        StandardScaler().fit(X)
        make_pipeline(StandardScaler()).fit_transform(X)
    assert [fit["class_name"] for fit in notebook.fits()] == [
        "sklearn.preprocessing.StandardScaler",
        "sklearn.pipeline.Pipeline",
    ]
    assert notebook.params() == {}
    assert notebook.run.store.artifacts(notebook.run.id) == []


def test_what_fits_and_predicts_at_once_is_one_fit(notebook) -> None:
    with notebook.cell():
        make_pipeline(StandardScaler(), KMeans(3, n_init=1)).fit_predict(X)
        KMeans(2, n_init=1).fit_predict(X)
    assert [fit["class_name"].rpartition(".")[2] for fit in notebook.fits()] == ["Pipeline", "KMeans"]
    assert notebook.run.store.artifacts(notebook.run.id)[0].detail["task"] == "clusterer"


def test_a_fit_that_fails_is_raised_as_ever_and_recorded(notebook) -> None:
    with notebook.cell(), pytest.raises(ValueError, match="Found input variables"):
        LogisticRegression().fit(X, Y[:5])
    (fit,) = notebook.fits()
    assert fit["status"] == "error"
    assert fit["error"].startswith("ValueError: Found input variables")
    assert (notebook.params(), notebook.tables()) == ({}, [])
    with notebook.cell():
        LogisticRegression().fit(X, Y)
    assert notebook.params()["model"] == "LogisticRegression"


def test_an_interrupt_is_an_error_like_others(notebook) -> None:
    class Patient(BaseEstimator):
        def fit(self, X, y=None):
            raise KeyboardInterrupt

    with notebook.cell(), pytest.raises(KeyboardInterrupt):
        Patient().fit(X)
    assert [(fit["status"], fit["error"]) for fit in notebook.fits()] == [("error", "KeyboardInterrupt")]
    with notebook.cell():
        Ridge().fit(X, Y)
    assert len(notebook.fits()) == 2


def test_warnings_are_recorded_and_given_as_ever(notebook) -> None:
    with notebook.cell(), pytest.warns(ConvergenceWarning) as seen:
        LogisticRegression(max_iter=1).fit(X, Y)
    with notebook.cell():
        Ridge().fit(X, Y)
    first, second = notebook.fits()
    assert len(seen) == 1
    ((warned, times),) = json.loads(first["warnings"]).items()
    assert warned.startswith("ConvergenceWarning: lbfgs failed to converge")
    assert times == 1
    assert json.loads(second["warnings"]) == {}


def test_the_newest_model_of_a_cell_is_kept_unless_the_person_named_one(notebook) -> None:
    with notebook.cell():
        for C in (0.1, 1.0, 10.0):
            LogisticRegression(C=C).fit(X, Y)
        Ridge().fit(X, Y)
    (model,) = notebook.run.store.artifacts(notebook.run.id)
    assert (model.detail["class"], model.detail["task"]) == ("sklearn.linear_model.Ridge", "regression")
    notebook.run.has_own_model = True
    with notebook.cell():
        LogisticRegression().fit(X, Y)
    assert len(notebook.run.store.artifacts(notebook.run.id)) == 1


def test_a_loop_over_one_table_describes_it_once_and_sees_when_it_changed(notebook) -> None:
    frame = X.copy()
    with notebook.cell() as names:
        names["frame"] = frame
        for alpha in (1, 2, 3):
            Ridge(alpha=alpha).fit(frame, Y)
        frame.loc[0, "a"] = 99.0
        Ridge().fit(frame, Y)
    prints = [fit["fingerprint"] for fit in notebook.fits()]
    assert len(set(prints[:3])) == 1
    assert prints[3] != prints[0]
    assert len(notebook.tables()) == 2


def test_what_the_table_was_counts_not_what_it_became(notebook) -> None:
    frame = X.copy()
    with notebook.cell() as names:
        names["frame"] = frame
        blocked = threading.Event()
        notebook.later(blocked.wait)
        Ridge().fit(frame, Y)
        frame["a"] = 0.0
        blocked.set()
    with notebook.cell() as names:
        names["frame"] = X
        Ridge().fit(X, Y)
    first, second = notebook.fits()
    assert first["fingerprint"] == second["fingerprint"]


def test_learning_bit_by_bit_is_one_fit(notebook) -> None:
    with notebook.cell() as names:
        names["model"] = model = SGDClassifier()
        for start in range(0, 120, 40):
            model.partial_fit(X[start : start + 40], Y[start : start + 40], classes=[False, True])
    (fit,) = notebook.fits()
    assert (fit["name"], fit["rows"], fit["columns"], fit["fingerprint"]) == ("model", 120, 3, None)
    assert notebook.params()["model"] == "SGDClassifier"
    assert notebook.run.store.artifacts(notebook.run.id)[0].detail["task"] == "binary"
    (table,) = [table for table in notebook.run.store.datasets(notebook.run.id) if table.role == "fit"]
    assert (table.rows, list(table.columns), table.fingerprint, table.profile) == (120, list("abc"), "", None)


def test_a_table_that_is_learned_from_again_and_again_is_known(notebook) -> None:
    with notebook.cell() as names:
        names["X_train"], model = X, SGDClassifier()
        for _ in range(3):
            model.partial_fit(X, Y, classes=[False, True])
    table, answers = sorted(notebook.run.store.datasets(notebook.run.id), key=lambda table: table.role)
    assert (table.name, table.role, table.rows, table.profile is not None) == ("X_train", "fit", 120, True)
    assert (answers.role, answers.rows) == ("fit target", 120)
    assert [(fit["rows"], fit["fingerprint"]) for fit in notebook.fits()] == [(360, table.fingerprint)]


def test_lists_and_sparse_matrices_are_tables_too(notebook) -> None:
    with notebook.cell():
        LogisticRegression().fit(X.to_numpy().tolist(), Y)
        LogisticRegression(C=2).fit(csr_matrix(X.to_numpy()), Y)
    assert [(fit["rows"], fit["columns"]) for fit in notebook.fits()] == [(120, 3)] * 2


def test_what_is_no_table_is_said_once(notebook) -> None:
    with notebook.cell(), pytest.warns(StoreWarning, match="the data of a fit") as caught:  # noqa: PT031
        CountVectorizer().fit(iter(["good", "bad"]))
        CountVectorizer().fit(iter(["bad", "good"]))
        notebook.worker.finish()
    assert len(caught) == 1
    assert [(fit["class_name"].rpartition(".")[2], fit["fingerprint"]) for fit in notebook.fits()] == [
        ("CountVectorizer", None)
    ] * 2


def test_a_parameter_that_cannot_be_looked_at_is_one_warning(notebook) -> None:
    class Shy(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def get_params(self, deep=True):
            raise RuntimeError("nobody's business")

    with notebook.cell(), pytest.warns(StoreWarning, match="nobody's business") as caught:  # noqa: PT031
        assert isinstance(Shy().fit(X, Y), Shy)
        Shy().fit(X, Y)
    assert len(caught) == 1


def test_a_model_nobody_can_write_down_is_said_and_noted(notebook) -> None:
    class Local(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.secret_ = lambda: 0
            return self

        def predict(self, X):
            return X

    with notebook.cell():
        assert Local().fit(X, Y).secret_() == 0
    with pytest.warns(StoreWarning, match="the fitted model"):  # noqa: PT031
        notebook.guard.renew()
        notebook.autolog.remove()
        notebook.autolog.refresh()
        Local().fit(X, Y)
        notebook.autolog.remove()
        notebook.worker.finish()
    assert notebook.run.store.artifacts(notebook.run.id) == []
    assert "cannot be exported" in notebook.run.store.notes(notebook.run.id)[0].text


def test_nothing_is_written_to_a_run_that_is_over(notebook) -> None:
    notebook.autolog.refresh()
    model = LogisticRegression().fit(X, Y)
    notebook.autolog.remove()
    notebook.worker.finish()
    notebook.autolog.refresh()
    notebook.run.end()
    assert model.fit(X, Y) is model
    RandomForestClassifier(2).fit(X, Y)
    notebook.worker.finish()
    assert len(notebook.fits()) == 1


def test_a_cell_counts_its_fits_and_not_those_before(notebook) -> None:
    with notebook.cell():
        before = notebook.run.facts
        StandardScaler().fit(X)
        assert notebook.run.facts == before + 1
        notebook.worker.finish()
        assert notebook.run.facts == before + 1


def test_what_a_library_fits_for_its_own_ends_is_no_fit(notebook) -> None:
    with notebook.cell():
        model = LogisticRegression().fit(X, Y)
        log_loss(Y, model.predict_proba(X))
        label_binarize(Y, classes=[False, True])
        StandardScaler().fit_transform(X)
    assert [fit["class_name"].rpartition(".")[2] for fit in notebook.fits()] == ["LogisticRegression", "StandardScaler"]
