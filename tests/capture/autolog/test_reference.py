"""What a run's model is, and what is its own: the table it was fitted on, what was measured of it, its rows."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from mlops_magics.monitor.drift import drift
from mlops_magics.release.bundle import export

RNG = np.random.default_rng(0)
X = pd.DataFrame({"hour": RNG.normal(size=200), "distance": RNG.normal(size=200)})
Y = (X["hour"] + RNG.normal(size=200) > 0).to_numpy()
PLACES = pd.DataFrame({"lat": RNG.normal(size=90), "lon": RNG.normal(size=90)})


def reference(notebook) -> tuple[str, list[str]]:
    found = notebook.run.store.reference(notebook.run.id)
    return found.table.role, sorted(found.columns or found.table.columns)


@pytest.mark.parametrize("other", [
    lambda: KMeans(3, n_init=1).fit(PLACES),
    lambda: LogisticRegression(C=0.1).fit(X[["hour"]], Y),
    lambda: StandardScaler().fit(PLACES),
], ids=["clusters", "fewer columns", "scaler"])  # fmt: skip
@pytest.mark.parametrize("is_before", [True, False])
def test_the_reference_is_what_the_model_was_fitted_on_whatever_else_is_fitted(
    is_before, other, notebook, tmp_path
) -> None:
    if is_before:
        with notebook.cell():
            other()
    with notebook.cell():
        model = LogisticRegression().fit(X, Y)
        notebook.run.evaluate(model, X.head(100), Y[:100])
    if not is_before:
        with notebook.cell():
            other()
    notebook.end()
    store = notebook.run.store
    assert reference(notebook) == ("fit", ["distance", "hour"])
    report = drift(X, against=notebook.run.id, store=store)
    # Of so few rows drift knows nothing for certain; what it looked at is what matters here.
    assert (report.verdict, {row.column for row in report.rows}) == ("unknown", {"hour", "distance"})
    bundle = export(notebook.run.id, tmp_path / "bundle", store)
    assert [column.name for column in bundle.signature.columns] == list(bundle.profile.columns) == list(bundle.example)
    assert bundle.profile.rows == 200
    assert len(bundle.predict(bundle.example)) == 5


def test_a_model_fitted_before_the_run_has_what_it_was_evaluated_on(notebook) -> None:
    model = LogisticRegression().fit(X, Y)
    wide = X.assign(when=1)
    with notebook.cell():
        notebook.run.evaluate(model, X.head(150), Y[:150], split="train")
        notebook.run.evaluate(model, X + 3, Y)
        StandardScaler().fit(PLACES)
    assert reference(notebook) == ("train", ["distance", "hour"])

    class OfNames(LogisticRegression):
        def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
            return super().predict_proba(X[list(self.feature_names_in_)])

        def predict(self, X: pd.DataFrame) -> np.ndarray:
            return super().predict(X[list(self.feature_names_in_)])

    with notebook.cell(), pytest.warns(match="cannot be exported"):
        notebook.run.evaluate(OfNames().fit(X, Y), wide, Y)
    assert reference(notebook) == ("fit", ["distance", "hour"]), "its fit was seen"


def test_columns_that_the_model_does_not_take_are_no_reference(notebook) -> None:
    class OfNames:
        classes_ = np.array([False, True])
        feature_names_in_ = np.array(["distance", "hour"])

        def predict(self, X: pd.DataFrame) -> np.ndarray:
            return (X["hour"] + X["distance"] > 0).to_numpy()

    with pytest.warns(match="cannot be exported"):
        notebook.run.evaluate(OfNames(), X.assign(when=RNG.normal(size=200)), Y)
    found = drift(X, against=notebook.run.id, store=notebook.run.store)
    assert {row.column for row in found.rows} == {"hour", "distance"}


def test_what_a_search_chose_was_fitted_on_what_it_searched(notebook) -> None:
    with notebook.cell():
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, Y)
    with notebook.cell():
        StandardScaler().fit(PLACES)
        notebook.run.evaluate(search.best_estimator_, X.head(50), Y[:50])
    assert reference(notebook) == ("fit", ["distance", "hour"])
    model = notebook.run.store.model(notebook.run.id)
    assert (model.fit.class_name, model.model.features) == (
        "sklearn.model_selection.GridSearchCV", ("hour", "distance"),
    )


def test_a_fit_that_left_no_profile_is_not_taken_for_another(notebook) -> None:
    with notebook.cell():
        StandardScaler().fit(PLACES)
        model = LogisticRegression().fit(csr_matrix(X.to_numpy()), Y)
    store = notebook.run.store
    assert store.reference(notebook.run.id) is None
    with pytest.raises(Exception, match="no profile of what its model was fitted or evaluated on"):
        drift(X, against=notebook.run.id, store=store)
    notebook.run.evaluate(model, X.to_numpy(), Y)
    assert reference(notebook) == ("test", ["0", "1"])


def test_learning_on_is_another_model(notebook) -> None:
    with notebook.cell():
        model = SGDClassifier(random_state=0).partial_fit(X, Y, classes=[False, True])
        notebook.run.evaluate(model, X, Y, split="first")
        model.partial_fit(X, Y)
        notebook.run.evaluate(model, X, Y, split="second")
    assert [one.split for one in notebook.run.store.model(notebook.run.id).evaluations] == ["second"]


def test_a_bundle_has_the_metrics_of_its_model_alone(notebook, tmp_path) -> None:
    with notebook.cell():
        good, bad = LogisticRegression().fit(X, Y), LogisticRegression(C=1e-6).fit(X, ~Y)
        notebook.run.evaluate(good, X, Y)
        notebook.run.evaluate(bad, X, Y, split="validation")
        notebook.run.log({"cost": 3.0, "system/cpu_percent": 50.0})
    store = notebook.run.store
    manifest = export(notebook.run.id, tmp_path / "bad", store).manifest
    assert {name.partition("/")[0] for name in manifest.metrics} == {"validation"}
    assert manifest.metrics["validation/accuracy"] == bad.score(X, Y)
    assert manifest.logged == {"cost": 3.0}
    readme = (tmp_path / "bad" / "README.md").read_text(encoding="utf-8")
    assert "not measured of this model:\n\n- cost: 3\n" in readme
    assert "test/accuracy" not in readme
    notebook.run.evaluate(good, X.head(90), Y[:90], split="validation")
    manifest = export(notebook.run.id, tmp_path / "good", store).manifest
    assert manifest.metrics["test/accuracy"] == good.score(X, Y)
    assert manifest.metrics["validation/accuracy"] == good.score(X.head(90), Y[:90])


def test_a_model_that_is_evaluated_twice_is_kept_once(notebook) -> None:
    model = LogisticRegression().fit(X, Y)
    notebook.run.evaluate(model, X, Y, split="train")
    notebook.run.evaluate(model, X, Y)
    models = [one.sha256 for one in notebook.run.store.artifacts(notebook.run.id) if one.type == "model"]
    assert len(models) == 2
    assert len(set(models)) == 1
