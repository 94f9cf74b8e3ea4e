"""Curves as bytes for a browser, which reads the numbers where they lie."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_magics.compare.curves import Curves

ARRAYS = ("x", "low", "high", "last")


def pack(curves: Curves) -> bytes:
    """The length of the header (uint32, little-endian), the header as JSON, and from the next multiple of eight bytes
    on the float64 values of each curve: ``x``, ``low``, ``high``, ``last``, ``count`` of each.

    ``static/packet.js`` reads it.
    """
    told = curves.to_dict()
    headers = [
        {**{name: value for name, value in one.items() if name not in ARRAYS}, "count": len(curve.x)}
        for one, curve in zip(told["curves"], curves.curves, strict=True)
    ]
    header = json.dumps({**told, "curves": headers}, allow_nan=False).encode()
    parts = [struct.pack("<I", len(header)), header, b"\0" * (-(4 + len(header)) % 8)]
    parts += [getattr(curve, name).astype("<f8").tobytes() for curve in curves.curves for name in ARRAYS]
    return b"".join(parts)
