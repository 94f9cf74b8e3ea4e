"""Boosters: one fit, and their curves as the library measured them."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from mlops_magics.data.fingerprint import fingerprints
from mlops_magics.data.frames import open_values

X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 3)), columns=list("abc"))
Y = (X["a"] + np.random.default_rng(1).normal(size=200) > 0).to_numpy().astype(int)
HELD = X[:50], Y[:50]


@pytest.fixture
def xgboost():
    return pytest.importorskip("xgboost")


@pytest.fixture
def lightgbm():
    return pytest.importorskip("lightgbm")


def curve(notebook, name: str) -> list[float]:
    found = notebook.run.store.history(notebook.run.id, name)
    assert list(found["step"]) == list(range(len(found)))
    return list(found["value"])


def recorded(notebook, role: str) -> list[tuple[str, int, bool, bool]]:
    """Name, rows, and whether there is a fingerprint and a profile."""
    return [
        (table.name, table.rows, bool(table.fingerprint), table.profile is not None)
        for table in notebook.run.store.datasets(notebook.run.id)
        if table.role == role
    ]


def test_xgboost_as_an_estimator(notebook, xgboost) -> None:
    with notebook.cell() as names:
        model = xgboost.XGBClassifier(n_estimators=5, max_depth=2, eval_metric=["auc", "logloss"], n_jobs=1)
        names["model"] = model.fit(X, Y, eval_set=[(X, Y), HELD], verbose=False)
    assert curve(notebook, "validation_1/auc") == model.evals_result()["validation_1"]["auc"]
    assert len(curve(notebook, "validation_0/logloss")) == 5
    (fit,) = notebook.fits()
    assert (fit["name"], fit["rows"]) == ("model", 200)
    assert "max_depth" not in json.loads(fit["defaults"])
    assert "gamma" in json.loads(fit["defaults"])
    assert recorded(notebook, "validation") == [("validation", 50, True, True)], "X itself is what it was fitted on"
    assert recorded(notebook, "eval_set target") == [("y", 50, True, False)]
    with notebook.cell():
        model.fit(X, Y)
    assert len(curve(notebook, "validation_0/logloss")) == 5, "a curve of before is not told again"


def test_lightgbm_as_an_estimator(notebook, lightgbm) -> None:
    with notebook.cell():
        model = lightgbm.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1)
        model.fit(X, Y, eval_X=HELD[0], eval_y=HELD[1], eval_metric="auc")
    assert curve(notebook, "valid_0/auc") == model.evals_result_["valid_0"]["auc"]
    assert len(notebook.fits()) == 1
    assert recorded(notebook, "validation") == [("validation", 50, True, True)]
    with notebook.cell() as names:
        names["held"] = X[50:90]
        pipeline = make_pipeline("passthrough", lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1))
        with pytest.warns(Warning, match="eval_set"):
            pipeline.fit(X, Y, lgbmclassifier__eval_set=[(names["held"], Y[50:90])])
    assert recorded(notebook, "validation")[1:] == [("held", 40, True, True)]


def test_xgboost_train(notebook, xgboost) -> None:
    params = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": 2, "nthread": 1}
    data, held = xgboost.DMatrix(X, Y), xgboost.DMatrix(*HELD)
    plain = xgboost.train(params, data, 5, evals=[(data, "train"), (held, "held")], verbose_eval=False)
    original = xgboost.train
    with notebook.cell() as names:
        names["booster"] = xgboost.train(
            params, data, 5, evals=[(data, "train"), (held, "held")], verbose_eval=False
        )
        own: dict = {}
        xgboost.train(params, data, 3, evals=[(held, "own")], evals_result=own, verbose_eval=False)
    assert names["booster"].save_raw() == plain.save_raw()
    assert len(curve(notebook, "train/auc")) == 5
    assert curve(notebook, "own/auc") == own["own"]["auc"]
    first, _ = notebook.fits()
    assert (first["name"], first["class_name"], first["rows"], first["columns"]) == (
        "booster", "xgboost.core.Booster", 200, 3,
    )
    assert json.loads(first["features"]) == ["a", "b", "c"]
    assert (notebook.params()["max_depth"], notebook.params()["model"]) == (2, "xgboost.train")
    (model,) = notebook.run.store.artifacts(notebook.run.id)
    assert model.detail["task"] == "binary"
    notebook.autolog.remove()
    assert xgboost.train is original


def test_lightgbm_train(notebook, lightgbm) -> None:
    params = {"objective": "regression", "metric": "l2", "verbose": -1, "num_threads": 1}
    original = lightgbm.train
    with notebook.cell():
        data = lightgbm.Dataset(X, Y)
        own: dict = {}
        booster = lightgbm.train(
            params, data, 4, valid_sets=[lightgbm.Dataset(*HELD, reference=data)], valid_names=["held"],
            callbacks=[lightgbm.record_evaluation(own)],
        )
    assert curve(notebook, "held/l2") == own["held"]["l2"]
    assert booster.num_trees() == 4
    (fit,) = notebook.fits()
    assert (fit["class_name"], fit["rows"]) == ("lightgbm.basic.Booster", 200)
    notebook.autolog.remove()
    assert lightgbm.train is original


def test_the_rows_of_xgboosts_matrices(notebook, xgboost) -> None:
    params = {"max_depth": 2, "nthread": 1}
    gaps = X.astype("float32").mask(X > 1.5)
    with notebook.cell() as names:
        names["data"], names["held"] = xgboost.DMatrix(gaps, Y), xgboost.DMatrix(*HELD)
        checked = [(names["data"], "train"), (names["held"], "held")]
        xgboost.train(params, names["data"], 2, evals=checked, verbose_eval=False)
        xgboost.train(params, xgboost.QuantileDMatrix(X[:90], Y[:90]), 2)
    assert recorded(notebook, "fit") == [("data", 200, True, True), ("fit", 90, False, False)]
    assert recorded(notebook, "validation") == [("held", 50, True, True)]
    assert recorded(notebook, "fit target") == [("y", 200, True, False), ("y", 90, True, False)]
    first, second = notebook.fits()
    assert first["fingerprint"] == fingerprints(open_values(gaps, name="gaps")).ordered
    assert pd.isna(second["fingerprint"])


def test_the_rows_of_lightgbms_data_sets(notebook, lightgbm) -> None:
    params = {"objective": "regression", "verbose": -1, "num_threads": 1}
    with notebook.cell() as names:
        names["X"] = X
        data = lightgbm.Dataset(X, Y)
        lightgbm.train(params, data, 2, valid_sets=[data, lightgbm.Dataset(*HELD, reference=data)])
        lightgbm.train(params, data, 2)
    assert recorded(notebook, "fit") == [("X", 200, True, True), ("fit", 200, False, False)]
    assert recorded(notebook, "validation") == [("validation", 50, True, True)]
    first, second = notebook.fits()
    assert first["fingerprint"] == fingerprints(open_values(X, name="X")).ordered
    assert pd.isna(second["fingerprint"]), "it has let go of its rows"


@pytest.mark.parametrize("as_pandas", [True, False])
def test_cross_validation_by_xgboost(as_pandas, notebook, xgboost) -> None:
    params = {"objective": "binary:logistic", "eval_metric": "auc", "max_depth": 2, "nthread": 1}
    data = xgboost.DMatrix(X, Y)
    unseen = xgboost.cv(params, data, 4, nfold=3)
    with notebook.cell():
        found = pd.DataFrame(xgboost.cv(params, data, 4, nfold=3, as_pandas=as_pandas))
    assert found.equals(unseen)
    assert curve(notebook, "cv/test/auc") == list(found["test-auc-mean"])
    assert curve(notebook, "cv/train/auc/std") == list(found["train-auc-std"])
    (fit,) = notebook.fits()
    assert (fit["class_name"], fit["rows"], json.loads(fit["params"])["nfold"]) == ("xgboost.cv", 200, 3)
    assert recorded(notebook, "cv") == [("cv", 200, True, True)]
    assert notebook.params()["max_depth"] == 2
    assert notebook.run.store.model(notebook.run.id) is None


def test_cross_validation_by_lightgbm(notebook, lightgbm) -> None:
    params = {"objective": "binary", "metric": "auc", "verbose": -1, "num_threads": 1}
    original = lightgbm.cv
    with notebook.cell():
        found = lightgbm.cv(params, lightgbm.Dataset(X, Y), 3, nfold=2, return_cvbooster=True)
    assert curve(notebook, "cv/valid/auc") == found["valid auc-mean"]
    assert curve(notebook, "cv/valid/auc/std") == found["valid auc-stdv"]
    assert recorded(notebook, "cv") == [("cv", 200, True, True)]
    assert [fit["class_name"] for fit in notebook.fits()] == ["lightgbm.cv"]
    notebook.autolog.remove()
    assert lightgbm.cv is original


def test_training_that_fails(notebook, xgboost) -> None:
    with notebook.cell(), pytest.raises(xgboost.core.XGBoostError):
        xgboost.train({"objective": "no:such"}, xgboost.DMatrix(X, Y), 2)
    assert notebook.fits()[0]["status"] == "error"
    with notebook.cell(), pytest.raises(TypeError):
        xgboost.train()


def test_train_is_seen_under_a_name_it_was_imported_by_before(notebook) -> None:
    xgboost = pytest.importorskip("xgboost")
    notebook.autolog.remove()
    from xgboost import train

    before = xgboost.train
    data = xgboost.DMatrix(X, Y)
    with notebook.cell() as names:
        names["booster"] = train({"max_depth": 2, "nthread": 1}, data, 2)
        names["model"] = xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(X, Y)
    assert [(fit["name"], fit["class_name"]) for fit in notebook.fits()] == [
        ("booster", "xgboost.core.Booster"), ("model", "xgboost.sklearn.XGBRegressor"),
    ]
    assert xgboost.train is before
    notebook.autolog.remove()
    train({"max_depth": 2, "nthread": 1}, data, 2)
    assert len(notebook.fits()) == 2
