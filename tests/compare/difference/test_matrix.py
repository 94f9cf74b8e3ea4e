"""Several variants side by side: whatever differs among any of them, and nothing else."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_magics import track
from mlops_magics.compare.difference import Variant, diff_matrix, difference
from mlops_magics.compare.difference.matrix import matrix_rows
from mlops_magics.compare.difference.sameness import same
from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.records import Dataset

from .strategies import VARIANTS


def table(digest: str, rows: int = 10) -> Dataset:
    return Dataset(name="X", role="fit", fingerprint=digest * 64, content=digest * 32, rows=rows, columns={"a": "text"})


def test_a_column_per_variant_and_a_row_for_what_differs(add, store) -> None:
    one, two = {"git_commit": "a" * 40, "git_dirty": False}, {"git_commit": "b" * 40, "git_dirty": False}
    add("a", params={"depth": 2, "seed": 0, "opt": {"lr": 0.1, "eps": 1}}, metrics={"auc": 0.7, "val_loss": 0.3},
        cells=["x = 1"], tables=[table("e")], packages={"numpy": "1", "duckdb": "1"}, git=one)
    add("b", params={"depth": 2, "seed": 0, "opt": {"lr": 0.2, "eps": 1}}, metrics={"auc": 0.9, "val_loss": 0.4},
        cells=["x = 2"], tables=[table("f", 11)], packages={"numpy": "2", "duckdb": "1"}, git=two)
    add("c", params={"depth": True, "seed": 0}, metrics={"auc": 0.9, "val_loss": math.nan},
        cells=["x = 1"], tables=[table("e")], packages={"numpy": "1", "duckdb": "1"}, git=one)
    found = diff_matrix(["a", "b", "c"], store, tests=False)
    rows = {row.key: row for row in found.rows}
    assert set(rows) == {
        "auc", "val_loss", "depth", "opt.lr", "opt.eps", "fit", "cells that differ", "packages that differ",
        "git commit",
    }  # fmt: skip
    assert rows["auc"].best == (1, 2)
    assert rows["val_loss"].best == (0,), "a small loss is the good one, and NaN is none"
    assert rows["depth"].values == (2, 2, True)
    assert rows["opt.lr"].values == (0.1, 0.2, None)
    assert rows["opt.lr"].has == (True, True, False)
    assert rows["cells that differ"].values == rows["packages that differ"].values == (0, 1, 0)
    two_only = diff_matrix(["a", "b"], store, tests=False)
    assert [row.key for row in two_only.rows if row.part == "parameter"] == ["opt.lr"], "nested ones by path"
    text = repr(found)
    assert "3 variants" in text
    metric = next(line for line in text.splitlines() if line.startswith("auc "))
    assert metric.split() == ["auc", "0.7000", "✓", "0.9000", "✓", "0.9000"], "the decimals of a row agree"
    assert "seed" not in text
    assert "bbbbbbbbbbbb" in text
    assert "bbbbbbbbbbbbb" not in text
    assert json.loads(json.dumps(found.to_dict()))["rows"][0]["key"] == "val_loss"
    assert "<table" in found._repr_html_()
    with pytest.raises(DataError, match="Did you mean 'depth'"):
        found.row("dept")


def test_defaults_that_only_some_have_are_folded(store) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.tree import DecisionTreeRegressor

    for model in (Ridge(alpha=0.5), DecisionTreeRegressor(max_depth=2)):
        with track("flights", type(model).__name__.lower(), store=store) as run:
            run.evaluate(model.fit([[0.0], [1.0], [2.0]], [1, 2, 4]), [[0.0], [1.0]], [1, 2])
    found = diff_matrix(["ridge", "decisiontreeregressor"], store, tests=False)
    usual = {row.key for row in found.rows if row.is_default}
    assert {"solver", "splitter"} <= usual
    assert not usual & {"alpha", "max_depth", "model"}
    assert f"{len(usual)} defaults that not all of them have" in repr(found)
    assert found.row("class").values[0] == "sklearn.linear_model.Ridge"


def test_equal_names_and_unknown_ones(add, store) -> None:
    runs = [add("same", params={"depth": depth}) for depth in (1, 2)]
    found = diff_matrix(runs, store)
    assert found.names == tuple(f"same ({run.short_id})" for run in runs)
    assert "Nothing that was recorded differs" in repr(diff_matrix([runs[0], runs[0]], store))
    with pytest.raises(DataError, match="1 run cannot be compared"):
        diff_matrix(runs[:1], store)
    with pytest.raises(RunNotFound):
        diff_matrix([runs[0], "nobody"], store)


@settings(max_examples=80, deadline=None)
@given(st.lists(VARIANTS, min_size=2, max_size=4))
def test_a_row_for_all_that_differs_from_the_first(several) -> None:
    rows = matrix_rows(several)
    found = [difference(several[0], other) for other in several[1:]]
    told = {row.key for row in rows if row.part == "metric"}
    assert told == {change.key for one in found for change in one.metrics}
    assert bool([row for row in rows if row.part == "parameter"]) == any(one.params for one in found)
    for row in rows:
        assert len(row.values) == len(row.has) == len(several)
        assert not all(row.has) or any(not same(row.values[0], value) for value in row.values[1:])
    assert matrix_rows([several[0], several[0]]) == ()
    assert matrix_rows([Variant(), Variant()]) == ()


def test_what_only_some_have_is_folded_apart(store) -> None:
    for name, params in (("a", {"depth": 2}), ("b", {"depth": 3} | {f"only{number}": 1 for number in range(9)})):
        with track("flights", name, store=store, params=params):
            pass
    shown = repr(diff_matrix(["a", "b"], store))
    assert "▸ 9 parameters that not all of them have" in shown
    assert "only3" not in shown
