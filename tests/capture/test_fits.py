"""Fits are seen and left alone: the outermost only, whatever happens, and nothing of it stays behind."""

import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_magics.store.location import StoreWarning

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(120, 3)), columns=list("abc"))
Y = (X["a"] > 0).to_numpy()
CLASSES = (LogisticRegression, Ridge, StandardScaler)
FITS = {kind: kind.__dict__["fit"] for kind in CLASSES}


@pytest.fixture(autouse=True)
def _classes_are_themselves_again(request):
    yield
    assert {kind: kind.__dict__["fit"] for kind in CLASSES} == FITS


def facts(session) -> tuple[dict, list]:
    store, run = session.run.store, session.run.id
    return store.params(run), [(table.name, table.role, table.rows) for table in store.datasets(run)]


def test_a_fit_is_recorded_with_its_table(session) -> None:
    session.names["X_train"] = X
    assert LogisticRegression.fit is not FITS[LogisticRegression]
    model = LogisticRegression(C=0.5).fit(X, Y)
    assert model.coef_.shape == (1, 3)
    params, tables = facts(session)
    assert (params["model"], params["C"]) == ("LogisticRegression", 0.5)
    assert tables == [("X_train", "fit", 120)]


def test_x_by_keyword_and_without_a_name(session) -> None:
    LogisticRegression().fit(X=X.to_numpy(), y=Y)
    assert facts(session)[1] == [("fit", "fit", 120)]


def test_only_the_outermost(session) -> None:
    make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    params, tables = facts(session)
    assert params["model"] == "StandardScaler → LogisticRegression"
    assert len(tables) == 1
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1]}, cv=2).fit(X, Y)
    params, tables = facts(session)
    assert params["model"] == "GridSearchCV"
    assert len(tables) == 2


def test_parts_fitted_by_other_threads_are_no_fits_of_their_own(session) -> None:
    with joblib.parallel_backend("threading", n_jobs=2):
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(X, Y)
        VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))], n_jobs=2).fit(X, Y)
    params, tables = facts(session)
    assert params["model"] == "VotingClassifier"
    assert len(tables) == 2
    assert session.run.store.sql("SELECT count(*) AS n FROM param_revs WHERE key = 'model'")["n"][0] == 2


def test_a_transformer_is_no_model(session) -> None:
    StandardScaler().fit(X)
    assert facts(session) == ({}, [])


def test_a_fit_that_fails_is_the_person_s_own(session) -> None:
    with pytest.raises(ValueError, match="Found input variables"):
        LogisticRegression().fit(X, Y[:5])
    assert facts(session) == ({}, [])
    LogisticRegression().fit(X, Y)
    assert facts(session)[0]["model"] == "LogisticRegression"


def test_classes_imported_or_made_later_are_seen(session) -> None:
    class Constant(ClassifierMixin, BaseEstimator):
        def __init__(self, answer: int = 1) -> None:
            self.answer = answer

        def fit(self, X, y):
            """Remember nothing."""
            return self

        def predict(self, X):
            return np.full(len(X), self.answer)

    session._fits.refresh()
    assert Constant.fit.__doc__ == "Remember nothing."
    Constant(answer=3).fit(X, Y)
    assert facts(session)[0] == {"model": "Constant", "answer": 3}


def test_another_s_wrapper_stays(session) -> None:
    ours = Ridge.fit

    def theirs(self, X, y, sample_weight=None):
        return ours(self, X, y, sample_weight)

    try:
        Ridge.fit = theirs
        session.end()
        assert Ridge.__dict__["fit"] is theirs
        assert Ridge().fit(X, Y).coef_.shape == (3,)
    finally:
        Ridge.fit = FITS[Ridge]


def test_watching_changes_no_result(session) -> None:
    def scores() -> tuple:
        forest = RandomForestClassifier(10, random_state=np.random.RandomState(3)).fit(X, Y)
        np.random.seed(0)
        loose = RandomForestClassifier(5).fit(X, Y)
        return forest.predict_proba(X).tolist(), loose.predict_proba(X).tolist(), np.random.random()

    watched = scores()
    session.end()
    assert scores() == watched
    assert cross_val_score(LogisticRegression(), X, Y).shape == (5,)


def test_watched_estimators_pickle_and_clone(session) -> None:
    model = LogisticRegression(C=0.5).fit(X, Y)
    assert clone(model).get_params() == model.get_params()
    assert (pickle.loads(pickle.dumps(model)).predict(X) == model.predict(X)).all()


def test_a_class_of_the_notebook_travels_by_value(session) -> None:
    """What joblib does with a class of ``__main__``: its code is pickled, and our wrapper with it."""
    import cloudpickle

    namespace = {"__name__": "__main__", "BaseEstimator": BaseEstimator}
    exec("class Mine(BaseEstimator):\n    def fit(self, X, y):\n        self.n_ = len(X)\n        return self\n"
         "    def predict(self, X):\n        return X", namespace)  # fmt: skip
    Mine = namespace["Mine"]
    session._fits.refresh()
    back = cloudpickle.loads(cloudpickle.dumps(Mine()))
    assert back.fit(X, Y).n_ == 120
    jobs = [joblib.delayed(Mine().fit)(X, Y), joblib.delayed(LogisticRegression().fit)(X, Y)]
    fitted, known = joblib.Parallel(n_jobs=2)(jobs)
    assert (fitted.n_, known.coef_.shape) == (120, (1, 3))
    assert facts(session) == ({}, []), "what others fit is not ours to record"
    session._fits.refresh()
    Mine().fit(X, Y)
    assert facts(session)[0]["model"] == "Mine"
    cloudpickle.loads(cloudpickle.dumps(Mine()))
    session.end()
    assert "watched" not in Mine.fit.__code__.co_name


@pytest.mark.parametrize("rows", [csr_matrix(X.to_numpy()), X.to_numpy().tolist()], ids=["sparse", "lists"])
def test_trouble_while_looking_is_one_warning(rows, session) -> None:
    with pytest.warns(StoreWarning, match="a fit was not recorded in full") as caught:  # noqa: PT031
        model = LogisticRegression().fit(rows, Y)
        LogisticRegression(C=2).fit(rows, Y)
    assert len([item for item in caught if item.category is StoreWarning]) == 1
    assert model.coef_ is not None
    params, tables = facts(session)
    assert (params["model"], params["C"]) == ("LogisticRegression", 2)
    assert tables == []


def test_a_parameter_that_cannot_be_looked_at_is_one_warning(session) -> None:
    class Shy(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return X

        def get_params(self, deep=True):
            raise RuntimeError("nobody's business")

    session._fits.refresh()
    with pytest.warns(StoreWarning, match="nobody's business"):
        Shy().fit(X, Y)


def test_nothing_is_seen_without_a_run(session) -> None:
    session.end()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression().fit(X, Y)
    assert session.has_run is False
