"""Journal lines that hold a record, and those that do not: what is kept when a file was damaged."""

from __future__ import annotations

from typing import Any

import orjson

from mlops_magics.store.journal import NON_FINITE

RECORD_START = b'{"t":'
"""Every record begins so. Texts inside one cannot, as their quotes are escaped; the values of a metric ``t`` can."""

LATEST_MICROSECONDS = 253_402_300_800_000_000
"""The end of the year 9999: a greater time is no time, and DuckDB would refuse the whole slice for it."""

FIELDS: dict[str, type | tuple[type, ...]] = {
    "t": int, "w": int, "s": int, "n": str, "v": (int, float, str), "m": dict, "k": str, "d": dict, "b": str,
}
CONTENTS = ("n", "m", "k")


def repair(content: bytes, writer: int) -> tuple[bytes, list[bytes]]:
    r"""Part the lines that hold a record from those that do not.

    A record written right behind a torn one, as after a moment of full disk, is found and kept.

    >>> repair(b'{"t":1,"w":{"t":2,"w":7,"n":"a","v":1}' + bytes([10]), 7)
    (b'{"t":2,"w":7,"n":"a","v":1}\n', [b'{"t":1,"w":'])
    """
    good, bad = [], []
    for line in content.split(b"\n"):
        at = _record_in(line, writer)
        if at is not None:
            good.append(line[at:])
        if stranger := line[:at].strip():
            bad.append(stranger)
    return b"".join(line + b"\n" for line in good), bad


def _record_in(line: bytes, writer: int) -> int | None:
    """Where in a line the record that ends it begins, or None when it ends in something else."""
    at = 0
    while at >= 0:
        if is_record(line[at:], writer):
            return at
        at = line.find(RECORD_START, at + 1)
    return None


def is_record(line: bytes, writer: int) -> bool:
    """Whether a line is a record as this writer writes them."""
    try:
        record: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(record, dict) or type(record.get("t")) is not int or record.get("w") != writer:
        return False
    if not all(value is None or isinstance(value, FIELDS.get(name, object)) for name, value in record.items()):
        return False
    values = [record.get("v")] if record.get("n") is not None else (record.get("m") or {}).values()
    is_dated = 0 <= record["t"] < LATEST_MICROSECONDS
    return is_dated and any(record.get(name) is not None for name in CONTENTS) and all(map(_is_value, values))


def _is_value(value: Any) -> bool:
    return value in NON_FINITE if isinstance(value, str) else isinstance(value, int | float)
