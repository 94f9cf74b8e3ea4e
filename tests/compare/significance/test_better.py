"""What a difference says of which is better: found once, kept with what made it, found again only while that holds."""

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from mlops_magics import diff, open_store, track
from mlops_magics.compare.significance import kept
from mlops_magics.compare.significance.better import better_of
from mlops_magics.compare.significance.comparing import compare_predictions, compared
from mlops_magics.compare.significance.comparison import Comparison
from mlops_magics.compare.significance.variants import Variants
from mlops_magics.faces.cli import main
from mlops_magics.records import CrossValidated, encode
from tests.calls import calls_of

RNG = np.random.default_rng(0)
ROWS = 400
X = pd.DataFrame({"a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS)})
Y = (X["a"] + 0.3 * X["b"] + RNG.normal(size=ROWS) > 0).rename("late")
STUMP = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, Y)
LINE = LogisticRegression().fit(X, Y)
SHY = LogisticRegression().fit(X, Y)
"""Ranks the rows as LINE does, and says no to nearly all of them."""
SHY.intercept_ -= 3


@pytest.fixture
def place(tmp_path):
    return open_store(tmp_path / ".mlops")


@pytest.fixture
def evaluated(place):
    def one(name: str, model, *, X=X, y=Y, **settings):
        with track("flights", name, store=place, **settings) as run:
            run.evaluate(model, X, y)
        return place.find(run.id)

    return one


@pytest.fixture
def two(evaluated):
    return evaluated("stump", STUMP), evaluated("line", LINE)


@pytest.fixture
def worked() -> Iterator[list[object]]:
    """Every time that predictions are really compared."""
    with calls_of(compared) as times:
        yield times


def test_it_is_found_once_and_kept_as_a_verdict(place, two, worked) -> None:
    first = better_of(two, place)
    assert len(worked) == 1
    assert isinstance(first, Comparison)
    assert first == compare_predictions(*two, store=place), "what is kept can be derived again"
    assert len(worked) == 2
    (judged,) = place.verdicts(two[1])
    assert (judged.question, judged.subject, judged.verdict) == ("significance", "stump", "pass")
    assert judged.detail["sentence"] == first.sentence
    sides = judged.detail["inputs"]["sides"]
    assert [side["predictions"] for side in sides] == [place.evaluations(run)[0].predictions for run in two]
    assert judged.detail["metrics"][0]["adjusted_p"] == first.metrics[0].adjusted_p
    assert judged.detail["level"] == 0.95
    place.fold()
    again = better_of(two, place)
    assert len(worked) == 2
    assert again == first
    assert repr(again) == repr(first)
    assert len(place.verdicts(two[1])) == 1
    back = better_of(two[::-1], place)
    assert (back.verdict, place.verdicts(two[0])[0].verdict) == ("worse", "fail")
    assert len(worked) == 3


def test_what_it_hangs_on_changes_and_it_is_found_anew(place, two, worked, monkeypatch) -> None:
    before = better_of(two, place)
    with track("flights", "line", store=place, resume=True) as run:
        run.evaluate(STUMP, X, Y)
    after = better_of(two, place)
    assert (before.verdict, after.verdict) == ("better", "not told apart")
    assert [judged.verdict for judged in place.verdicts(two[1])] == ["pass", "unknown"]
    monkeypatch.setattr(kept, "VERSION", kept.VERSION + 1)
    assert better_of(two, place) == after
    assert len(worked) == 3


@pytest.mark.parametrize("by", [None, {"part": ["x"] * 200 + ["y"] * 200}])
def test_what_is_told_is_read_back(place, evaluated, by) -> None:
    target = (X["a"] ** 2).rename("delay")
    pairs = [
        (evaluated("stump", STUMP), evaluated("line", LINE)),
        (
            evaluated("flat", DummyRegressor().fit(X, target), y=target),
            evaluated("slope", LinearRegression().fit(X, target), y=target),
        ),
    ]
    for left, right in pairs:
        found = compare_predictions(left, right, store=place, by=by)
        assert found.slices
        assert kept.from_dict(left, right, json.loads(encode(found.to_dict()))) == found


def test_a_store_that_can_only_be_read(place, two, worked) -> None:
    assert better_of(two, place, is_kept=False).verdict == "better"
    reader = open_store(place.path, read_only=True)
    assert better_of(two, reader).verdict == "better"
    assert place.verdicts(two[1]) == []
    better_of(two, place)
    assert better_of(two, reader).verdict == "better"
    assert len(worked) == 3, "what was kept is read"


def test_nothing_to_say(place, evaluated, two) -> None:
    for name in ("bare", "blank"):
        with track("flights", name, store=place):
            pass
    bare, blank = place.find("bare"), place.find("blank")
    assert better_of([bare, blank], place) is None
    assert better_of([bare, blank, bare], place) is None
    assert better_of([two[0], two[0]], place) is None
    assert better_of([bare, blank, place.find("bare")][:2], place) is None
    one_sided = better_of([two[0], bare], place)
    assert one_sided.sentence == (
        "bare was not evaluated, so there are no predictions to compare row by row. "
        "To know whether one is really better, evaluate both: %mlops evaluate MODEL X y."
    )
    assert [block.tone for block in one_sided.document().blocks[1:]] == ["quiet"]
    assert place.verdicts(bare) == []


def test_other_rows_and_private_runs_are_said_to_be(place, evaluated) -> None:
    left = evaluated("left", LINE)
    other, secret = evaluated("other", LINE, X=X[::-1], y=Y[::-1]), evaluated("secret", LINE, private=True)
    assert "differ between left and other, so nothing is compared" in repr(better_of([left, other], place))
    assert "secret kept no row-wise predictions" in better_of([left, secret], place).sentence
    assert place.verdicts(other) == place.verdicts(secret) == []


def cross_validated(
    place, name, scores, *, key="cv/test_score", fingerprint="f" * 64, splits="s" * 64, train_rows=4 * ROWS
):
    with track("flights", name, store=place) as run:
        for values in ([0.0] * 3, scores):
            run.record(CrossValidated(
                class_name="sklearn.linear_model.Ridge", folds=len(values), train_rows=train_rows, test_rows=ROWS,
                splits=splits, fingerprint=fingerprint, target_fingerprint=fingerprint,
                scores={key: tuple(values), "cv/fit_seconds": tuple(values)},
            ))
    return place.find(run.id)


def test_folds_are_compared_where_nothing_was_evaluated(place) -> None:
    left = cross_validated(place, "left", [0.80, 0.78, 0.82, 0.79, 0.81])
    right = cross_validated(place, "right", [0.83, 0.80, 0.83, 0.83, 0.83])
    found = better_of([left, right], place)
    assert found.sentence == "right is better by 0.024 cv/test_score [0.00276, 0.0452]."
    assert "corrected resampled t-test" in repr(found).replace("\n", " ")


def test_folds_that_are_not_compared_are_said_not_to_be(place) -> None:
    left = cross_validated(place, "left", [0.80, 0.78, 0.82, 0.79, 0.81])
    fewer = cross_validated(place, "fewer", [0.80, 0.78, 0.82])
    other = cross_validated(place, "other", [0.8] * 5, key="cv/test_roc_auc")
    elsewhere = cross_validated(place, "elsewhere", [0.8] * 5, fingerprint="e" * 64)
    assert [better_of([left, right], place).sentence for right in (fewer, other, elsewhere)] == [
        "Their cross-validations have different folds: one has 5, the other 3.",
        "Their cross-validations have no score in common: one has cv/test_score, the other cv/test_roc_auc.",
        "The cross-validations of the two are not known to be on the same data.",
    ]
    scores = [0.8, 0.7, 0.8, 0.7, 0.8]
    for right, why in (
        (cross_validated(place, "shuffled", scores, splits="o" * 64), "different rows in their folds"),
        (cross_validated(place, "smaller", scores, train_rows=2 * ROWS), "different rows in their folds"),
        (cross_validated(place, "unseen", scores, splits=None), "could not be seen how the folds of unseen were cut"),
    ):
        found = better_of([left, right], place)
        assert found.folds == ()
        assert why in found.sentence


def test_what_other_metrics_say_to_the_contrary_is_told(place, evaluated) -> None:
    two = evaluated("stump", STUMP), evaluated("shy", SHY)
    found = better_of(two, place)
    assert [(one.metric, one.verdict) for one in found.metrics][:2] == [("roc_auc", "better"), ("accuracy", "worse")]
    worse = [one.metric for one in found.metrics if one.verdict == "worse"]
    assert {"accuracy", "log_loss", "recall"} <= set(worse)
    assert found.verdict == "mixed"
    assert found.sentence.startswith("shy is better by ")
    assert f"], but worse by {worse[0]}, {worse[1]}, {worse[2]} and {len(worse) - 3} others" in found.sentence
    assert found.document().blocks[1].tone == "unknown"
    (judged,) = place.verdicts(two[1])
    assert (judged.verdict, judged.detail["verdict"], judged.detail["sentence"]) == ("unknown", "mixed", found.sentence)
    back = better_of(two[::-1], place)
    assert (back.verdict, back.sentence, place.verdicts(two[0])[0].verdict) == ("mixed", found.sentence, "unknown")
    only = compare_predictions("stump", "shy", store=place, metrics=["roc_auc", "precision"])
    assert only.verdict == "better", "what was not asked for says nothing"


def test_what_others_say_where_the_first_metric_says_nothing(place, evaluated) -> None:
    found = better_of((evaluated("line", LINE), evaluated("shy", SHY)), place)
    assert found.verdict == "not told apart"
    assert found.sentence.startswith("line and shy are not told apart by roc_auc: ")
    assert "]; line is better by accuracy, log_loss" in found.sentence
    assert found.sentence.endswith("; shy is better by precision.")
    assert place.verdicts(place.find("shy"))[0].verdict == "unknown"


def test_slices_are_told_by_the_metric_they_are_of(place) -> None:
    part = pd.Series(np.where(np.arange(ROWS) % 8 == 0, "EWR", "JFK"), name="origin")
    late = ((X["a"] > 0) ^ (np.random.default_rng(5).random(ROWS) < np.where(part == "EWR", 0.5, 0.1))).rename("late")
    shy = LogisticRegression().fit(X, late)
    shy.intercept_ -= 4
    for name, model in (("blind", LogisticRegression().fit(X, X["b"] > 0)), ("shy", shy)):
        with track("flights", name, store=place) as run:
            run.evaluate(model, X, late, by=part)
    found = better_of([place.find("blind"), place.find("shy")], place)
    assert found.verdict == "mixed"
    assert found.sentence.endswith("; on origin = EWR they are not told apart by roc_auc.")


def test_variants_that_other_metrics_contradict_have_not_won(place, evaluated, two, worked) -> None:
    shy = evaluated("shy", SHY)
    torn = better_of([two[0], shy, evaluated("same", STUMP)], place)
    assert not torn.is_won
    assert torn.sentence.startswith("shy is better than stump by roc_auc, but worse by accuracy, ")
    assert torn.document().blocks[1].tone == "unknown"
    assert "worse by accuracy, " in repr(torn)
    assert len(worked) == 2
    both = better_of([two[0], shy, two[1]], place)
    assert both.is_won
    assert both.sentence.startswith("line is better than stump by roc_auc; shy too, but worse by accuracy, ")
    told = {one["name"]: one["contrary"] for one in both.to_dict()["variants"]}
    assert (told["line"], told["shy"][0]) == ([], "accuracy")
    assert len(worked) == 3, "what was found of a pair is not worked out again"
    assert better_of([two[0], shy], place).sentence.startswith("shy is better by ")
    assert len(worked) == 3


def test_several_are_compared_with_the_first(place, evaluated, two) -> None:
    deep = evaluated("deep", DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, Y))
    found = better_of([*two, deep], place)
    assert isinstance(found, Variants)
    assert found.reference.name == "stump"
    assert "by roc_auc" in found.sentence
    assert {run.name for run, _ in found.variants} == {"line", "deep"}


