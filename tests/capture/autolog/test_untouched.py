"""Watching changes nothing: results, draws, signatures, pickles, classes that travel, reload or are patched."""

import copy
import inspect
import pickle
import subprocess
import sys
import textwrap
import types
import warnings

import cloudpickle
import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_magics.capture.autolog.methods import WatchedMethod
from mlops_magics.store.location import StoreWarning

X = np.random.default_rng(0).normal(size=(120, 3))
Y = X[:, 0] > 0


def results() -> list:
    np.random.seed(0)
    forest = RandomForestClassifier(10, random_state=np.random.RandomState(3)).fit(X, Y)
    search = GridSearchCV(SGDClassifier(), {"alpha": [0.1, 1]}, cv=2).fit(X, Y)
    return [
        forest.predict_proba(X).tolist(),
        search.cv_results_["mean_test_score"].tolist(),
        make_pipeline(StandardScaler(), KMeans(2)).fit_predict(X).tolist(),
        StandardScaler().fit_transform(X).tolist(),
        cross_val_score(RandomForestClassifier(3), X, Y, cv=2).tolist(),
        sorted(cross_validate(Ridge(), X, Y, cv=2)),
        LogisticRegression().fit(X, Y).coef_.tolist(),
        np.random.random(),
    ]


def test_no_result_and_no_draw_is_another(notebook) -> None:
    plain = results()
    with notebook.cell():
        assert results() == plain


def test_an_estimator_is_exactly_what_it_would_be(notebook) -> None:
    models = [LogisticRegression(C=2), make_pipeline(StandardScaler(), Ridge()), GridSearchCV(Ridge(), {"alpha": [1]})]
    plain = [clone(model).fit(X, Y) for model in models]
    with notebook.cell():
        seen = [clone(model).fit(X, Y) for model in models]
        assert [list(vars(model)) for model in seen] == [list(vars(model)) for model in plain]
        assert [clone(model).get_params().keys() for model in seen] == [model.get_params().keys() for model in plain]
        assert pickle.dumps(seen[0]) == pickle.dumps(plain[0])
        assert pickle.loads(pickle.dumps(seen[1])).predict(X).tolist() == plain[1].predict(X).tolist()
        assert copy.deepcopy(seen[0]).coef_.tolist() == plain[0].coef_.tolist()


def test_a_class_looks_as_it_did(notebook) -> None:
    fit, conditional = Ridge.fit, inspect.signature(Pipeline.fit_predict)
    with notebook.cell():
        assert isinstance(Ridge.__dict__["fit"], WatchedMethod)
        assert Ridge.fit is fit
        assert inspect.signature(Ridge().fit) == inspect.signature(types.MethodType(fit, Ridge()))
        assert inspect.signature(Pipeline.fit_predict) == conditional
        assert Ridge().fit.__doc__ == fit.__doc__
        assert not hasattr(make_pipeline(StandardScaler(), Ridge()), "fit_predict")
        assert pickle.loads(pickle.dumps(Ridge.fit)) is fit
        assert pickle.loads(pickle.dumps(Ridge(3).fit)).__self__.alpha == 3


def test_a_traceback_hides_the_watcher(notebook) -> None:
    with notebook.cell(), pytest.raises(ValueError, match="inconsistent") as caught:
        Ridge().fit(X, Y[:3])
    names = {entry.frame.code.name: entry.frame.f_locals for entry in caught.traceback}
    assert names["passing"]["__tracebackhide__"] is True


def in_main(code: str) -> dict:
    namespace = {"__name__": "__main__", "BaseEstimator": BaseEstimator, "TransformerMixin": TransformerMixin}
    exec(textwrap.dedent(code), namespace)
    return namespace


MINE = """
class Mine(BaseEstimator):
    def fit(self, X, y=None):
        self.n_ = len(X)
        return self
    def predict(self, X):
        return X
"""


def test_a_class_made_in_the_cell_that_fits_it_is_seen(notebook) -> None:
    with notebook.cell():
        Mine = in_main(MINE)["Mine"]
        assert Mine().fit(X).n_ == 120
    assert [fit["class_name"] for fit in notebook.fits()] == ["Mine"]


def test_a_class_that_lets_nobody_change_it_is_said_and_works(notebook) -> None:
    class Closed(type):
        def __setattr__(cls, name: str, value: object) -> None:
            raise AttributeError("closed")

    with notebook.cell():
        with pytest.warns(StoreWarning, match="fits of Sealed"):

            class Sealed(BaseEstimator, metaclass=Closed):
                def fit(self, X, y=None):
                    return self

        assert isinstance(Sealed().fit(X), Sealed)
        Ridge().fit(X, Y)
    assert [fit["class_name"].rpartition(".")[2] for fit in notebook.fits()] == ["Ridge"]


