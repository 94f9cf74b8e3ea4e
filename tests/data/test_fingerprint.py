from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_magics.data import fingerprint as module
from mlops_magics.data.fingerprint import fingerprint
from mlops_magics.data.frames import open_table

HOMES = ["pandas", "polars", "lazy", "arrow", "sliced", "parquet", "relation"]


def digest(data: object) -> str:
    return fingerprint(open_table(data))


def settle(arrow: pa.Table, home: str, folder: Path) -> object:
    if home == "pandas":
        return arrow.to_pandas()
    if home in {"polars", "lazy"}:
        frame = pl.from_arrow(arrow)
        assert isinstance(frame, pl.DataFrame)
        return frame.lazy() if home == "lazy" else frame
    if home == "sliced":
        return pa.concat_tables([arrow.slice(0, 3), arrow.slice(3, 1), arrow.slice(4)])
    if home == "parquet":
        pq.write_table(arrow, folder / "t.parquet", row_group_size=2)
        return folder / "t.parquet"
    return duckdb.from_arrow(arrow) if home == "relation" else arrow


@pytest.mark.parametrize("home", HOMES)
def test_the_same_content_is_the_same_wherever_it_lives(home: str, tmp_path: Path) -> None:
    arrow = pa.table({
        "n": [1.5, None, -0.0, 2.0, 1e300, 3.0], "i": [1, 2, 3, 4, 5, None], "t": ["", "ä", None, "c", "dd", "e"],
        "b": [True, False, True, True, False, True], "w": [2**60 + 1, 2, 3, 4, 5, 6],
        "at": pa.array([0, 1, 2, 3, None, 10**15], pa.timestamp("us")),
        "c": pa.array(["x", "y", "x", "x", "y", None]).dictionary_encode(),
    })
    assert digest(settle(arrow, home, tmp_path)) == digest(arrow)


def test_what_differs_differs() -> None:
    base = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    others = [
        base.iloc[::-1], base[["b", "a"]], base.rename(columns={"a": "c"}), base.head(2), base.assign(a=[1, 2, 4]),
        base.assign(b=["xy", "", "z"]), base.assign(b=["x", None, "z"]), base.assign(b=["x", "", "z"]),
        base.assign(a=["1", "2", "3"]), base.assign(a=[True, True, True]), base.assign(a=[2**60, 2, 3]),
        base.assign(a=[2**60 + 1, 2, 3]), base.assign(a=pd.to_datetime([1, 2, 3])), base.assign(a=pd.NaT),
    ]
    digests = {digest(frame) for frame in [base, *others]}
    assert len(digests) == len(others) + 1
    assert all(len(text) == 32 for text in digests)


def test_what_equal_means() -> None:
    assert digest(pa.table({"a": [1, None]})) == digest(pa.table({"a": [1.0, np.nan]}))
    assert digest(pa.table({"a": [np.nan, None]})) == digest(pa.table({"a": [None, np.nan]}))
    narrow, wide = (pa.array([1, 2], type_) for type_ in (pa.int8(), pa.uint64()))
    assert digest(pa.table({"a": narrow})) == digest(pa.table({"a": wide}))
    assert digest(pa.table({"a": pa.array([1, 2], pa.timestamp("s"))})) == digest(
        pa.table({"a": pa.array([10**9, 2 * 10**9], pa.timestamp("ns", "UTC"))})
    )
    assert digest(pa.table({"a": pa.array([1], pa.date32())})) == digest(
        pa.table({"a": pa.array([86_400_000], pa.date64())})
    )


def test_the_algorithm_stays_the_same() -> None:
    assert digest(pa.table({"a": [1, None], "b": ["x", "y"]})) == "499fb6f5c58b0ac27ea9ecd6a7586c40"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=6), st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1))
def test_cutting_into_chunks_changes_nothing(cuts: list[int], texts: list[str | None]) -> None:
    arrow = pa.table({"t": pa.array(texts, pa.string()), "n": pa.array([len(text or "") for text in texts])})
    bounds = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    parts = [arrow.slice(start, end - start) for start, end in pairwise(bounds)]
    assert digest(pa.concat_tables(parts)) == digest(arrow)


def test_blocks_end_where_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pa.table({"n": range(10)})
    monkeypatch.setattr(module, "BLOCK_ROWS", 4)
    chunked = pa.concat_tables([arrow.slice(0, 3), arrow.slice(3, 5), arrow.slice(8)])
    assert [block.num_rows for block in module._blocks(chunked)] == [4, 4, 2]
