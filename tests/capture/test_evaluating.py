"""What an evaluation leaves behind: all that the leaderboard, the drift check and the bundle need."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LinearRegression, LogisticRegression

from mlops_magics.data.profile import Profile
from mlops_magics.errors import DataError, ModelError
from mlops_magics.model.formats import load_model
from mlops_magics.records import decode
from mlops_magics.store.location import StoreWarning

RNG = np.random.default_rng(0)
X = pd.DataFrame({"a": RNG.normal(size=200), "b": RNG.integers(0, 4, 200), "c": RNG.normal(size=200)})
Y = (X["a"] + RNG.normal(size=200) > 0).to_numpy()


def test_a_classifier(run, store) -> None:
    model = LogisticRegression().fit(X, Y)
    evaluation = run.evaluate(model, X, Y, split="validation", name="held_out")
    metrics = store.metrics(run.id)
    assert metrics == {f"validation/{key}": value for key, value in evaluation.metrics.items()}
    assert metrics["validation/accuracy"] == model.score(X, Y)
    (table,) = store.datasets(run.id)
    assert (table.name, table.role, table.rows) == ("held_out", "validation", 200)
    assert table.columns == {"a": "number", "b": "integer", "c": "number"}
    profile = Profile.from_dict(decode(store.text(table.profile)))
    assert len(store.text(table.profile)) < 60_000 * 3 / 20 * 2
    assert profile.rows == 200
    (kept,) = store.evaluations(run.id)
    assert (kept.split, kept.task, kept.rows, kept.fingerprint) == ("validation", "binary", 200, table.fingerprint)
    assert kept.metrics == dict(evaluation.metrics)
    curves = decode(store.text(kept.curves))
    assert set(curves["curves"]) == {"roc", "precision_recall", "calibration"}
    assert np.sum(curves["confusion"]["counts"]) == 200
    rows = pq.read_table(store.blob(kept.predictions))
    assert rows.num_rows == 200
    assert (np.array(rows["score"]) == model.predict_proba(X)[:, 1]).all()
    artifacts = {item.type: item for item in store.artifacts(run.id)}
    assert set(artifacts) == {"predictions", "example", "model"}
    assert artifacts["predictions"].sha256 == kept.predictions
    back = load_model(store.blob(artifacts["model"].sha256).read_bytes(), format="skops")
    assert (back.predict(X) == model.predict(X)).all()
    assert artifacts["model"].detail["task"] == "binary"
    example = json.loads(store.blob(artifacts["example"].sha256).read_text())
    assert example["columns"] == ["a", "b", "c"]
    assert len(example["data"]) == 5


def test_a_regression_on_an_array(run, store) -> None:
    target = X["a"] * 2 + 1
    run.evaluate(LinearRegression().fit(X.to_numpy(), target), X.to_numpy(), target)
    assert store.metrics(run.id)["test/r2"] > 0.999
    assert store.datasets(run.id)[0].columns == {"0": "number", "1": "number", "2": "number"}


@pytest.mark.parametrize("rows", [csr_matrix(X.to_numpy()), X.to_numpy().tolist()], ids=["sparse", "lists"])
def test_what_is_no_table_is_evaluated_all_the_same(rows, run, store) -> None:
    model = LogisticRegression().fit(rows, Y)
    with pytest.warns(StoreWarning, match="the data are not kept with the run"):
        evaluation = run.evaluate(model, rows, Y)
    assert store.metrics(run.id)["test/accuracy"] == evaluation.metrics["accuracy"]
    assert {item.type for item in store.artifacts(run.id)} == {"predictions", "model"}
    assert store.datasets(run.id) == []
    assert store.evaluations(run.id)[0].fingerprint == ""


def test_a_model_that_cannot_be_written_is_said(run, store) -> None:
    class Local:
        def __init__(self) -> None:
            self.generator = (number for number in range(3))

        def fit(self, X: object, y: object) -> "Local":
            return self

        def predict(self, X: object) -> np.ndarray:
            return Y

    model = Local()
    model.classes_ = np.array([False, True])
    with pytest.warns(StoreWarning, match="cannot be exported"):
        run.evaluate(model, X, Y)
    assert store.metrics(run.id)["test/accuracy"] == 1.0
    assert {item.type for item in store.artifacts(run.id)} == {"predictions", "example"}


def test_what_cannot_be_evaluated_records_nothing(run, store) -> None:
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(DataError):
        run.evaluate(model, X, Y[:10])
    with pytest.raises(ModelError):
        run.evaluate(object(), X, Y)
    assert store.metrics(run.id) == {}
    assert store.artifacts(run.id) == []


def test_per_group(run) -> None:
    evaluation = run.evaluate(LogisticRegression().fit(X, Y), X, Y, by="b")
    assert sum(piece.rows for piece in evaluation.slices) == 200


def test_an_evaluation_replaces_the_one_before(run, store) -> None:
    """Nothing the newest one could not tell stands beside what it told, and the parameters are its model's."""
    first, second = LogisticRegression(C=1.0).fit(X, Y), LogisticRegression(C=0.01).fit(X, Y)
    run.evaluate(second, X, Y)
    assert store.params(run.id)["C"] == 0.01
    run.evaluate(first, X[Y], Y[Y])
    metrics = store.metrics(run.id)
    assert store.params(run.id)["C"] == 1.0
    assert metrics["test/accuracy"] == first.score(X[Y], Y[Y])
    assert np.isnan(metrics["test/roc_auc"])


def test_answers_that_cannot_be_meant(run) -> None:
    model = LogisticRegression().fit(X, Y)
    with pytest.raises(ModelError, match="no value of y is a label the model knows: y has 'False', 'True'"):
        run.evaluate(model, X, Y.astype(str))
    with pytest.raises(ModelError, match="LogisticRegression is not fitted"):
        run.evaluate(LogisticRegression(), X, Y)
    shuffled = pd.Series(Y).sample(frac=1, random_state=0)
    assert "do they belong together" in repr(run.evaluate(model, X, shuffled))
