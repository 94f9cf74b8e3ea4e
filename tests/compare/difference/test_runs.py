"""A difference tells what differs and nothing else: its laws, and each of its parts."""

import json
import math
import time
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_magics import diff
from mlops_magics.compare.difference import Change, apply, invert
from mlops_magics.compare.difference.variants import variants
from mlops_magics.errors import RunNotFound
from mlops_magics.records import Dataset

COLUMNS = {"a": "number", "b": "text"}
TABLE = Dataset(name="X", role="fit", fingerprint="f" * 64, rows=10, columns=COLUMNS)
WHOLE = {
    "params": {"depth": 2, "loss": "log", "grid": [1, 2], "none": None, "nan": math.nan},
    "metrics": {"auc": 0.7, "loss": math.nan, "worst": math.inf},
    "cells": ["import numpy", "x = 1", "x = 1"],
    "tables": [TABLE],
    "packages": {"duckdb": "1.5.5", "numpy": "2.0"},
    "git": {"git_commit": "a" * 40, "git_branch": "main", "git_dirty": False},
}


def keys(changes: tuple[Change, ...]) -> list[str]:
    return [change.key for change in changes]


def test_equal_runs_do_not_differ(add, store) -> None:
    left, right = add("left", **WHOLE), add("right", **WHOLE)
    for one, other in ((left, left), (left, right), ("@last", "right"), (right.id, "flights/left")):
        found = diff(one, other, store=store)
        assert found.is_empty, found.to_dict()
        assert found.code_diff == ""
        same = "Both are the same run" if found.left.id == found.right.id else "Nothing that was recorded differs"
        assert same in repr(found)


def test_what_neither_side_recorded_is_not_called_equal(add, store) -> None:
    bare = diff(add("a", params={"model": "Line"}), add("b", params={"model": "Tree"}), store=store)
    assert "No difference in" not in repr(bare)
    assert bare.unrecorded == ("metrics", "curves", "cells", "data", "packages", "code_state", "structure", "artifacts")
    told = diff(add("c", **WHOLE), add("d", **{**WHOLE, "params": {"model": "Tree"}}), store=store)
    assert "No difference in data, code, packages, git." in repr(told)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, -0.0, 0.0, math.nan, math.inf, "1", ""]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=3,
)
SOURCES = st.lists(st.sampled_from(["x = 1", "x = 2", "y = 1", "import numpy", "model.fit(X)", ""]), max_size=6)
RUNS = st.fixed_dictionaries({
    "params": st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3),
    "metrics": st.dictionaries(st.sampled_from(["auc", "loss"]), st.sampled_from([0.5, 1.0, math.nan, math.inf])),
    "cells": SOURCES,
    "packages": st.none() | st.dictionaries(st.sampled_from(["numpy", "duckdb"]), st.sampled_from(["1", "2"])),
})  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=RUNS, right=RUNS)
def test_laws_on_runs_of_a_store(left, right, add, store) -> None:
    first, second = add("left", **left), add("right", **right)
    found = diff(first, second, store=store)
    before, after = variants([first, second], store)
    assert apply(before, found) == after
    assert apply(after, invert(found)) == before
    assert invert(found) == diff(second, first, store=store)
    assert invert(invert(found)) == found
    assert found.is_empty == (before == after)
    assert bool(found.cells) == bool(found.code_diff) == (left["cells"] != right["cells"])
    told = found.to_dict()
    json.dumps(told)
    repr(found), found._repr_html_()


def test_params_are_compared_as_they_were_recorded(add, store) -> None:
    values = [1, True, 1.0, "1", None, [1], [True], [1.0], {"a": 1}, {"a": True}, math.nan, "nan", 0, False, "None"]
    runs = [add(f"run{number}", params={"value": value}) for number, value in enumerate(values)]
    absent = add("absent")
    for right in runs:
        assert (diff(runs[0], right, store=store).params == ()) == (right == runs[0])
    for left, right in pairwise(runs):
        assert diff(left, right, store=store).params
    assert diff(runs[5], runs[6], store=store).params, "[1] is not [True]"
    assert diff(runs[8], runs[9], store=store).params
    assert diff(runs[10], runs[10], store=store).params == ()
    (change,) = diff(runs[4], absent, store=store).params
    assert (change.in_left, change.in_right, change.to_dict()) == (True, False, {"key": "value", "left": None})


