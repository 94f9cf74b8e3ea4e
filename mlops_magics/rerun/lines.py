"""Which lines of a cell are not done again: what asked the store, belongs to other runs, or installs packages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_magics.capture.notebook.failures import RECORDING
from mlops_magics.capture.notebook.source import python_of
from mlops_magics.store.location import VARIABLE

if TYPE_CHECKING:
    from mlops_magics.records import Run

_MLOPS = re.compile(
    r"(?P<target>[^\W\d]\w*\s*=\s*)?"
    # IPython takes a magic without its sign too, where it can be nothing else.
    r"(?P<sign>%{1,2}|!{1,2}[ \t]*|(?=mlops[ \t]+[a-z]+(?:[ \t]+[^=\s]|[ \t]*$)))"
    r"mlops\b[ \t]*(?P<verb>[\w-]*)(?P<rest>.*)",
    re.DOTALL,
)
_INSTALL = re.compile(
    r"[%!]{1,2}.*\b(pip3?|conda|mamba|micromamba|uv|poetry)\b.*\b(install|uninstall|remove|add|sync|update)\b"
)
_STORE = re.compile(rf"%(set_)?env\s+{VARIABLE}\b")
_OTHER_RUN = re.compile(r"\s--run[\s=]+(\S+)")
_FILLED_IN = re.compile(r"[{$]")
_SETTERS = frozenset({"setdefault", "putenv", "update", "setenv"})
MASKED = "***"
_MASKED = re.compile(r":\*{3}@|(['\"])\*{3}\1")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a cell. ``is_open``: the run is going on when it is over; ``tracks``: it begins the run;
    ``has_other``: another run that was left in is going on.
    """

    source: str
    is_open: bool
    tracks: bool = False
    has_other: bool = False


def kept_lines(source: str, run: Run, *, is_open: bool, may_track: bool = True, has_other: bool = False) -> Kept:
    """Take out of a cell the lines that a replay of ``run`` does not do again.

    Only lines that stand by themselves at the left margin: ``x = %mlops …`` gives a name that others may need, where a
    run is open that it can record into, and what is inside of a loop belongs to it. A line that starts the run says its
    name.

    Parameters
    ----------
    source, run
        The cell as it ran, and the run that is to happen again.
    is_open
        Whether the run is going on when the cell begins.
    may_track
        Whether the run can begin in this cell; False for cells that ran before it.
    has_other
        Whether another run that was left in is going on when the cell begins.
    """
    state = _Cell(run, is_open=is_open, may_track=may_track, has_other=has_other)
    hidden = _hidden_lines(source)
    lines = []
    for number, line in _whole_lines(source):
        kept = line if number in hidden else state.keep(line)
        if kept is not None:
            lines.append(kept)
    text = _without_settings("\n".join(lines))
    return Kept(text, state.is_open, state.tracks, state.has_other)


class _Cell:
    """Reads a cell from top to bottom: whose run is open changes on the way."""

    def __init__(self, run: Run, *, is_open: bool, may_track: bool, has_other: bool) -> None:
        self._run = run
        self._may_track = may_track
        self.is_open = is_open
        self.has_other = has_other
        self.tracks = False

    def keep(self, line: str) -> str | None:
        """The line as it is done again, or None."""
        if _INSTALL.match(line) or _STORE.match(line):
            return None
        match = _MLOPS.match(line)
        return self._keep_verb(line, match) if match else line

    def _keep_verb(self, line: str, match: re.Match[str]) -> str | None:
        verb = match["verb"]
        if match["sign"].startswith("!"):
            # Another process: it has no run of this notebook open, and what it asks is no part of one.
            return line if match["target"] else None
        if verb == "track":
            return self._track(line, match)
        if match["target"] or verb == "autolog":
            # What records raises where no run is open.
            return line if verb not in RECORDING or self.is_open or self.has_other else None
        if verb not in RECORDING or not self.is_open or not self._is_for_this_run(line):
            return None
        if verb == "end":
            self.is_open = False
        return line

    def _track(self, line: str, match: re.Match[str]) -> str | None:
        words = match["rest"].split()
        if not self._may_track or not self._is_this_run(words):
            self.is_open, self.has_other = False, bool(match["target"])
            return line if match["target"] else None
        was_open, self.is_open, self.tracks, self.has_other = self.is_open, True, True, False
        others = [word for word in _without_name(words) if word != "--resume" or was_open]
        others.remove(next(word for word in others if self._is_experiment(word)))
        track = f"{match['sign'] or '%'}mlops track {self._run.experiment} --name {self._run.name}"
        return " ".join([f"{match['target'] or ''}{track}", *others])

    def _is_this_run(self, words: Sequence[str]) -> bool:
        name = _name_in(words)
        is_named_so = name is None or name == self._run.name or _FILLED_IN.search(name) is not None
        return is_named_so and any(self._is_experiment(word) for word in _without_name(words))

    def _is_experiment(self, word: str) -> bool:
        return word == self._run.experiment or _FILLED_IN.search(word) is not None

    def _is_for_this_run(self, line: str) -> bool:
        other = _OTHER_RUN.search(line)
        return other is None or other[1] in {self._run.name, f"{self._run.experiment}/{self._run.name}"}


