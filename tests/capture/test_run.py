"""A run from its beginning to its end, resumed, failed, and empty."""

import math
import warnings

import pytest

from mlops_magics import track
from mlops_magics.errors import CommandError, MlopsError, RunNotFound, ValueNotRecorded


def test_what_was_given_is_what_is_there(store) -> None:
    given = {"params": {"C": 1.0, "layers": (4, 2)}, "tags": {"team": "ops"}, "source": "a.py"}
    run = track("flights", "baseline", store=store, **given)
    run.params({"odd name/ü": None}, C=2)
    run.tag(ticket=17)
    run.note("a sentence")
    run.end()
    found = store.find("flights/baseline")
    assert (found.id, found.status, found.source) == (run.id, "finished", "a.py")
    assert store.params(found) == {"C": 2, "layers": [4, 2], "odd name/ü": None}
    assert store.tags(found) == {"team": "ops", "ticket": "17"}
    assert run.to_dict() == {"id": run.id, "experiment": "flights", "name": "baseline", "status": "finished"}
    assert "is finished" in repr(run)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "@last", "x" * 101, "a\nb", "\t"])
def test_names_that_cannot_be(name, store) -> None:
    with pytest.raises(CommandError, match="cannot be the name of an experiment"):
        track(name, store=store)
    with pytest.raises(CommandError, match="cannot be the name of a run"):
        track("flights", name, store=store)
    assert store.all_runs() == []


def test_params_are_any_value(run, store) -> None:
    class Odd:
        def __repr__(self) -> str:
            return "Odd(\ud800)"

    values = {"nan": math.nan, "big": 10**50, "list": [1, [2.5, None]], "odd": Odd(), "set": {2, 1}}
    run.params(values, long="x" * 2_000_000)
    found = store.params(run.id)
    assert repr(found["nan"]) == "nan"
    assert (found["big"], found["list"], found["set"]) == (10**50, [1, [2.5, None]], [1, 2])
    assert "Odd(" in found["odd"]
    assert len(found["long"]) == 2_000_000


def test_a_block_that_fails_says_why(store) -> None:
    with pytest.raises(ValueError, match="no flights"), track("flights", "baseline", store=store) as run:  # noqa: PT012
        run.log(auc=0.5)
        raise ValueError("no flights")
    found = store.find("baseline")
    assert (found.status, found.message) == ("failed", "ValueError: no flights")
    assert store.metrics(found) == {"auc": 0.5}


def test_ending_twice_changes_nothing(store) -> None:
    run = track("flights", "baseline", store=store)
    run.end("failed", "gave up")
    ended = store.find("baseline").ended
    run.end()
    with run:
        pass
    found = store.find("baseline")
    assert (found.status, found.message, found.ended) == ("failed", "gave up", ended)


@pytest.mark.parametrize("status", ["done", "running", "interrupted", "", None])
def test_a_run_ends_in_one_of_two_ways(status, store) -> None:
    with track("flights", "baseline", store=store) as run, pytest.raises(ValueNotRecorded, match="does not end as"):
        run.end(status)
    assert store.find("baseline").status == "finished"


def test_resume(store) -> None:
    with pytest.raises(RunNotFound, match="to resume"):
        track("flights", "baseline", store=store, resume=True)
    with pytest.raises(RuntimeError), track("flights", "baseline", store=store, params={"C": 1}) as first:  # noqa: PT012
        first.log(loss=0.5, step=1)
        raise RuntimeError("out of memory")
    with track("flights", "other", store=store):
        pass
    with track("flights", "baseline", store=store, resume=True) as second:
        assert second.id == first.id
        assert store.find("baseline").status == "running"
        with pytest.raises(MlopsError, match="is running somewhere"):
            track("flights", "baseline", store=store, resume=True)
        second.log(loss=0.25, step=2)
    found = store.find("baseline")
    assert (found.status, bool(found.message)) == ("finished", False)
    assert store.history(found)["value"].tolist() == [0.5, 0.25]
    assert store.params(found) == {"C": 1}
    with pytest.raises(RunNotFound, match="Did you mean 'baseline'"):
        track("flights", "basline", store=store, resume=True)
    with pytest.raises(RunNotFound, match="trains has no run to resume"):
        track("trains", store=store, resume=True)
    with track("flights", store=store, resume=True) as newest:
        assert newest.name == "other"


def test_a_name_used_again_is_a_new_run_and_means_the_newest(store) -> None:
    ids = []
    for auc in (0.5, 0.6):
        with track("flights", "baseline", store=store) as run:
            run.log(auc=auc)
            ids.append(run.id)
    assert len(set(ids)) == 2
    assert store.find("baseline").id == ids[1]
    assert store.metrics(ids[0]) == {"auc": 0.5}


def test_the_environment_of_a_run_that_is_over_at_once_still_arrives(store, settle) -> None:
    for number in range(9):
        track("flights", f"empty{number}", store=store).end()
    settle()
    for number in range(9):
        assert store.environment(f"empty{number}").python
        assert store.find(f"empty{number}").status == "finished"


def test_a_store_that_went_away_does_not_hurt(store, tmp_path) -> None:
    run = track("flights", "baseline", store=store)
    (tmp_path / ".mlops").rename(tmp_path / "elsewhere")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        for step in range(3):
            run.log(loss=1.0, step=step)
        run.end()
    from mlops_magics import open_store

    assert open_store(tmp_path / "elsewhere").metrics("baseline") == {"loss": 1.0}
