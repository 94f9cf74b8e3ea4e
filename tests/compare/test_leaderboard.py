"""The leaderboard: what it shows of many runs, what it leaves out and says so, and how a run is named everywhere."""

import json
import math

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from mlops_magics import runs, show, track
from mlops_magics.capture.numbers import metric_value
from mlops_magics.compare.leaderboard import SHOWN_METRICS, SHOWN_PARAMS
from mlops_magics.errors import ConditionError
from mlops_magics.faces.cli import main
from mlops_magics.records import Judged, Param, RunRevision, Tag


def header(board) -> list[str]:
    """The columns that are shown, in order."""
    (table,) = [block for block in board.document().blocks if hasattr(block, "columns")]
    return [column.name for column in table.columns]


def column(board, name: str) -> list[str]:
    """The cells under a heading, as they read."""
    from mlops_magics.look.cells import read_columns

    (table,) = [block for block in board.document().blocks if hasattr(block, "columns")]
    return [cell.text for cell in next(found for found in read_columns(table) if found.name == name).cells]


@pytest.fixture
def write(store):
    """Write a run with parameters that are marked as an estimator's own."""

    def one(name, *, said=(), left=(), metrics=(), parent=None, status="finished", experiment="flights", tags=()):
        run = store.new_run_id()
        journal = store.open_journal(run)
        journal.record(RunRevision(experiment=experiment, name=name, status="running", parent=parent))
        for key, value in dict(said).items():
            journal.record(Param(key=key, value=value))
        for key, value in dict(left).items():
            journal.record(Param(key=key, value=value, is_default=True))
        for key, value in dict(tags).items():
            journal.record(Tag(key=key, value=value))
        if metrics:
            journal.metrics({key: metric_value(key, value) for key, value in dict(metrics).items()}, None)
        journal.record(RunRevision(status=status))
        journal.close()
        return run

    return one


@pytest.mark.parametrize("folded", [False, True])
def test_defaults_of_unlike_models_take_no_column(folded, write, store) -> None:
    write("line", said={"model": "Line", "seed": 0}, left={"tol": 1e-4, "alpha": 1.0})
    write("tree", said={"model": "Tree", "seed": 0, "depth": 3}, left={"tol": 1e-7, "leaves": 31})
    write("deep", said={"model": "Tree", "seed": 0, "depth": 9}, left={"tol": 1e-7, "leaves": 31})
    if folded:
        store.fold()
    board = runs(store=store)
    assert header(board) == ["run", "status", "model", "depth", "started", "seconds"]
    assert "4 more parameters: add --columns all" in repr(board)
    everything = runs(columns=["all"], store=store)
    assert set(header(everything)) > {"status", "model", "depth", "tol", "alpha", "leaves", "seed"}
    assert "more parameters" not in repr(everything)
    assert "tol" in header(runs(columns=["tol"], store=store))


def test_a_default_that_somebody_said_elsewhere_is_compared(write, store) -> None:
    write("a", left={"tol": 0.1})
    run = write("b", left={"tol": 0.1})
    assert "tol" not in header(runs(store=store))
    store.record(run, Param(key="tol", value=0.5, is_default=False))
    assert "tol" in header(runs(store=store))
    store.record(run, Param(key="tol", value=0.7, is_default=True))
    assert "tol" not in header(runs(store=store)), "its newest version is a default again"


def test_columns_are_few_and_the_others_are_counted(write, store) -> None:
    for number in range(2):
        write(
            f"r{number}", said={f"p{index}": index + number for index in range(SHOWN_PARAMS + 1)},
            metrics={f"m{index}": 0.1 * index for index in range(SHOWN_METRICS + 2)},
        )  # fmt: skip
    board = runs(store=store)
    assert len(header(board)) == 4 + SHOWN_PARAMS + SHOWN_METRICS
    assert "1 more parameter, 2 more metrics: add --columns all" in repr(board)
    chosen = runs(columns=["m6", "p3"], store=store)
    assert header(chosen) == ["run", "m6", "p3"]
    assert "--columns all" not in repr(chosen)


def test_whole_numbers_have_no_decimals(write, store) -> None:
    write("a", said={"kind": "x"}, metrics={"candidates": 30, "auc": 1, "wide": 12000})
    write("b", said={"kind": "y"}, metrics={"candidates": 8, "auc": 0.25, "wide": math.inf})
    board = runs(store=store)
    assert column(board, "candidates") == ["8", "✓ 30"]
    assert column(board, "auc") == ["0.2500", "✓ 1.0000"]
    assert column(board, "wide")[1].endswith("12,000")
    groups = board.by("kind")
    assert column(groups, "candidates best") == ["✓ 30", "8"]
    assert column(groups, "auc mean") == ["✓ 1.0000", "0.2500"]


