"""The one encoding: what is read back is what was written, and equal values have equal text."""

import json
import math
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePosixPath

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_magics.records import Cell, Param, RunRevision, Tag, decode, encode, plain

halves = st.characters(categories=["Cs"], max_codepoint=0xDBFF)
characters = st.characters() | halves | st.sampled_from('"\\\0\n\x7f\u2028é🜁')
"""Lone surrogates too; but only high ones, since a pair of halves is one character to everything that reads JSON."""

texts = st.text(characters, max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.integers(2**64, 2**300) | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


def same(left: object, right: object) -> bool:
    """Equality that keeps types apart and takes NaN for itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return left.hex() == right.hex()
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


@given(values)
def test_decode_reads_what_encode_wrote(value):
    text = encode(value)
    assert same(decode(text), plain(value))
    assert same(decode(encode(decode(text))), plain(value))
    text.encode("utf-8")
    assert "\n" not in text


def shuffled(value: object) -> object:
    """An equal value, put together in another order."""
    if isinstance(value, dict):
        return {key: shuffled(item) for key, item in reversed(value.items())}
    if isinstance(value, list | tuple):
        return [shuffled(item) for item in value]
    return value


@given(values)
def test_equal_values_have_equal_text(value):
    assert encode(shuffled(value)) == encode(value)
    assert encode(plain(value)) == encode(value)


@given(st.sets(texts | st.integers() | st.tuples(st.integers(), texts), max_size=8))
def test_sets_have_one_order(items):
    assert encode(items) == encode(frozenset(items))


@pytest.mark.parametrize(
    ("one", "other"), [(True, 1), (False, 0), (1, 1.0), (1, "1"), (None, "None"), (0.0, -0.0), ([], {}), ("", None)]
)
def test_what_is_not_the_same_is_kept_apart(one, other):
    assert encode(one) != encode(other)
    assert encode([one]) != encode([other])
    assert same(decode(encode({"x": one})), {"x": one})


class Colour(Enum):
    RED = 1


class Depth(int):
    pass


FOREIGN = [
    (Colour.RED, '"RED"'),
    (Depth(3), "3"),
    (date(2024, 2, 29), '"2024-02-29"'),
    (datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC), '"2024-02-29T01:02:03+00:00"'),
    (PurePosixPath("a/b"), '"a/b"'),
    (b"\x00a", r'''"b'\\x00a'"'''),
    (numpy.float64(0.5), "0.5"),
    (numpy.int64(5), "5"),
    (numpy.bool_(True), "true"),
    (numpy.arange(4).reshape(2, 2), "[[0,1],[2,3]]"),
    (numpy.zeros(10_001), '"<ndarray of shape 10001>"'),
    (list(range(10_001)), '"<list of shape 10001>"'),
    ({1: 2, (3,): {4}}, '{"(3,)":[4],"1":2}'),
    (range(3), "[0,1,2]"),
    (3 + 4j, '"(3+4j)"'),
    (float("nan"), "NaN"),
    (math.inf, "Infinity"),
    ([-math.inf], "[-Infinity]"),
    (10**30, "1" + "0" * 30),
    ("half \ud83d", r'"half \ud83d"'),
]


@pytest.mark.parametrize(("value", "text"), FOREIGN, ids=range(len(FOREIGN)))
def test_other_values_are_reduced_to_plain_ones(value, text):
    assert encode(value) == text
    assert encode(decode(text)) == text


def test_long_reprs_are_cut():
    class Long:
        def __repr__(self) -> str:
            return "x" * 5000

    assert len(plain(Long())) == 1000


def test_bodies_leave_out_what_was_not_said():
    assert RunRevision(status="running").body() == {"status": "running"}
    assert Tag(key="a", value="b").body() == {"key": "a", "value": "b"}
    assert Param(key="a", value=None).body() == {"key": "a", "value": "null"}
    assert Param(key="a", value={"b": float("nan")}).body() == {"key": "a", "value": '{"b":NaN}'}
    assert Cell(position=1, source="s", status="ok").body() == {"position": 1, "source": "s", "status": "ok"}


@given(values)
def test_the_text_is_json_but_for_the_floats_it_has_no_word_for(value):
    text = encode(value)
    json.loads(text, parse_constant=lambda word: {"NaN": 0, "Infinity": 1, "-Infinity": -1}[word])


def test_nothing_is_too_deep_or_too_large_to_be_recorded() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert decode(encode(loop)) == plain(loop)
    assert decode(encode(10**5000)) == hex(10**5000)
    assert decode(encode(-(10**400))) == -(10**400)


class Unwritable:
    def __repr__(self) -> str:
        raise OSError("no words")


def nested(value: object, depth: int) -> object:
    for _ in range(depth):
        value = [value]
    return value


HOLDS_ITSELF = numpy.empty(1, dtype=object)
HOLDS_ITSELF[0] = HOLDS_ITSELF


@pytest.mark.parametrize(
    "value",
    [nested(1, 5_000), nested(10**5_000, 150), {10**5_000: 1}, HOLDS_ITSELF, Unwritable()],
    ids=["nested 5,000 deep", "huge and deep", "a huge key", "an array that holds itself", "no repr"],
)
def test_what_cannot_be_written_is_recorded_as_far_as_it_can(value):
    assert decode(encode(value)) == plain(value)