def _name_in(words: Sequence[str]) -> str | None:
    for place, word in enumerate(words):
        if word.startswith("--name="):
            return word.removeprefix("--name=")
        if word == "--name" and place + 1 < len(words):
            return words[place + 1]
    return None


def _without_name(words: Sequence[str]) -> list[str]:
    kept = []
    skips = False
    for word in words:
        if not skips and word != "--name" and not word.startswith("--name="):
            kept.append(word)
        skips = word == "--name"
    return kept


def _whole_lines(source: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1; that of a magic which goes on after a backslash is one with what follows."""
    lines = source.split("\n")
    number = 0
    while number < len(lines):
        first, line = number + 1, lines[number]
        while line.endswith("\\") and line.lstrip().startswith(("%", "!")) and number + 1 < len(lines):
            number += 1
            line = f"{line}\n{lines[number]}"
        number += 1
        yield first, line


def _hidden_lines(source: str) -> frozenset[int]:
    """Numbers of the lines that begin inside of a string: what looks like a magic there is text."""
    module = python_of(source).module
    if module is None:
        return frozenset()
    strings = (node for node in ast.walk(module) if isinstance(node, ast.Constant | ast.JoinedStr))
    return frozenset(
        number for node in strings for number in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
    )


def _without_settings(source: str) -> str:
    """Without the lines whose statements say where the store is: a replay has one of its own."""
    module = python_of(source).module if VARIABLE in source else None
    if module is None:
        return source
    gone, others = set[int](), set[int]()
    for statement in module.body:
        lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
        is_simple = isinstance(statement, ast.Assign | ast.Expr)
        (gone if is_simple and _sets_store(statement) else others).update(lines)
    return "\n".join(
        line for number, line in enumerate(source.split("\n"), 1) if number not in gone or number in others
    )


def sets_store(source: str) -> bool:
    """Whether a cell says, in whatever way, where the store is."""
    module = python_of(source).module if VARIABLE in source else None
    return module is not None and _sets_store(module)


def _sets_store(tree: ast.AST) -> bool:
    targets = (
        part
        for node in ast.walk(tree)
        for part in (
            node.targets
            if isinstance(node, ast.Assign)
            else [*node.args, *node.keywords]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SETTERS
            else []
        )
    )
    return any(
        VARIABLE in {getattr(inner, "value", None), getattr(inner, "arg", None)}
        for target in targets
        for inner in ast.walk(target)
        if isinstance(inner, ast.Constant | ast.keyword)
    )


def is_empty(source: str) -> bool:
    """Whether a cell does nothing: no line but comments."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in source.splitlines())


def has_masked_value(source: str) -> bool:
    """Whether a value that was a secret stands in a cell as ``***``: alone between quotes, or in a URL or header."""
    if MASKED not in source:
        return False
    module = python_of(source).module
    if module is None:
        return bool(_MASKED.search(source))
    printed = {
        id(argument)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for argument in node.args
    }
    texts = (
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in printed
    )
    return any(text == MASKED or f":{MASKED}@" in text or f" {MASKED}" in text.partition("Bearer")[2] for text in texts)
