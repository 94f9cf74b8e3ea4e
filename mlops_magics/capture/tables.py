"""The tables a run stands on: their columns, fingerprint and profile, kept as its reference."""

from __future__ import annotations

from typing import Any

from mlops_magics.records import Dataset, Text, encode


def describe_table(data: Any, *, name: str, role: str) -> tuple[Dataset, Text]:
    """Look at a table once: what it holds, the digest of its content, and the summary new data is compared with.

    Returns the record, and the text with the profile it refers to.

    Raises
    ------
    DataError
        ``data`` is no table, or is empty.
    """
    from mlops_magics.data.engines.duckdb import profile_table
    from mlops_magics.data.fingerprint import fingerprint
    from mlops_magics.data.frames import open_table

    table = open_table(data, name=name)
    profile = Text.of(encode(profile_table(table).to_dict()))
    dataset = Dataset(
        name=name,
        role=role,
        fingerprint=fingerprint(table),
        rows=table.rows,
        columns=dict(table.columns),
        profile=profile.sha256,
    )
    return dataset, profile