def test_a_mixin_that_is_no_estimator_is_seen(notebook) -> None:
    with notebook.cell():
        Mixed = in_main("""
            class Fits:
                def fit(self, X, y=None):
                    return self
            class Mixed(Fits, BaseEstimator):
                pass
        """)["Mixed"]
        Mixed().fit(X)
    assert [fit["class_name"] for fit in notebook.fits()] == ["Mixed"]


def test_a_class_of_the_notebook_travels_by_value(notebook) -> None:
    with notebook.cell():
        Mine = in_main(MINE)["Mine"]
        data = cloudpickle.dumps(Mine())
        assert b"mlops" not in data
        assert cloudpickle.loads(data).fit(X).n_ == 120
        jobs = [joblib.delayed(Mine().fit)(X, Y), joblib.delayed(LogisticRegression().fit)(X, Y)]
        fitted, known = joblib.Parallel(n_jobs=2)(jobs)
        assert (fitted.n_, known.coef_.shape) == (120, (1, 3))
    before = len(notebook.fits())
    with notebook.cell():
        Mine().fit(X)
    assert len(notebook.fits()) == before + 1, "also after its class came back from elsewhere"


def test_another_s_wrapper_stays_and_is_watched(notebook) -> None:
    original = Ridge.fit

    def theirs(self, X, y, sample_weight=None):
        return original(self, X, y, sample_weight)

    notebook.autolog.refresh()
    try:
        Ridge.fit = theirs
        with notebook.cell():
            Ridge().fit(X, Y)
        assert len(notebook.fits()) == 1
        notebook.autolog.remove()
        assert Ridge.__dict__["fit"] is theirs
    finally:
        Ridge.fit = original


def test_a_reloaded_module_is_what_its_file_says(notebook, tmp_path, monkeypatch) -> None:
    from IPython.extensions.autoreload import update_class

    source = "from sklearn.base import BaseEstimator\nSIZE = {0}\nclass Own(BaseEstimator):\n"
    source += "    def fit(self, X, y=None):\n        self.size_ = SIZE\n        return self{1}\n"
    old, new = types.ModuleType("own"), types.ModuleType("own")
    exec(source.format(1, ""), old.__dict__)
    with notebook.cell():
        model = old.Own()
    exec(source.format(2, ".set_params()"), new.__dict__)
    old.__dict__["SIZE"] = 2
    update_class(old.Own, new.Own)
    with notebook.cell():
        assert model.fit(X).size_ == 2
    assert len(notebook.fits()) == 1


def test_filters_and_collected_warnings_are_the_person_s(notebook) -> None:
    class Warns(BaseEstimator):
        def fit(self, X, y=None):
            warnings.warn("as ever", UserWarning, stacklevel=2)
            return self

    shown, hook = warnings.showwarning, warnings._showwarnmsg
    with notebook.cell():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Warns().fit(X)
        with warnings.catch_warnings(record=True) as ignored:
            warnings.simplefilter("ignore")
            Warns().fit(X)
        with warnings.catch_warnings(), pytest.raises(UserWarning):  # noqa: PT012
            warnings.simplefilter("error")
            Warns().fit(X)
    assert [str(one.message) for one in caught] == ["as ever"]
    assert ignored == []
    assert [fit["warnings"] for fit in notebook.fits()] == ['{"UserWarning: as ever":1}', "{}", "{}"]
    assert (warnings.showwarning, warnings._showwarnmsg) == (shown, hook)


def test_a_warning_points_where_it_pointed(notebook) -> None:
    """A watched fit has a frame more: the person's line is found all the same where the library counts its own."""
    with notebook.cell(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LogisticRegression(max_iter=1).fit(X, Y)
    assert caught[0].filename.endswith("_logistic.py")


def test_imports_and_fits_of_one_cell_are_seen_and_nothing_more_is_imported(tmp_path) -> None:
    code = f"""
        import sys
        sys.path.insert(0, {str(__file__.rpartition("/")[0])!r})
        from conftest import Notebook
        from mlops_magics import open_store, track
        store = open_store({str(tmp_path)!r} + "/.mlops")
        notebook = Notebook(track("flights", "baseline", store=store, autolog=False))
        with notebook.cell() as names:
            assert "sklearn" not in sys.modules
            import numpy
            from sklearn.linear_model import Ridge
            from sklearn.model_selection import cross_val_score
            X = numpy.arange(60.0).reshape(20, 3)
            names["model"] = Ridge().fit(X, X[:, 0])
            cross_val_score(Ridge(), X, X[:, 0], cv=2)
            assert "sklearn.ensemble" not in sys.modules and "xgboost" not in sys.modules
        assert [fit["class_name"][-5:] for fit in notebook.fits()] == ["Ridge", "Ridge"], notebook.fits()
        notebook.end()
        assert not any("mlops" in type(finder).__module__ for finder in sys.meta_path)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
