import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.frames import open_table
from mlops_magics.data.grid import MOST_BINS
from mlops_magics.data.profile import ColumnProfile, Profile
from mlops_magics.data.signature import Signature
from mlops_magics.errors import DataError
from mlops_magics.records import decode, encode


def profile(data: Any, edges: Profile | None = None) -> Profile:
    return profile_table(open_table(data), edges=edges)


numbers = st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan]))
texts = st.one_of(st.none(), st.text(max_size=60), st.sampled_from(["a", "b", "it's", 'q"', "\0", "a\0b", "a"]))
row = st.tuples(numbers, texts, st.one_of(st.none(), st.booleans()), st.one_of(st.none(), st.integers(-5, 300)))
rows = st.lists(row, min_size=1, max_size=60)


def arrow(data: list[tuple[Any, ...]]) -> pa.Table:
    types = [pa.float64(), pa.string(), pa.bool_(), pa.int64()]
    columns = [pa.array(values, type_) for values, type_ in zip(zip(*data, strict=True), types, strict=True)]
    return pa.table(columns, names=["n", "t", "b", "i"])


def without_sums(column: ColumnProfile) -> dict[str, Any]:
    told = column.to_dict()
    return {key: told.get(key) for key in told if key not in {"sum", "sum_squares"}}


@settings(max_examples=12, deadline=None)
@given(rows, rows, rows)
def test_profiles_of_parts_add_up_to_the_profile_of_the_whole(
    reference: list[tuple[Any, ...]], left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]
) -> None:
    parts_add_up(reference, left, right)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(rows, rows, rows)
def test_profiles_of_many_parts_add_up_to_the_profile_of_the_whole(
    reference: list[tuple[Any, ...]], left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]
) -> None:
    parts_add_up(reference, left, right)


def parts_add_up(
    reference: list[tuple[Any, ...]], left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]
) -> None:
    edges = profile(arrow(reference))
    parts = profile(arrow(left), edges).merge(profile(arrow(right), edges))
    whole = profile(arrow(left + right), edges)
    assert parts.rows == whole.rows
    for name, column in whole.columns.items():
        assert without_sums(parts.columns[name]) == without_sums(column)
        assert parts.columns[name].sum == pytest.approx(column.sum, rel=1e-9, abs=1e30)
        assert column.values == sum(column.counts) or column.grid is None
    assert Profile.from_dict(decode(encode(whole.to_dict()))) == whole


@settings(max_examples=20, deadline=None)
@given(rows)
def test_counts_are_what_python_counts(data: list[tuple[Any, ...]]) -> None:
    columns = profile(arrow(data)).columns
    values = [value for value, *_ in data if value is not None]
    finite = [value for value in values if np.isfinite(value)]
    number = columns["n"]
    assert (number.count, number.nulls) == (len(data), len(data) - len(values))
    assert (number.nan, number.values) == (sum(map(np.isnan, values)), len(finite))
    assert (number.minimum, number.maximum) == (min(finite, default=None), max(finite, default=None))
    if finite:
        assert number.counts[0] == number.counts[-1] == 0
        assert sum(number.counts) == len(finite)
    texts = [value for _, value, *_ in data if value is not None]
    assert columns["t"].values == len(texts)
    assert columns["t"].distinct == len(set(texts))
    assert columns["b"].levels == {
        name: count for name, count in sorted(
            ((str(value).lower(), [r[2] for r in data].count(value)) for value in (False, True)),
            key=lambda item: (-item[1], item[0]),
        ) if count
    }


