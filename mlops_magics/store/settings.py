"""What a store's owner has decided for every run in it: ``settings.toml`` in the store's folder.

The file, with what holds where it says nothing (``system_seconds`` is None then, and ``columns`` empty)::

    [capture]
    autolog = true          # record what is fitted
    outputs = true          # keep figures, and previews of tables shown last in a cell
    system_seconds = 5.0    # measure CPU, memory and GPU this often; left out: not at all
    model_bytes = 2147483648  # a larger model is not kept by itself; 2 GiB

    [privacy]
    private = false         # no outputs, no previews, no row-wise predictions, no model with data in it
    columns = ["ssn"]       # values of these columns are never written down
"""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from mlops_magics.errors import StoreError
from mlops_magics.store.location import Layout, StoreWarning

FILE_NAME = "settings.toml"
SHORTEST_SECONDS = 0.1
_KEYS = {
    "capture": {name: name for name in ("autolog", "outputs", "system_seconds", "model_bytes")},
    "privacy": {"private": "private", "columns": "private_columns"},
}
"""Table and key of the file, to the field of :class:`Settings`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How runs of one store are recorded.

    Attributes
    ----------
    private
        No cell outputs, no previews of data, no row-wise predictions, no model that holds texts or rows of data.
    private_columns
        Names of columns whose values are never written in the clear.
    system_seconds
        How often CPU, memory and GPU are measured; None: not at all.
    autolog
        Record what is fitted.
    outputs
        Keep figures, and previews of tables.
    model_bytes
        A model that takes more is kept only when somebody says so.
    """

    private: bool = False
    private_columns: frozenset[str] = frozenset()
    system_seconds: float | None = None
    autolog: bool = True
    outputs: bool = True
    model_bytes: int = 2 << 30


def read_settings(layout: Layout) -> Settings:
    r"""Read the settings of a store; those of a store without the file are the defaults.

    Raises
    ------
    StoreError
        The file cannot be read, is no TOML, or has an unknown key or a value of another type. Nothing is guessed.

    Examples
    --------
    >>> from pathlib import Path
    >>> root = Path("team/.mlops")
    >>> root.mkdir(parents=True)
    >>> _ = (root / "settings.toml").write_text('[privacy]\ncolumns = ["ssn"]')
    >>> read_settings(Layout(root)).private_columns
    frozenset({'ssn'})
    """
    file = layout.root / FILE_NAME
    values: dict[str, Any] = {}
    for table, content in _read(layout).items():
        if table not in _KEYS:
            raise StoreError(f"{file} has an unknown table [{table}]", seen=table, exists=_KEYS)
        if not isinstance(content, Mapping):
            raise StoreError(f"{file}: {table} is a table, not {content!r}", hint=f"Write [{table}] on its own line")
        for key, value in content.items():
            if key not in _KEYS[table]:
                raise StoreError(f"{file}: [{table}] has no key {key!r}", seen=key, exists=_KEYS[table])
            field = _KEYS[table][key]
            expected, convert = _TYPES[field]
            try:
                values[field] = convert(value)
            except (TypeError, ValueError):
                raise StoreError(f"{file}: {table}.{key} is {expected}, not {value!r}", seen=value) from None
    return Settings(**values)


def settings_or_safest(layout: Layout) -> Settings:
    """Read the settings of a store; where they are wrong, warn and give the safest.

    That is private, without outputs, with every private column that could be made out. Where the file cannot be read
    at all, nothing is known of its columns: then nothing is recorded of fits either.

    Warns
    -----
    StoreWarning
        The settings are wrong: how, and what is done instead.
    """
    try:
        return read_settings(layout)
    except StoreError as error:
        problem = error
    columns = _columns_at_least(layout)
    safest = Settings(private=True, outputs=False, private_columns=columns or frozenset(), autolog=columns is not None)
    instead = "is private" if safest.autolog else "is private, and fits are not recorded"
    warnings.warn(f"{problem} Until this is mended every run here {instead}.", StoreWarning, stacklevel=2)
    return safest


def _read(layout: Layout) -> dict[str, Any]:
    file = layout.root / FILE_NAME
    try:
        # Editors of one platform begin a file with a mark that TOML does not know.
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"{file} cannot be read ({reason})", hint="Mend it, or remove it for the defaults") from error


def _columns_at_least(layout: Layout) -> frozenset[str] | None:
    """The private columns of a file with an error elsewhere; None when they cannot be told."""
    try:
        return _names(_read(layout).get("privacy", {}).get("columns", []))
    except (StoreError, AttributeError, TypeError):
        return None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not SHORTEST_SECONDS <= value < float("inf"):
        raise ValueError
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    if value < 0:
        raise ValueError
    return value


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError
    return frozenset(value)


_TYPES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "private": ("true or false", _truth),
    "private_columns": ('a list of names such as ["ssn"]', _names),
    "system_seconds": (f"a number of seconds, at least {SHORTEST_SECONDS}", _seconds),
    "autolog": ("true or false", _truth),
    "outputs": ("true or false", _truth),
    "model_bytes": ("a whole number of bytes, such as 2147483648", _whole),
}
assert set(_TYPES) == {field.name for field in fields(Settings)}
