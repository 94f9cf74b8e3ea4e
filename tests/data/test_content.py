"""Laws of the fingerprint that does not hang on the order of the rows."""

import itertools
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlops_magics.data import content
from mlops_magics.data import fingerprint as module
from mlops_magics.data.fingerprint import content_fingerprint, fingerprint, fingerprints
from mlops_magics.data.frames import open_table

WORDS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
NUMBERS = st.one_of(st.none(), st.floats(allow_nan=False), st.integers(-3, 3).map(float))
WIDE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
ROWS = st.lists(st.tuples(WORDS, NUMBERS, WIDE, st.sampled_from([None, True, False])), min_size=1, max_size=12)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    types = (pa.string(), pa.float64(), pa.int64(), pa.bool_())
    columns = [pa.array([row[index] for row in rows], type_) for index, type_ in enumerate(types)]
    return pa.table(columns, names=["t", "n", "w", "b"])


def digest(data: object) -> str:
    return content_fingerprint(open_table(data))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms())
def test_the_order_of_the_rows_changes_nothing(rows: list[tuple[Any, ...]], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    assert digest(table(shuffled)) == digest(table(rows))


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_another_value_changes_it(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, 3))
    value = data.draw((WORDS, NUMBERS, WIDE, st.sampled_from([None, True, False]))[column])
    assume(value != rows[at][column])
    changed = (*rows[at][:column], value, *rows[at][column + 1 :])
    other = [*rows[:at], changed, *rows[at + 1 :]]
    assert digest(table(other)) != digest(table(rows))


@settings(max_examples=40, deadline=None)
@given(ROWS, st.data())
def test_how_often_a_row_occurs_counts(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    again = rows[data.draw(st.integers(0, len(rows) - 1))]
    digests = {digest(table([*rows, *[again] * times])) for times in range(4)}
    assert len(digests) == 4


@settings(max_examples=40, deadline=None)
@given(ROWS, st.data())
def test_a_value_belongs_to_its_row(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    left, right = (data.draw(st.integers(0, len(rows) - 1)) for _ in range(2))
    swapped = [list(row) for row in rows]
    swapped[left][1], swapped[right][1] = swapped[right][1], swapped[left][1]
    assume(sorted(map(repr, map(tuple, swapped))) != sorted(map(repr, rows)))
    assume(rows[left][1] != rows[right][1])
    assert digest(table([tuple(row) for row in swapped])) != digest(table(rows))


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS)
def test_equal_in_order_is_equal_in_content(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]) -> None:
    for pair in ((left, right), (left, list(left))):
        first, second = (fingerprints(open_table(table(rows))) for rows in pair)
        if first.ordered == second.ordered:
            assert first.content == second.content
        assert first.ordered != first.content


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.decode("latin-1") * 40), min_size=1, max_size=6))
def test_long_texts(texts: list[str]) -> None:
    assert (digest(pa.table({"t": texts})) == digest(pa.table({"t": texts[::-1]})))
    for index in range(len(texts)):
        other = [*texts]
        other[index] += "\0"
        assert digest(pa.table({"t": other})) != digest(pa.table({"t": texts}))


def test_texts_of_every_length_are_told_apart() -> None:
    texts = ["a" * length for length in (*range(40), *range(1020, 1030))]
    texts += [text[:-1] + "b" for text in texts if text] + ["b" + text[1:] for text in texts if len(text) > 1]
    texts += ["a" * 8 + "b" * 8, "b" * 8 + "a" * 8, "\0", "\0\0", "a\0"]
    mixed = content.cells(module.canonical(pa.chunked_array([pa.array(texts)])))
    assert len(set(mixed.tolist())) == len(texts)
    alone = [content.cells(module.canonical(pa.chunked_array([[text]])))[0] for text in texts]
    assert alone == mixed.tolist()


@pytest.mark.parametrize("home", ["pandas", "polars", "lazy", "sliced", "parquet", "relation"])
def test_the_same_wherever_it_lives(home: str, tmp_path: Path) -> None:
    arrow = pa.table({
        "n": [1.5, None, -0.0, 2.0, 1e300, 3.0], "i": [1, 2, 3, 4, 5, None], "t": ["", "ä", None, "c" * 30, "dd", "e"],
        "b": [True, False, True, True, False, True], "w": [2**60 + 1, -2, 3, 4, 5, 6],
        "at": pa.array([0, 1, -2, 3, None, 10**15], pa.timestamp("us")),
        "ns": pa.array([0, 1, 1001, 3, None, 10**15], pa.timestamp("ns")),
        "c": pa.array(["x", "y", "x", "x", "y", None]).dictionary_encode(),
    })
    shuffled = arrow.take([5, 1, 0, 4, 2, 3])
    polars = pl.from_arrow(shuffled)
    assert isinstance(polars, pl.DataFrame)
    homes = {
        "pandas": shuffled.to_pandas(), "polars": polars, "lazy": polars.lazy(),
        "sliced": pa.concat_tables([shuffled.slice(4), shuffled.slice(0, 3), shuffled.slice(3, 1)]),
        "parquet": tmp_path / "t.parquet", "relation": duckdb.from_arrow(shuffled),
    }
    pq.write_table(shuffled, tmp_path / "t.parquet", row_group_size=4)
    assert digest(homes[home]) == digest(arrow)


