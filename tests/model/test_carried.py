"""What would be written of a model is seen without writing it; values of a column are found in it."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

from mlops_magics.model.carried import ColumnValues, carried
from mlops_magics.model.state import OpaqueModel, TooLarge, look_through

RNG = np.random.default_rng(0)
ROWS = 300
FRAME = pd.DataFrame({
    "name": [f"Anna{i % 40}" for i in range(ROWS)],
    "sex": RNG.choice(["F", "M"], ROWS),
    "income": RNG.lognormal(10, 1, ROWS),
    "age": RNG.integers(18, 90, ROWS),
    "member": RNG.random(ROWS) > 0.5,
    "unused": RNG.lognormal(9, 1, ROWS),
})  # fmt: skip
NUMBERS = FRAME[["income", "age"]]
Y = RNG.random(ROWS) > 0.5
TEXTS = make_column_transformer((OneHotEncoder(), ["name", "sex"]), remainder="drop")

BINS = KBinsDiscretizer(quantile_method="averaged_inverted_cdf")


def regression() -> LogisticRegression:
    return LogisticRegression(max_iter=2000)


def column_of(model, *columns: str, answers: tuple[str, ...] = ()) -> str | None:
    seen = [ColumnValues(name, FRAME[name]) for name in columns]
    return carried(look_through(model), seen, [ColumnValues(name, FRAME[name]) for name in answers])


CARRYING = {
    "one-hot": (make_pipeline(TEXTS, regression()), FRAME, "name"),
    "one-hot of letters": (make_pipeline(TEXTS, regression()), FRAME, "sex"),
    "ordinal": (make_pipeline(OrdinalEncoder(), regression()), NUMBERS, "age"),
    "edges": (make_pipeline(BINS, regression()), NUMBERS, "income"),
    "extremes": (make_pipeline(MinMaxScaler(), regression()), NUMBERS, "income"),
    "neighbours": (KNeighborsClassifier(), NUMBERS, "age"),
    "scaled neighbours": (make_pipeline(StandardScaler(), KNeighborsClassifier()), NUMBERS, "income"),
    "support vectors": (make_pipeline(StandardScaler(), SVC()), NUMBERS, "income"),
    "words": (make_pipeline(make_column_transformer((TfidfVectorizer(), "name")), regression()), FRAME, "name"),
    "categories": (
        HistGradientBoostingClassifier(categorical_features="from_dtype"),
        FRAME[["age"]].assign(name=FRAME["name"].astype("category")),
        "name",
    ),
}


@pytest.mark.parametrize("kind", CARRYING)
def test_what_holds_values_is_seen(kind: str) -> None:
    model, X, column = CARRYING[kind]
    assert column_of(model.fit(X, Y), column) == column


@pytest.mark.parametrize(
    "model",
    [regression(), make_pipeline(StandardScaler(), regression()), RandomForestClassifier(10)],
    ids=["coefficients", "means", "thresholds"],
)
def test_what_lies_between_values_is_none(model) -> None:
    model.fit(FRAME[["income", "age", "member"]], Y)
    assert column_of(model, "income", "age", "member", "sex", "name", "unused") is None


def test_other_columns_are_not_taken_for_it() -> None:
    model = make_pipeline(BINS, regression()).fit(NUMBERS, Y)
    assert column_of(model, "unused") is None
    assert column_of(make_pipeline(TEXTS, regression()).fit(FRAME, Y), "income", "age", "member") is None


def test_answers_are_in_leaves_and_labels() -> None:
    trees = RandomForestRegressor(5).fit(FRAME[["age"]], FRAME["income"])
    assert column_of(trees, answers=("income",)) == "income"
    assert column_of(trees, "income") is None
    assert column_of(regression().fit(NUMBERS, FRAME["sex"]), answers=("sex",)) == "sex"
    assert column_of(regression().fit(NUMBERS, FRAME["member"]), answers=("member",)) is None


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosters_hold_categories(library: str) -> None:
    module = pytest.importorskip(library)
    X = FRAME[["age"]].assign(name=FRAME["name"].astype("category"))
    if library == "xgboost":
        model = module.XGBClassifier(n_estimators=2, enable_categorical=True, n_jobs=1)
        assert column_of(module.XGBClassifier(n_estimators=2, n_jobs=1).fit(NUMBERS, Y), "income", "name") is None
    else:
        model = module.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1)
        numbers = module.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(NUMBERS, Y)
        assert (column_of(numbers, "income"), column_of(numbers, "unused")) == ("income", None)
    assert column_of(model.fit(X, Y), "name") == "name"


@pytest.mark.parametrize(
    ("column", "texts", "numbers"),
    [
        (pd.Series(["a", None, "b", ""]), {"a", "b"}, []),
        (pd.Series(["a", "b"], dtype="category"), {"a", "b"}, []),
        (pl.Series(["a", None]), {"a"}, []),
        (pa.chunked_array([["a", "b"]]), {"a", "b"}, []),
        (pd.Series([1, None, 3, 77], dtype="Int64"), set(), [3, 77]),
        (pl.Series([0.0, 2.5, float("nan"), float("inf")]), set(), [2.5]),
        (pd.Series(["a", 5, None, (1,)], dtype=object), {"a"}, [5]),
        (pd.Series([True, False]), set(), []),
    ],
)
def test_values_of_any_column(column, texts, numbers) -> None:
    found = ColumnValues("c", column)
    assert (found.texts, found.numbers.tolist()) == (texts, numbers)


def test_dates_are_seen_in_any_form() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=3))
    model = regression().fit([[1], [2], [3]], [0, 1, 0])
    assert carried(look_through(model), [ColumnValues("d", days)]) is None
    model.first_day_ = days[0]
    assert carried(look_through(model), [ColumnValues("d", days)]) == "d"


def test_a_size_is_that_of_a_pickle_and_takes_no_writing() -> None:
    for model in (RandomForestClassifier(20).fit(NUMBERS, Y), KNeighborsClassifier().fit(NUMBERS, Y)):
        assert look_through(model).size_bytes == pytest.approx(len(pickle.dumps(model)), rel=0.2)
    model = regression()
    model.same_ = [big := np.zeros(10**6), big]
    assert look_through(model).size_bytes == pytest.approx(8e6, rel=0.01)
    with pytest.raises(TooLarge, match=r"LogisticRegression takes more than 1.0 MB.*%mlops artifact MODEL"):
        look_through(model, limit_bytes=10**6)


def test_what_nobody_can_look_into_is_said() -> None:
    model = regression()
    model.secret_ = lambda: 0
    with pytest.raises(OpaqueModel, match="nobody can tell what is in this"):
        look_through(model)