def test_frames_and_files_give_one_profile(people: pd.DataFrame, tmp_path: Path) -> None:
    people.to_parquet(tmp_path / "people.parquet", row_group_size=100)
    whole = profile(people)
    for name, column in profile(tmp_path / "people.parquet").columns.items():
        assert without_sums(column) == without_sums(whole.columns[name])
        assert column.sum == pytest.approx(whole.columns[name].sum, rel=1e-12)
    assert profile(duckdb.sql("SELECT * FROM people"), whole).columns.keys() == whole.columns.keys()
    assert {name: column.type for name, column in whole.columns.items()} == {
        "age": "integer", 'the "income", select': "number", "Straße 7": "text", "group": "boolean", "seen": "timestamp"
    }
    income = whole.columns['the "income", select']
    assert income.nulls == people['the "income", select'].isna().sum()
    assert income.mean == pytest.approx(people['the "income", select'].mean())
    assert income.standard_deviation == pytest.approx(people['the "income", select'].std(ddof=0))
    seen = whole.columns["seen"]
    assert seen.maximum == people["seen"].max().timestamp()


def test_bins_hold_equal_shares_even_of_heavy_tails() -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"normal": random.normal(size=50_000), "tail": random.pareto(0.7, 50_000) - 1})
    for column in profile(frame).columns.values():
        assert column.grid is not None
        assert column.grid.bins >= 50
        assert max(column.counts) / 50_000 < 3 / MOST_BINS
        assert list(column.grid.edges) == sorted(column.grid.edges)
        assert column.grid.edges[-1] == pytest.approx(column.maximum, rel=1e-4)
    hours = profile(pd.DataFrame({"hour": random.integers(0, 24, 10_000)})).columns["hour"]
    assert (hours.distinct, len(hours.counts)) == (24, 26)


def test_what_lies_outside_the_reference_is_counted_outside() -> None:
    reference = profile(pd.DataFrame({"x": np.linspace(0, 1, 1_000), "k": np.arange(1_000) % 7, "c": 2.5}))
    current = profile(pd.DataFrame({
        "x": [-1e-6, 0.0, 1.0, 1 + 1e-6, np.inf], "k": [-1, 0, 6, 7, 700], "c": [2.5, 2.5, 2.6, 2.4, np.nan]
    }), reference)
    ends = {name: (column.counts[0], column.counts[-1]) for name, column in current.columns.items()}
    assert ends == {"x": (1, 1), "k": (1, 2), "c": (1, 1)}
    assert current.columns["x"].positive_infinities == 1
    assert current.columns["c"].nulls == 1


def test_a_bent_grid_counts_what_python_counts() -> None:
    random = np.random.default_rng(2)
    reference = profile(pd.DataFrame({"x": np.exp(random.normal(size=20_000) * 2)})).columns["x"]
    assert reference.grid is not None
    assert reference.grid.spread is not None
    values = np.exp(random.normal(size=500) * 2)
    assert reference.maximum is not None
    odd = [np.inf, -np.inf, -np.inf, -5.0, reference.maximum, reference.maximum * 1.01]
    table = pa.table({"x": pa.array([*values, *odd, np.nan, None], pa.float64())})
    current = profile(table, Profile(20_000, {"x": reference})).columns["x"]
    assert (current.nulls, current.nan, current.positive_infinities, current.negative_infinities) == (1, 1, 1, 2)
    assert (current.minimum, current.maximum) == (-5.0, reference.maximum * 1.01)
    assert current.sum == pytest.approx(values.sum() + sum(odd[3:]))
    edges = np.array([-np.inf, *reference.grid.edges[:-1], reference.maximum * 1.001, np.inf])
    assert list(current.counts) == np.histogram([*values, *odd[3:]], edges)[0].tolist()
    again = profile(table, Profile(20_000, {"x": reference})).columns["x"].merge(current)
    assert again.counts == tuple(2 * count for count in current.counts)


def test_extremes_beside_nan_are_those_of_the_numbers(tmp_path: Path) -> None:
    reference = profile(pd.DataFrame({"x": [0.0, 1.0]}))
    pq.write_table(pa.table({"x": [0.25, np.nan, 0.75]}), tmp_path / "nan.parquet")
    pq.write_table(pa.table({"x": [np.inf, 0.5, -np.inf, 0.0]}), tmp_path / "infinite.parquet")
    found = [profile(tmp_path / f"{name}.parquet", reference).columns["x"] for name in ("nan", "infinite")]
    assert [(column.minimum, column.maximum) for column in found] == [(0.25, 0.75), (0.0, 0.5)]
    assert [(column.nan, column.positive_infinities, column.negative_infinities) for column in found] == [
        (1, 0, 0), (0, 1, 1)
    ]