def test_metrics_know_their_direction(add, store) -> None:
    add("left", metrics={"auc": 0.7, "val_loss": 0.5, "same": 1.0, "gone": 1.0, "broken": math.nan})
    add("right", metrics={"auc": 0.8, "val_loss": 0.6, "same": 1.0, "new": 1.0, "broken": 0.5})
    found = {change.key: change for change in diff("left", "right", store=store).metrics}
    assert set(found) == {"auc", "val_loss", "gone", "new", "broken"}
    assert (found["auc"].better, found["val_loss"].better) == ("right", "left")
    assert found["auc"].delta == pytest.approx(0.1)
    assert found["gone"].delta is found["new"].delta is found["gone"].better is found["broken"].better is None
    text = repr(diff("left", "right", store=store))
    assert "+0.1" in text
    assert "same" not in text


def test_counts_among_shares_have_no_decimals(add, store) -> None:
    add("a", metrics={"auc": 0.7213, "candidates": 4, "share": 1.0})
    add("b", metrics={"auc": 0.7214, "candidates": 30, "share": 0.25})
    rows = {line.split()[0]: line.split()[1:3] for line in repr(diff("a", "b", store=store)).splitlines() if line}
    assert (rows["candidates"], rows["share"]) == (["4", "30"], ["1.0000", "0.2500"])


def test_cells(add, store) -> None:
    add("left", cells=["import numpy", "x = load(1)", "old = drop(it)", "print(x)", "moved = 1"])
    add("right", cells=["moved = 1", "import numpy", "x = load(2)", "print(x)", "wholly.different()"])
    found = diff("left", "right", store=store)
    assert {(change.kind, change.left, change.right) for change in found.cells} == {
        ("moved", "moved = 1", "moved = 1"),
        ("changed", "x = load(1)", "x = load(2)"),
        ("removed", "old = drop(it)", None),
        ("added", None, "wholly.different()"),
    }
    assert "-x = load(1)" in found.code_diff
    assert "+x = load(2)" in found.code_diff
    assert "4 cells differ" in repr(found)


def test_the_last_source_of_a_cell_counts_in_the_order_of_its_last_run(add, store) -> None:
    add("left", cells=[("a", "x = 1"), ("b", "y = 1"), ("a", "x = 2")])
    add("right", cells=[("q", "y = 1"), ("r", "x = 2")])
    assert diff("left", "right", store=store).cells == ()
    add("plain", cells=[("", "x = 1"), ("", "x = 1")])
    add("once", cells=[("", "x = 1")])
    assert [change.kind for change in diff("plain", "once", store=store).cells] == ["removed"]


def test_a_moved_cell_is_the_same_cell_not_one_of_the_same_words(add, store) -> None:
    add("left", cells=["x = a + b", "k = 1", "k = 2"])
    add("right", cells=["k = 1", "k = 2", "x = b + a", "x = a + b"])
    found = [(change.kind, change.right) for change in diff("left", "right", store=store).cells]
    assert found == [("added", "x = b + a"), ("moved", "x = a + b")]
    add("edited", cells=["k = 1", "k = 2", "x = a + b + c"])
    (change,) = diff("left", "edited", store=store).cells
    assert (change.kind, change.left_at, change.right_at) == ("moved and changed", 0, 2)
    assert "cell 1 → 3: moved and changed" in diff("left", "edited", store=store).code_diff


