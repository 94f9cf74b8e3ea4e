"""A cross-validation is one fit and its mean one metric, with the folds as a curve, by whatever name it is called."""

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, f1_score, make_scorer
from sklearn.model_selection import (
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_magics.store.location import StoreWarning

X = np.random.default_rng(0).normal(size=(120, 3))
Y = X[:, 0] + np.random.default_rng(1).normal(size=120) > 0


def curve(notebook, name: str) -> list[tuple[int, float]]:
    found = notebook.run.store.history(notebook.run.id, name)
    return list(zip(found["step"], found["value"], strict=True))


@pytest.mark.parametrize("jobs", [None, 2])
def test_scores_fold_by_fold(jobs, notebook) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=3))
    with notebook.cell() as names:
        names["X"], names["model"] = X, model
        scores = cross_val_score(model, X, Y, cv=4, n_jobs=jobs)
    assert curve(notebook, "cv/test_score/folds") == list(enumerate(scores))
    (mean,) = curve(notebook, "cv/test_score")
    assert pd.isna(mean[0]), "the mean of the folds is no point of a curve"
    assert mean[1] == pytest.approx(scores.mean())
    assert notebook.run.store.metrics(notebook.run.id)["cv/test_score/std"] == pytest.approx(scores.std())
    (fit,) = notebook.fits()
    assert (fit["name"], fit["rows"]) == ("model", 120)
    assert notebook.params()["logisticregression__C"] == 3
    assert notebook.tables() == [("X", "cv", 120)]
    assert notebook.run.store.artifacts(notebook.run.id) == [], "what was cross-validated is not fitted"


def test_several_scorers_and_times(notebook) -> None:
    with notebook.cell():
        found = cross_validate(
            estimator=LogisticRegression(), X=X, y=Y, cv=3, scoring=["accuracy", "roc_auc"], return_train_score=True,
            return_estimator=True,
        )
    for name in ("test_accuracy", "test_roc_auc", "train_accuracy"):
        assert [value for _, value in curve(notebook, f"cv/{name}/folds")] == found[name].tolist()
        assert [value for _, value in curve(notebook, f"cv/{name}")] == [pytest.approx(found[name].mean())]
    assert [value for _, value in curve(notebook, "cv/fit_seconds/folds")] == found["fit_time"].tolist()
    assert len(found["estimator"]) == 3


def own_scorer(model, X, y):
    return 0.5


@pytest.mark.parametrize(
    ("scoring", "name"),
    [
        ("roc_auc", "roc_auc"),
        ("neg_log_loss", "neg_log_loss"),
        (make_scorer(f1_score), "f1_score"),
        (make_scorer(brier_score_loss, greater_is_better=False), "neg_brier_score_loss"),
        (own_scorer, "own_scorer"),
        (lambda model, X, y: 0.5, "score"),
        (None, "score"),
    ],
)
def test_scores_are_named_by_their_scorer(scoring, name, notebook) -> None:
    model = LogisticRegression()
    with notebook.cell():
        scores = cross_val_score(model, X, Y, cv=3, scoring=scoring)
        found = cross_validate(model, X, Y, cv=2, scoring=scoring, return_train_score=True)
    recorded = notebook.run.store.metrics(notebook.run.id)
    tests = {key for key in recorded if key.startswith("cv/test_")}
    assert tests == {f"cv/test_{name}{end}" for end in ("", "/std", "/folds")}
    assert recorded[f"cv/train_{name}"] == pytest.approx(found["train_score"].mean())
    both = [value for _, value in curve(notebook, f"cv/test_{name}")]
    assert both == [pytest.approx(scores.mean()), pytest.approx(found["test_score"].mean())]


def test_others_that_fit_many_times_are_one_fit_each(notebook) -> None:
    model = LogisticRegression()
    with notebook.cell():
        cross_val_predict(model, X, Y, cv=2)
        learning_curve(model, X, Y, cv=2, train_sizes=[0.5, 1.0])
        validation_curve(model, X, Y, param_name="C", param_range=[1, 2], cv=2)
        permutation_test_score(model, X, Y, cv=2, n_permutations=2)
    assert len(notebook.fits()) == 4
    assert notebook.run.store.metrics(notebook.run.id) == {}


def test_errors_and_signatures_are_as_ever(notebook) -> None:
    with notebook.cell():
        with pytest.raises(TypeError, match="missing a required argument"):
            cross_val_score()
        with pytest.raises(ValueError, match="'cv' parameter"):
            cross_val_score(LogisticRegression(), X, Y, cv="many")
        with pytest.raises(ValueError, match="inconsistent"):
            cross_val_score(LogisticRegression(), X, Y[:5])
    (fit,) = notebook.fits()
    assert fit["status"] == "error"


def test_functions_are_themselves_again(notebook) -> None:
    inner = cross_validate.__wrapped__
    cell = cross_validate.__closure__[cross_validate.__code__.co_freevars.index("func")]
    notebook.autolog.refresh()
    assert cell.cell_contents is not inner
    notebook.autolog.remove()
    assert cell.cell_contents is inner


def test_an_unknown_way_of_building_it_is_said_once(notebook, monkeypatch) -> None:
    monkeypatch.setattr(sklearn.model_selection._validation, "cross_validate", lambda estimator, X: {})
    notebook.autolog.remove()
    with pytest.warns(StoreWarning, match="cross_validate") as caught:  # noqa: PT031
        notebook.autolog.refresh()
        notebook.autolog.refresh()
    assert len(caught) == 1
    monkeypatch.undo()


def test_a_cross_validation_inside_a_fit_is_part_of_it(notebook) -> None:
    class Careful(RandomForestClassifier):
        def fit(self, X, y):
            self.scores_ = cross_val_score(LogisticRegression(), X, y, cv=2)
            return super().fit(X, y)

    with notebook.cell():
        Careful(2).fit(X, Y)
    assert [fit["class_name"].rpartition(".")[2] for fit in notebook.fits()] == ["Careful"]
    assert curve(notebook, "cv/test_score") == []
