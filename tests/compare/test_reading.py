"""The leaderboard, the page of a run, and what a store holds."""

import json
import math
import re

import pytest

from mlops_magics import runs, track
from mlops_magics.compare.holdings import holdings
from mlops_magics.compare.page import show
from mlops_magics.errors import DataError, RunNotFound, StoreError
from mlops_magics.records import Artifact, Dataset, Judged


def names(board) -> list[str]:
    return board.frame["name"].tolist()


def test_an_empty_store(store) -> None:
    board = runs(store=store)
    assert "No runs yet" in repr(board)
    assert board.to_dict() == {"runs": []}
    with pytest.raises(DataError, match="no run has a metric 'auc'"):
        runs(best="auc", store=store)
    with pytest.raises(RunNotFound):
        show("@last", store=store)
    assert set(holdings(store).counts.values()) == {0}
    assert not store.path.exists()


def test_the_best_come_first_whatever_best_means(add, store) -> None:
    for name, auc, loss in (("a", 0.7, 0.2), ("b", 0.9, 0.3), ("c", math.nan, 0.1), ("d", 0.9, math.inf)):
        add(name, metrics={"auc": auc, "val_loss": loss})
    add("e")
    assert names(runs(store=store)) == ["e", "d", "c", "b", "a"], "newest first"
    assert names(runs(best="auc", store=store)) == ["d", "b", "a", "e", "c"], "of equals the newest first"
    assert names(runs(best="val_loss", store=store))[:4] == ["c", "a", "b", "d"]
    assert "best auc first" in repr(runs(best="auc", store=store))
    with pytest.raises(DataError, match="Did you mean 'auc'"):
        runs(best="acu", store=store)


def test_which_runs_and_how_many(add, store) -> None:
    for number in range(5):
        experiment = "flights" if number else "trains"
        add(f"r{number}", experiment=experiment, params={"depth": number}, metrics={"auc": number})
    assert names(runs("trains", store=store)) == ["r0"]
    assert names(runs(where="params.depth > 2 AND metrics.auc < 4", store=store)) == ["r3"]
    assert names(runs("flights", where="metrics.auc <= 2", best="auc", store=store)) == ["r2", "r1"]
    with pytest.raises(RunNotFound, match=r"no experiment 'train'\. Did you mean 'trains'"):
        runs("train", store=store)
    board = runs(limit=2, store=store)
    assert "3 more runs: add --limit 5" in repr(board)
    assert len(board.to_dict()["runs"]) == 5
    assert "r4" in repr(runs(limit=0, store=store))
    with pytest.raises(StoreError, match=r"params\.depth"):
        runs(where="params.depht > 2", store=store)


def test_a_board_shows_what_tells_runs_apart(add, store) -> None:
    add("a", params={"depth": 1, "seed": 0, "kind": [1, 2]}, metrics={"auc": 0.25, "test/f1": 0.5})
    add("b", params={"depth": 2, "seed": 0, "kind": None}, metrics={"auc": 0.75}, status="failed")
    text = repr(runs(store=store))
    header = next(line for line in text.splitlines() if "status" in line)
    assert "depth" in header
    assert "seed" not in header
    assert "failed" in text
    told = runs(store=store).to_dict()["runs"]
    assert json.loads(json.dumps(told))[1]["params.kind"] == [1, 2]
    assert "metrics.test/f1" not in told[0], "what a run does not have is not there"
    html = runs(store=store)._repr_html_()
    assert re.search(r"0\.7500", html)


def test_a_text_is_a_text(add, store) -> None:
    add("a", params={"word": "NaT"})
    add("b", params={"word": "nan"})
    assert [row["params.word"] for row in runs(store=store).to_dict()["runs"]] == ["nan", "NaT"]


