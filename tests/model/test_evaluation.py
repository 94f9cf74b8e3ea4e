"""Numbers equal scikit-learn's; what cannot be computed is said; every kind of table and label is understood."""

import io
import time
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as sk
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from mlops_magics.errors import DataError, ModelError
from mlops_magics.model.evaluation import evaluate
from mlops_magics.records import decode, encode


def close(left, right):
    return left == pytest.approx(right, rel=1e-12, abs=1e-12)


def test_binary_equals_scikit_learn(classifier, features, flights) -> None:
    y = flights["late"]
    result = evaluate(classifier, features, y)
    p, said = classifier.predict_proba(features)[:, 1], classifier.predict(features)
    expected = {
        "roc_auc": sk.roc_auc_score(y, p),
        "average_precision": sk.average_precision_score(y, p),
        "log_loss": sk.log_loss(y, p),
        "brier": sk.brier_score_loss(y, p),
        "f1": sk.f1_score(y, said),
        "precision": sk.precision_score(y, said),
        "recall": sk.recall_score(y, said),
        "accuracy": sk.accuracy_score(y, said),
        "balanced_accuracy": sk.balanced_accuracy_score(y, said),
    }
    assert result.metrics.keys() == expected.keys()
    assert all(close(result.metrics[name], value) for name, value in expected.items())
    assert np.array_equal(result.confusion.counts, sk.confusion_matrix(y, said))
    assert (result.task, result.rows, result.positive, result.notes) == ("binary", 600, 1, {})


def test_ties_and_float32_scores_equal_scikit_learn() -> None:
    generator = np.random.default_rng(3)

    class Coarse:
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.column_stack([1 - X[:, 0], X[:, 0]])

        def predict(self, X):
            return (X[:, 0] > 0.5).astype(int)

    X = (generator.integers(0, 8, (500, 1)) / 7).astype(np.float32)
    y = generator.integers(0, 2, 500)
    got = evaluate(Coarse(), X, y).metrics
    assert close(got["roc_auc"], sk.roc_auc_score(y, X[:, 0]))
    assert close(got["average_precision"], sk.average_precision_score(y, X[:, 0]))
    assert got["log_loss"] == pytest.approx(sk.log_loss(y, X[:, 0]), rel=1e-6)


def test_multiclass_equals_scikit_learn(flights) -> None:
    X = flights[["distance", "hour"]]
    y = np.array(["early", "late", "on time"])[np.digitize(flights["delay"], [2, 4])]
    model = RandomForestClassifier(10, max_depth=3, random_state=0).fit(X, y)
    p, said = model.predict_proba(X), model.predict(X)
    result = evaluate(model, X, y)
    expected = {
        "accuracy": sk.accuracy_score(y, said),
        "balanced_accuracy": sk.balanced_accuracy_score(y, said),
        "f1_macro": sk.f1_score(y, said, average="macro"),
        "f1_weighted": sk.f1_score(y, said, average="weighted"),
        "log_loss": sk.log_loss(y, p),
        "roc_auc_ovr": sk.roc_auc_score(y, p, multi_class="ovr"),
    }
    assert result.metrics.keys() == expected.keys()
    assert all(close(result.metrics[name], value) for name, value in expected.items())
    assert [series["name"] for series in result.curves["roc"]] == ["early", "late", "on time"]
    assert result.predictions.column_names == [
        "row", "truth", "prediction", "score_early", "score_late", "score_on time",
    ]
    assert np.array_equal(result.predictions["score_late"].to_numpy(), p[:, 1])


def test_regression_equals_scikit_learn(flights) -> None:
    X, y = flights[["distance", "hour"]], flights["delay"] + 10
    model = Ridge().fit(X, y)
    said = model.predict(X)
    result = evaluate(model, X, y)
    expected = {
        "mae": sk.mean_absolute_error(y, said),
        "rmse": sk.root_mean_squared_error(y, said),
        "median_ae": sk.median_absolute_error(y, said),
        "r2": sk.r2_score(y, said),
        "mape": sk.mean_absolute_percentage_error(y, said),
        "bias": float(np.mean(said - y)),
        "explained_variance": sk.explained_variance_score(y, said),
    }
    assert result.metrics.keys() == expected.keys()
    assert all(close(result.metrics[name], value) for name, value in expected.items())
    assert result.confusion is None
    assert result.curves.keys() == {"residuals", "predicted_true"}
    residuals = result.curves["residuals"][0]
    assert sum(residuals["y"]) + residuals["below"] + residuals["above"] == 600


