import pandas as pd
import polars as pl

from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.frames import open_table
from mlops_magics.data.signature import ColumnSignature, Signature
from mlops_magics.records import decode, encode


def signature_of(data: object) -> Signature:
    return Signature.of(profile_table(open_table(data)))


def test_a_table_fits_its_own_signature(people: pd.DataFrame) -> None:
    signature = signature_of(people)
    assert signature.problems(people) == []
    assert signature.problems(pl.from_pandas(people)) == []
    assert Signature.from_dict(decode(encode(signature.to_dict()))) == signature
    age = signature.columns[0]
    assert age == ColumnSignature("age", "integer", False, low=people.age.min(), high=people.age.max())
    assert signature.columns[2].levels == ("a", "b'c", 'd"e')
    assert signature.columns[3].levels == ("false", "true")


def test_each_problem_is_a_sentence() -> None:
    signature = signature_of(pd.DataFrame({
        "age": [18, 40, 90], "city": ["Oslo", "Rome", "Rome"], "rate": [0.1, None, 0.9], "gone": [1, 2, 3],
        "member": [True, False, True],
    }))
    frame = pd.DataFrame({
        "age": [17.0, None, 95.0], "city": ["Oslo", "Paris", "Lima"], "rate": ["a", "b", "c"], "member": [0, 1, 1],
        "extra": 1,
    })
    assert signature.problems(frame) == [
        "age: 1 of 3 rows is missing where none was",
        "age: 2 of 3 rows are outside 18 to 90 (17)",
        "city: 2 of 3 rows are of a level never seen ('Lima', 'Paris')",
        "rate: is text where number is expected",
        "gone: the column is missing",
        "member: is integer where boolean is expected",
    ]


def test_a_nan_is_missing() -> None:
    signature = signature_of(pl.DataFrame({"x": [1.0, 2.0]}))
    assert signature.problems(pl.DataFrame({"x": [1.0, float("nan")]})) == ["x: 1 of 2 rows is missing where none was"]
    assert signature_of(pl.DataFrame({"x": [1.0, float("nan")]})).columns[0].nullable


def test_many_levels_are_no_list() -> None:
    signature = signature_of(pd.DataFrame({"id": [f"user {i:06}" for i in range(5_000)]}))
    assert signature.columns[0].levels is None
    assert signature.problems(pd.DataFrame({"id": ["somebody else"]})) == []