def test_where_they_disagree_is_shown(place, two) -> None:
    found = better_of(two, place)
    assert len(found.disagreement.examples) == len(found.disagreement.answers) == 10
    for row, (truth, left, right) in zip(found.disagreement.examples, found.disagreement.answers, strict=True):
        assert (truth, left, right) == tuple(
            str(side) for side in (Y[row], STUMP.predict(X[row : row + 1])[0], LINE.predict(X[row : row + 1])[0])
        )
    html = found._repr_html_()
    assert "furthest apart" in html
    assert "more rows needed" in html


def test_groups_that_were_evaluated_are_compared(place) -> None:
    part = pd.Series(np.where(np.arange(ROWS) % 4 == 0, "EWR", "JFK"), name="origin")
    late = (X["a"] * np.where(part == "EWR", -1, 1) > 0).rename("late")
    other = LogisticRegression().fit(X[part == "EWR"], late[part == "EWR"])
    for name, model in (("baseline", other), ("boosted", LogisticRegression().fit(X, late))):
        with track("flights", name, store=place) as run:
            run.evaluate(model, X, late, by=part)
    found = better_of([place.find("baseline"), place.find("boosted")], place)
    assert found.sentence.startswith("boosted is better by ")
    assert found.sentence.endswith("; on origin = EWR it is not.")
    assert "baseline wins on 1 of them" in repr(found)


