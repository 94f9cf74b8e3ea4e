"""A run's parameters are those of its model and what the person said: not those of whatever else was fitted in it."""


from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import StandardScaler

from mlops_magics import diff, show, track
from mlops_magics.compare.leaderboard import runs
from mlops_magics.store.selection import Selection

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 2)), columns=["a", "b"])
Y = (X["a"] > 0).to_numpy()


def trees() -> ExtraTreesClassifier:
    return ExtraTreesClassifier(3, max_depth=2).fit(X, Y)


@pytest.fixture
def cell(session):
    """What is done in one cell of a notebook."""

    def execute(*acts):
        info = SimpleNamespace(raw_cell="", cell_id=None, store_history=True)
        result = SimpleNamespace(info=info, error_before_exec=None, error_in_exec=None, result=None, execution_count=1)
        session._shell.events.trigger("pre_run_cell", info)
        found = [act() for act in acts]
        session._shell.events.trigger("post_run_cell", result)
        return found

    return execute


def everywhere(store, name: str) -> dict:
    """The parameters by each way there is to ask for them; they must be the same."""
    run = store.find(name)
    found = store.params(run)
    assert store.params_of([run])[run.id] == found
    frame = store.runs(where=f"name = '{name}'")
    told = {column.removeprefix("params."): frame[column][0] for column in frame if column.startswith("params.")}
    assert set(told) == set(found)
    survey = store.survey(Selection(where=f"name = '{name}'"), limit=5)
    assert dict(survey.rows[0].params) == found
    assert survey.params.keys() == found.keys()
    assert dict(show(run, store).params) == found
    assert {key for key in found if key in store.names()._keys["params"]} == set(found)
    return found


def test_the_newest_models_are_the_runs_and_the_former_ones_stay_with_their_fits(session, cell, store) -> None:
    cell(trees)
    assert store.params(session.run.id)["n_estimators"] == 3
    cell(lambda: Ridge(alpha=2.0).fit(X, Y), lambda: StandardScaler().fit(X))
    session.end()
    params = everywhere(store, "baseline")
    assert (params["model"], params["alpha"]) == ("Ridge", 2.0)
    assert params.keys() == {"model", *Ridge().get_params()}
    assert [fit.params.get("n_estimators") for fit in store.fits("baseline")] == [3, None, None]
    kept = store.sql("SELECT value FROM param_revs WHERE key = 'n_estimators' ORDER BY time")["value"]
    assert kept[0] == "3"
    assert len(kept) == 2
    assert "n_estimators" not in store.default_params("baseline")


def test_a_model_that_was_evaluated_or_kept_is_the_runs_whatever_is_fitted_after(session, cell, store) -> None:
    model = LogisticRegression(C=0.5).fit(X, Y)
    cell(lambda: session.run.evaluate(model, X, Y), trees)
    assert store.params(session.run.id)["C"] == 0.5
    assert "n_estimators" not in store.params(session.run.id)
    (forest,) = cell(trees)
    cell(lambda: session.run.artifact(forest, "model"))
    found = store.params(session.run.id)
    assert (found["model"], found["n_estimators"]) == ("ExtraTreesClassifier", 3)
    assert "C" not in found


def test_cross_validation_tells_of_the_model_until_one_is_fitted(session, cell, store) -> None:
    cell(lambda: cross_val_score(LogisticRegression(C=3), X, Y, cv=2))
    assert store.params(session.run.id)["C"] == 3
    cell(lambda: Ridge().fit(X, Y))
    cell(lambda: cross_val_score(LogisticRegression(C=4), X, Y, cv=2))
    assert "C" not in store.params(session.run.id)
    assert store.params(session.run.id)["model"] == "Ridge"


def test_what_the_person_said_stays(session, cell, store) -> None:
    session.run.params(n_estimators=100, source="july", alpha=None)
    cell(trees)
    assert store.params(session.run.id)["n_estimators"] == 100
    cell(lambda: Ridge(alpha=5).fit(X, Y))
    session.end()
    params = everywhere(store, "baseline")
    assert (params["n_estimators"], params["source"], params["alpha"]) == (100, "july", None)
    assert "max_depth" not in params


def test_what_a_search_chose_stays_with_what_it_chose(session, cell, store) -> None:
    (search,) = cell(lambda: GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, Y))
    best = search.best_params_["C"]
    assert store.params(session.run.id)["best.C"] == best
    session.run.evaluate(search.best_estimator_, X, Y)
    found = store.params(session.run.id)
    assert (found["best.C"], found["model"], "estimator" in found) == (best, "LogisticRegression", False)
    session.run.evaluate(LogisticRegression(C=77).fit(X, Y), X, Y)
    assert "best.C" not in store.params(session.run.id)
    session.run.evaluate(search, X, Y)
    assert store.params(session.run.id)["best.C"] == best


def test_a_run_that_goes_on_still_knows_whose_they_were(store) -> None:
    with pytest.raises(RuntimeError), track("flights", "r", store=store, params={"mine": 1}) as run:  # noqa: PT012
        run.evaluate(trees(), X, Y)
        raise RuntimeError
    with track("flights", "r", store=store, resume=True) as run:
        run.evaluate(Ridge().fit(X, Y), X, Y)
    found = everywhere(store, "r")
    assert (found["mine"], found["model"], "n_estimators" in found) == (1, "Ridge", False)


def test_two_runs_do_not_differ_in_what_was_withdrawn(session, cell, store) -> None:
    cell(trees)
    cell(lambda: Ridge().fit(X, Y))
    session.end()
    with track("flights", "plain", store=store) as run:
        run.evaluate(Ridge().fit(X, Y), X, Y)
    assert diff("baseline", "plain", store=store).params == ()
    assert "n_estimators" not in repr(runs(store=store))
    assert store.runs(where="params.n_estimators = 3").empty


def test_folded_and_unfolded_are_the_same(session, cell, store) -> None:
    cell(trees)
    cell(lambda: Ridge().fit(X, Y))
    session.end()
    before = everywhere(store, "baseline")
    store.fold()
    assert everywhere(store, "baseline") == before


