"""A block that cannot be read says so when it is made, in words that lead to the mistake."""

import math
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from mlops_magics.look import Chart, Charts, Column, Document, Fold, Line, Mark, Series, Table, Title


def test_a_wrong_tone_names_the_right_ones() -> None:
    for block in (Line, Mark):
        with pytest.raises(ValueError, match="tone is 'green'; it is one of plain, good, bad, unknown, quiet"):
            block("fine", tone="green")  # type: ignore[arg-type]


def test_a_ragged_row_is_named() -> None:
    with pytest.raises(ValueError, match=r"row 1 has 1 cells for 2 columns \(run, auc\)"):
        Table(["run", "auc"], [["a", 1], ["b"]])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"align": "middle"}, "align is 'middle'"),
        ({"digits": 99}, "digits of column 'x' is 99"),
        ({"bar": -1.0}, "bar of column 'x'"),
    ],
)
def test_a_column_checks_itself(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Column("x", **arguments)  # type: ignore[arg-type]


def test_cells_become_plain_values() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    numbers = [np.float32(0.5), np.int64(3), np.bool_(True)]
    row = [*numbers, pd.NaT, date(2026, 3, 1), moment, (1, 2), np.datetime64("NaT", "ns")]
    (cells,) = Table([str(index) for index in range(len(row))], [row]).rows
    assert cells == (0.5, 3, True, None, "2026-03-01", moment, "(1, 2)", None)
    assert [type(cell) for cell in cells[:3]] == [float, int, bool]


def test_series_take_arrays_and_gaps() -> None:
    series = Series("loss", np.arange(3), [1.0, None, float("nan")])
    assert series.x == (0.0, 1.0, 2.0)
    assert math.isnan(series.y[1])
    assert math.isnan(series.y[2])


def test_series_know_edges_and_categories() -> None:
    assert Series("h", [0, 1, 2], [5, 6]).has_edges
    assert Series("h", ["a", date(2026, 3, 1)], [5, 6]).x == ("a", "2026-03-01")
    with pytest.raises(ValueError, match="2 x for 4 y"):
        Series("h", [0, 1], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="2 x for 1 y"):
        Series("h", ["a", "b"], [1])


def test_a_chart_checks_itself() -> None:
    with pytest.raises(ValueError, match="kind is 'pie'"):
        Chart("pie", ())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not both"):
        Chart("bars", (Series("a", ["x"], [1]), Series("b", [1], [1])))
    with pytest.raises(ValueError, match="bin edges belong to bars"):
        Chart("line", (Series("a", [1, 2], [1]),))
    with pytest.raises(ValueError, match="too small"):
        Chart("line", (), width=10)
    with pytest.raises(TypeError, match="series takes Series, not int"):
        Chart("line", (3,))  # type: ignore[arg-type]


def test_only_blocks_make_a_document() -> None:
    for holder in (Document, lambda block: Fold("more", block)):
        with pytest.raises(TypeError, match="a block is one of Title, Line"):
            holder("text")
    with pytest.raises(TypeError, match="charts takes Chart"):
        Charts(Title("x"))  # type: ignore[arg-type]


def test_a_misspelt_field_is_an_error() -> None:
    for wrong in ({"texts": "a"}, {}, {"text": "a", "tone": "plain", "more": 1}):
        with pytest.raises(TypeError, match="Line takes text, tone"):
            Line(**wrong)
    with pytest.raises(TypeError, match="Title takes text, note"):
        Title("a", "b", "c")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Title takes text, note"):
        Title("a", text="b")  # type: ignore[misc]


def test_values_are_frozen_and_equal_by_content() -> None:
    assert Document(Title("a"), Table(["x"], [[1]])) == Document(Title("a"), Table([Column("x")], ((1,),)))
    with pytest.raises(AttributeError, match="frozen: 'text' cannot be set"):
        Line("a").text = "b"  # type: ignore[misc]
