"""What shell commands and queries do to files, as far as their words tell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from mlops_magics.capture.notebook.writers import Act

_PARTS = re.compile(r"\s*(?:;|&&|\|\|?|\n)\s*")
_INTO = re.compile(r"(?<![\d&])(>>?)\s*([^\s;&|>]+)")
_COPY_TO = re.compile(r"\bcopy\b.*?\bto\s+'([^']+)'", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")


def acts_of_command(command: str) -> Iterator[tuple[Act, str]]:
    """What a command line does to files, in order. Every word of a command that is not known may be a file it reads.

    >>> list(acts_of_command("mkdir -p out && cp a.csv out/b.csv; rm a.csv"))
    [('folder', 'out'), ('read', 'a.csv'), ('write', 'out/b.csv'), ('remove', 'a.csv')]
    >>> list(acts_of_command("sort names > sorted.txt"))
    [('read', 'names'), ('write', 'sorted.txt')]
    """
    for part in _PARTS.split(command):
        into = [("append" if sign == ">>" else "write", place.strip("'\"")) for sign, place in _INTO.findall(part)]
        try:
            program, *words = shlex.split(_INTO.sub(" ", part), comments=True)
        except ValueError:  # nothing there, or a quotation mark without its other
            program, words = "", []
        places = [word for word in words if not word.startswith("-")]
        yield from _acts(program, places)
        yield from into  # type: ignore[misc]


def _acts(program: str, places: list[str]) -> Iterator[tuple[Act, str]]:
    simple: dict[str, Act] = {"rm": "remove", "rmdir": "remove", "unlink": "remove", "del": "remove", "mkdir": "folder",
                              "touch": "add", "tee": "write"}  # fmt: skip
    if program in {"cp", "copy", "mv", "move", "ln"} and len(places) > 1:
        for place in places[:-1]:
            yield "read", place
            if program in {"mv", "move"}:
                yield "remove", place
        yield "write", places[-1]
    elif program not in {"echo", "printf"}:
        for place in places:
            yield simple.get(program, "read"), place


def acts_of_query(text: str) -> Iterator[tuple[Act, str]]:
    """What a query does to files: ``COPY … TO 'file'`` writes one; any other text in quotes may be one it reads.

    >>> list(acts_of_query("COPY (SELECT * FROM 'a.csv') TO 'b.parquet' (FORMAT parquet)"))
    [('read', 'a.csv'), ('write', 'b.parquet')]
    """
    written = _COPY_TO.findall(text)
    for single, double in _QUOTED.findall(text):
        if (single or double) not in written:
            yield "read", single or double
    for place in written:
        yield "write", place
