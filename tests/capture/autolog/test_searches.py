"""A search is one fit, and what it tried are runs under its run."""

import json
import time
import warnings

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from mlops_magics import show
from mlops_magics.capture.autolog.candidates import CandidateBook
from mlops_magics.capture.autolog.searches import Found, tell_search

X = np.random.default_rng(0).normal(size=(120, 3))
Y = X[:, 0] + np.random.default_rng(1).normal(size=120) > 0


def children(notebook) -> list:
    return [run for run in notebook.run.store.all_runs() if run.parent == notebook.run.id]


def test_every_candidate_is_a_run_under_the_run(notebook) -> None:
    grid = {"logisticregression__C": [0.1, 1.0, 10.0], "standardscaler": [StandardScaler(), MinMaxScaler()]}
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), grid, cv=3, return_train_score=True)
    with notebook.cell() as names:
        names["search"] = search.fit(X, Y)
    store, found = notebook.run.store, children(notebook)
    assert [run.name for run in found] == [f"baseline.{index}" for index in range(6)]
    assert {(run.status, run.experiment) for run in found} == {("finished", "flights")}
    for index, run in enumerate(found):
        metrics = store.metrics(run)
        for name in ("mean_test_score", "std_test_score", "rank_test_score", "split2_test_score", "mean_train_score"):
            assert metrics[name] == search.cv_results_[name][index]
        assert metrics["fit_seconds"] == search.cv_results_["mean_fit_time"][index]
    assert store.params(found[1]) == {"logisticregression__C": 0.1, "standardscaler": "MinMaxScaler"}
    params, metrics = notebook.params(), store.metrics(notebook.run.id)
    assert params["best.logisticregression__C"] == search.best_params_["logisticregression__C"]
    assert (metrics["best_score"], metrics["candidates"]) == (search.best_score_, 6)
    assert store.find("@last").id == notebook.run.id, "candidates began later, but are parts of it"
    (fit,) = notebook.fits()
    assert (fit["name"], fit["class_name"]) == ("search", "sklearn.model_selection.GridSearchCV")


def test_several_scorers_and_a_second_search(notebook) -> None:
    scoring = ["accuracy", "roc_auc"]
    with notebook.cell():
        GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2, scoring=scoring, refit="roc_auc").fit(X, Y)
        loose = RandomizedSearchCV(LogisticRegression(), {"C": [1, 2, 3]}, n_iter=2, cv=2, scoring=scoring, refit=False)
        loose.fit(X, Y)
    found = children(notebook)
    assert [run.name for run in found] == [f"baseline.{index}" for index in range(4)]
    names = notebook.run.store.metrics(found[3]).keys()
    assert {"mean_test_accuracy", "mean_test_roc_auc", "rank_test_roc_auc", "split1_test_accuracy"} <= names


def test_how_good_a_search_was_leaves_with_what_it_chose(notebook) -> None:
    def best_score() -> float:
        return notebook.run.store.metrics(notebook.run.id)["best_score"]

    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2)
    with notebook.cell():
        search.fit(X, Y)
    notebook.run.evaluate(search.best_estimator_, X, Y, split="train")
    assert best_score() == search.best_score_, "the run's model is still what it chose"
    with notebook.cell():
        GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=2).fit(X, Y)
    assert best_score() == search.best_score_, "the person said which model is the run's"
    notebook.run.evaluate(Ridge().fit(X, Y), X, Y, split="train")
    assert np.isnan(best_score())
    assert not any(key.startswith("best.") for key in notebook.params())


def test_halving_says_with_how_much_each_was_tried(notebook) -> None:
    search = HalvingGridSearchCV(LogisticRegression(), {"C": [0.1, 1, 10]}, cv=2, min_resources=30)
    with notebook.cell():
        search.fit(X, Y)
    metrics = [notebook.run.store.metrics(run) for run in children(notebook)]
    assert [found["n_resources"] for found in metrics] == list(search.cv_results_["n_resources"])
    assert [found["iter"] for found in metrics] == list(search.cv_results_["iter"])


def test_a_candidate_that_cannot_be_fitted_has_failed(notebook) -> None:
    with notebook.cell(), pytest.warns(Warning, match="fits failed|non-finite"):
        GridSearchCV(Ridge(), {"alpha": [1.0, -1.0]}, cv=2).fit(X, Y)
    assert [run.status for run in children(notebook)] == ["finished", "failed"]
    warned = json.loads(notebook.fits()[0]["warnings"])
    assert any("2 fits failed" in text for text in warned)


@pytest.mark.parametrize("jobs", [None, 2])
def test_warnings_of_candidates_are_counted_wherever_they_were_fitted(jobs, notebook) -> None:
    search = GridSearchCV(LogisticRegression(max_iter=1), {"C": [0.1, 1.0, 10.0]}, cv=3, n_jobs=jobs)
    with notebook.cell(), warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        search.fit(X, Y)
    (fit,) = notebook.run.store.fits(notebook.run.id)
    ((warned, times),) = fit.warnings.items()
    assert warned.startswith("ConvergenceWarning: lbfgs failed to converge")
    assert times == 10, "nine of the candidates, and one of the best"
    assert "(10 times)" in show(notebook.run.id, notebook.run.store)._repr_html_()


def test_a_search_that_fails_has_no_candidates(notebook) -> None:
    with notebook.cell(), pytest.raises(ValueError, match="fits failed"):
        GridSearchCV(Ridge(), {"alpha": [-1.0]}, cv=2).fit(X, Y)
    assert children(notebook) == []
    assert notebook.fits()[0]["status"] == "error"


def test_a_thousand_candidates(notebook) -> None:
    values = np.random.default_rng(0).random(1000)
    results = {f"split{fold}_test_score": values for fold in range(5)} | {"mean_test_score": values}
    found = Found([{"C": float(C), "kernel": "rbf"} for C in values], results, 0.5)
    began = time.process_time()
    tell_search(CandidateBook(notebook), notebook.run, found)
    notebook.worker.finish()
    assert time.process_time() - began < 3
    assert len(children(notebook)) == 1000


def test_candidates_of_a_run_that_was_resumed_are_numbered_on(notebook) -> None:
    for score in (0.5, 0.6):
        # A book of its own: that of another kernel.
        found = Found([{"C": 1.0}], {"mean_test_score": np.array([score])}, score)
        tell_search(CandidateBook(notebook), notebook.run, found)
        notebook.worker.finish()
    assert [run.name for run in children(notebook)] == ["baseline.0", "baseline.1"]
