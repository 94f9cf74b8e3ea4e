"""Keeping what a table holds at this moment for a look later, without copying it: how far that can be done, and
whether it worked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from mlops_magics.data.loaded import loaded

COPIED_BYTES = 2 << 20
"""Arrays up to this size are copied: 1.5 ms. Fresh memory costs more than the copying, 4 ms per MiB from there on."""

SUMMED_BYTES = 8 << 20
"""Arrays up to this size are summed whole (1 ms), so that any one value changed is noticed."""

SHARED_BYTES = 1 << 30
"""Larger pandas frames are not held by copy-on-write: a value the person sets meanwhile would copy all of it."""

COPIED_ITEMS = 100_000
"""Lists up to this length are copied, the references in them, in under a millisecond."""

SAMPLES = 1_024
"""Values looked at in an array that is too large to be summed."""

_SAMPLED_ROWS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A table as it was at one moment. ``stamp`` is None where nobody can change it any more.

    ``can_wait`` is False for what belongs to a connection that the person may be using: look at it at once.
    """

    data: Any
    stamp: str | None = None
    can_wait: bool = True

    @property
    def is_unchanged(self) -> bool:
        """Whether it still holds what it held, as far as its stamp tells: changes of a few values in a table beyond
        the limits above go unseen.
        """
        return self.stamp is None or self.stamp == stamp_of(self.data)


def hold(data: Any) -> Held:
    """Keep the state of ``data``: at once, whatever its size, and without raising.

    pandas frames and series by copy-on-write (pandas 3; it does not see what is written into a NumPy array that a
    frame was made of without a copy); Polars and Arrow as they are, since nothing in place changes them; paths and
    relations as they are; small arrays, sparse matrices and lists by a copy. What is left is looked at where it lies,
    and a stamp of it taken: see the limits above.
    """
    duckdb = loaded("duckdb")
    if duckdb is not None and isinstance(data, duckdb.DuckDBPyRelation):
        return Held(data, can_wait=False)
    package = type(data).__module__.partition(".")[0]
    if package == "polars" and hasattr(data, "clone"):
        return Held(data.clone())
    kept = _copied(data)
    return Held(data, stamp_of(data)) if kept is None else Held(kept)


def _copied(data: Any) -> Any:
    """A copy that is independent of ``data``, or None where there is none that costs next to nothing."""
    pandas, numpy = loaded("pandas"), loaded("numpy")
    if pandas and isinstance(data, pandas.DataFrame | pandas.Series):
        size_bytes = data.size * 8
        if int(pandas.__version__.partition(".")[0]) >= 3:
            return data.copy(deep=False) if size_bytes <= SHARED_BYTES else None
        return data.copy() if size_bytes <= COPIED_BYTES else None
    if numpy and isinstance(data, numpy.ndarray):
        return data.copy() if data.nbytes <= COPIED_BYTES else None
    if is_sparse(data):
        return data.copy() if sum(part.nbytes for part in _parts(data)) <= COPIED_BYTES else None
    if isinstance(data, list):
        return data.copy() if len(data) <= COPIED_ITEMS else None
    return None


def is_sparse(data: Any) -> bool:
    """Whether it is a sparse matrix or array of SciPy."""
    sparse = loaded("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(data))


def _parts(matrix: Any) -> list[Any]:
    """The arrays a sparse matrix is made of, in whatever format."""
    names = ("data", "indices", "indptr", "row", "col", "coords", "offsets")
    found = (getattr(matrix, name, None) for name in names)
    arrays = (part for value in found for part in (value if isinstance(value, tuple) else (value,)))
    return [part for part in arrays if hasattr(part, "nbytes")]


def stamp_of(data: Any) -> str | None:
    """A digest of a glance at ``data``; None for what needs none, since it cannot be changed in place."""
    pandas, numpy = loaded("pandas"), loaded("numpy")
    digest = blake2b(digest_size=16)
    if pandas and isinstance(data, pandas.DataFrame | pandas.Series):
        digest.update(repr((data.shape, list(getattr(data, "columns", ())))).encode("utf-8", "backslashreplace"))
        rows = _spread(len(data), _SAMPLED_ROWS)
        digest.update(repr(data.iloc[rows].to_dict()).encode("utf-8", "backslashreplace"))
    elif numpy and isinstance(data, numpy.ndarray):
        _stamp_array(digest, data)
    elif is_sparse(data):
        digest.update(repr(data.shape).encode())
        for part in _parts(data):
            _stamp_array(digest, part)
    elif isinstance(data, list):
        picked = [data[index] for index in _spread(len(data), SAMPLES)]
        digest.update(repr((len(data), list(map(id, picked)))).encode())
    else:
        return None
    return digest.hexdigest()


def _stamp_array(digest: Any, array: Any) -> None:
    import numpy

    digest.update(repr((array.shape, array.dtype.str)).encode())
    if array.nbytes <= SUMMED_BYTES and array.dtype.kind in "iufb":
        # By their bits: floats would add up to NaN, or lose the small ones.
        unsigned = array.view(f"u{array.dtype.itemsize}") if array.dtype.itemsize <= 8 else array
        digest.update(numpy.asarray(unsigned.sum(dtype=numpy.uint64)).tobytes())
    if array.size:
        positions = numpy.linspace(0, array.size - 1, min(array.size, SAMPLES)).astype(numpy.intp)
        digest.update(array[numpy.unravel_index(positions, array.shape)].tobytes())


def _spread(size: int, count: int) -> Sequence[int]:
    """``count`` positions, or fewer, from the first to the last. Not a range: pandas would look it up as labels."""
    if size <= count:
        return list(range(size))
    return [index * (size - 1) // (count - 1) for index in range(count)]
