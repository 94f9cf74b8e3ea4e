"""A cross-validation is one fit, its mean the run's metric, its folds those of a run under it; by whatever name."""

import numpy as np
import pandas as pd
import pytest
import sklearn.model_selection
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, f1_score, make_scorer
from sklearn.model_selection import (
    KFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_magics.capture.autolog.folds import UNHEARD
from mlops_magics.capture.autolog.splits import Splits
from mlops_magics.store.location import StoreWarning

X = np.random.default_rng(0).normal(size=(120, 3))
Y = X[:, 0] + np.random.default_rng(1).normal(size=120) > 0


def curve(notebook, name: str, *, of: int | None = None) -> list[tuple[int, float]]:
    """Of the run, or of the run under it with a number."""
    run = notebook.run.id if of is None else notebook.run.store.find(f"baseline.{of}").id
    found = notebook.run.store.history(run, name)
    return list(zip(found["step"], found["value"], strict=True))


@pytest.mark.parametrize("jobs", [None, 2])
def test_scores_fold_by_fold(jobs, notebook) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=3))
    with notebook.cell() as names:
        names["X"], names["model"] = X, model
        scores = cross_val_score(model, X, Y, cv=4, n_jobs=jobs)
    assert curve(notebook, "cv/test_score/folds", of=0) == list(enumerate(scores))
    assert curve(notebook, "cv/test_score/folds") == []
    (done,) = notebook.run.store.cross_validations(notebook.run.id)
    assert (done.name, done.folds, done.train_rows, done.test_rows) == ("model", 4, 360, 120)
    assert done.scores == {"cv/test_score": scores.tolist()}
    (mean,) = curve(notebook, "cv/test_score")
    assert pd.isna(mean[0]), "the mean of the folds is no point of a curve"
    assert mean[1] == pytest.approx(scores.mean())
    assert notebook.run.store.metrics(notebook.run.id)["cv/test_score/std"] == pytest.approx(scores.std())
    (fit,) = notebook.fits()
    assert (fit["name"], fit["rows"]) == ("model", 120)
    notes = [note.text for note in notebook.run.store.notes(notebook.run.id)]
    assert notes == ([] if jobs is None else [UNHEARD])
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
        assert [value for _, value in curve(notebook, f"cv/{name}/folds", of=0)] == found[name].tolist()
        assert [value for _, value in curve(notebook, f"cv/{name}")] == [pytest.approx(found[name].mean())]
    assert [value for _, value in curve(notebook, "cv/fit_seconds/folds", of=0)] == found["fit_time"].tolist()
    assert notebook.run.store.metrics("baseline.0")["mean_test_roc_auc"] == pytest.approx(found["test_roc_auc"].mean())
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
    assert tests == {f"cv/test_{name}{end}" for end in ("", "/std")}
    assert recorded[f"cv/train_{name}"] == pytest.approx(found["train_score"].mean())
    both = [value for _, value in curve(notebook, f"cv/test_{name}")]
    assert both == [pytest.approx(scores.mean()), pytest.approx(found["test_score"].mean())]


def test_several_are_runs_of_their_own_and_the_run_has_all_of_the_last(notebook) -> None:
    with notebook.cell() as names:
        names["X"], names["weak"] = X, LogisticRegression(C=0.01)
        cross_validate(names["weak"], X, Y, cv=3, return_train_score=True)
        scores = [cross_val_score(LogisticRegression(C=C), X, Y, cv=3) for C in (1, 10)]
        cross_val_predict(LogisticRegression(C=99), X, Y, cv=2)
    store = notebook.run.store
    found = [run for run in store.all_runs() if run.parent == notebook.run.id]
    assert [(run.name, store.params(run).get("C", 1.0)) for run in found] == [
        ("baseline.0", 0.01), ("baseline.1", 1.0), ("baseline.2", 10)
    ]
    assert curve(notebook, "cv/test_score/folds", of=2) == list(enumerate(scores[1]))
    metrics = store.metrics(notebook.run.id)
    assert metrics["cv/test_score"] == pytest.approx(scores[1].mean())
    assert store.metrics(found[2])["mean_test_score"] == pytest.approx(scores[1].mean())
    gone = {key for key, value in metrics.items() if np.isnan(value)}
    names = ("fit_seconds", "score_seconds", "train_score")
    assert gone == {f"cv/{name}{end}" for name in names for end in ("", "/std")}
    assert [done.class_name.rpartition(".")[2] for done in store.cross_validations(found[0])] == ["LogisticRegression"]
    assert [done.name for done in store.cross_validations(notebook.run.id)] == ["weak", None, None]


