"""What an evaluation leaves behind: all that the leaderboard, the drift check and the bundle need."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline

from mlops_magics import track
from mlops_magics.capture.evaluating import check_groups, facts_of
from mlops_magics.capture.privacy import Privacy
from mlops_magics.capture.private import PrivateValues
from mlops_magics.capture.tables import PUBLIC
from mlops_magics.data.profile import ColumnProfile, Profile
from mlops_magics.errors import DataError, ModelError
from mlops_magics.model.evaluation import evaluate
from mlops_magics.model.formats import load_model
from mlops_magics.monitor.drift import drift
from mlops_magics.records import Artifact, Dataset, Evaluated, Text, decode, encode
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
    table = next(item for item in store.datasets(run.id) if item.role == "validation")
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
    table = next(item for item in store.datasets(run.id) if item.role == "test")
    assert table.columns == {"0": "number", "1": "number", "2": "number"}


def test_a_sparse_matrix_has_fingerprints_and_no_profile(run, store) -> None:
    rows = csr_matrix(X.to_numpy())
    model = LogisticRegression().fit(rows, Y)
    with pytest.warns(StoreWarning, match="drift has no reference: a csr_matrix has no profile"):
        evaluation = run.evaluate(model, rows, Y)
    assert store.metrics(run.id)["test/accuracy"] == evaluation.metrics["accuracy"]
    assert {item.type for item in store.artifacts(run.id)} == {"predictions", "model"}
    table = next(item for item in store.datasets(run.id) if item.role == "test")
    assert (table.rows, table.columns, table.profile) == (200, dict.fromkeys("012", "number"), None)
    assert store.evaluations(run.id)[0].fingerprint == table.fingerprint != table.content
    with pytest.raises(DataError, match=r"no profile of its tables \(.*test.*\).*sparse"):
        drift(X, against=run.id, store=store)


def test_lists_are_the_table_they_spell(run, store) -> None:
    rows = X.to_numpy().tolist()
    run.evaluate(LogisticRegression().fit(rows, Y), rows, Y)
    table = next(item for item in store.datasets(run.id) if item.role == "test")
    assert table.columns == dict.fromkeys("012", "number")
    assert table.profile
    assert {item.type for item in store.artifacts(run.id)} == {"predictions", "model", "example"}


def facts(store, evaluation, model, X, y, privacy=PUBLIC, **named) -> dict[type, list]:
    found: dict[type, list] = {}
    with track("flights", store=store) as run:
        run.privacy, run.private = privacy, PrivateValues(privacy)
        met = run.private.meet(X, y)
        for fact in facts_of(run, evaluation, model, X, y=y, split="test", name="held_out", met=met, **named):
            found.setdefault(type(fact), []).append(fact)
    return found


def test_the_answers_are_a_table_of_their_own(store) -> None:
    model = LogisticRegression().fit(X, Y)
    evaluation = evaluate(model, X, Y)
    found = facts(store, evaluation, model, X, pd.Series(Y, name="late"), origins=("a.csv",), target_origins=("b.csv",))
    answers, table = found[Dataset]
    assert (answers.name, answers.role, answers.rows) == ("late", "test target", 200)
    assert answers.columns == {"late": "boolean"}
    assert (answers.profile, answers.origins, table.origins) == (None, ("b.csv",), ("a.csv",))
    again = facts(store, evaluation, model, X, pd.Series(Y, name="late"))[Dataset]
    assert [item.fingerprint for item in again] == [answers.fingerprint, table.fingerprint]
    other = facts(store, evaluation, model, X, pd.Series(~Y, name="late"))[Dataset]
    assert other[0].fingerprint != answers.fingerprint
    assert facts(store, evaluation, model, X, Y)[Dataset][0].name == "y"
    assert facts(store, evaluation, model, X, Y, target="y_test")[Dataset][0].name == "y_test"


def written(store) -> bytes:
    """Everything that was put into the store as files."""
    return b"".join(path.read_bytes() for path in (store.path / "blob").rglob("*") if path.is_file())


def test_a_private_column_is_never_in_the_clear(store) -> None:
    secret = X.assign(ssn=[f"078-05-{number:04d}" for number in range(200)], b=X["b"] + 918_273_645)
    model = Pipeline([("pick", ColumnTransformer([("a", "passthrough", ["a"])])), ("fit", LogisticRegression())])
    model.fit(secret, Y)
    found = facts(store, evaluate(model, secret, Y), model, secret, Y, privacy=Privacy(columns=frozenset({"ssn", "b"})))
    told = "".join(encode(fact.body()) for items in found.values() for fact in items)
    assert "078-05" not in told
    assert "91827364" not in told
    assert b"078-05" not in written(store)
    profile = Profile.from_dict(decode(found[Text][0].text))
    assert profile.columns["ssn"] == ColumnProfile(name="ssn", type="text", count=200)
    assert profile.columns["b"].is_withheld
    assert profile.columns["a"].grid
    # An example that lacks a column cannot be predicted on, so it is none.
    assert {item.type for item in found[Artifact]} == {"predictions", "model"}


def test_a_private_run_keeps_no_rows(store) -> None:
    model = LogisticRegression().fit(X, Y)
    found = facts(store, evaluate(model, X, Y), model, X, Y, privacy=Privacy(is_private=True))
    assert {item.type for item in found[Artifact]} == {"model"}
    (kept,) = found[Evaluated]
    assert (kept.predictions, kept.rows) == (None, 200)
    assert kept.curves
    assert found[Dataset][1].profile


@pytest.mark.parametrize("target", [None, "truth"])
def test_private_answers_leave_nothing_but_metrics(store, target) -> None:
    labels = np.where(Y, "positive-for-x", "negative-for-x")
    answers = pd.Series(labels, name="diagnosis" if target is None else None)
    model = LogisticRegression().fit(X, Y)
    evaluation = evaluate(LogisticRegression().fit(X, answers), X, answers)
    hidden = Privacy(columns=frozenset({target or "diagnosis"}))
    found = facts(store, evaluation, model, X, answers, target=target, privacy=hidden)
    told = "".join(encode(fact.body()) for items in found.values() for fact in items)
    assert "for-x" not in told
    (kept,) = found[Evaluated]
    assert (kept.curves, kept.predictions) == (None, None)
    assert kept.metrics == evaluation.metrics


def test_groups_are_not_named_by_private_values() -> None:
    hidden = Privacy(columns=frozenset({"b"}))
    for by in ("b", X["b"]):
        with pytest.raises(DataError, match="'b' is a private column"):
            check_groups(by, hidden)
    check_groups(X["b"].rename("group"), hidden)
    check_groups("a", hidden)
    check_groups(None, hidden)


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
