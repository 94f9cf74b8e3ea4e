"""Every kind of thing that can be kept with a run, and what cannot."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression

from mlops_magics.errors import MlopsError, ValueNotRecorded
from mlops_magics.model.formats import load_model

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})


def test_files_and_bytes(run, store, tmp_path) -> None:
    (tmp_path / "report.html").write_bytes(b"<p>fine</p>")
    by_text, by_path = run.artifact("report.html"), run.artifact(tmp_path / "report.html", "again")
    assert by_text.sha256 == by_path.sha256, "equal content is kept once"
    assert [(item.name, item.type, item.size_bytes) for item in (by_text, by_path)] == [
        ("report.html", "file", 11), ("again", "file", 11),
    ]  # fmt: skip
    raw, words = run.artifact(b"\x00\xff", "raw"), run.artifact("line\nline \ud800", "words")
    assert store.blob(raw.sha256).read_bytes() == b"\x00\xff"
    assert store.blob(words.sha256).read_text() == "line\nline \\ud800"
    long = run.artifact("x" * 100_000, "long")
    assert long.size_bytes == 100_000
    assert [item.name for item in store.artifacts(run.id)] == ["report.html", "again", "raw", "words", "long"]


@pytest.mark.parametrize(
    "frame", [FRAME, pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME)], ids=["pandas", "polars", "arrow"]
)
def test_frames_are_parquet(frame, run, store) -> None:
    kept = run.artifact(frame)
    assert kept.name.endswith(".parquet")
    assert kept.detail == {"rows": 2, "columns": ["a", "b"]}
    assert pq.read_table(store.blob(kept.sha256)).to_pydict() == {"a": [1, 2], "b": ["x", None]}


def test_a_figure_is_a_picture(run, store) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2, 3])
    kept = run.artifact(figure, "curve.png")
    assert store.blob(kept.sha256).read_bytes().startswith(b"\x89PNG")


def test_a_model_comes_back(run, store) -> None:
    X, y = np.arange(20.0).reshape(-1, 1), np.arange(20) > 9
    model = LogisticRegression().fit(X, y)
    kept = run.artifact(model)
    assert (kept.type, kept.name) == ("model", "logisticregression.skops")
    assert kept.detail["class"] == "sklearn.linear_model.LogisticRegression"
    back = load_model(store.blob(kept.sha256).read_bytes(), format="skops")
    assert (back.predict_proba(X) == model.predict_proba(X)).all()


@pytest.mark.parametrize("content", [{"b": [1, None], "a": {"c": 2.5}}, [1, "two"], (1, 2), {}])
def test_structures_are_json(content, run, store) -> None:
    kept = run.artifact(content, "content")
    assert json.loads(store.blob(kept.sha256).read_text()) == json.loads(json.dumps(content))


@pytest.mark.parametrize("content", [object(), 7, None, np.ones(3), {1, 2}, print])
def test_what_cannot_be_kept(content, run, store) -> None:
    with pytest.raises(ValueNotRecorded, match="cannot be kept"):
        run.artifact(content, "thing")
    assert store.artifacts(run.id) == []


def test_paths_that_lead_nowhere(run, tmp_path) -> None:
    for content in ("nothing.txt", tmp_path / "nothing.txt"):
        with pytest.raises(MlopsError, match="does not exist"):
            run.artifact(content)
    with pytest.raises(MlopsError, match="is a folder"):
        run.artifact(tmp_path)