def test_twenty_columns_stay_below_60_kb() -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame({f"n{i}": random.normal(size=20_000) * 10.0 ** (20 * i) for i in range(10)})
    for i in range(10):
        frame[f"t{i}"] = [f"{'日本' * (i + 1)} {value}" for value in random.integers(0, 5_000, 20_000)]
    assert len(json.dumps(profile(frame).to_dict()).encode()) < 60_000
    assert len(encode(profile(frame).to_dict()).encode()) < 60_000


def test_a_column_the_reference_does_not_know_is_counted_for_nulls() -> None:
    reference = profile(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    current = profile(pd.DataFrame({"a": ["u", None], "new": [1.0, np.nan]}), reference)
    assert current.columns["a"].to_dict() == {"name": "a", "type": "text", "count": 2, "nulls": 1}
    assert current.columns["new"].nulls == 1
    assert "b" not in current.columns


def test_profiles_in_different_edges_do_not_add() -> None:
    left, right = profile(pd.DataFrame({"a": [1.5, 2]})), profile(pd.DataFrame({"a": [1.5, 3]}))
    with pytest.raises(DataError, match="counted in different bins"):
        left.merge(right)
    with pytest.raises(DataError, match="only one of them has a, b"):
        left.merge(profile(pd.DataFrame({"b": [1]})))


def test_distinct_strays_are_estimated() -> None:
    reference = profile(pd.DataFrame({"t": ["a"]}))
    current = profile(pd.DataFrame({"t": [f"level {i}" for i in range(20_000)]}), reference).columns["t"]
    assert current.other == 20_000
    assert current.distinct == pytest.approx(20_000, rel=0.8)


def test_nested_empty_and_odd_columns_do_not_stop_a_profile() -> None:
    table = pa.table({
        "list": [[1], None], "none": pa.nulls(2), "nan": [np.nan, None],
        "big": pa.array([2**63, 2**64 - 1], pa.uint64()),
        "huge": [1e300, -1e300], "category": pa.array(["x", None]).dictionary_encode(),
        "decimal": pa.array([1, None], pa.decimal128(10, 2)), "day": pa.array([1, 2], pa.date32()),
    })
    columns = profile(table).columns
    assert (columns["list"].type, columns["list"].nulls) == ("other", 1)
    assert (columns["nan"].nan, columns["nan"].nulls, columns["nan"].grid) == (1, 1, None)
    assert columns["huge"].sum_squares == np.inf
    assert (columns["category"].type, columns["decimal"].type, columns["day"].type) == ("text", "number", "date")
    again = profile(table, profile(table)).columns
    assert again["nan"].nan == 1


def test_a_private_column_is_counted_and_nothing_else(people: pd.DataFrame) -> None:
    people = people.assign(infinite=np.where(people.index % 9 == 0, np.inf, 1.0), empty=pd.Series(None, dtype="object"))
    whole = profile_table(open_table(people))
    private = whole.withhold({*people.columns, "another"})
    for name, column in private.columns.items():
        kept = {key: value for key, value in column.to_dict().items() if key not in {"name", "type"}}
        assert kept.keys() <= {"count", "nulls", "nan", "positive_infinities", "negative_infinities"}
        assert (column.count, column.nulls) == (1000, whole.columns[name].nulls)
        assert column.is_withheld == (name != "empty")
        assert not whole.columns[name].is_withheld
    assert Profile.from_dict(private.to_dict()) == private
    assert whole.withhold(["age"]).columns["seen"] == whole.columns["seen"]
    assert [(item.low, item.high, item.levels) for item in Signature.of(private).columns] == [(None,) * 3] * 7
    # New data is counted no further than the reference was, and the two add up.
    now = profile_table(open_table(people), edges=private)
    assert now == private
    assert now.merge(private).rows == 2000
