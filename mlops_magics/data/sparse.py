"""Sparse matrices: what they hold, as digests. They are no tables: nobody looks at ten thousand columns one by one."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy

from mlops_magics.data.canonical import Values
from mlops_magics.data.content import ContentDigest, cells, weigh_columns
from mlops_magics.data.fingerprint import Fingerprints

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 16_384


def sparse_fingerprints(matrix: Any) -> Fingerprints:
    """Both digests of a sparse matrix or array of SciPy, in whatever format it is: equal when shape and values are.

    Values are equal as in :func:`~mlops_magics.data.fingerprint.fingerprint`; a zero that is stored equals one that is
    not. A sparse matrix never equals a table. One that is not in CSR format is converted: a copy.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> left = csr_matrix([[0.0, 2.0], [1.0, 0.0]])
    >>> sparse_fingerprints(left) == sparse_fingerprints(left.tocoo())
    True
    """
    rows, columns = matrix.shape
    compressed = matrix if matrix.format == "csr" else matrix.tocsr()
    ordered = blake2b(f"sparse {rows} x {columns};".encode(), digest_size=16)
    content = ContentDigest()
    for start in range(0, rows, BLOCK_ROWS):
        ends, indices, numbers = _tidy(compressed[start : start + BLOCK_ROWS])
        values = Values("number", len(numbers), _missing(numbers), numpy.nan_to_num(numbers, nan=0.0) + 0.0)
        for part in (ends.astype("<i8"), indices.astype("<i8"), values.numbers, values.missing):
            if part is not None:
                ordered.update(numpy.ascontiguousarray(part).data)
        _add_rows(content, ends, indices, values)
    return Fingerprints(ordered.hexdigest(), content.hexdigest([f"sparse {columns}"], rows))


def _tidy(block: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Ends of the rows, columns and numbers of some rows, in the one order they can be said in."""
    # Slicing has copied it.
    block.sum_duplicates()
    block.eliminate_zeros()
    block.sort_indices()
    return block.indptr, block.indices, block.data.astype(numpy.float64)


def _missing(numbers: NDArray[Any]) -> NDArray[Any] | None:
    missing = numpy.isnan(numbers)
    return missing if missing.any() else None


def _add_rows(content: ContentDigest, ends: NDArray[Any], indices: NDArray[Any], values: Values) -> None:
    mixed = cells(values)
    sums = []
    for weights in weigh_columns(indices):
        running = numpy.zeros(len(mixed) + 1, dtype=numpy.uint64)
        numpy.cumsum(mixed * weights, out=running[1:])
        sums.append(running[ends[1:]] - running[ends[:-1]])
    content.add_rows(*sums)
