"""Which files did executions write, read and remove, and which took what from whom?"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from mlops_magics.capture.notebook.calls import dotted_name
from mlops_magics.capture.notebook.executed import Execution
from mlops_magics.capture.notebook.following import Following, Function
from mlops_magics.capture.notebook.literals import texts_of
from mlops_magics.capture.notebook.shapes import called_name
from mlops_magics.capture.notebook.shell import acts_of_command, acts_of_query
from mlops_magics.capture.notebook.source import MAGIC, python_of
from mlops_magics.capture.notebook.writers import Act, acts_of

_SHELLS = frozenset({"%%bash", "%%sh", "%%script", "%%system", "%%sx", "%%!"})
_COMMANDS = frozenset({"!", "rm", "rmdir", "mkdir", "cp", "mv", "cat", "run", "system", "sx"})
_SQL = re.compile(r"\b(from|join|copy)\b.*['\"]", re.IGNORECASE | re.DOTALL)
_FILLED_IN = re.compile(r"\{(\w+)\}|\$(\w+)")
_WILD = re.compile(r"\{[^{}]*\}|\*+|\?")


class _Touches(Following):
    """What executions do to files, one execution after the other; what names stand for is carried over."""

    def __init__(self) -> None:
        super().__init__({})
        self._found: list[tuple[Act, str]] = []
        self._methods: dict[str, list[Function]] = {}
        self._handles: set[str] = set()

    def of(self, source: str) -> list[tuple[Act, str]]:
        """What an execution of this source does, in order."""
        self._found = []
        module = python_of(source).module
        for statement in module.body if module else ():
            self._visit_statement(statement)
        return self._found

    def visit_ClassDef(self, node: ast.ClassDef) -> None:  # noqa: N802 - the standard library's name
        for each in node.body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                self._methods.setdefault(each.name, []).append(each)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:  # noqa: N802 - the standard library's name
        super().visit_Import(node)
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for module in modules:
            self._found.append(("read", f"{module.replace('.', '/')}.py"))

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_withitem(self, node: ast.withitem) -> None:
        super().visit_withitem(node)
        if isinstance(node.optional_vars, ast.Name):
            self._handles.add(node.optional_vars.id)

    def _read(self, call: ast.Call) -> None:
        name = dotted_name(call.func, self._imports) or ""
        if name == MAGIC:
            self._magic(call)
        elif name in self._functions:
            self._follow(self._functions[name], call)
        else:
            self._touch(call, name)

    def _touch(self, call: ast.Call, name: str) -> None:
        for method in self._methods.get(called_name(call), ()) if isinstance(call.func, ast.Attribute) else ():
            self._follow(method, ast.Call(call.func, [ast.Name("self", ast.Load()), *call.args], call.keywords))
        for each in call.args:
            if isinstance(each, ast.Name) and each.id in self._functions:
                # Handed on, to be called by somebody else.
                self._follow(self._functions[each.id], ast.Call(each, [], []))
        for act, place in acts_of(call, name):
            for text in self._places(act, place):
                if act == "read" and _SQL.search(text):
                    self._found += acts_of_query(text)
                else:
                    self._found.append((act, f"{text}.npy" if name == "numpy.save" and "." not in text else text))

    def _places(self, act: Act, place: ast.expr) -> tuple[str, ...]:
        texts = texts_of(place, self._lookup)
        if texts or isinstance(place, ast.Constant) or (isinstance(place, ast.Name) and place.id in self._handles):
            return texts
        is_told = isinstance(place, ast.Name) or (isinstance(place, ast.Attribute) and act != "read")
        return (f"{{{ast.unparse(place)}}}",) if is_told or isinstance(place, ast.Attribute | ast.Subscript) else ()

    def _magic(self, call: ast.Call) -> None:
        name, text = (str(part.value) if isinstance(part, ast.Constant) else "" for part in call.args[:2])
        if name in {"%%writefile", "%%file"}:
            words = self._filled(text.strip().partition("\n")[0]).split()[1:]
            places = [word for word in words if not word.startswith("-")]
            self._found += [("append" if "-a" in words else "write", place) for place in places[:1]]
        elif name in _COMMANDS:
            self._found += acts_of_command(self._filled(text))
        elif name in _SHELLS:
            self._found += acts_of_command(self._filled(text.partition("\n")[2]))
        elif name in {"sql", "%%sql"}:
            self._found += acts_of_query(self._filled(text))

    def _filled(self, text: str) -> str:
        """A command with the texts that IPython puts in, where they are known."""

        def fill(match: re.Match[str]) -> str:
            known = self._lookup(match[1] or match[2])
            return known[0] if len(known) == 1 else match[0]

        return _FILLED_IN.sub(fill, text)


class FileFlow:
    """The files of a notebook, followed through its executions in the order they ran.

    ``taken[i]`` maps the files that execution i read, in quotes so that they are told from names, to the earlier
    executions that wrote or removed them; ``made[i]`` are the files it wrote, added to or removed; ``grown[i]`` maps
    those it added to at their end to the earlier executions whose text is still in them. What the
    code does not tell of a path, such as ``{month}`` in ``data/{month}.csv``, may be anything.
    """

    def __init__(self, executions: Sequence[Execution]) -> None:
        self._executions = executions
        self._makers: dict[str, tuple[int, ...]] = {}
        self._inside: dict[str, list[str]] = {}  # folder → files known in it
        self._wild: list[str] = []  # files of whose paths a part is not known
        self.taken: list[dict[str, tuple[int, ...]]] = []
        self.made: list[frozenset[str]] = []
        self.grown: list[dict[str, tuple[int, ...]]] = []
        touches = _Touches()
        for index, execution in enumerate(executions):
            self.taken.append({})
            self.made.append(frozenset())
            self.grown.append({})
            for act, text in touches.of(execution.source):
                if act != "read" or self._makers:
                    self._touch(index, act, _normal(text))

    def _touch(self, index: int, act: Act, place: str) -> None:
        if not place:
            return
        if act == "read":
            self._take(index, self._concerned(place))
            return
        self._take(index, [path for path in _around(place) if path in self._makers])
        if act != "folder":
            self.made[index] |= {quoted(place)}
        if act == "append":
            makers = self._makers.get(place, ())
            if index not in makers:
                self.grown[index][quoted(place)] = makers
        if act == "remove":
            self._remove(index, place)
        else:
            self._make(index, act, place)

    def _concerned(self, place: str) -> list[str]:
        """The files known so far that looking at a place may see."""
        if _is_wild(place):
            return [path for path in self._makers if concerns(place, path)]
        known = [path for path in (place, *_around(place)) if path in self._makers]
        wild = [path for path in self._wild if path not in known and concerns(place, path)]
        return [*known, *self._inside.get(place, ()), *wild]

    def _know(self, place: str, makers: tuple[int, ...]) -> None:
        if place not in self._makers:
            if _is_wild(place):
                self._wild.append(place)
            else:
                for folder in _around(place):
                    self._inside.setdefault(folder, []).append(place)
        self._makers[place] = makers

    def _make(self, index: int, act: Act, place: str) -> None:
        former = self._makers.get(place, ())
        if act == "write":
            # An execution that raised may not have come as far.
            if not former or self._executions[index].status == "ok":
                self._know(place, (index,))
            return
        if act == "folder":
            former = tuple(one for one in former if not self._is_same(one, index))
        self._know(place, (*former, index) if index not in former else former)

    def _remove(self, index: int, place: str) -> None:
        gone = [path for path in self._concerned(place) if not place.startswith(path + "/")]
        self._take(index, gone)
        for path in {*gone, place}:
            self._know(path, (index,))

    def _take(self, index: int, paths: Sequence[str]) -> None:
        for path in paths:
            makers = tuple(one for one in self._makers[path] if one != index)
            if makers and index not in self._makers[path]:
                self.taken[index][quoted(path)] = makers

    def _is_same(self, left: int, right: int) -> bool:
        one, other = self._executions[left], self._executions[right]
        return one.cell == other.cell and one.source == other.source


def quoted(path: str) -> str:
    """What a file is called beside names."""
    return f'"{path}"'


def concerns(asked: str, path: str) -> bool:
    """Whether looking at ``asked`` may see what is at ``path``: the same place, one inside, or one around it.

    >>> concerns("data/{month}.csv", "data/3.csv"), concerns("data", "data/3.csv"), concerns("a.csv", "b.csv")
    (True, True, False)
    """
    if asked == path or path.startswith(f"{asked}/") or asked.startswith(f"{path}/"):
        return True
    return (_is_wild(asked) and _matches(asked, path)) or (_is_wild(path) and _matches(path, asked))


def _around(path: str) -> Iterator[str]:
    """The folders a path is in, from the inside out."""
    while "/" in path:
        path = path.rpartition("/")[0]
        if path:
            yield path


def _is_wild(path: str) -> bool:
    """Whether a part of a path is not known; of one that is not known at all, only the same words are the same."""
    return ("{" in path or "*" in path or "?" in path) and _pattern(path) is not None


def _matches(wild: str, path: str) -> bool:
    pattern = _pattern(wild)
    return pattern is not None and pattern.fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _pattern(wild: str) -> re.Pattern[str] | None:
    """A path with parts that are not known; None where all of it is known, or nothing of it."""
    parts = _WILD.split(wild)
    if len(parts) == 1 or not any(part.strip("/.") for part in parts):
        return None
    signs = [".*" if sign == "**" else "[^/]*" for sign in _WILD.findall(wild)]
    return re.compile("".join(f"{re.escape(part)}{sign}" for part, sign in zip(parts, [*signs, ""], strict=True)))


def _normal(text: str) -> str:
    if "://" in text or not text.strip() or "\n" in text:
        return text.strip() if "\n" not in text else ""
    return posixpath.normpath(text.strip().replace("\\", "/"))


def files_taken(executions: Sequence[Execution]) -> list[dict[str, tuple[int, ...]]]:
    """For each execution, the files it read that earlier ones had written or removed, in quotes, and which those are.

    >>> runs = [Execution(1, "a", "df.to_csv('x.csv')"), Execution(2, "b", "pd.read_csv('x.csv')")]
    >>> files_taken(runs)
    [{}, {'"x.csv"': (0,)}]
    """
    return FileFlow(executions).taken


def paths_made(executions: Sequence[Execution]) -> Iterator[str]:
    """The paths that executions write or remove, each once, as far as the code tells them in full."""
    made = frozenset[str]().union(*FileFlow(executions).made)
    yield from sorted(path for path in (text[1:-1] for text in made) if not _WILD.search(path))
