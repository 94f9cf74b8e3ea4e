"""The laws of a difference, of each of its parts and of the whole, over whatever can be recorded."""

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_magics.compare.difference import HeldCurve, Variant, apply, difference, invert
from mlops_magics.compare.difference.cells import apply_cells, as_diff, cell_changes, invert_cells
from mlops_magics.compare.difference.changes import apply_changes, changes, invert_changes
from mlops_magics.compare.difference.curves import apply_curves, curve_changes, invert_curves
from mlops_magics.compare.difference.data import apply_tables, invert_tables, table_changes
from mlops_magics.compare.difference.sameness import same
from mlops_magics.errors import DataError
from mlops_magics.records import decode, encode

from .strategies import CELLS, CURVES, FILES, METRICS, TABLES, TREES, VALUES, VARIANTS, VERSIONS

PARTS = {
    "params": (TREES, changes, apply_changes, invert_changes),
    "metrics": (METRICS, changes, apply_changes, invert_changes),
    "packages": (VERSIONS, changes, apply_changes, invert_changes),
    "artifacts": (FILES, changes, apply_changes, invert_changes),
    "curves": (CURVES, curve_changes, apply_curves, invert_curves),
    "cells": (CELLS, cell_changes, apply_cells, invert_cells),
    "data": (TABLES, table_changes, apply_tables, invert_tables),
}


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_laws_of_a_part(part, data) -> None:
    values, between, applied, inverted = PARTS[part]
    left, right = data.draw(values), data.draw(values)
    before = copy.deepcopy((left, right))
    found = between(left, right)
    assert same(applied(left, found), right)
    assert same(applied(right, inverted(found)), left)
    assert same(inverted(found), between(right, left))
    assert same(inverted(inverted(found)), found)
    assert (found == ()) == same(left, right)
    assert between(left, copy.deepcopy(left)) == ()
    assert same((left, right), before), "what is compared stays as it is"


@settings(max_examples=80, deadline=None)
@given(VARIANTS, VARIANTS)
def test_laws_of_the_whole(left, right) -> None:
    found = difference(left, right)
    assert apply(left, found) == right
    assert apply(right, invert(found)) == left
    assert invert(found) == difference(right, left)
    assert invert(invert(found)) == found
    assert found.is_empty == (left == right)
    assert difference(left, copy.deepcopy(left)).is_empty
    json.dumps(found.to_dict())
    repr(found), found._repr_html_()


@settings(max_examples=50, deadline=None)
@given(VARIANTS, st.sampled_from(["params", "metrics", "curves", "cells", "data", "structure", "artifacts"]), VARIANTS)
def test_one_part_changed_is_one_part_found(left, part, other) -> None:
    right = replace(left, **{part: getattr(other, part)})
    found = difference(left, right)
    told = {name for name in PARTS | {"code_state": 0, "structure": 0, "gaps": 0} if getattr(found, name)}
    assert told <= {part, "gaps"}
    assert bool(told) == (not same(getattr(left, part), getattr(right, part)))


@given(VALUES, VALUES)
def test_sameness_is_that_of_what_is_written_but_for_zeros(left, right) -> None:
    def written(value):
        return encode(value).replace("-0.0", "0.0")

    assert same(left, right) == (written(left) == written(right))
    assert same(decode(encode(left)), left)


@settings(max_examples=50, deadline=None)
@given(VARIANTS, VARIANTS, VARIANTS)
def test_a_difference_is_applied_to_what_it_is_of(left, right, other) -> None:
    found = difference(left, right)
    try:
        result = apply(other, found)
    except DataError:
        assert other != left
    else:
        # It fits wherever the other agrees in all that it changes; then it changes that, and nothing else.
        assert difference(other, result).params == found.params
        assert difference(other, result).metrics == found.metrics


def test_the_wrong_side_is_refused() -> None:
    left, right = Variant(params={"depth": 2}), Variant(params={"depth": 9})
    found = difference(left, right)
    for wrong in (right, Variant(), Variant(params={"depth": True}), Variant(params={"depth": 2.0})):
        with pytest.raises(DataError, match="'depth' is not 2 here"):
            apply(wrong, found)
    for part, values in {
        "cells": (("a",), ("b",)), "packages": (None, {"numpy": "1"}), "code_state": ({}, {"python": "3.13"}),
        "curves": ({}, {"loss": HeldCurve([(0, 1.0), (1, 0.5)])}), "data": ({}, {"fit": {"rows": 1, "columns": {}}}),
    }.items():  # fmt: skip
        one, two = (Variant(**{part: value}) for value in values)
        with pytest.raises(DataError, match="the difference is of"):
            apply(two, difference(one, two))


@settings(max_examples=80, deadline=None)
@given(CELLS, CELLS)
def test_what_is_called_moved_or_changed_is(left, right) -> None:
    found = cell_changes(left, right)
    for change in found:
        assert (change.left is None) == (change.kind == "added") == (change.left_at is None)
        assert (change.right is None) == (change.kind == "removed") == (change.right_at is None)
        if change.kind == "moved":
            assert change.left == change.right
        if "changed" in change.kind:
            assert change.left != change.right
    gone = sorted(change.left for change in found if change.kind == "removed")
    came = {change.right for change in found if change.kind == "added"}
    assert not came.intersection(gone), "a cell in both is moved, not removed and added"
    assert bool(found) == bool(as_diff(found))
