import io
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mlops_magics.data.frames import open_table, open_values
from mlops_magics.errors import DataError

TYPES = {"a": "integer", "b": "number", "c": "text", "d": "boolean", "e": "timestamp", "f": "date"}


@pytest.fixture
def arrow() -> pa.Table:
    return pa.table({
        "a": [1, 2, 3], "b": [0.5, None, 1.5], "c": ["x", "y", None], "d": [True, False, None],
        "e": pa.array([0, 1, 2], pa.timestamp("us")), "f": pa.array([0, 1, 2], pa.date32()),
    })


def test_every_kind_of_table_opens_alike(arrow: pa.Table, tmp_path: Path) -> None:
    polars = pl.from_arrow(arrow)
    assert isinstance(polars, pl.DataFrame)
    polars.write_parquet(tmp_path / "t.parquet")
    given = [arrow, polars, polars.lazy(), duckdb.from_arrow(arrow), str(tmp_path / "t.parquet"),
             tmp_path / "t.parquet", tmp_path / "*.parquet", arrow.to_batches()[0]]
    for data in given:
        table = open_table(data)
        assert dict(table.columns) == TYPES
        assert table.rows == 3
        assert table.to_pandas()["a"].tolist() == [1, 2, 3]
        assert table.head(2)["a"].tolist() == [1, 2]
    assert open_table(tmp_path / "t.parquet").name == "t"


def test_pandas_numpy_and_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan], 5: ["u", 3]}, index=[9, 8])
    table = open_table(frame, name="mine")
    assert (table.name, dict(table.columns)) == ("mine", {"n": "number", "5": "text"})
    assert table.to_pandas() is frame
    assert dict(open_table(np.eye(3)).columns) == dict.fromkeys("012", "number")
    (tmp_path / "x.csv").write_text("when,amount,who\n2024-01-05,3,ann\n2024-01-06,4,bob\n")
    table = open_table(tmp_path / "x.csv")
    assert dict(table.columns) == {"when": "date", "amount": "integer", "who": "text"}
    assert open_table(table) is table


@pytest.mark.parametrize(("data", "words"), [
    (pd.DataFrame({"a": []}), "no rows"),
    (pd.DataFrame(index=[1, 2]), "no columns"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column is named 'a'"),
    (pa.table([[1], [2]], names=["a", "a"]), "more than one column is named 'a'"),
    (pd.DataFrame([[1, 2]], columns=["1", 1]), "more than one column is named '1'"),
    (np.zeros(3), "1 dimensions"),
    ({"a": 1}, "a dict is not a table"),
    (io.StringIO(), "a StringIO is not a table"),
])
def test_what_is_no_table_says_why(data: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        open_table(data)


def test_missing_files_say_what_is_near(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "july.parquet")
    with pytest.raises(DataError) as caught:
        open_table(tmp_path / "juli.parquet")
    assert "Did you mean 'july.parquet'?" in str(caught.value)
    with pytest.raises(DataError, match="there is no folder"):
        open_table(tmp_path / "no" / "july.parquet")
    with pytest.raises(DataError, match=r"is a folder.*july\.parquet"):
        open_table(tmp_path)
    (tmp_path / "bad.parquet").write_text("not parquet")
    with pytest.raises(DataError, match="is not a Parquet file"):
        open_table(tmp_path / "bad.parquet")
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(DataError, match="neither Parquet nor CSV"):
        open_table(tmp_path / "notes.md")
    pd.DataFrame({"b": [1]}).to_parquet(tmp_path / "june.parquet")
    with pytest.raises(DataError, match=r"differ in their columns: a, b"):
        open_table(tmp_path / "ju*.parquet")


@pytest.mark.parametrize(("data", "columns"), [
    (np.array([0, 1]), {"y": "integer"}),
    (np.array(["a", "b"]), {"y": "text"}),
    (np.array(["a", None], dtype=object), {"y": "text"}),
    (pd.Series([True, False]), {"y": "boolean"}),
    (pd.Series([1.5], name="late"), {"late": "number"}),
    (pd.Series(["a", "b"], dtype="category"), {"y": "text"}),
    (pd.Categorical(["a", "b"]), {"y": "text"}),
    (pd.DataFrame({"late": [1]}), {"late": "integer"}),
    (pl.Series("late", [1]), {"late": "integer"}),
    (pl.Series([1]), {"y": "integer"}),
    (pa.array([1]), {"y": "integer"}),
    (pa.chunked_array([[1]]), {"y": "integer"}),
    ([0, 1], {"y": "integer"}),
    (["a text", "another"], {"y": "text"}),
    ((1.5, None), {"y": "number"}),
    ([[1, 2.5], [3, 4]], {"0": "integer", "1": "number"}),
    ([{"a": 1, "b": "x"}], {"a": "integer", "b": "text"}),
    (np.eye(2), {"0": "number", "1": "number"}),
])
def test_whatever_a_model_takes_is_opened(data: object, columns: dict[str, str]) -> None:
    table = open_values(data, name="y")
    assert dict(table.columns) == columns
    assert len(table.to_pandas()) == table.rows


@pytest.mark.parametrize("data", [
    [], [[1], [2, 3], "x"], [[1], 2], [{"a": 1}, 2], np.zeros((2, 2, 2)), {"a": 1}, None, 5, "nowhere.csv", np.array(3),
])
def test_what_is_nothing_of_that_kind_says_so(data: object) -> None:
    with pytest.raises(DataError):
        open_values(data, name="y")
