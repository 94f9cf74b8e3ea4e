"""A sparse matrix is what its values say, in whatever format."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array, csr_matrix, random_array

from mlops_magics.data import sparse
from mlops_magics.data.sparse import sparse_fingerprints

CELLS = st.sampled_from([0.0, 0.0, 0.0, 1.0, -1.0, 0.5, np.inf])
MATRICES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
).map(np.array)


@settings(max_examples=60, deadline=None)
@given(MATRICES, st.randoms())
def test_only_the_ordered_digest_hangs_on_the_order(dense: np.ndarray, random: object) -> None:
    order = random.sample(range(len(dense)), len(dense))
    left, right = sparse_fingerprints(csr_array(dense)), sparse_fingerprints(csr_array(dense[order]))
    assert left.content == right.content
    assert (left.ordered == right.ordered) == bool((dense == dense[order]).all())


@settings(max_examples=60, deadline=None)
@given(MATRICES, st.data())
def test_another_value_changes_both(dense: np.ndarray, data: st.DataObject) -> None:
    at = tuple(data.draw(st.integers(0, size - 1)) for size in dense.shape)
    value = data.draw(CELLS)
    assume(value != dense[at])
    other = dense.copy()
    other[at] = value
    left, right = sparse_fingerprints(csr_array(dense)), sparse_fingerprints(csr_array(other))
    assert left.ordered != right.ordered
    assert left.content != right.content


@pytest.mark.parametrize("name", ["csr", "csc", "coo", "lil", "dok", "bsr"])
def test_formats_do_not_matter(name: str) -> None:
    matrix = random_array((60, 30), density=0.2, rng=np.random.default_rng(0), format="csr")
    before = matrix.copy()
    assert sparse_fingerprints(matrix.asformat(name)) == sparse_fingerprints(csr_matrix(matrix))
    assert (matrix.indices == before.indices).all()


def test_how_it_is_written_down_does_not_matter() -> None:
    plain = csr_array(np.array([[0.0, 3.0], [1.0, 0.0]]))
    twice = coo_array(([1.0, 2.0, 1.0, 0.0], ([0, 0, 1, 1], [1, 1, 0, 1])), shape=(2, 2))
    unsorted = csr_array(([0.0, 3.0, 1.0], [0, 1, 0], [0, 2, 3]), shape=(2, 2))
    unsorted.indices[:2], unsorted.data[:2] = [1, 0], [3.0, 0.0]
    kept = unsorted.nnz
    assert sparse_fingerprints(plain) == sparse_fingerprints(twice) == sparse_fingerprints(unsorted)
    assert sparse_fingerprints(plain) == sparse_fingerprints(plain.astype(np.float32))
    # The person's matrix is not tidied up.
    assert unsorted.nnz == kept
    wider = csr_array((plain.data, plain.indices, plain.indptr), shape=(2, 3))
    assert sparse_fingerprints(wider).content != sparse_fingerprints(plain).content


def test_nan_is_one_value() -> None:
    other = np.array([np.nan]).view(np.uint64) ^ np.uint64(1)
    left, right = (csr_array(np.array([[0.0, value]])) for value in (np.nan, other.view(np.float64)[0]))
    assert sparse_fingerprints(left) == sparse_fingerprints(right)
    assert sparse_fingerprints(left) != sparse_fingerprints(csr_array(np.array([[0.0, 1.0]])))


def test_blocks_do_not_change_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = random_array((100, 10), density=0.1, rng=np.random.default_rng(0), format="csr")
    whole = sparse_fingerprints(matrix).content
    monkeypatch.setattr(sparse, "BLOCK_ROWS", 7)
    assert sparse_fingerprints(matrix).content == whole


def test_the_algorithm_stays_the_same() -> None:
    found = sparse_fingerprints(csr_array(np.array([[0.0, 2.5], [np.nan, -1.0]])))
    assert (found.ordered, found.content) == ("56ec2c2b7decb46ff6277e49e28d4165", "dfdac3f3734c20836f873a80120f5feb")
