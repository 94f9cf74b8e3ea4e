"""What a model is made of is told in plain facts, and telling it never fails."""

import json

import numpy
import pandas
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor, VotingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlops_magics.model.structure import LARGEST_BYTES, structure_of
from mlops_magics.records import decode, encode

RANDOM = numpy.random.default_rng(0)
X = pandas.DataFrame({
    "distance": RANDOM.random(80), "hour": RANDOM.random(80), "carrier": RANDOM.choice(["AA", "ÜA"], 80),
})  # fmt: skip
NUMBERS = X[["distance", "hour"]]
Y = (X["distance"] + X["hour"] > 1).astype(int)


def test_a_pipeline_is_its_steps_and_coefficients_have_the_names_of_features() -> None:
    columns = ColumnTransformer([
        ("scale", StandardScaler(), ["distance", "hour"]), ("code", OneHotEncoder(), ["carrier"]),
    ])  # fmt: skip
    found = structure_of(Pipeline([("columns", columns), ("model", LogisticRegression())]).fit(X, Y))
    assert found["steps"] == {
        "": "sklearn.pipeline.Pipeline", "columns": "sklearn.compose.ColumnTransformer",
        "columns__scale": "sklearn.preprocessing.StandardScaler",
        "columns__code": "sklearn.preprocessing.OneHotEncoder", "model": "sklearn.linear_model.LogisticRegression",
    }  # fmt: skip
    assert found["order"] == list(found["steps"])
    weights = found["coefficients"]["model"]
    assert set(weights) == {"scale__distance", "scale__hour", "code__carrier_AA", "code__carrier_ÜA"}
    assert list(weights) == sorted(weights, key=lambda name: -abs(weights[name])), "the largest first"
    assert found["fitted"]["model"]["classes"] == [0, 1]
    assert found["fitted"]["model"]["features"] == 4
    assert found["fitted"]["model"]["iterations"] >= 1


@pytest.mark.parametrize(
    ("model", "path", "fact", "expected"),
    [
        (RandomForestRegressor(7), "", "trees", 7),
        (GradientBoostingClassifier(n_estimators=5), "", "trees", 5),
        (VotingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier())]), "", "members", 2),
        (DecisionTreeClassifier(max_depth=2), "", "depth", 2),
        (GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=2), "best_estimator", "features", 2),
    ],
)
def test_fitted_attributes_that_tell(model, path, fact, expected) -> None:
    assert structure_of(model.fit(NUMBERS, Y))["fitted"][path][fact] == expected


@pytest.mark.filterwarnings("default")
def test_boosters_of_other_libraries() -> None:
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    for model in (lightgbm.LGBMClassifier(n_estimators=4, verbose=-1), xgboost.XGBClassifier(n_estimators=4)):
        assert structure_of(model.fit(NUMBERS, Y))["fitted"][""]["trees"] == 4


def test_several_classes_have_coefficients_each_and_arrays_have_positions_for_names() -> None:
    found = structure_of(LogisticRegression().fit(NUMBERS.to_numpy(), numpy.arange(80) % 3))
    assert set(found["coefficients"][""]) == {"0", "1", "2"}
    assert set(found["coefficients"][""]["0"]) == {"x0", "x1"}


def test_many_features_stay_small() -> None:
    words = make_pipeline(HashingVectorizer(n_features=2**18), SGDClassifier(random_state=0))
    words.fit([f"late {number} train" for number in range(80)], numpy.arange(80) % 4)
    words[-1].sparsify()
    assert sparse.issparse(words[-1].coef_)
    found = structure_of(words)
    assert all(len(row) == 125 for row in found["coefficients"]["sgdclassifier"].values())
    long = pandas.DataFrame(RANDOM.random((80, 600)), columns=[f"{'long' * 60}{number}" for number in range(600)])
    found = structure_of(Ridge().fit(long, Y))
    assert len(encode(found).encode()) <= LARGEST_BYTES
    assert found["left_out"] == ["coefficients"]
    assert found["fitted"][""]["features"] == 600


class Hostile:
    """Says something else whenever it is asked, or raises."""

    classes_ = property(lambda self: 1 / 0)
    n_iter_ = property(lambda self: [1, "a", object()])
    estimators_ = property(lambda self: self)
    steps = property(lambda self: [("again", self), ("loop", self), 7, ("x",)])
    coef_ = property(lambda self: self)
    ndim, shape, size = 2, (1, 1), -1
    n_features_in_ = float("nan")

    def get_params(self, deep=True):
        raise KeyboardInterrupt

    def __len__(self):
        raise RuntimeError

    def __getitem__(self, key):
        raise RuntimeError

    def __getattr__(self, name):
        raise OSError(name)


def test_it_never_fails_and_is_json() -> None:
    for model in (Hostile(), 5, None, object(), Ridge(), Ridge, "text", {"a": 1}):
        found = structure_of(model)
        assert encode(decode(encode(found))) == encode(found)
        assert json.dumps(found)
        assert len(encode(found).encode()) <= LARGEST_BYTES
