"""A model says its task, its parameters and its features; what cannot be told is refused."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mlops_magics.errors import ModelError
from mlops_magics.model.estimator import class_name_of, describe, feature_names, task_of
from mlops_magics.records import decode, encode


class Answers:
    """Nothing but predict."""

    def predict(self, X):
        return np.zeros(len(X))


def test_the_task_comes_from_the_model(classifier, features, flights) -> None:
    assert task_of(classifier, flights["late"]) == "binary"
    three = np.digitize(flights["delay"], [2, 4])
    numbers = features[["hour"]]
    assert task_of(LogisticRegression().fit(numbers, three), three) == "multiclass"
    assert task_of(LogisticRegression().fit(numbers, three), three == 0) == "multiclass"
    assert task_of(Ridge().fit(numbers, three), three) == "regression"
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}).fit(numbers, three)
    assert task_of(search, three) == "regression"


def test_a_model_that_says_nothing_is_judged_by_y() -> None:
    assert task_of(Answers(), np.array([0.5, 1.5])) == "regression"
    assert task_of(Answers(), ["no", "yes", "no"]) == "binary"
    assert task_of(Answers(), [True, False]) == "binary"
    assert task_of(Answers(), ["a", "b", "c"]) == "multiclass"
    with pytest.raises(ModelError, match="whole numbers"):
        task_of(Answers(), [1, 2, 3])


def test_what_is_no_classifier_and_no_regressor_is_refused(features) -> None:
    with pytest.raises(ModelError, match="clusterer"):
        task_of(KMeans(2).fit(features[["hour"]]), [0, 1])
    with pytest.raises(ModelError, match="no predict method"):
        task_of("model", [0, 1])
    many = RandomForestClassifier(2).fit([[0], [1]], [[0, 1], [1, 0]])
    with pytest.raises(ModelError, match="2 outputs"):
        task_of(many, [0, 1])


def test_parameters_are_flat_and_plain(classifier) -> None:
    said = describe(classifier)
    assert said.class_name == "sklearn.pipeline.Pipeline"
    assert said.params["logisticregression__C"] == 0.5
    assert said.params["logisticregression"] == "LogisticRegression"
    assert said.params["columntransformer__levels__handle_unknown"] == "ignore"
    assert said.params["columntransformer__levels__columns"] == ["carrier"]
    assert not any(key.endswith(("steps", "transformers")) for key in said.params)
    assert decode(encode(said.to_dict())) == said.to_dict()


def test_parameters_without_a_json_form_are_short_and_stable() -> None:
    model = make_pipeline(FunctionTransformer(np.log1p), RandomForestClassifier(random_state=np.random.RandomState(0)))
    params = describe(model).params
    assert "log1p" in params["functiontransformer__func"]
    assert "0x" not in params["randomforestclassifier__random_state"]
    assert describe(DummyClassifier(constant=np.arange(3))).params["constant"] == [0, 1, 2]
    assert len(describe(FunctionTransformer(kw_args={"a": "x" * 5000})).params["kw_args"]["a"]) == 200
    assert describe(HistGradientBoostingRegressor(monotonic_cst=np.int64(3))).params["monotonic_cst"] == 3
    assert describe(VotingClassifier([("a", Ridge()), ("b", "drop")])).params["b"] == "drop"


def test_a_model_without_parameters_has_none() -> None:
    said = describe(Answers())
    assert said.params == {}
    assert said.class_name.endswith("Answers")
    assert class_name_of(StandardScaler()) == "sklearn.preprocessing.StandardScaler"


def test_features_have_names(classifier, features) -> None:
    assert feature_names(classifier, features) == ("distance", "hour", "carrier")
    assert feature_names(Answers(), features) == ("distance", "hour", "carrier")
    assert feature_names(Answers(), np.zeros((2, 3))) == ("x0", "x1", "x2")