class Odd:
    """A splitter of one's own, which yields masks, and remembers."""

    def split(self, X, y=None, groups=None):
        for part in range(2):
            self.last = part
            test = np.arange(len(X)) % 2 == part
            yield ~test, test

    def get_n_splits(self, X=None, y=None, groups=None):
        return 2


def shuffled(seed: int) -> KFold:
    return KFold(4, shuffle=True, random_state=seed)


def half() -> list:
    rows = np.arange(120)
    return [(rows[rows % 2 != part], rows[rows % 2 == part]) for part in range(2)]


@pytest.mark.parametrize("jobs", [None, 2])
@pytest.mark.parametrize(
    ("cv", "same", "other", "sizes"),
    [
        (5, lambda: StratifiedKFold(5), lambda: KFold(5), (480, 120)),
        (lambda: shuffled(0), None, lambda: shuffled(1), (360, 120)),
        (lambda: RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=0), None, None, (1440, 360)),
        (lambda: ShuffleSplit(3, train_size=0.5, test_size=0.1, random_state=0), None, None, (180, 36)),
        (Odd, half, lambda: half()[::-1], (120, 120)),
        (lambda: (fold for fold in half()), Odd, None, (120, 120)),
    ],
)  # fmt: skip
def test_how_the_folds_were_cut_is_known(jobs, cv, same, other, sizes, notebook) -> None:
    make = cv if callable(cv) else lambda: cv
    with notebook.cell():
        for splitter in (make(), (same or make)(), (other or make)()):
            cross_val_score(LogisticRegression(), X, Y, cv=splitter, n_jobs=jobs)
    first, second, third = notebook.run.store.cross_validations(notebook.run.id)
    assert (first.train_rows, first.test_rows) == sizes
    assert first.splits
    assert first.splits == second.splits
    assert (first.splits == third.splits) is (other is None)


def test_folds_are_equal_by_their_rows_and_not_by_the_order_of_these() -> None:
    def digest(*tested: list[int]) -> str | None:
        splits = Splits()
        for rows in tested:
            splits.add(np.setdiff1d(np.arange(4), rows), np.array(rows))
        return splits.digest

    assert digest([0, 1], [2, 3]) == digest([1, 0], [3, 2])
    assert len({digest([0, 1], [2, 3]), digest([0], [1, 2, 3]), digest([2, 3], [0, 1]), digest([0, 1, 2, 3])}) == 4


def test_looking_at_the_folds_draws_nothing(notebook) -> None:
    def scores() -> tuple:
        generator = np.random.RandomState(7)
        splitter = KFold(3, shuffle=True, random_state=generator)
        np.random.seed(7)
        own = Odd()
        found = [
            cross_val_score(LogisticRegression(), X, Y, cv=given).tolist()
            for given in (splitter, splitter, ShuffleSplit(2), own)
        ]
        return found, generator.random_sample(), np.random.random_sample(), own.last

    notebook.autolog.remove()
    unseen = scores()
    with notebook.cell():
        assert scores() == unseen
    assert len({done.splits for done in notebook.run.store.cross_validations(notebook.run.id)}) == 4


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


def test_one_that_another_library_put_in_its_place_is_left_alone_and_it_is_said_once(notebook, monkeypatch) -> None:
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