def test_likely_pairs_are_found_whatever_their_order(add, store) -> None:
    add("left", cells=["model = Ridge(alpha=1).fit(X, y)", "plot(history, title='loss')"])
    add("right", cells=["plot(history, title='the loss')", "model = Ridge(alpha=2).fit(X, y)"])
    assert [change.kind for change in diff("left", "right", store=store).cells] == ["changed", "changed"]


def test_data(add, store) -> None:
    other = Dataset(name="X", role="fit", fingerprint="e" * 64, rows=11, columns={"a": "integer", "c": "text"})
    test = Dataset(name="T", role="test", fingerprint="e" * 64, rows=11, columns=COLUMNS)
    add("left", tables=[TABLE])
    add("right", tables=[other, test])
    found = diff("left", "right", store=store)
    fit, added = found.data
    assert (fit.role, fit.kind, added.role, added.kind) == ("fit", "content", "test", "added")
    assert {change.key: (change.left, change.right) for change in fit.changes} == {
        "fingerprint": ("f" * 64, "e" * 64), "rows": (10, 11), "columns.a": ("number", "integer"),
        "columns.b": ("text", None), "columns.c": (None, "text"),
    }  # fmt: skip
    text = repr(found)
    assert "Only right has data as test: 11 rows × 2 columns" in text
    assert "ffffffffffff " in text
    assert "fffffffffffff" not in text


def test_of_several_tables_of_a_role_the_newest_counts(add, store) -> None:
    wide = Dataset(name="X", role="fit", fingerprint="e" * 64, rows=11, columns={**COLUMNS, "extra": "text"})
    add("left", tables=[wide, TABLE])
    add("right", tables=[TABLE])
    assert diff("left", "right", store=store).data == ()


def test_packages_and_git(add, store) -> None:
    clean = {"git_commit": "a" * 40, "git_dirty": False}
    dirty = {"git_commit": "b" * 40, "git_dirty": True, "git_patch": "c" * 64}
    add("left", packages={"numpy": "1", "gone": "1"}, git=clean)
    add("right", packages={"numpy": "2", "new": "1"}, git=dirty)
    found = diff("left", "right", store=store)
    assert keys(found.packages) == ["gone", "new", "numpy"]
    assert keys(found.code_state) == ["git commit", "uncommitted changes", "uncommitted patch"]
    assert "3 packages differ" in repr(found)
    add("unknown")
    found = diff("left", "unknown", store=store)
    assert found.packages == found.code_state == (), "what was not looked at is not known to differ"
    assert {gap.part: gap.right for gap in found.gaps} == {"packages": None, "code_state": None}
    assert "Only left recorded packages" in repr(found)


def test_it_can_be_sent_away(add, store) -> None:
    add("left", **WHOLE)
    add("right", params={"depth": 3, "own": [1, {"a": None}]}, cells=["x = 2"])
    told = diff("left", "right", store=store).to_dict()
    assert json.loads(json.dumps(told))["params"][0] == {"key": "depth", "left": 2, "right": 3}
    html = diff("left", "right", store=store)._repr_html_()
    assert "<script" not in html


def test_who_is_not_there(add, store) -> None:
    with pytest.raises(RunNotFound, match="the store is empty"):
        diff("left", "right", store=store)
    add("left")
    with pytest.raises(RunNotFound, match="Did you mean 'left'"):
        diff("left", "leftt", store=store)


def test_two_large_runs_take_a_moment(add, store) -> None:
    for side in (0, 1):
        add(
            ("left", "right")[side],
            params={f"p{number}": number * (1 + side) for number in range(100)},
            metrics={f"m{number}": number + side / 3 for number in range(50)},
            cells=[f"c{number} = load()\n" + f"y{number + side} = x * {side + 1}\n" * 12 for number in range(40)],
        )
    took = []
    for _ in range(5):
        began = time.perf_counter()
        found = diff("left", "right", store=store)
        took.append(time.perf_counter() - began)
    assert (len(found.params), len(found.metrics), len(found.cells)) == (99, 50, 40)
    # How fast is a question to tests/bench; that it is no matter of seconds is a promise.
    assert min(took) < 1.0