def test_what_was_asked_about_is_shown(write, store) -> None:
    metrics = {f"m{index}": 0.1 * index for index in range(SHOWN_METRICS + 2)}
    write("a", said={"depth": 1}, metrics=metrics)
    write("b", said={"depth": 2}, metrics=metrics)
    assert "m6" not in header(runs(store=store))
    for where in ("m6 > 0.5", "depth < 3 and metrics.m6 > 0.5", "metrics.m6 BETWEEN 0.5 AND 1"):
        assert "m6" in header(runs(where=where, store=store))
    assert "m6" not in header(runs(where="m0 < 0.5 and name != 'm66'", store=store))
    assert {"m5", "m6"} <= set(header(runs(where="m6 > 0", best="m5", store=store)))
    assert repr(runs(where="m6 > 2", store=store)) == "None of 2 runs has m6 > 2."
    assert repr(runs(where="m6 > 2", store=store).by("depth")) == "None of 2 runs has m6 > 2."


def test_no_run_is_the_best_of_several_experiments(write, store) -> None:
    for experiment, auc in (("flights", 0.6), ("flights", 0.7), ("trains", 0.9)):
        write("r", metrics={"auc": auc}, experiment=experiment)
    assert "✓" not in repr(runs(store=store))
    assert header(runs(store=store))[:3] == ["run", "experiment", "id"], "a narrow terminal repeats the first"
    assert column(runs("flights", store=store), "auc") == ["✓ 0.7000", "0.6000"]


def test_one_is_one(write, store) -> None:
    write("a", said={"kind": "x", "seed": 1}, metrics={f"m{index}": 0.5 for index in range(SHOWN_METRICS + 1)})
    assert "Runs · 1 run\n" in repr(runs(store=store))
    assert "2 more parameters, 1 more metric:" in repr(runs(store=store))
    assert "Runs · 1 run by kind" in repr(runs(store=store).by("kind"))
    write("b", said={"kind": "x"})
    assert "1 more run: " in repr(runs(limit=1, store=store))


def test_searches_are_folded_and_trouble_is_marked(write, store) -> None:
    search = write("search", metrics={"auc": 0.7})
    for number in range(3):
        write(f"candidate {number}", parent=search, metrics={"auc": 0.5 + 0.1 * number})
    failed = write("broken", status="failed")
    write("cut", status="interrupted")
    store.record(
        failed,
        Judged(question="notebook", subject="n", verdict="fail", detail={"sentence": "2 cells ran out of order"}),
    )
    board = runs(store=store)
    assert column(board, "run") == ["cut", "broken", "search (+3)"]
    assert column(board, "status") == ["? interrupted", "✕ failed", "finished"]
    assert "broken: 2 cells ran out of order" in repr(board)
    assert len(board.ids) == 6
    assert "3 runs and 3 parts of them by status" in repr(board.by("status"))
    assert column(runs(where="name contains 'candidate'", best="auc", store=store), "run") == [
        "candidate 2", "candidate 1", "candidate 0",
    ]  # fmt: skip


def test_candidates_can_be_shown_below_their_search(write, store) -> None:
    search = write("search", metrics={"auc": 0.7})
    for number in range(3):
        write(f"search.{number}", parent=search, said={"depth": number}, metrics={"mean": 0.5 + 0.1 * (number % 2)})
    write("plain", metrics={"auc": 0.6})
    folded = runs(store=store)
    assert "3 parts of them folded, as (+N): add --children" in repr(folded)
    board = runs(children=True, store=store)
    assert column(board, "run") == ["plain", "search", "└ search.0", "└ search.1", "└ search.2"]
    assert column(board, "mean") == ["–", "–", "0.5000", "✓ 0.6000", "0.5000"]
    assert "depth" in header(board)
    assert "Runs · 2 runs and 3 parts of them\n" in repr(board)
    assert "folded" not in repr(board)
    assert "3 more runs: add --limit 5" in repr(runs(children=True, limit=2, store=store))
    best = runs(children=True, best="mean", store=store)
    assert column(best, "run")[:2] == ["search.1", "search.2"], "the best of all, wherever it stands"


def test_metrics_come_before_what_was_tried_and_when(write, store) -> None:
    for number in range(4):
        write(
            f"r{number}", said={"depth": number},
            metrics={"train/loss": number, "epochs": 9, **({"val/loss": number} if number else {})},
        )  # fmt: skip
    board = runs(store=store)
    assert header(board) == ["run", "status", "val/loss", "train/loss", "epochs", "depth", "started", "seconds"]
    assert column(board, "epochs") == ["9"] * 4, "none has a better one"
    write("r4", metrics={"rare": 1})
    assert header(runs(store=store))[2:6] == ["val/loss", "train/loss", "epochs", "rare"]