@pytest.mark.parametrize("convert", [
    pl.from_pandas, lambda frame: pl.from_pandas(frame).lazy(), pa.Table.from_pandas, lambda frame: frame,
], ids=["polars", "lazy", "arrow", "pandas"])
def test_every_kind_of_table_gives_the_same(classifier, features, flights, convert) -> None:
    expected = evaluate(classifier, features, flights["late"], by="carrier")
    got = evaluate(classifier, convert(features), flights["late"].to_numpy(), by="carrier")
    assert got == expected
    assert got.predictions.equals(expected.predictions)


@pytest.mark.parametrize("convert", [
    list, tuple, pd.Series, np.array, pl.Series, pa.array, lambda y: pa.chunked_array([y]),
    lambda y: pd.Series(y, dtype="Int64"), lambda y: pd.DataFrame({"y": y}), lambda y: np.array(y).reshape(-1, 1),
    lambda y: np.array(y, dtype=float), lambda y: np.array(y, dtype=bool), lambda y: pd.Series(y, dtype="boolean"),
    lambda y: pd.Series(y, dtype="category"), lambda y: pl.DataFrame({"y": y}), lambda y: np.array(y, dtype=object),
])  # fmt: skip
def test_every_kind_of_y_gives_the_same(classifier, features, flights, convert) -> None:
    expected = evaluate(classifier, features, flights["late"])
    got = evaluate(classifier, features, convert(flights["late"].tolist()))
    assert got.metrics == expected.metrics
    assert got.confusion == expected.confusion


@pytest.mark.parametrize("kind", [object, "str", "category", "U3"])
def test_text_labels(features, flights, kind) -> None:
    words = np.array(["no", "yes"])[flights["late"]]
    y = words if kind == "U3" else pd.Series(words, dtype=kind)
    X = features[["hour"]]
    result = evaluate(LogisticRegression().fit(X, y), X, y)
    numbers = evaluate(LogisticRegression().fit(X, flights["late"]), X, flights["late"])
    assert result.metrics == numbers.metrics
    assert result.positive == "yes"
    assert result.confusion.labels == ("no", "yes")
    assert result.predictions["truth"].to_pylist() == words.tolist()


def test_one_class_only_is_said_not_guessed(classifier, features, flights) -> None:
    rows = flights["late"] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = evaluate(classifier, features[rows], flights["late"][rows])
    assert "roc_auc" not in result.metrics
    assert "only one class" in result.notes["roc_auc"]
    assert {"average_precision", "recall"} <= result.notes.keys()
    assert result.metrics["accuracy"] > 0.5
    assert "roc" not in result.curves
    assert all(np.isfinite(value) for value in result.metrics.values())


def test_without_probabilities_scores_still_rank(features, flights) -> None:
    X, y = features[["hour"]], flights["late"]
    result = evaluate(LinearSVC().fit(X, y), X, y)
    assert "roc_auc" in result.metrics
    assert "calibration" not in result.curves
    assert "predict_proba" in result.notes["log_loss"]
    assert "predict_proba" in result.notes["brier"]


def test_without_any_score(features, flights) -> None:
    class Rule:
        def predict(self, X):
            return np.where(X["hour"] > 15, "late", "fine")

    y = np.where(flights["late"] == 1, "late", "fine")
    result = evaluate(Rule(), features, y)
    assert result.task == "binary"
    assert result.metrics.keys() == {"f1", "precision", "recall", "accuracy", "balanced_accuracy"}
    assert "neither predict_proba nor decision_function" in result.notes["roc_auc"]
    assert result.predictions.column_names == ["row", "truth", "prediction"]


