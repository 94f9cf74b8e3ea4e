"""Ids that sort by the moment they were made."""

from __future__ import annotations

import secrets
import time
import uuid


def new_id() -> str:
    """Make a UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random bits.

    >>> len(new_id()), new_id()[14]
    (36, '7')
    """
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return str(uuid.UUID(int=value))


def new_writer() -> int:
    """Make the number that tells one writer of journals from every other: 40 random bits."""
    return secrets.randbits(40)
