"""How wide text is in a terminal, and what of it may be written there."""

from __future__ import annotations

import unicodedata

_INVISIBLE = {"Mn", "Me", "Cf"}
_UNSAFE = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def clean(text: str, *, keep: str = "") -> str:
    """The text without what would steer a terminal or reorder a line; such a character reads as ``�``.

    Characters of ``keep`` stay as they are; other line breaks and tabs become a space.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_clean_character(character, keep) for character in text)


def _clean_character(character: str, keep: str) -> str:
    if character in keep:
        return character
    if character in "\n\t\r\v\f\x85\u2028\u2029":
        return " "
    return "\ufffd" if unicodedata.category(character) in _UNSAFE or character in _BIDI else character


def width(text: str) -> int:
    """Terminal cells the text takes: East Asian wide characters two, combining marks none."""
    return len(text) if text.isascii() else sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.category(character) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, cells: int) -> str:
    """The text in at most so many terminal cells, with an ellipsis where something was left out."""
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for character in text:
        used += _cells(character)
        if used > cells - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if cells > 0 else ""


def clip_middle(text: str, cells: int) -> str:
    """The text in at most so many terminal cells, an ellipsis in its middle: long names of one family differ at their
    ends.

    >>> clip_middle("boosted-from-config-2026-11-27 (+12)", 20)
    'boosted-fr…-27 (+12)'
    """
    if width(text) <= cells:
        return text
    tail: list[str] = []
    used = 0
    for character in reversed(text):
        used += _cells(character)
        if used > (cells - 1) // 2:
            break
        tail.append(character)
    end = "".join(reversed(tail))
    return clip(text, cells - width(end)) + end


def pad(text: str, cells: int, *, align: str = "left") -> str:
    """The text filled with spaces to so many terminal cells."""
    space = " " * max(0, cells - width(text))
    return space + text if align == "right" else text + space
