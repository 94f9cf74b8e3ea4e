"""Rows in any shape are answered as the model would, or refused in one line that says what is wrong with them."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_magics.errors import DataError
from mlops_magics.release.bundle import Bundle, export, load_bundle

RNG = np.random.default_rng(5)
X = pd.DataFrame({
    "hour": RNG.normal(size=200).astype("float32"),
    "city": pd.Categorical(RNG.choice(["Oslo", "Rome"], 200), categories=["Rome", "Oslo", "Bern"]),
    "is_late": RNG.random(200) < 0.5,
    "when": pd.date_range("2024-01-01", periods=200, freq="h", tz="Europe/Berlin"),
})  # fmt: skip
Y = (X["hour"] > 0).astype(int).to_numpy()


def hours(rows: pd.DataFrame) -> np.ndarray:
    return np.c_[rows["when"].dt.hour, rows["hour"], rows["city"].cat.codes, rows["is_late"]]


@pytest.fixture
def bundle(shelf, tmp_path) -> Bundle:
    """Of a model that takes nothing but what it was fitted on: the level codes, the zone."""
    model = make_pipeline(FunctionTransformer(hours), LogisticRegression()).fit(X, Y)
    shelf.keep(model, X, y=Y)
    return export("boosted", tmp_path / "bundle", shelf.store, trust=[f"{__name__}.hours"])


def test_the_example_is_what_the_model_takes(bundle) -> None:
    pd.testing.assert_frame_equal(bundle.example, X.head(5))
    assert np.array_equal(bundle.predict_proba(bundle.example), bundle.model.predict_proba(X.head(5)))


def boosters() -> list[Any]:
    found = []
    if importlib.util.find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        found.append(LGBMClassifier(n_estimators=3, verbose=-1))
    if importlib.util.find_spec("xgboost"):
        from xgboost import XGBClassifier

        found.append(XGBClassifier(n_estimators=3, enable_categorical=True))
    return found


@pytest.mark.parametrize("model", boosters(), ids=lambda model: type(model).__name__)
def test_boosters_get_their_categories(model, shelf, tmp_path) -> None:
    rows = X[["hour", "city"]]
    shelf.keep(model.fit(rows, Y), rows, y=Y)
    bundle = export("boosted", tmp_path / "bundle", shelf.store)
    assert np.array_equal(bundle.predict_proba(bundle.example), model.predict_proba(rows.head(5)))
    named = {"hour": [0.5, -0.5], "city": ["Oslo", "Rome"]}
    of_types = pd.DataFrame(named).astype({"hour": "float32", "city": rows["city"].dtype})
    assert np.array_equal(bundle.predict_proba(named), model.predict_proba(of_types))


def test_a_model_of_arrays_has_an_array_as_example(shelf, tmp_path) -> None:
    rows = np.c_[X["hour"], X["is_late"]].astype("float32")
    model = LogisticRegression().fit(rows, Y)
    shelf.keep(model, rows, y=Y)
    export("boosted", tmp_path / "bundle", shelf.store)
    bundle = load_bundle(tmp_path / "bundle")
    assert (type(bundle.example), bundle.example.dtype) == (np.ndarray, np.dtype("float32"))
    assert np.array_equal(bundle.predict(bundle.example), model.predict(rows[:5]))
    # A warning of scikit-learn about names would be an error here.
    assert np.array_equal(bundle.predict(X[["hour", "is_late"]]), model.predict(rows))
    assert np.array_equal(bundle.predict({"1": [True], "0": [0.5]}), model.predict([[0.5, 1.0]]))
    for narrow in (rows[:, :1], X[["hour"]]):
        with pytest.raises(DataError, match="the rows have 1 column, the model takes 2"):
            bundle.predict(narrow)


def test_a_model_of_texts_has_texts_as_example(shelf, tmp_path) -> None:
    texts = pd.Series(["late again", "on time", "very late", "in time"] * 5, name="remark")
    late = texts.str.contains("late").astype(int).to_numpy()
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, late)
    shelf.keep(model, texts, y=late)
    bundle = export("boosted", tmp_path / "bundle", shelf.store)
    assert bundle.example.tolist() == texts.head(5).tolist()
    assert bundle.predict(bundle.example).tolist() == late[:5].tolist()


def test_lists_and_files_are_tables_too(bundle, tmp_path) -> None:
    expected = bundle.predict_proba(X)
    X.to_parquet(tmp_path / "new.parquet")
    X.to_csv(tmp_path / "new.csv")
    for given in (tmp_path / "new.parquet", str(tmp_path / "new.parquet"), X.assign(more=1), X[X.columns[::-1]]):
        assert np.array_equal(bundle.predict_proba(given), expected)
    assert np.allclose(bundle.predict_proba(tmp_path / "new.csv"), expected, atol=1e-6)
    row = {"hour": 0.5, "city": "Oslo", "is_late": True, "when": "2024-05-01T03:00+02:00"}
    typed = pd.DataFrame([row]).astype({"city": X["city"].dtype, "when": X["when"].dtype})
    for given in ([row], {name: [value] for name, value in row.items()}):
        assert np.array_equal(bundle.predict_proba(given), bundle.model.predict_proba(typed))


@pytest.mark.parametrize(("given", "said"), [
    ({"hour": [1.0]}, "the rows lack city, is_late, when. .*4 columns"),
    (X.rename(columns={"hour": "hours"}), "the rows lack hour, and have hours, which the model does not know"),
    (X.assign(hour="noon"), "hour: is text where number is expected"),
    (X.assign(city=1, when="now"), "city: is integer where text is expected; when: is text where timestamp is exp"),
    ({"hour": [1.0, 2.0], "city": ["Oslo"]}, "the rows are no table"),
    (Path("no such.parquet"), "there is no file no such.parquet"),
])  # fmt: skip
def test_what_does_not_fit_is_said_in_one_line(given, said, bundle) -> None:
    with pytest.raises(DataError) as refusal:
        bundle.predict(given)
    assert re.search(said, str(refusal.value))
    assert "\n" not in str(refusal.value)


def test_no_rows_have_no_answers(bundle, shelf, tmp_path) -> None:
    for rows in (X.head(0), pl.from_pandas(X).head(0).to_arrow()):
        assert (bundle.predict(rows).shape, bundle.predict(rows).dtype) == ((0,), Y.dtype)
        assert bundle.predict_proba(rows).shape == (0, 2)
    shelf.keep(LogisticRegression().fit(X[["hour"]], Y), name="bare")
    bare = export("bare", tmp_path / "bare", shelf.store)
    with pytest.raises(DataError, match="no rows to answer for"):
        bare.predict(X[["hour"]].head(0))


def test_booleans_and_numbers_stand_for_each_other(bundle) -> None:
    assert np.array_equal(bundle.predict_proba(X.assign(is_late=X["is_late"].astype(int))), bundle.predict_proba(X))
