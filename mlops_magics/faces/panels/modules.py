"""The ES modules of a panel as the one module that anywidget takes: its parts in order, each without its imports.

The files in ``static/`` are plain modules that a browser can load as they are; nothing builds them. As the parts share
one scope when joined, no two define the same name; ``tests/faces/panels`` sees to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)


@cache
def joined(main: str) -> str:
    """The module ``static/MAIN.js`` with everything it imports, and the entry that anywidget calls.

    >>> "export default { render: renderPanel(mount) };" in joined("live")
    True
    """
    parts = [part for name in ordered(f"{main}.js", "adapter.js") for part in (f"// {name}", _bare(name))]
    return "\n".join([*parts, "export default { render: renderPanel(mount) };\n"])


@cache
def styles() -> str:
    """The style sheet of all panels."""
    return (STATIC / "panel.css").read_text(encoding="utf-8")


def ordered(*mains: str) -> list[str]:
    """The modules and those they import, each behind those it needs.

    >>> ordered("curves.js")[-1]
    'curves.js'
    """
    found: dict[str, None] = {}
    for main in mains:
        found.update(dict.fromkeys(_with_needs(main, ())))
    return list(found)


def _with_needs(name: str, on_the_way: tuple[str, ...]) -> Iterator[str]:
    if name in on_the_way:
        raise ValueError(f"{name} imports itself by way of {' and '.join(on_the_way)}")
    for needed in _IMPORT.findall(_source(name)):
        yield from _with_needs(needed, (*on_the_way, name))
    yield name


def _bare(name: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", _source(name)))


@cache
def _source(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