def test_markup_stays_text(add, store) -> None:
    hostile = "<script>alert(1)</script>"
    add("a", params={hostile: hostile}, metrics={hostile: 1.0}, cells=[hostile])
    add("b", params={hostile: 1}, cells=["x"])
    from mlops_magics import diff

    for result in (runs(store=store), show("a", store=store), diff("a", "b", store=store)):
        assert "<script" not in result._repr_html_()
        assert repr(result)


def test_the_page_of_a_run(add, store) -> None:
    table = Dataset(name="X", role="fit", fingerprint="f" * 64, rows=10, columns={"a": "number"})
    run = add(
        "baseline", params={"depth": 2, "odd": [1, None]}, metrics={"auc": 0.5, "loss": math.nan}, cells=["x = 1"],
        tables=[table], packages={"duckdb": "1"}, git={"git_commit": "a" * 40, "git_dirty": True},
    )  # fmt: skip
    store.record(
        run.id,
        Artifact(name="model", type="model", sha256="e" * 64, size_bytes=7, detail={"class": "Ridge"}),
        Judged(question="drift", subject="july", verdict="fail", detail={"columns": ["a"]}),
    )
    page = show("@last", store=store)
    text = repr(page)
    for part in ("flights / baseline", "depth", "auc", "with uncommitted changes", "july", "fail", "1 artifact"):
        assert part in text, part
    told = page.to_dict()
    assert json.loads(json.dumps(told, allow_nan=True))
    own = {"id": run.id, "experiment": "flights", "name": "baseline", "status": "finished"}
    assert told["run"].items() > own.items()
    assert told["run"]["started"] < told["run"]["ended"]
    assert told["run"]["ended"].endswith("Z"), "times of the store are UTC"
    assert told["datasets"][0]["columns"] == {"a": "number"}, "no JSON within JSON"
    assert told["artifacts"][0]["detail"] == {"class": "Ridge"}
    assert told["verdicts"][0]["detail"] == {"columns": ["a"]}
    assert told["environment"]["git_commit"] == "a" * 40
    assert "git_branch" not in told["environment"]
    assert told["cells"] == ["x = 1"]
    assert "x = 1" in re.sub(r"<[^>]*>", "", page._repr_html_())


def test_a_running_run(store) -> None:
    with track("flights", "baseline", store=store) as run:
        run.tag(team="ops")
        run.note("so far so good")
        text = repr(show("baseline", store=store))
        assert "running" in text
        assert "team: ops" in text
        assert "so far so good" in text
        assert "seconds" not in runs(store=store).to_dict()["runs"][0]
        assert "running" in repr(runs(store=store))


def test_holdings(add, store) -> None:
    add("a", params={"x": 1}, metrics={"auc": 1.0, "loss": 2.0}, cells=["x", "y"])
    store.keep_blob(b"12345")
    before = holdings(store)
    assert before.counts["runs"] == 1
    assert before.counts["metric points"] == 2
    assert before.counts["cells"] == 2
    assert before.blob_bytes >= 5
    store.fold()
    after = holdings(store)
    assert after.counts == before.counts
    assert after.waiting_bytes == 0
    assert after.to_dict()["counts"] == dict(after.counts)
    assert "metric points" in repr(after)
    (store.path / "quarantine").mkdir(exist_ok=True)
    (store.path / "quarantine" / "x.txt").write_text("?")
    assert "quarantine/" in repr(holdings(store))


def test_a_table_has_one_row_for_each_of_its_roles(store) -> None:
    with track("flights", "thrice", store=store) as run:
        for digest in "aaab":
            run.record(Dataset(name="X", role="test", fingerprint=digest * 64, rows=3, columns={"x": "number"}))
        run.record(Dataset(name="X", role="fit", fingerprint="a" * 64, rows=3, columns={"x": "number"}))
    page = show("thrice", store=store)
    rows = [line.split() for line in repr(page).splitlines() if line.startswith("X ")]
    assert [(row[1], row[-1][0]) for row in rows] == [("test", "a"), ("test", "b"), ("fit", "a")]
    assert len(page.to_dict()["datasets"]) == 5