def test_unseen_labels_are_reported_and_count_as_wrong(classifier, features, flights) -> None:
    y = flights["late"].copy()
    y[:5] = 7
    result = evaluate(classifier, features, y)
    assert "(7) in 5 rows" in result.notes["unseen_labels"]
    assert "never saw" in result.notes["log_loss"]
    assert result.confusion.labels == (0, 1, 7)
    assert close(result.metrics["accuracy"], sk.accuracy_score(y, classifier.predict(features)))
    assert result.predictions["truth"].to_pylist()[:5] == [7] * 5
    assert "never saw" in repr(result)


def test_a_model_that_knows_one_label(features) -> None:
    class Constant:
        classes_ = np.array(["no"])

        def predict(self, X):
            return np.full(len(X), "no", dtype=object)

        def predict_proba(self, X):
            return np.ones((len(X), 1))

    result = evaluate(Constant(), features, ["no", "yes"] * 300)
    assert result.metrics["accuracy"] == 0.5
    assert "only one label" in result.notes["roc_auc"]
    assert evaluate(Constant(), features, ["no"] * 600).metrics["accuracy"] == 1.0


def test_refusals_count_and_name(classifier, features, flights) -> None:
    y = flights["late"].astype(float)
    y[[1, 5, 9]] = np.nan
    with pytest.raises(DataError, match="missing in 3 of 600 rows"):
        evaluate(classifier, features, y)
    with pytest.raises(DataError, match="missing in 1 of 2 rows"):
        evaluate(classifier, features[:2], ["a", None])
    with pytest.raises(DataError, match="X has 600 rows, y has 10"):
        evaluate(classifier, features, flights["late"][:10])
    with pytest.raises(DataError, match="no rows"):
        evaluate(classifier, features[:0], [])
    with pytest.raises(DataError, match="not the values"):
        evaluate(classifier, flights, "late")
    with pytest.raises(DataError, match="2 columns"):
        evaluate(classifier, features, flights[["late", "delay"]])
    with pytest.raises(DataError, match="predicts numbers"):
        evaluate(Ridge().fit([[0], [1]], [0, 1]), [[0], [1]], ["a", "b"])
    with pytest.raises(DataError, match="infinite in 1 of 2"):
        evaluate(Ridge().fit([[0], [1]], [0, 1]), [[0], [1]], [1.0, np.inf])
    with pytest.raises(ModelError, match="answered an array of shape"):
        evaluate(Ridge().fit([[0], [1]], [[0, 1], [1, 0]]), [[0], [1]], [0, 1])


def test_regression_on_the_edge() -> None:
    model = Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
    constant = evaluate(model, [[0.0], [1.0]], [2.0, 2.0])
    assert "same value" in constant.notes["r2"]
    zero = evaluate(model, [[0.0], [1.0]], [0.0, 1.0])
    assert "1 rows" in zero.notes["mape"]

    class Broken:
        _estimator_type = "regressor"

        def predict(self, X):
            return np.full(len(X), np.nan)

    broken = evaluate(Broken(), [[0.0], [1.0]], [0.0, 1.0])
    assert broken.metrics == {}
    assert "2 rows" in broken.notes["mae"]
    assert "unknown" in repr(broken)


def test_slices_are_bounded_ordered_and_honest(classifier, features, flights) -> None:
    result = evaluate(classifier, features, flights["late"], by="carrier")
    assert [piece.level for piece in result.slices] == ["AA", "B6", "DL", "UA"]
    assert sum(piece.rows for piece in result.slices) == 600
    rows = features["carrier"] == "AA"
    alone = evaluate(classifier, features[rows], flights["late"][rows])
    assert result.slices[0].metrics == alone.metrics

    quarters = evaluate(classifier, features, flights["late"], by="distance")
    assert len(quarters.slices) == 4
    assert [piece.rows for piece in quarters.slices] == [150] * 4

    names = np.array([f"tail {number}" for number in range(100)] * 6, dtype=object)
    names[::7] = None
    many = evaluate(classifier, features, flights["late"], by=names)
    assert len(many.slices) == 21
    assert [piece.level for piece in many.slices[-2:]] == ["other", "missing"]
    assert all(piece.is_unknown for piece in many.slices[:19])
    assert "unknown" in repr(many)
    assert sum(piece.rows for piece in many.slices) == 600

    with pytest.raises(DataError, match="carier"):
        evaluate(classifier, features, flights["late"], by="carier")
    with pytest.raises(DataError, match="3 values"):
        evaluate(classifier, features, flights["late"], by=[1, 2, 3])


