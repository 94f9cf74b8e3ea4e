"""Whether a text says where a table is: a file, a pattern of files, or a query."""

from __future__ import annotations

import os.path
import re

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst", ".txt")

_QUERY = re.compile(r"\s*(select|from|with)\s+\S", re.IGNORECASE)
_CODE = frozenset("()='\"")


def is_query(text: str) -> bool:
    """Whether a text is a query in SQL rather than a path.

    >>> is_query("FROM 'july.parquet' WHERE origin = 'EWR'"), is_query("july.parquet")
    (True, False)
    """
    return _QUERY.match(text) is not None and not _is_file(text)


def is_place(text: str) -> bool:
    """Whether a text says where a table is, by its ending or because there is such a file; else it is a name.

    >>> is_place("july.parquet"), is_place("july"), is_place("flights/july"), is_place("read('july.parquet')")
    (True, False, False, False)
    """
    if is_query(text):
        return True
    if not _CODE.isdisjoint(text):
        return False
    return text.lower().endswith((*PARQUET, *CSV)) or _is_file(text)


def _is_file(text: str) -> bool:
    # Not Path.is_file, which raises where the text is longer than a name may be.
    return os.path.isfile(os.path.expanduser(text))  # noqa: PTH111, PTH113
