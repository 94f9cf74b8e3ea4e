"""Example rows come back as they were: the same types, the same values to the last bit."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mlops_magics.data.example import example_text, read_example, with_types_of
from mlops_magics.errors import DataError
from mlops_magics.records import encode

MOMENTS = pd.to_datetime(["2024-03-31 00:59:59.123456789", None, "2024-10-27 02:30:00"], format="ISO8601")

COLUMNS = {
    "float": pd.Series([0.1 + 0.2, np.nan, -np.inf]),
    "float32": pd.Series([0.1, 2.5, np.nan], dtype="float32"),
    "small": pd.Series([1, -2, 3], dtype="int8"),
    "whole": pd.Series([2**62 + 1, 0, -1]),
    "nullable": pd.Series([1, None, 3], dtype="Int64"),
    "flag": pd.Series([True, False, True]),
    "maybe": pd.Series([True, None, False], dtype="boolean"),
    "text": pd.Series(["Ünited ✈", None, ""], dtype="str"),
    "object": pd.Series(["a", None, 1.5], dtype=object),
    "city": pd.Series(pd.Categorical(["Rome", None, "Oslo"], categories=["Rome", "Oslo", "Bern"], ordered=True)),
    "grade": pd.Series(pd.Categorical([3, 1, 3], categories=[3, 2, 1])),
    "day": pd.Series(pd.Categorical(MOMENTS)),
    "when": pd.Series(MOMENTS),
    "zoned": pd.Series(MOMENTS.tz_localize("UTC").tz_convert("Europe/Berlin")),
    "span": pd.Series(pd.to_timedelta(["1 days 00:00:01", None, "3 ns"])),
    "arrow": pd.Series([1, None, 3], dtype="int32[pyarrow]"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_as_it_was(name) -> None:
    frame = COLUMNS[name].rename(name).to_frame().assign(other=1.0)
    pd.testing.assert_frame_equal(read_example(example_text(frame, rows=3)), frame)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "bool", "object", "<U5", "datetime64[ns]"])
def test_an_array_stays_an_array(dtype) -> None:
    array = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    back = read_example(example_text(array, rows=2))
    assert (back.dtype, back.tolist()) == (array.dtype, array[:2].tolist())


def test_texts_stay_one_column() -> None:
    texts = pd.Series(["late", "early", "late"], name="remark", index=[7, 8, 9])
    assert read_example(example_text(texts, rows=2)).equals(texts.head(2).reset_index(drop=True))
    assert read_example(example_text(texts.tolist(), rows=2)).tolist() == ["late", "early"]
    assert read_example(example_text(pl.Series("remark", texts.tolist()), rows=2)).tolist() == ["late", "early"]


@pytest.mark.parametrize("make", [pl.from_pandas, pa.Table.from_pandas])
def test_other_frames_become_pandas_frames(make) -> None:
    frame = pd.DataFrame({"city": pd.Categorical(["Oslo", "Rome"]), "x": np.array([1, 2], dtype="float32")})
    back = read_example(example_text(make(frame), rows=5))
    assert (list(back), back["x"].dtype, back["city"].tolist()) == (["city", "x"], "float32", ["Oslo", "Rome"])
    assert isinstance(back["city"].dtype, pd.CategoricalDtype)


def test_what_json_cannot_hold_is_no_example() -> None:
    assert example_text(pd.DataFrame({"bin": pd.cut([1.0, 2.0, 3.0], 2)}), rows=2) is None


@pytest.mark.parametrize("told", [
    {"array": "V1000000000", "data": [[1]]},
    {"array": "<U100000000", "data": [["a"]]},
    {"array": "os.system", "data": []},
    {"columns": ["a"], "types": ["V1000000000"], "data": [[1]]},
    {"columns": ["a"], "types": ["no type"], "data": [[1]]},
    {"columns": ["a"], "types": [{"levels": [1]}], "data": [[1]]},
    {"columns": ["a", "b"], "types": ["int64"], "data": [[1]]},
    {"columns": ["a"], "types": ["int64"], "data": [["x"]]},
    {"columns": [["a"]], "types": ["int64"], "data": 5},
    [],
    None,
])  # fmt: skip
def test_other_text_is_refused(told) -> None:
    with pytest.raises(DataError, match="example rows cannot be read"):
        read_example(encode(told))


def test_text_of_earlier_versions_is_read() -> None:
    frame = read_example(encode({"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_lists_and_files_get_the_types_of_an_example() -> None:
    example = pd.DataFrame({name: COLUMNS[name] for name in ("float", "city", "when", "zoned", "text")})
    given = pd.DataFrame({
        "city": ["Oslo", None], "when": ["2024-05-01", "2024-05-02 03:00"], "zoned": ["2024-05-01T00:00Z", None],
        "float": [None, None], "text": ["a", "b"], "more": [1, 2],
    })  # fmt: skip
    typed = with_types_of(given, example)
    assert {name: typed[name].dtype == example[name].dtype for name in example} == dict.fromkeys(example, True)
    assert typed["zoned"][0] == pd.Timestamp("2024-05-01 02:00", tz="Europe/Berlin")
    unknown = with_types_of(given.assign(city=["Paris", "Oslo"], when="noon"), example)
    assert unknown["city"].tolist() == ["Paris", "Oslo"], "no level becomes missing in silence"
    assert unknown["when"].tolist() == ["noon", "noon"]