def test_metrics_stand_in_one_order_everywhere(store, tmp_path) -> None:
    from sklearn.linear_model import LogisticRegression

    from mlops_magics import diff, export, load_bundle
    from mlops_magics.compare.difference import diff_matrix

    X = np.random.default_rng(0).normal(size=(60, 2))
    for at, name in enumerate(("a", "b", "c")):
        with track("flights", name, store=store) as run:
            model = LogisticRegression(C=10.0**-at).fit(X, X[:, 0] + X[:, 1] / 2 > 0.3)
            run.evaluate(model, X[10:], X[10:, 0] + np.roll(X[10:, 1], 1) > 0)
            run.log({"train/loss": 0.1 + at, "mine": 0.5 + at})
    told = [key for key in header(runs(store=store)) if "/" in key or key == "mine"]
    assert told[:3] == ["mine", "test/roc_auc", "test/accuracy"]

    def listed(text: str) -> list[str]:
        found = [line.split()[0].strip("-:") if line.strip() else "" for line in text.replace("- ", "").splitlines()]
        return [key for key in found if key in told]

    assert listed(repr(show("a", store=store))) == told
    assert listed(repr(diff("a", "b", store=store, tests=False))) == told
    assert listed(repr(diff_matrix(["a", "b", "c"], store, tests=False))) == told
    export("a", tmp_path / "bundle", store=store)
    of_model = [key for key in told if key.startswith("test/")]
    assert listed((tmp_path / "bundle" / "README.md").read_text())[: len(of_model)] == of_model
    assert listed(repr(load_bundle(tmp_path / "bundle")))[: len(of_model)] == of_model


def test_a_whole_number_among_shares_is_a_count(write, store) -> None:
    write("a", metrics={"candidates": 9, "auc": 0.25, "accuracy": 1.0})
    told = {line.split()[0]: line.split()[1] for line in repr(show("a", store=store)).splitlines() if "  " in line}
    assert (told["candidates"], told["accuracy"]) == ("9", "1.00")


def test_conditions_of_the_language_and_sql_choose_among_thousands(write, store) -> None:
    import duckdb

    for number in range(20):
        write(f"r{number}", said={"depth": number}, metrics={"auc": number / 20}, tags={"team": "ops" * (number % 2)})
    store.fold()
    with duckdb.connect(str(store.path / "main.duckdb")) as connection:
        for table in ("run_revs", "param_revs", "tag_revs", "metrics", "metric_sums"):
            connection.execute(
                f"""INSERT INTO {table} SELECT run || '-' || copy AS run, * EXCLUDE (run, copy)
                    FROM {table}, range(1, 100) AS copies(copy)"""
            )
    assert len(runs(store=store).ids) == 2000
    for where in (
        "auc > 0.7 and params.depth <= 17 and tag.team = 'ops'",
        "metrics.auc > 0.7 AND params.depth BETWEEN 0 AND 17 AND id IN (SELECT run FROM tags WHERE value = 'ops')",
    ):
        board = runs(where=where, best="auc", store=store)
        assert {run.rsplit("-", 1)[0] for run in column(board, "run")} == {"r17"}
        assert len(board.ids) == 200
    by = runs(where="depth < 3", store=store).by("depth")
    assert [(group.value, group.runs) for group in by.groups] == [(0, 100), (1, 100), (2, 100)]
    with pytest.raises(ConditionError, match=r"Did you mean 'params\.depth'"):
        runs(where="params.depht > 1", store=store)


# -- what names a run ------------------------------------------------------------------------------------------------


@pytest.fixture
def named(store):
    """Three runs of two experiments, of which the second one of flights is the best."""
    X = np.arange(40.0).reshape(-1, 1)
    for experiment, name, auc in (("flights", "weak", 0.6), ("flights", "strong", 0.7), ("trains", "other", 0.9)):
        with track(experiment, name, store=store, params={"name": name}) as run:
            run.evaluate(LinearRegression().fit(X, X[:, 0]), X, X[:, 0])
            run.log(auc=auc)
    return store


MEANT = {
    "@best:auc": "other", "@last": "other", "flights/@best:auc": "strong", "flights@best:auc": "strong",
    "flights@best:auc:min": "weak", "flights@last": "strong", "flights/@last": "strong", "trains@last": "other",
}  # fmt: skip