def test_groups_on_which_nothing_can_be_said_are_named(place) -> None:
    part = pd.Series(np.where(np.arange(ROWS) % 8 == 0, "EWR", "JFK"), name="origin")
    late = ((X["a"] > 0) ^ (np.random.default_rng(5).random(ROWS) < np.where(part == "EWR", 0.5, 0.1))).rename("late")
    blind = LogisticRegression().fit(X, X["b"] > 0)
    for name, model in (("baseline", blind), ("boosted", LogisticRegression().fit(X, late))):
        with track("flights", name, store=place) as run:
            run.evaluate(model, X, late, by=part)
    found = better_of([place.find("baseline"), place.find("boosted")], place)
    assert found.sentence.startswith("boosted is better by ")
    assert found.sentence.endswith("; on origin = EWR they are not told apart.")


def test_a_difference_says_which_is_better(place, two, capsys, monkeypatch) -> None:
    found = diff("stump", "line", store=place)
    assert found.better == compare_predictions("stump", "line", store=place)
    assert found.better.sentence in repr(found)
    assert diff("stump", "line", store=place, tests=False).better is None
    monkeypatch.setenv("MLOPS_STORE", str(place.path))
    main(["diff", "stump", "line"])
    assert found.better.sentence in capsys.readouterr().out
    main(["diff", "stump", "line", "--no-tests"])
    assert "is better by" not in capsys.readouterr().out


def test_equal_answers_take_one_sentence(place, evaluated, two) -> None:
    again = evaluated("again", LINE)
    found = better_of([two[1], again], place)
    assert found.is_same
    assert found.sentence == "Both answer the same in all 400 rows."
    assert len(found.document().blocks) == 2, "a title and a sentence"
    shown = repr(diff("line", "again", store=place))
    assert shown.count("Both answer the same") == 1
    assert "?" not in shown
    assert "interval" not in shown
    assert not better_of(two, place).is_same


def test_values_of_other_rows_are_neither_good_nor_bad(place, evaluated) -> None:
    evaluated("left", STUMP)
    evaluated("other", LINE, X=X[::-1], y=Y[::-1])
    for left, right in (("left", "other"), ("other", "left")):
        shown = repr(diff(left, right, store=place))
        assert "test/roc_auc" in shown
        assert "✓" not in shown
        assert "✕" not in shown
    assert "✓" in repr(diff("left", "other", store=place, tests=False))