def test_a_result_is_json_text_html_and_parquet(classifier, features, flights) -> None:
    result = evaluate(classifier, features, flights["late"], by="hour")
    assert decode(encode(result.to_dict())) == result.to_dict()
    text, html = repr(result), result._repr_html_()
    for word in (" on test", "roc_auc", "confusion matrix", "binary"):
        assert word in text
        assert word in html
    assert "<script" not in html
    table = pq.read_table(io.BytesIO(result.predictions_parquet()))
    assert table.equals(result.predictions)
    assert table.schema.field("score").type == pa.float64()
    assert np.array_equal(table["score"].to_numpy(), classifier.predict_proba(features)[:, 1])
    assert table["row"].to_pylist() == list(range(600))


def test_an_estimator_fitted_on_arrays_and_a_pipeline_of_a_margin() -> None:
    generator = np.random.default_rng(1)
    X = generator.normal(size=(200, 3))
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    result = evaluate(make_pipeline(SGDClassifier(random_state=0)).fit(X, y), X, y)
    assert "log_loss" in result.notes
    assert "roc_auc_ovr" in result.metrics


@pytest.mark.slow
def test_a_million_rows_take_seconds() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(1_000_000, 3))
    y = (X[:, 0] + generator.normal(size=1_000_000) > 0).astype(int)
    model = HistGradientBoostingClassifier(max_iter=5).fit(X[:10_000], y[:10_000])
    start = time.perf_counter()
    model.predict(X), model.predict_proba(X)
    asked = time.perf_counter() - start
    start = time.perf_counter()
    result = evaluate(model, X, y, by=X[:, 1])
    assert time.perf_counter() - start - asked < 10
    assert all(len(series["x"]) <= 200 for kind in result.curves.values() for series in kind)


def test_columns_that_the_model_refuses_are_told_in_one_line() -> None:
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=list("abc"))
    y = X["a"] > 0
    plain = LogisticRegression().fit(X.to_numpy(), y)
    named = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    short = "LogisticRegression was fitted on 3 columns, X has"
    told = "StandardScaler → LogisticRegression was fitted on 3 columns, X has"
    for model, given, message in [
        (named, X[["a"]], f"{told} 1: b, c are missing. Give X with: a, b, c"),
        (named, X[["c", "b", "a"]], f"{told} 3: they are in another order. Give X with: a, b, c"),
        (named, X.assign(d=1), f"{told} 4: it does not know d. Give X with: a, b, c"),
        (plain, X.to_numpy()[:, :2], f"{short} 2. Give X the columns it was fitted on, in their order"),
    ]:
        with pytest.raises(ModelError) as caught:
            evaluate(model, given, y)
        assert str(caught.value) == f"{message}."
    with pytest.raises(ModelError, match="cannot answer for X: could not convert string to float"):
        evaluate(named, X.assign(a="text"), y)


class _Foreign:
    """Says nothing of its labels, and answers in numbers."""

    _estimator_type = "classifier"

    def predict(self, X):
        return np.zeros(len(X))


def test_what_a_model_cannot_take_is_one_line(flights) -> None:
    X, y = flights[["distance", "hour"]], flights["delay"] > 2
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ModelError, match=r"^LogisticRegression cannot answer for X: Input X contains NaN\.?$"):
        evaluate(model, X.where(X["hour"] > X["hour"].median()), y)
    with pytest.raises(DataError, match=r"_Foreign answers labels such as 0\.0, and y holds labels such as 'no'"):
        evaluate(_Foreign(), X, np.where(y, "yes", "no"))