@pytest.mark.parametrize("reference", MEANT)
def test_a_reference_means_the_same_everywhere(reference, named, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("MLOPS_STORE", str(named.path))
    meant = MEANT[reference]
    assert named.find(reference).name == meant
    assert show(reference, store=named).run.name == meant

    def told(*words):
        assert main([*words, "--json"]) in {0, 1}
        return json.loads(capsys.readouterr().out)

    assert told("show", reference)["run"]["name"] == meant
    assert told("diff", reference, "weak", "--no-tests")["left"]["name"] == meant
    assert main(["tag", "seen=yes", "--run", reference]) == 0
    assert named.tags(meant) == {"seen": "yes"}
    capsys.readouterr()
    assert main(["export", reference, str(tmp_path / "bundle")]) == 0
    assert main(["replay", reference, str(tmp_path / "x.ipynb"), "--notebook-only"]) == 2
    assert "there is no" not in capsys.readouterr().err
    (tmp_path / "new.csv").write_text("x0\n1\n2\n")
    main(["drift", str(tmp_path / "new.csv"), "--against", reference])
    assert "there is no" not in capsys.readouterr().err


def test_the_name_of_a_run_may_hold_what_names_runs(write, store) -> None:
    run = write("a@last")
    write("b")
    assert store.find("a@last").id == run


def test_the_best_of_a_group_reads_as_its_mean_does(store) -> None:
    for depth, accuracies in ((2, (1.0, 0.5)), (4, (1.0, 1.0))):
        for at, accuracy in enumerate(accuracies):
            with track("flights", f"d{depth}-{at}", store=store, params={"depth": depth}) as run:
                run.log(accuracy=accuracy, trees=30.0 + at)
    board = runs(store=store).by("depth")
    assert column(board, "accuracy best") == ["1.0000", "1.0000"], "none is better than the other"
    assert column(board, "accuracy mean") == ["0.7500", "✓ 1.0000"]
    assert column(board, "trees best") == ["31", "31"]


def test_a_parameter_that_holds_others_is_asked_by_path(write, store) -> None:
    for number, flip in enumerate((True, False, True)):
        crop = {"share": number / 2}
        write(f"r{number}", said={"augment": {"flip": flip, "crop": crop}}, metrics={"auc": number / 4})
    write("none", said={"other": 1})
    write("odd", said={"augment": math.nan})
    for where, wanted in {
        "augment.flip = true": {"r0", "r2"}, "params.augment.flip != true": {"r1"},
        "augment.crop.share >= 0.5": {"r1", "r2"},
        "augment.flip is missing": {"none", "odd"}, "augment.flip = true and auc > 0.1": {"r2"},
    }.items():  # fmt: skip
        assert set(column(runs(where=where, store=store), "run")) == wanted, where
    board = runs(columns=["augment.flip", "params.augment.crop.share"], store=store)
    assert header(board) == ["run", "augment.flip", "augment.crop.share"]
    assert column(board, "augment.flip") == ["–", "–", "True", "False", "True"]
    by = runs(store=store).by("augment.flip")
    assert {(group.value, group.runs) for group in by.groups} == {(True, 2), (False, 1), (None, 2)}
    assert by.by == "params.augment.flip"
    with pytest.raises(ConditionError, match=r"Did you mean 'params\.augment\.flip'|Did you mean 'augment\.flip'"):
        runs(where="augment.flipp = true", store=store)
    with pytest.raises(ConditionError, match=r"there is no other\.x"):
        runs(where="other.x = 1", store=store)
    assert "params.augment.flip" in store.names().all()


def test_of_different_rows_none_is_best(store) -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = X[:, 0] + np.roll(X[:, 1], 1)
    for name, rows in (("a", slice(0, 30)), ("b", slice(0, 30)), ("other", slice(30, 60))):
        with track("flights", name, store=store) as run:
            some = slice(20 if name == "b" else 60)
            run.evaluate(LinearRegression().fit(X[some], y[some]), X[rows], y[rows])
            columns = slice(1 if name == "b" else 2)
            run.evaluate(LinearRegression().fit(X[:, columns], y), X[:, columns], y, split="all")
            run.log(cost={"a": 1, "b": 2, "other": 3}[name])
    board = runs(store=store)
    assert "✓" not in "".join(column(board, "test/mae"))
    assert column(board, "cost") == ["✓ 3", "2", "1"], "what was logged by hand is not of these rows"
    assert "? test: evaluated on 2 different sets of rows, so none is marked as best" in repr(board)
    assert "✓" in "".join(column(runs(columns=["all/mae"], store=store), "all/mae")), "rows, whatever their columns"
    assert "? all:" not in repr(board)
    same = runs(where="name != 'other'", store=store)
    assert "✓" in "".join(column(same, "test/mae"))
    assert "sets of rows" not in repr(same)
