"""Whether two tables hold the same rows in whatever order: a sum over the rows of what each of them is mixed to.

Every value becomes 64 bits (for numbers, dates and instants one to one); a row two sums of 64 bits over its columns,
each weighted by its position, mixed so that nothing of the sum is left; the table the sum of its rows. Rows that occur
twice count twice. The mixing is the finaliser of MurmurHash3 (Appleby 2011), in NumPy, so that it is the same on every
engine and version.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy

from mlops_magics.data.canonical import EXACT, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[numpy.uint64]

LONGEST_IN_WORDS = 1_024
"""Texts of more bytes are digested by BLAKE2b one by one; shorter ones eight bytes at a time, all at once."""

_MODULUS = 2**64
_FIRST_WEIGHT = 1_000_003
_KINDS = ("missing", "number", "boolean", "instant", "date", "text", "wide", "nanoseconds")


def _mixed(number: int) -> int:
    """The finaliser for one number; see :func:`mix`."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        number = (number ^ (number >> 33)) * factor % _MODULUS
    return number ^ (number >> 33)


_SEEDS = {kind: numpy.uint64(_mixed(index + 1)) for index, kind in enumerate(_KINDS)}
_MASKS = numpy.array([2 ** (8 * count) - 1 for count in range(9)], dtype=numpy.uint64)
_FACTORS = (numpy.uint64(0xFF51AFD7ED558CCD), numpy.uint64(0xC4CEB9FE1A85EC53))
_HALF = numpy.uint64(33)


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Two sums of 64 bits for each of some rows."""

    first: Words
    second: Words
    scratch: Words

    @classmethod
    def of(cls, rows: int) -> Lanes:
        """Sums of nothing."""
        first, second, scratch = (numpy.zeros(rows, dtype=numpy.uint64) for _ in range(3))
        return cls(first, second, scratch)

    def add(self, column: int, values: Words) -> None:
        """Add what a column's values were mixed to."""
        for sums, weight in zip((self.first, self.second), weights(column), strict=True):
            numpy.multiply(values, weight, out=self.scratch)
            numpy.add(sums, self.scratch, out=sums)


@dataclass(slots=True, eq=False)
class ContentDigest:
    """Takes a table block by block, the columns of a block in any order and from several threads."""

    _lanes: deque[Lanes] = field(default_factory=deque)
    _sums: tuple[int, int] = (0, 0)

    def add(self, column: int, values: Values) -> None:
        """Take a column's part of the block."""
        mixed = cells(values)
        try:
            lanes = self._lanes.popleft()
        except IndexError:
            lanes = Lanes.of(values.rows)
        lanes.add(column, mixed)
        self._lanes.append(lanes)

    def close_block(self) -> None:
        """All columns of the block were given."""
        first = sum(lanes.first for lanes in self._lanes)
        second = sum(lanes.second for lanes in self._lanes)
        self._lanes.clear()
        self.add_rows(numpy.asarray(first, dtype=numpy.uint64), numpy.asarray(second, dtype=numpy.uint64))

    def add_rows(self, first: Words, second: Words) -> None:
        """Take rows by their two sums; the arrays are used up."""
        mix(first)
        second ^= first
        mix(second)
        sums = zip(self._sums, (first, second), strict=True)
        before, after = ((known + int(found.sum(dtype=numpy.uint64))) % _MODULUS for known, found in sums)
        self._sums = before, after

    def hexdigest(self, names: Iterable[str], rows: int) -> str:
        """32 hexadecimal digits of names, number of rows, and what the rows are."""
        whole = blake2b(f"{rows} rows in any order".encode(), digest_size=16)
        for name in names:
            encoded = name.encode("utf-8", "surrogatepass")
            whole.update(len(encoded).to_bytes(8, "little") + encoded)
        for part in self._sums:
            whole.update(part.to_bytes(8, "little"))
        return whole.hexdigest()


def weights(column: int) -> tuple[numpy.uint64, numpy.uint64]:
    """The two odd factors of a column, by its position."""
    first, second = (_mixed(2 * column + lane + _FIRST_WEIGHT) | 1 for lane in range(2))
    return numpy.uint64(first), numpy.uint64(second)


def weigh_columns(columns: NDArray[Any]) -> tuple[Words, Words]:
    """The :func:`weights` of many columns."""
    first = columns.astype(numpy.uint64) * numpy.uint64(2) + numpy.uint64(_FIRST_WEIGHT)
    second = first + numpy.uint64(1)
    return mix(first) | numpy.uint64(1), mix(second) | numpy.uint64(1)


def mix(words: Words) -> Words:
    """Mix each word in place so that every bit hangs on every other; one to one. Returns them."""
    scratch = numpy.empty_like(words)
    for factor in _FACTORS:
        numpy.right_shift(words, _HALF, out=scratch)
        numpy.bitwise_xor(words, scratch, out=words)
        numpy.multiply(words, factor, out=words)
    numpy.right_shift(words, _HALF, out=scratch)
    numpy.bitwise_xor(words, scratch, out=words)
    return words


def cells(values: Values) -> Words:
    """What each of the values is mixed to."""
    if values.kind == "missing" or values.numbers is None:
        return numpy.full(values.rows, _SEEDS["missing"])
    if values.kind == "text":
        mixed = _texts(values.numbers, values.characters)
    else:
        bits = values.numbers if values.kind == "number" else values.numbers.astype(numpy.int64, copy=False)
        mixed = mix(bits.view(numpy.uint64) ^ _SEEDS[values.kind])
    if values.rest is not None:
        _add_rest(mixed, values)
    if values.missing is not None:
        mixed[values.missing] = _SEEDS["missing"]
    return mixed


def _add_rest(mixed: Words, values: Values) -> None:
    """Tell values apart that their numbers do not; those that need it, so that no value hangs on its neighbours."""
    rest = values.rest
    assert rest is not None
    assert values.numbers is not None
    if values.kind == "instant":
        concerned, kind = rest != 0, "nanoseconds"
    else:
        is_small = (rest <= EXACT) | ((values.numbers < 0) & (rest >= numpy.uint64(_MODULUS - EXACT)))
        concerned, kind = ~is_small, "wide"
    mixed[concerned] ^= mix(rest[concerned].astype(numpy.uint64) ^ _SEEDS[kind])


def _texts(lengths: NDArray[numpy.int64], characters: memoryview | bytes) -> Words:
    mixed = lengths.astype(numpy.uint64)
    mixed ^= _SEEDS["text"]
    mix(mixed)
    starts = numpy.cumsum(lengths) - lengths
    # Read eight bytes from anywhere, also from the last ones.
    padded = numpy.concatenate([numpy.frombuffer(characters, numpy.uint8), numpy.zeros(8, numpy.uint8)])
    words: Words = numpy.ndarray((len(padded) - 7,), "<u8", buffer=padded.data, strides=(1,))
    waiting: Any = numpy.flatnonzero((lengths > 0) & (lengths <= LONGEST_IN_WORDS))
    at = 0
    while len(waiting):
        left = lengths[waiting] - at
        found = words[starts[waiting] + at]
        found &= _MASKS[numpy.minimum(left, 8)]
        found ^= mixed[waiting]
        mixed[waiting] = mix(found)
        waiting = waiting[left > 8]
        at += 8
    for index in numpy.flatnonzero(lengths > LONGEST_IN_WORDS).tolist():
        text = characters[int(starts[index]) : int(starts[index] + lengths[index])]
        mixed[index] ^= numpy.uint64(int.from_bytes(blake2b(text, digest_size=8).digest(), "little"))
    return mixed
