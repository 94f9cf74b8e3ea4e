"""What a table held when it was used is what is recorded of it, whatever happens to it before somebody looks."""

import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from mlops_magics.capture import held
from mlops_magics.capture.tables import describe_table, freeze, target_role
from mlops_magics.errors import DataError
from mlops_magics.records import Dataset, Note, Record, Text

FRAME = pd.DataFrame({"a": np.arange(300.0), "b": np.tile(["x", "y", None], 100), "c": np.arange(300)})


def dataset(facts: tuple[Record, ...]) -> Dataset:
    (found,) = (fact for fact in facts if isinstance(fact, Dataset))
    return found


def test_a_frame_is_described_as_it_was() -> None:
    frame = FRAME.copy()
    frozen = freeze(frame)
    frame.loc[3, "a"] = -1.0
    frame["a"] *= 2
    frame["new"] = 0
    del frame["b"]
    frame.index = frame.index[::-1]
    facts = frozen.describe(name="people", role="fit", origins=("people.csv",))
    assert [type(fact) for fact in facts] == [Text, Dataset]
    assert facts == describe_table(FRAME, name="people", role="fit", origins=("people.csv",))

    assert dataset(facts).origins == ("people.csv",)


def test_nothing_is_copied_of_a_frame() -> None:
    frame = FRAME.copy()
    assert np.shares_memory(freeze(frame).held.data["a"].to_numpy(), frame["a"].to_numpy())


@pytest.mark.parametrize("kind", ["small", "summed", "sampled"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_changed_in_place_is_copied_or_noticed(kind: str, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.asarray(np.random.default_rng(0).random((50, 4)), order=order)
    before = dataset(describe_table(array.copy(), name="X", role="fit"))
    if kind != "small":
        monkeypatch.setattr(held, "COPIED_BYTES", 0)
    if kind == "sampled":
        monkeypatch.setattr(held, "SUMMED_BYTES", 0)
    unchanged, changed = freeze(array), freeze(array)
    assert dataset(unchanged.describe(name="X", role="fit")) == before
    if kind == "sampled":
        array -= array.mean()
    else:
        array[17, 2] = np.nextafter(array[17, 2], 2)
    facts = changed.describe(name="X", role="fit")
    if kind == "small":
        assert dataset(facts) == before
        return
    assert [type(fact) for fact in facts] == [Dataset, Note]
    lost = dataset(facts)
    assert (lost.fingerprint, lost.content, lost.profile) == ("", None, None)
    assert (lost.rows, lost.columns) == (50, before.columns)
    assert "X was changed in place after it was used (fit)" in facts[1].text


def test_what_is_too_large_is_looked_at_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "SHARED_BYTES", 0)
    monkeypatch.setattr(held, "COPIED_BYTES", 0)
    monkeypatch.setattr(held, "COPIED_ITEMS", 0)
    frame, matrix, rows = FRAME.copy(), csr_matrix(np.eye(30)), [[1, 2], [3, 4]]
    stills = [freeze(thing) for thing in (frame, frame["a"], matrix, rows)]
    assert next(still.held.data for still in stills if still.held.is_unchanged) is frame
    assert all(still.held.is_unchanged for still in stills)
    frame["a"] += 1
    matrix *= 2
    rows[1] = [5, 6]
    assert not any(still.held.is_unchanged for still in (stills[0], stills[2], stills[3]))


@pytest.mark.parametrize("change", ["rename", "drop"])
def test_columns_of_a_large_frame_that_change_are_noticed(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "SHARED_BYTES", 0)
    frame = FRAME.copy()
    still = freeze(frame)
    if change == "rename":
        frame.columns = ["a", "b", "d"]
    else:
        del frame["c"]
    assert not still.held.is_unchanged


def test_what_nobody_can_change() -> None:
    frame = pl.from_pandas(FRAME)
    still = freeze(frame)
    frame.drop_in_place("b")
    frame[0, "a"] = -1.0
    assert dataset(still.describe(name="p", role="fit")).fingerprint == dataset(
        freeze(pa.Table.from_pandas(FRAME)).describe(name="p", role="fit")
    ).fingerprint
    assert all(freeze(thing).held.stamp is None for thing in (frame.lazy(), "x.parquet", None, object()))


def test_a_relation_does_not_wait(tmp_path) -> None:
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT 1 AS a")
        assert not freeze(relation).can_wait
        assert dataset(freeze(relation).describe(name="r", role="test")).rows == 1
    assert freeze(FRAME).can_wait


def test_what_is_no_table_says_so_when_it_is_looked_at() -> None:
    for thing in (None, object(), FRAME.head(0), {"a": 1}):
        with pytest.raises(DataError):
            freeze(thing).describe(name="X", role="fit")


def test_what_a_sparse_matrix_and_a_target_leave() -> None:
    matrix = csr_matrix(np.eye(30))
    frozen = freeze(matrix)
    matrix.data[0] = 5.0
    (kept,) = frozen.describe(name="X", role="fit")
    assert isinstance(kept, Dataset)
    assert (kept.profile, len(kept.columns), kept.rows) == (None, 30, 30)
    assert kept.fingerprint == dataset(freeze(csr_matrix(np.eye(30))).describe(name="X", role="fit")).fingerprint
    for role in ("target", target_role("test")):
        (answers,) = freeze(FRAME["c"]).describe(name="y", role=role)
        assert isinstance(answers, Dataset)
        assert (answers.role, answers.columns, answers.profile) == (role, {"c": "integer"}, None)
        shuffled = dataset(freeze(FRAME["c"].sample(frac=1, random_state=0)).describe(name="y", role=role))
        assert shuffled.content == answers.content
        assert shuffled.fingerprint != answers.fingerprint


GROWTH = """
import gc, sys, threading
import numpy as np, pandas as pd
from mlops_magics.capture.tables import describe_table

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def growth(rows):
    table = np.ones((rows, 40))
    table[::2] = np.arange(40.0)
    table = pd.DataFrame(table, copy=False) if sys.argv[1] == "frame" else table
    gc.collect()
    before, highest, done = resident(), [0], threading.Event()
    def watch():
        while not done.wait(0.001):
            highest[0] = max(highest[0], resident() - before)
    watching = threading.Thread(target=watch)
    watching.start()
    describe_table(table, name="X", role="fit")
    done.set()
    watching.join()
    return highest[0]

growth(1000)
print(growth(150_000), growth(600_000))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["array", "frame"])
def test_a_longer_table_takes_no_more_memory_to_look_at(kind) -> None:
    """It is looked at a piece at a time: 144 MB more of rows must not be seen in what this process holds."""
    done = subprocess.run([sys.executable, "-c", GROWTH, kind], capture_output=True, text=True, check=True)
    short, long = map(int, done.stdout.split())
    assert long - short < 50 << 20, (short, long)
