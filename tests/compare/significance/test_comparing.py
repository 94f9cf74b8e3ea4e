"""Two tracked runs: what is compared, what is not and why, and what is said about it."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlops_magics import open_store, track
from mlops_magics.compare.significance.comparing import compare_predictions
from mlops_magics.compare.significance.cross_validation import corrected_t_test
from mlops_magics.compare.significance.delong import delong, delong_mean
from mlops_magics.compare.significance.folds import compare_folds
from mlops_magics.compare.significance.report import comparison_row
from mlops_magics.compare.significance.variants import compare_variants
from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.look import to_html
from mlops_magics.model.metrics import BINARY, MULTICLASS, REGRESSION
from mlops_magics.records import CrossValidated, RunRevision, encode
from mlops_magics.store.location import StoreWarning

RNG = np.random.default_rng(0)
ROWS = 600
X = pd.DataFrame(
    {"a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS), "origin": RNG.integers(0, 3, ROWS)}
)
Y = (X["a"] * np.where(X["origin"] == 2, -0.5, 2) + 0.3 * X["b"] + RNG.normal(size=ROWS) > 0).rename("late")
BY = {"origin": X["origin"].map({0: "JFK", 1: "LGA", 2: "EWR"})}


class Weighed:
    """A classifier that scores by fixed weights of the columns."""

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b
        self.classes_ = np.array([False, True])

    def fit(self, X, y):
        return self

    def predict_proba(self, X) -> np.ndarray:
        score = 1 / (1 + np.exp(-(X["a"] * self.a + X["b"] * self.b)))
        return np.stack([1 - score, score], axis=1)

    def predict(self, X) -> np.ndarray:
        return self.predict_proba(X)[:, 1] > 0.5


@pytest.fixture
def place(tmp_path):
    return open_store(tmp_path / ".mlops")


@pytest.fixture
def evaluated(place):
    """Track a run in which a model is evaluated."""

    def one(name: str, model, *, X=X, y=Y, splits=("test",), **settings):
        with track("flights", name, store=place, **settings) as run:
            for split in splits:
                run.evaluate(model, X, y, split=split)
        return place.find(run.id)

    return one


@pytest.fixture
def two(evaluated):
    fitted = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y)
    return evaluated("stump", fitted), evaluated("logistic", LogisticRegression().fit(X, Y))


def test_the_better_one(place, two) -> None:
    found = compare_predictions("stump", "logistic", store=place, by=BY)
    assert (found.split, found.task, found.rows, found.reason) == ("test", "binary", ROWS, "")
    assert [one.metric for one in found.metrics][:2] == ["roc_auc", "accuracy"]
    assert {one.metric for one in found.metrics} == set(BINARY)
    for one in found.metrics:
        assert one.estimate.left == pytest.approx(place.metrics(two[0])[f"test/{one.metric}"])
        assert one.estimate.right == pytest.approx(place.metrics(two[1])[f"test/{one.metric}"])
        assert one.adjusted_p >= one.estimate.p_value
    tree, line = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y), LogisticRegression().fit(X, Y)
    scores = [model.predict_proba(X)[:, 1] for model in (tree, line)]
    assert found.metrics[0].estimate == delong(Y.to_numpy(), *scores)
    assert found.verdict == "better"
    auc = found.metrics[0]
    assert auc.chance_right_is_better > 0.99
    low, high = auc.estimate.low, auc.estimate.high
    assert found.sentence.startswith(f"logistic is better by {auc.estimate.difference:.3f}"[:28])
    assert "roc_auc [" in found.sentence
    assert low > 0 < high
    loss = next(one for one in found.metrics if one.metric == "log_loss")
    assert loss.estimate.difference < 0 < loss.gain[0]
    assert loss.gain[1:] == (-loss.estimate.high, -loss.estimate.low)
    assert loss.chance_right_is_better == 1 - loss.estimate.chance_greater > 0.5
    assert "BCa bootstrap" in loss.estimate.method
    json.dumps(found.to_dict(), allow_nan=False)
    for one in found.metrics:
        needs = comparison_row(one.metric, one)[-1] is not None
        assert needs == (one.verdict == "not told apart" and bool(one.more_rows)), "rows are needed to tell apart"
    for shown in (repr(found), to_html(found.document())):
        assert "roc_auc" in shown
        assert "McNemar" in shown


def test_swapped_runs_are_mirrored(place, two) -> None:
    there, back = (compare_predictions(*pair, store=place, by=BY) for pair in (two, two[::-1]))
    words = {"better": "worse", "worse": "better", "not told apart": "not told apart"}
    for one, other in zip(there.metrics, back.metrics, strict=True):
        assert one.metric == other.metric
        assert one.verdict == words[other.verdict]
        assert one.gain == pytest.approx((-other.gain[0], -other.gain[2], -other.gain[1]))
        assert one.adjusted_p == pytest.approx(other.adjusted_p)
        assert one.more_rows == other.more_rows
        assert one.chance_right_is_better == pytest.approx(1 - other.chance_right_is_better)
    assert there.sentence == back.sentence
    assert (there.disagreement.only_left, there.disagreement.rows) == (
        back.disagreement.only_right, back.disagreement.rows,
    )  # fmt: skip
    assert [piece.name for piece in there.where_loser_wins] == [piece.name for piece in back.where_loser_wins]


def test_equal_predictions_are_no_difference(place, evaluated) -> None:
    model = LogisticRegression().fit(X, Y)
    evaluated("one", model), evaluated("other", model)
    for right in ("other", "one"):
        found = compare_predictions("one", right, store=place)
        for one in found.metrics:
            estimate = one.estimate
            assert (estimate.difference, estimate.p_value, one.adjusted_p, one.verdict) == (0, 1, 1, "not told apart")
            assert (estimate.chance_greater, one.more_rows) == (0.5, None)
            assert estimate.low <= 0 <= estimate.high
        assert found.disagreement.rows == 0
        assert found.where_loser_wins == ()
        assert found.sentence == f"Both answer the same in all {ROWS} rows."


def test_where_the_loser_wins(place, evaluated) -> None:
    evaluated("by_b", Weighed(0.0, 1.0))
    evaluated("by_a", Weighed(1.0, 0.0))
    found = compare_predictions("by_b", "by_a", store=place, by=BY)
    assert found.verdict == "better"
    wins = [piece.name for piece in found.where_loser_wins if piece.column == "origin"]
    assert wins == ["origin = EWR"]
    assert found.sentence.endswith("; on origin = EWR it is not.")
    piece = next(piece for piece in found.slices if piece.name == "origin = EWR")
    mask = (BY["origin"] == "EWR").to_numpy()
    assert piece.rows == mask.sum()
    scores = [Weighed(*weights).predict_proba(X)[mask, 1] for weights in ((0, 1), (1, 0))]
    assert piece.comparison.estimate.left == pytest.approx(metrics.roc_auc_score(Y[mask], scores[0]))
    assert piece.comparison.adjusted_p >= piece.comparison.estimate.p_value
    # The answers of one label alone have no ROC curve, so accuracy is looked at.
    assert {piece.comparison.metric for piece in found.slices if piece.column == "truth"} == {"accuracy"}
    assert "origin = EWR" in repr(found)
    with pytest.raises(DataError, match="'origin' has 10 values for 600 rows of test"):
        compare_predictions("by_b", "by_a", store=place, by={"origin": ["x"] * 10})
    assert compare_predictions("by_b", "by_a", store=place, by={"few": ["x"] * 20 + ["y"] * 580}).slices[0].rows == 580


def test_where_they_disagree(place, two) -> None:
    found = compare_predictions(*two, store=place).disagreement
    tree, line = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y), LogisticRegression().fit(X, Y)
    left, right = tree.predict(X), line.predict(X)
    assert (found.rows, found.of_rows) == ((left != right).sum(), ROWS)
    assert found.only_left == ((left == Y) & (right != Y)).sum()
    assert found.only_right == ((left != Y) & (right == Y)).sum()
    assert found.only_left + found.only_right == found.rows
    distance = np.abs(tree.predict_proba(X) - line.predict_proba(X))[:, 1]
    assert list(found.examples) == sorted(np.flatnonzero(left != right), key=lambda row: -distance[row])[:10]


def test_regression(place, evaluated) -> None:
    target = (X["a"] ** 2 + RNG.normal(0, 0.5, ROWS)).rename("delay")
    left = LinearRegression().fit(X, target)
    right = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, target)
    runs = evaluated("line", left, y=target), evaluated("tree", right, y=target)
    found = compare_predictions(*runs, store=place)
    assert [one.metric for one in found.metrics] == list(REGRESSION)
    for one in found.metrics:
        for run, value in zip(runs, (one.estimate.left, one.estimate.right), strict=True):
            recorded = place.metrics(run)[f"test/{one.metric}"]
            assert value == pytest.approx(abs(recorded) if one.metric == "bias" else recorded, abs=1e-9)
    verdicts = {one.metric: one.verdict for one in found.metrics}
    assert verdicts["rmse"] == verdicts["mae"] == verdicts["r2"] == "better"
    assert found.sentence.startswith("tree is better by ")
    assert {piece.column for piece in found.slices} == {"truth"}
    closer = np.abs(left.predict(X) - target) < np.abs(right.predict(X) - target)
    assert found.disagreement.only_left == closer.sum()


def test_several_labels(place, evaluated) -> None:
    target = pd.cut(X["a"] + 0.5 * RNG.normal(size=ROWS), [-9, -0.5, 0.5, 9], labels=["early", "late", "on time"])
    target = target.astype(str).rename("state")
    left = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, target)
    right = LogisticRegression(max_iter=500).fit(X, target)
    runs = evaluated("tree", left, y=target), evaluated("logistic", right, y=target)
    found = compare_predictions(*runs, store=place)
    assert {one.metric for one in found.metrics} == set(MULTICLASS)
    for one in found.metrics:
        for run, value in zip(runs, (one.estimate.left, one.estimate.right), strict=True):
            assert value == pytest.approx(place.metrics(run)[f"test/{one.metric}"])
    scores = [list(model.predict_proba(X).T) for model in (left, right)]
    area = delong_mean([(target == label).to_numpy() for label in left.classes_], *scores)
    assert found.metrics[0].estimate == area
    assert {piece.level for piece in found.slices} == {"early", "late", "on time"}


def test_a_model_without_probabilities(place, evaluated) -> None:
    evaluated("ridge", RidgeClassifier().fit(X, Y))
    evaluated("logistic", LogisticRegression().fit(X, Y))
    found = compare_predictions("ridge", "logistic", store=place)
    names = {one.metric for one in found.metrics}
    assert {"roc_auc", "accuracy", "recall"} <= names
    assert not names & {"log_loss", "brier"}
    constant = DummyClassifier(strategy="constant", constant=False).fit(X, Y)
    evaluated("never", constant)
    found = compare_predictions("never", "logistic", store=place, metrics=["test/accuracy"])
    assert found.verdict == "better"
    assert [one.metric for one in found.metrics] == ["accuracy"]


def test_scores_of_single_precision_have_the_loss_that_was_recorded(place, evaluated) -> None:
    class Sure(Weighed):
        def predict_proba(self, X) -> np.ndarray:
            return (super().predict_proba(X) > 0.5).astype(np.float32)

    model = LogisticRegression().fit(X, Y)
    evaluated("logistic", model)
    with pytest.warns(StoreWarning, match="cannot be exported"):
        sure = evaluated("sure", Sure(1.0, 0.0))
    (loss,) = compare_predictions("logistic", "sure", store=place, metrics=["log_loss"]).metrics
    assert loss.estimate.right == pytest.approx(place.metrics(sure)["test/log_loss"], rel=1e-6)
    assert loss.verdict == "worse"


# -- what is not compared ------------------------------------------------------------------------------------------


def refused(place, left="left", right="right", **asked) -> str:
    found = compare_predictions(left, right, store=place, **asked)
    assert (found.metrics, found.slices, found.disagreement, found.verdict) == ((), (), None, None)
    assert found.reason
    assert found.sentence in repr(found).replace("\n", " ").replace("  ", " ")
    json.dumps(found.to_dict(), allow_nan=False)
    return found.reason


def test_other_rows_are_not_compared(place, evaluated) -> None:
    model = LogisticRegression().fit(X, Y)
    evaluated("left", model)
    evaluated("right", model, X=X[:-1], y=Y[:-1])
    assert "different rows of test: 600 and 599" in refused(place)
    changed = X.copy()
    changed.loc[7, "a"] += 1e-9
    evaluated("right", model, X=changed)
    assert "the rows of test, or their order, differ between left and right" in refused(place)
    evaluated("right", model, X=X[::-1], y=Y[::-1])
    assert "or their order, differ" in refused(place)
    wider = X.assign(region=1.0)
    evaluated("right", LogisticRegression().fit(wider, Y), X=wider)
    assert refused(place) == (
        "the columns of test differ: only right has region, so nothing is compared row by row; evaluate both on one "
        "table, and let the model's pipeline leave columns out"
    )
    flipped = Y.copy()
    flipped[3] = ~flipped[3]
    evaluated("right", model, y=flipped)
    assert "the true answers of test differ" in refused(place)
    evaluated("right", model, splits=("july",))
    assert refused(place) == (
        "left was evaluated on test, right on july: no split in common, so nothing is compared row by row"
    )
    evaluated("right", LinearRegression().fit(X, X["b"]), y=X["b"])
    assert "different tasks on test: binary and regression" in refused(place)


def test_private_runs_are_not_compared(place, evaluated) -> None:
    model = LogisticRegression().fit(X, Y)
    evaluated("left", model)
    evaluated("right", model, private=True)
    assert refused(place) == "right kept no row-wise predictions of test: the run or its answers are private"


def test_runs_without_what_it_takes(place, evaluated) -> None:
    model = LogisticRegression().fit(X, Y)
    left, right = evaluated("left", model), evaluated("right", model)
    with track("flights", "empty", store=place):
        pass
    assert refused(place, right="empty").startswith("empty was not evaluated")
    with pytest.raises(RunNotFound):
        compare_predictions("left", "nobody", store=place)
    with pytest.raises(DataError, match="not both have a metric 'auc' of test"):
        compare_predictions("left", "right", store=place, metrics=["auc"])
    with pytest.raises(DataError, match="not both evaluated on 'validation'"):
        compare_predictions("left", "right", store=place, split="validation")
    with pytest.raises(DataError, match="level is 95"):
        compare_predictions("left", "right", store=place, level=95)
    bare = place.new_run_id()
    place.record(bare, RunRevision(experiment="flights", name="bare", status="finished"), *place.evaluations(right))
    assert "it is not known whether the true answers of test are the same" in refused(place, right="bare")
    place.blob(place.evaluations(left)[0].predictions).unlink()
    assert refused(place) == "the row-wise predictions left made of test are no longer in the store"


def test_which_split(place, evaluated) -> None:
    model = LogisticRegression().fit(X, Y)
    for name in ("left", "right"):
        evaluated(name, model, splits=("train", "july", "validation", "test"))
    assert compare_predictions("left", "right", store=place).split == "test"
    assert compare_predictions("left", "right", store=place, split="train").split == "train"
    with track("flights", "right", store=place) as run:
        run.evaluate(model, X[:300], Y[:300], split="test")
        run.evaluate(model, X, Y, split="july")
    found = compare_predictions("left", "right", store=place)
    assert (found.split, found.reason) == ("july", "")
    assert "different rows of test" in refused(place, split="test")


def test_too_few_rows_say_nothing(place, evaluated) -> None:
    model = LogisticRegression().fit(X, Y)
    for name in ("left", "right"):
        evaluated(name, model, X=X[:8], y=Y[:8])
    found = compare_predictions("left", "right", store=place)
    assert found.metrics == ()
    assert set(found.notes.values()) == {"8 rows are too few to tell"}
    rare = pd.Series(np.arange(ROWS) < 4, name="rare")
    for name, depth in (("left", 1), ("right", 2)):
        evaluated(name, DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, rare), y=rare)
    found = compare_predictions("left", "right", store=place)
    assert found.notes["roc_auc"] == "a label has 4 rows, too few to tell"
    assert "roc_auc is not compared" in repr(found)
    assert found.metrics[0].metric == "accuracy"


# -- folds and variants --------------------------------------------------------------------------------------------


def cross_validated(place, name, scores, *, fingerprint="f" * 64, splits="s" * 64, train_rows=4 * ROWS):
    with track("flights", name, store=place) as run:
        for values in ([0.0] * 3, scores):
            run.record(CrossValidated(
                class_name="sklearn.linear_model.Ridge", folds=len(values), train_rows=train_rows, test_rows=ROWS,
                splits=splits, fingerprint=fingerprint, target_fingerprint=fingerprint,
                scores={"cv/test_score": tuple(values), "cv/fit_seconds": tuple(values)},
            ))
    return place.find(run.id)


def test_scores_of_folds(place) -> None:
    left = cross_validated(place, "left", [0.80, 0.78, 0.82, 0.79, 0.81])
    right = cross_validated(place, "right", [0.83, 0.80, 0.83, 0.83, 0.83])
    (found,) = compare_folds(left, right, store=place)
    assert (found.metric, found.verdict) == ("cv/test_score", "better")
    assert found.estimate.p_value == pytest.approx(0.0349, abs=5e-5)
    both = compare_predictions(left, right, store=place)
    assert both.folds == (found,)
    other = cross_validated(place, "other", [0.8] * 5, fingerprint="e" * 64)
    assert compare_folds(left, other, store=place) == ()
    fewer = cross_validated(place, "fewer", [0.8] * 4)
    assert compare_folds(left, fewer, store=place) == ()


def test_folds_that_are_repeated_do_not_make_a_difference_surer(place) -> None:
    """100 folds of a fifth of the rows each: their training sets overlap as those of five do."""
    noise = np.random.default_rng(0).normal(scale=0.03, size=100)
    left = cross_validated(place, "left", list(0.8 + noise))
    right = cross_validated(place, "right", list(0.81 - noise))
    (found,) = compare_folds(left, right, store=place)
    assert found.estimate == corrected_t_test(list(0.8 + noise), list(0.81 - noise), test_share=0.2)
    unrepeated = corrected_t_test(list(0.8 + noise), list(0.81 - noise))
    assert found.estimate.standard_error > 3 * unrepeated.standard_error


def test_several_variants(place, evaluated) -> None:
    reference = evaluated("stump", DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y))
    names = [f"tree{depth}" for depth in (1, 2, 3, 4)]
    for depth, name in enumerate(names, 1):
        evaluated(name, DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X, Y))
    evaluated("secret", LogisticRegression().fit(X, Y), private=True)
    found = compare_variants("stump", [*names, "secret"], store=place)
    assert (found.metric, found.split, set(found.reasons)) == ("roc_auc", "test", {"secret"})
    gains = [one.gain[0] for _, one in found.variants]
    assert gains == sorted(gains, reverse=True)
    alone = {name: compare_predictions(reference, name, store=place, metrics=["roc_auc"]).metrics[0] for name in names}
    raw = sorted(alone[run.name].estimate.p_value for run, _ in found.variants)
    assert min(one.adjusted_p for _, one in found.variants) == pytest.approx(min(1, raw[0] * 4))
    assert {run.name: one.verdict for run, one in found.variants}["tree1"] == "not told apart"
    assert "better than stump by roc_auc" in found.sentence
    none = compare_variants("stump", ["tree1", "stump"], store=place)
    assert none.sentence == "None is told apart from stump as better, by roc_auc (Holm over 2 variants)."
    assert compare_variants("stump", ["tree1"], store=place).sentence == (
        "None is told apart from stump as better, by roc_auc."
    )
    assert "secret is not compared" in repr(found)
    assert encode(found.to_dict())
    assert not any(math.isnan(one.adjusted_p) for _, one in found.variants)
    with pytest.raises(DataError, match="no variant"):
        compare_variants("stump", [], store=place)