def test_what_differs_differs() -> None:
    base = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    others = [
        base[["b", "a"]], base.rename(columns={"a": "c"}), base.head(2), base.assign(a=[1, 2, 4]),
        base.assign(b=["xy", "", "z"]), base.assign(b=["x", None, "z"]), base.assign(b=["x", "", "z"]),
        base.assign(a=["1", "2", "3"]), base.assign(a=[True, True, True]), base.assign(a=[2**60, 2, 3]),
        base.assign(a=[2**60 + 1, 2, 3]), base.assign(a=pd.to_datetime([1, 2, 3])), base.assign(a=pd.NaT),
        base.assign(a=[2, 1, 3]), base.assign(a=base["b"], b=base["a"]), base.assign(a=pd.to_datetime([1, 2, 4])),
    ]
    digests = {digest(frame) for frame in [base, *others]}
    assert len(digests) == len(others) + 1


def test_what_equal_means() -> None:
    assert digest(pa.table({"a": [1, None]})) == digest(pa.table({"a": [np.nan, 1.0]}))
    exact = 2**53
    for value in (-exact, exact, exact - 1, 0):
        assert digest(pa.table({"a": [value]})) == digest(pa.table({"a": [float(value)]}))
    wide = [exact, exact + 1, -exact, -exact - 1, 2**63 - 1, -(2**63)]
    digests = {digest(pa.table({"a": pa.array([value], pa.int64())})) for value in wide}
    unsigned = [2**64 - 1, 2**64 - 2, 2**64 - exact]
    digests |= {digest(pa.table({"a": pa.array([value], pa.uint64())})) for value in unsigned}
    assert len(digests) == len(wide) + len(unsigned)
    # A value is itself, whatever stands beside it.
    narrow = digest(pa.table({"a": pa.array([1, 2**60], pa.int64())}))
    assert narrow == digest(pa.table({"a": pa.array([2**60, 1], pa.uint64())}))


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    columns = {"n": rng.normal(size=500), "i": rng.integers(0, 2**62, 500), "t": rng.choice(["a", "b"], 500)}
    frame = pd.DataFrame(columns)
    frame.loc[:99, "t"] = None
    whole = digest(frame)
    monkeypatch.setattr(module, "BLOCK_ROWS", 64)
    assert digest(frame) == whole
    assert digest(frame.sample(frac=1, random_state=0)) == whole
    wide = pa.table({"w": [2**60, 2**53, 2**53 + 1, -(2**53), 1, None]})
    together = digest(wide)
    monkeypatch.setattr(module, "BLOCK_ROWS", 1)
    assert digest(wide) == together


def test_rows_that_are_all_alike_but_in_one_bit() -> None:
    """No structure in the values survives the mixing: 256 tables of near numbers."""
    seen = set()
    for bits in itertools.product([0.0, 1.0, 2.0, 4.0], repeat=4):
        frame = np.array(bits).reshape(2, 2)
        seen.add((digest(frame), tuple(sorted(map(tuple, frame.tolist())))))
    assert len({first for first, _ in seen}) == len({second for _, second in seen}) == len(seen)


def test_one_pass_gives_what_two_would() -> None:
    opened = open_table(pd.DataFrame({"a": [3, 1, 2], "b": ["x", None, "z"]}))
    both = fingerprints(opened)
    assert (both.ordered, both.content) == (fingerprint(opened), content_fingerprint(opened))


def test_the_algorithm_stays_the_same() -> None:
    arrow = pa.table({
        "a": [1, None, 2**60 + 1], "b": ["x", "ÿ" * 9, "z" * 1_100], "c": [0.1, -1e300, None], "d": [True, None, False],
        "e": pa.array([1, None, -1_000_000_001], pa.timestamp("ns")), "f": pa.array([0, 1, None], pa.date32()),
    })
    assert digest(arrow) == "e72996be4ed89d0b9e65d44500abfcb9"
