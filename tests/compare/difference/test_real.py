"""The difference of runs that really ran: models that were fitted, tables that were read, curves that were logged."""

import json
import math
import pickle

import numpy
import pandas
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_magics import diff, track
from mlops_magics.compare.difference import apply, invert, variant
from mlops_magics.compare.difference.variants import variants
from mlops_magics.records import Environment, Text
from tests.calls import calls_of
from tests.settling import settle


def frame(seed: int, *, shift: float = 0.0, rows: int = 2_000) -> pandas.DataFrame:
    random = numpy.random.default_rng(seed)
    return pandas.DataFrame({
        "hour": random.integers(0, 24, rows), "distance": random.normal(shift, 1.0, rows),
        "carrier": random.choice(["AA", "UA", "ÜX"], rows, p=[0.2 + shift / 10, 0.5 - shift / 10, 0.3]),
    })  # fmt: skip


def evaluated(store, name: str, model, data: pandas.DataFrame, **params) -> None:
    X, y = data[["hour", "distance"]], (data["distance"] + data["hour"] / 24 > 0.5).astype(int)
    with track("flights", name, store=store, params=params) as run:
        run.evaluate(model.fit(X, y), data[["hour", "distance"]], y)


def laws(store, *names: str):
    settle()
    left, right = variants(list(names), store)
    found = diff(*names, store=store, tests=False)
    assert apply(left, found) == right
    assert apply(right, invert(found)) == left
    assert invert(found) == diff(*names[::-1], store=store, tests=False)
    assert found.is_empty == (left == right)
    assert json.loads(json.dumps(found.to_dict()))
    assert repr(found)
    assert found._repr_html_()
    return found


def test_models_are_compared_by_what_they_are_made_of(store) -> None:
    data = frame(0)
    evaluated(store, "linear", make_pipeline(StandardScaler(), LogisticRegression(C=0.1)), data)
    evaluated(store, "sharper", make_pipeline(StandardScaler(), LogisticRegression(C=100.0)), data)
    evaluated(store, "forest", RandomForestClassifier(7, random_state=0), data)

    opening = (pickle.loads, pickle.load, skops.io.loads, skops.io.load)
    with calls_of(*opening) as opened:
        found = laws(store, "linear", "sharper")
        other = laws(store, "linear", "forest")
    assert opened == []
    with calls_of(*opening) as opened:
        skops.io.loads(skops.io.dumps(StandardScaler()))
        pickle.loads(pickle.dumps(0))
    assert opened == [skops.io.loads, pickle.loads], "it would have been seen"
    weights = [change for change in found.structure if change.path[0] == "coefficients"]
    assert {change.path for change in weights} == {
        ("coefficients", "logisticregression", "hour"), ("coefficients", "logisticregression", "distance"),
    }  # fmt: skip
    assert "2 coefficients differ" in repr(found)
    assert not [change for change in found.structure if change.path[0] == "steps"]
    text = repr(other)
    assert "RandomForestClassifier" in text
    assert "trees" in text
    assert other.data == (), "both were evaluated on the same rows"
    assert "model" in {change.path[0] for change in other.artifacts}


def test_tables_that_moved_say_how_far(store) -> None:
    for name, data in (("june", frame(1)), ("june2", frame(2)), ("july", frame(3, shift=0.8))):
        evaluated(store, name, LogisticRegression(), data)
    calm, moved = laws(store, "june", "june2"), laws(store, "june", "july")
    (table,) = [table for table in moved.data if table.role == "test"]
    assert table.kind == "content"
    distances = {one.column: one for one in table.distances}
    assert distances["hour"].distance < 2 * distances["hour"].floor, "hours did not move"
    assert "how far columns moved" in repr(moved)
    (table,) = [table for table in calm.data if table.role == "test"]
    assert all(one.distance is None or one.distance < 3 * one.floor for one in table.distances)


def test_curves_are_aligned_by_step(store) -> None:
    with track("flights", "short", store=store) as run:
        for step in range(100):
            run.log(loss=1 / (step + 1), same=step, step=step)
            run.log(free=step % 7)
    with track("flights", "long", store=store) as run:
        for step in range(50, 200):
            run.log(loss=1 / (step + 1) + (step == 80), step=step)
        for step in range(100):
            run.log(same=step, step=step)
            run.log(free=(step + 1) % 7)
        run.log(only=1.0, step=0), run.log(only=2.0, step=1)
    found = laws(store, "short", "long")
    curves = {change.key: change for change in found.curves}
    assert set(curves) == {"free", "loss", "only"}
    aligned = curves["loss"].alignment
    assert (aligned.both, aligned.only_left, aligned.only_right, aligned.parts_at) == (50, 50, 100, 80)
    assert aligned.distance == pytest.approx(1.0)
    assert curves["free"].alignment.parts_at == 0, "without a step the order is what counts"
    assert curves["only"].alignment is None
    assert "3 curves differ" in repr(found)


def test_curves_with_the_same_sums_are_looked_at_point_by_point(store) -> None:
    orders = {"a": [0.5, 0.1, 0.9, math.nan, 0.3], "b": [0.5, 0.9, 0.1, math.nan, 0.3]}
    for name, values in {**orders, "c": orders["a"]}.items():
        with track("flights", name, store=store) as run:
            for step, value in enumerate(values):
                run.log(loss=value, step=step), run.log(free=value)
    assert [change.key for change in laws(store, "a", "b").curves] == ["free", "loss"]
    assert laws(store, "a", "c").curves == ()
    store.fold()
    assert [change.key for change in laws(store, "a", "b").curves] == ["free", "loss"]
    assert laws(store, "a", "c").curves == ()
    assert variant("a", store).curves == variant("c", store).curves, "also of variants made one by one"


def test_patches_of_what_was_not_committed(add, store) -> None:
    common = "diff --git a/same.py b/same.py\n@@ -1 +1 @@\n-a\n+b\n"
    patches = [f"{common}diff --git a/x.py b/x.py\n@@ -1 +1 @@\n-x = 0\n+x = {it}\n" for it in (1, 2)]
    packages = Text.of("{}")
    for name, patch in (("one", patches[0]), ("two", patches[1]), ("clean", None), ("lost", None)):
        run = add(name)
        text = Text.of(patch or "")
        store.record(run.id, packages, *([text] if patch else []), Environment(
            python="3.13", platform="Linux", packages=packages.sha256, git_commit="a" * 40, git_dirty=bool(patch),
            git_patch=text.sha256 if patch else "9" * 64 if name == "lost" else None,
        ))  # fmt: skip
    found = laws(store, "one", "two")
    assert [change.key for change in found.code_state] == ["uncommitted patch"]
    lines = found.patches.as_diff().splitlines()
    assert lines[0] == "diff --git a/x.py b/x.py"
    assert {"-+x = 1", "++x = 2"} <= set(lines)
    assert "same.py" not in found.patches.as_diff()
    assert "What was not committed differs" in repr(found)
    assert laws(store, "clean", "two").patches.as_diff() == patches[1].strip()
    assert "-+x = 2" in laws(store, "two", "clean").patches.as_diff()
    assert laws(store, "two", "lost").patches is None, "a patch too large to keep is not an empty one"
