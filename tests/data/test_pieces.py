"""Large arrays are looked at piece by piece, with the same answers as whole."""

import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from mlops_magics.data import pieces
from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.fingerprint import fingerprints
from mlops_magics.data.frames import open_table
from mlops_magics.data.pieces import Pieces
from mlops_magics.errors import DataError


@pytest.fixture
def array() -> np.ndarray:
    array = np.random.default_rng(0).normal(size=(500, 7))
    array[3, 2] = np.nan
    array[5, 4] = np.inf
    return array


@pytest.mark.parametrize("kind", ["array", "frame", "every other row"])
def test_pieces_give_the_same_answers(kind: str, array: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    data = array if kind == "array" else pd.DataFrame(array, columns=list("abcdefg"), copy=False)
    if kind == "every other row":
        data = pd.DataFrame(np.asfortranarray(array), columns=list("abcdefg"))[::2]
    whole = open_table(data)
    assert not isinstance(whole.held, Pieces)
    monkeypatch.setattr(pieces, "LEAST_BYTES", 0)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 8 * 500 * 3)
    table = open_table(data)
    assert isinstance(table.held, Pieces)
    assert (table.rows, dict(table.columns)) == (whole.rows, dict(whole.columns))
    assert fingerprints(table) == fingerprints(whole)
    reference = profile_table(whole)
    told: list[float] = []
    profile = profile_table(table, progress=lambda share, _="": told.append(share))
    assert profile.columns.keys() == reference.columns.keys()
    assert {name: column.counts for name, column in profile.columns.items()} == {
        name: column.counts for name, column in reference.columns.items()
    }
    assert told[-1] == 1.0
    assert len(told) == (3 if kind != "every other row" else 2)
    counted = profile_table(table, edges=reference)
    assert all(counted.columns[name].counts == column.counts for name, column in reference.columns.items())
    pd.testing.assert_frame_equal(table.head(3), whole.head(3))


def test_what_arrow_reads_where_it_lies_is_not_cut(array: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LEAST_BYTES", 0)
    frame = pd.DataFrame(array)
    for data in (np.asfortranarray(array), frame, frame.assign(t="x")[::2], array.astype(str), np.array([[1, 2]])):
        assert Pieces.of(data) is None


def test_names_are_still_looked_at(array: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LEAST_BYTES", 0)
    with pytest.raises(DataError, match="more than one column is named 'a'"):
        open_table(pd.DataFrame(array, columns=list("abcdefa"), copy=False))
    with pytest.raises(DataError, match="no rows"):
        open_table(array[:0])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["pandas", "array"])
def test_a_look_does_not_double_the_memory(kind: str) -> None:
    """Three hundred megabytes, looked at in under half of that again; holding them costs nothing."""
    code = f"""
        import resource, numpy as np, pandas as pd
        from pathlib import Path
        from mlops_magics.capture.tables import freeze
        def now():
            return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
        freeze(pd.DataFrame({{"a": [1.0, 2.0], "b": ["x", "y"]}})).describe(name="w", role="fit")
        array = np.random.default_rng(0).random((2_000_000, 20), dtype=np.float64)
        data = pd.DataFrame(array) if {kind == "pandas"} else array
        del array
        Path("/proc/self/clear_refs").write_text("5")
        before = now()
        frozen = freeze(data)
        held = now() - before
        frozen.describe(name="X", role="fit")
        status = Path("/proc/self/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        print(held, peak - before)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    held, peak = map(float, done.stdout.split())
    assert held < 10
    assert peak < 150


def test_a_wide_table_is_asked_in_parts() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).random((60, 70)), columns=[f"g{index}" for index in range(70)])
    told: list[float] = []
    profile = profile_table(open_table(wide), progress=lambda share, _="": told.append(share))
    assert list(profile.columns) == list(wide.columns)
    assert told == [32 / 70, 64 / 70, 1.0]
    alone = profile_table(open_table(wide[["g50"]]))
    assert profile.columns["g50"].counts == alone.columns["g50"].counts
