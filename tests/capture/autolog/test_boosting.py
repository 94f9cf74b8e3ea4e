"""Boosters: one fit, and their curves as the library measured them."""

import json

import numpy as np
import pandas as pd
import pytest

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
    with notebook.cell():
        model.fit(X, Y)
    assert len(curve(notebook, "validation_0/logloss")) == 5, "a curve of before is not told again"


def test_lightgbm_as_an_estimator(notebook, lightgbm) -> None:
    with notebook.cell():
        model = lightgbm.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1)
        model.fit(X, Y, eval_X=HELD[0], eval_y=HELD[1], eval_metric="auc")
    assert curve(notebook, "valid_0/auc") == model.evals_result_["valid_0"]["auc"]
    assert len(notebook.fits()) == 1


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
