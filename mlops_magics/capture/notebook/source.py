"""IPython source as Python: what a cell means, magic lines included, with its line numbers kept.

A magic line becomes a call of :data:`MAGIC` that holds the line's text and mentions the names it uses, so that whoever
walks the tree needs to know nothing of magics. Where a magic runs Python, as ``%time`` does, the Python stays Python.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from dataclasses import dataclass
from functools import lru_cache
from keyword import iskeyword
from textwrap import dedent

from mlops_magics.capture.notebook.escapes import move_back, written_out

MAGIC = "__ipython__"
"""What a magic line calls in the tree: ``MAGIC(name, text, *uses)``; the name of a shell line is ``"!"``."""

_STATEMENT_MAGICS = frozenset({"time", "timeit", "prun", "lprun", "mprun", "memit", "snakeviz", "memray_flamegraph"})
_OPTIONS_WITH_VALUE = frozenset("nrpslTDfmu")
_NAMELESS_MAGICS = frozenset(
    """
    alias autoawait autocall automagic autoreload autosave bookmark capture cat cd colors conda config cp dhist dirs
    doctest_mode env file gui hist history html javascript js killbgscripts latex ldir less lf lk ll load load_ext
    loadpy
    logoff logon logstart logstate logstop ls lsmagic lx magic man markdown matplotlib mkdir more mv notebook page
    pastebin pdb pip popd precision pushd pwd pycat pylab rehashx reload_ext rep rerun reset rm rmdir run save sc
    set_env
    svg sx system tb unalias unload_ext uv who who_ls whos writefile xmode
    """.split()  # noqa: SIM905 - a list of a hundred quoted words is no easier to read
)
_FOREIGN_CELLS = frozenset(
    """
    ! HTML R Rscript SVG ai bash bigquery cmd cython file html javascript js latex markdown mermaid perl pypy python
    python2 python3 ruby script sh sql svg sx system writefile
    """.split()  # noqa: SIM905
)
_AUTOMAGIC = re.compile(r"\s*(?:pip|conda|cd|ls|ll|mkdir|cat|load_ext|matplotlib|run|time|timeit|mlops)\s+[^\s=(.,\[]")
_MLOPS_NAMES = {"artifact": 1, "evaluate": 3, "check": 1, "drift": 1}
"""How many words after a verb of ``%mlops`` name something of the notebook."""

_TARGET = r"(?:(?P<target>[A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_]\w*)*)\s*=\s*)?"
_MAGIC_LINE = re.compile(rf"(?P<indent>\s*){_TARGET}(?P<sigil>%%?|!!?)(?P<rest>[^\s=%!].*|\s+\S.*)$", re.DOTALL)
_HELP_LINE = re.compile(
    r"(?P<indent>\s*)(?:\?{1,2}\s*(?P<before>%{0,2}[\w.*]+)|(?P<after>%{0,2}[\w.*\[\]'\"]+)\?{1,2})\s*;?\s*$"
)
_CALL_LINE = re.compile(r"(?P<indent>\s*)[,;/](?P<words>[A-Za-z_]\w*(?:\s+.*)?)$")
_PROMPT = re.compile(r"^(?:>>> ?|\.\.\. ?|In \[\d*\]: ?|   \.{3,}: ?)", re.MULTILINE)
_TOKEN = re.compile(
    r"'''|\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|(?P<comment>\#.*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<more>\\$)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"(?<![\w.\-$%/\\@:])[A-Za-z_]\w*(?!\w*[/:])")
_BRACED = re.compile(r"\{([^{}]+)\}")
_DOLLAR = re.compile(r"(?<!\$)\$([A-Za-z_]\w*)")
_INTO = re.compile(r"([A-Za-z_]\w*)\s*(?:=\s*)?<<")
_OUT = re.compile(r"(?:--out|--err|-o)[ =]([A-Za-z_]\w*)")
_MAY_WARN = re.compile(r"(?<![\w.])\d[\w.]*(?:and|else|for|if|in|is|or|not)\b|\\[4-7][0-7]{2}")
_MAY_WARN_SINCE_3_14 = re.compile(r"\bfinally\b")


@dataclass(frozen=True, slots=True)
class Code:
    """A cell as Python. ``module`` is None where it cannot be understood; ``is_local`` says that the names it binds are
    gone afterwards, as with ``%%timeit``.
    """

    module: ast.Module | None
    is_local: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there to run: no text, or comments only."""
        return self.module is not None and not self.module.body


@lru_cache(maxsize=4096)
def python_of(source: str) -> Code:
    r"""Read IPython source as Python. Never fails: what is neither gives a :class:`Code` without a module.

    Line magics, ``!commands``, ``x = %magic``, ``x = !command``, ``name?``, a leading indent, pasted prompts and
    top-level ``await`` are understood. The body of ``%%time``, ``%%capture`` and every cell magic that is not known to
    hold another language is Python; that of ``%%bash``, ``%%html``, ``%%writefile`` is text.

    >>> import ast
    >>> print(ast.unparse(python_of("%time df = load()\nfiles = !ls {folder}").module))
    __ipython__('time', '')
    df = load()
    files = __ipython__('!', 'ls {folder}', folder)
    """
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    if (magic := _cell_magic(text)) is not None:
        return magic
    return Code(_module(text))


def has_same_code(left: str, right: str) -> bool:
    """Whether two sources mean the same: comments, blank lines and layout do not count.

    >>> has_same_code("x = 1  # one", "x=1"), has_same_code("x = 1", "x = 2")
    (True, False)
    """
    if left == right:
        return True
    return meaning(left) == meaning(right)


@lru_cache(maxsize=4096)
def meaning(source: str) -> str:
    """A text that is equal for sources of :func:`has_same_code`."""
    code = python_of(source)
    return source.strip() if code.module is None else ast.dump(code.module)


def statements(source: str) -> frozenset[str]:
    """The statements at the top of a cell, each as a text that is equal for equal code."""
    code = python_of(source)
    if code.module is None:
        return frozenset({source.strip()})
    return frozenset(ast.dump(statement) for statement in code.module.body)


ATTEMPTS = 5
"""A tree is built again so often where another thread disturbed it."""


def _module(text: str) -> ast.Module | None:
    if (module := parse(text)) is not None:
        return module
    for form in (text, dedent(text), _PROMPT.sub("", dedent(text))):
        for is_automatic in (False, True):
            if (module := parse(_without_magics(form, is_automatic=is_automatic))) is not None:
                return module
    return None


def parse(text: str) -> ast.Module | None:
    """The tree of Python text with top-level ``await``, or None. What Python would warn of is the user's to hear once,
    when the cell runs.
    """
    found = written_out(text)
    if found is None:
        return None
    said, inserted = found
    try:
        if not (_MAY_WARN.search(said) or (sys.version_info >= (3, 14) and _MAY_WARN_SINCE_3_14.search(said))):
            tree = _tree(said)
        else:
            # Rare. These filters are the process's, and another thread may have a block of its own at this moment.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = _tree(said)
        move_back(tree, inserted)
        return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tree(text: str) -> ast.Module:
    for _ in range(ATTEMPTS - 1):
        try:
            return ast.parse(text)
        except SystemError:
            # Two threads that build trees at one moment disturb each other.
            continue
    return ast.parse(text)


# -- lines ------------------------------------------------------------------------------------------------------------


def _without_magics(text: str, *, is_automatic: bool) -> str:
    """The text with every magic line as a call. Only a line that begins a statement can be one."""
    lines, done, reader = text.split("\n"), [], _Reader()
    index = 0
    while index < len(lines):
        line, last = lines[index], index
        if reader.begins_statement:
            while lines[last].endswith("\\") and last + 1 < len(lines):
                last += 1
            whole = " ".join(part.removesuffix("\\") for part in lines[index : last + 1])
            call = _as_python(whole, is_automatic=is_automatic)
            if call is not None:
                done += [call, *[""] * (last - index)]
                index = last + 1
                continue
        reader.read(line)
        done.append(line)
        index += 1
    return "\n".join(done)


class _Reader:
    """Where a line stands: inside brackets, inside a text of three quotes, or at the beginning of a statement."""

    def __init__(self) -> None:
        self._quotes = ""
        self._depth = 0
        self._goes_on = False

    @property
    def begins_statement(self) -> bool:
        return not (self._quotes or self._depth or self._goes_on)

    def read(self, line: str) -> None:
        at, self._goes_on = 0, False
        while at < len(line):
            if self._quotes:
                end = line.find(self._quotes, at)
                if end < 0:
                    return
                at, self._quotes = end + 3, ""
                continue
            token = _TOKEN.search(line, at)
            if token is None or token["comment"] is not None:
                return
            at = token.end()
            if token[0] in {"'''", '"""'}:
                self._quotes = token[0]
            elif token["open"]:
                self._depth += 1
            elif token["close"]:
                self._depth = max(0, self._depth - 1)
            elif token["more"]:
                self._goes_on = True


def _as_python(line: str, *, is_automatic: bool) -> str | None:
    """One magic line as Python, or None where it is no magic line."""
    if match := _HELP_LINE.match(line):
        asked = match["before"] or match["after"]
        return match["indent"] + _call("?", asked, [] if asked.startswith("%") else _words(asked))
    if match := _MAGIC_LINE.match(line):
        target = f"{match['target']} = " if match["target"] else ""
        rest = match["rest"].strip()
        if match["sigil"].startswith("!"):
            return f"{match['indent']}{target}{_call('!', rest, _expanded(rest))}"
        return match["indent"] + _line_magic(rest, target)
    if match := _CALL_LINE.match(line):
        return match["indent"] + _call(",", match["words"], _words(match["words"]))
    if is_automatic and _AUTOMAGIC.match(line):
        return line[: len(line) - len(line.lstrip())] + _line_magic(line.strip(), "")
    return None


def _line_magic(rest: str, target: str) -> str:
    name, _, words = rest.partition(" ")
    words = words.strip()
    if name in _STATEMENT_MAGICS and (python := _statement(name, words, target)):
        return python
    if name == "aimport" and words and not words.startswith("-") and parse(f"import {words}"):
        return f"{_call(name, '', [])}; import {words}"
    if name in {"xdel", "reset_selective"} and words.isidentifier():
        return f"{_call(name, '', [])}; del {words}"
    if name == "store" and words.startswith("-r "):
        return "".join(f"{word} = " for word in words.split()[1:] if word.isidentifier()) + _call(name, rest, [])
    if name == "sql" and (match := _INTO.match(words)):
        target, words = f"{match[1]} = ", words[match.end() :]
    return target + _call(name, rest, _uses(name, words))


def _statement(name: str, words: str, target: str) -> str | None:
    """What a magic that runs a statement runs, without the magic's options."""
    while words.startswith("-"):
        option, _, words = words.partition(" ")
        if len(option) == 2 and option[1] in _OPTIONS_WITH_VALUE:
            words = words.lstrip().partition(" ")[2]
        words = words.lstrip()
    is_expression = parse(f"({words})") is not None
    if is_expression and (target or name not in {"time", "prun"}):
        return f"{target}{MAGIC}({name!r}, '', ({words}))"
    if name in {"time", "prun"} and not target and parse(words) is not None:
        return f"{_call(name, '', [])}; {words}"
    return None


def _uses(name: str, words: str) -> list[str]:
    """The names a magic's words mention, as Python expressions. More than it uses does no harm."""
    if name in _NAMELESS_MAGICS:
        return _expanded(words)
    if name == "mlops":
        verb, *rest = words.split() or [""]
        return [*_expanded(words), *(word for word in rest[: _MLOPS_NAMES.get(verb, 0)] if _is_name(word))]
    return [*_expanded(words), *_words(words)]


def _expanded(words: str) -> list[str]:
    """What IPython puts in for ``{expression}`` and ``$name``."""
    braced = (match.strip() for match in _BRACED.findall(words))
    return [f"({each})" for each in braced if parse(f"({each})") is not None] + [
        name for name in _DOLLAR.findall(words) if _is_name(name)
    ]


def _words(words: str) -> list[str]:
    plain = _QUOTED.sub(" ", words)
    return list(dict.fromkeys(word for word in _WORD.findall(plain) if _is_name(word)))


def _is_name(word: str) -> bool:
    return word.isidentifier() and not iskeyword(word)


def _call(name: str, text: str, uses: list[str]) -> str:
    return f"{MAGIC}({', '.join([repr(name), repr(text), *uses])})"


# -- cells ------------------------------------------------------------------------------------------------------------


def _cell_magic(text: str) -> Code | None:
    """A cell that a cell magic begins, or None. Nested ones, as ``%%capture`` around ``%%time``, are read too."""
    head, line, body = _split_cell(text)
    if line is None:
        return None
    name, _, words = line[2:].strip().partition(" ")
    is_known = name in _FOREIGN_CELLS
    if not is_known:
        inner = _cell_magic(body)
        module = inner.module if inner else _module(body)
        if module is not None:
            first = parse(_header(name, words.strip()))
            assert first is not None
            for statement in module.body:
                ast.increment_lineno(statement, head + 1)
            is_local = name == "timeit" or (inner is not None and inner.is_local)
            return Code(ast.Module([*first.body, *module.body], []), is_local)
    targets = _OUT.findall(words)
    words = _OUT.sub(" ", words).strip()
    if name == "sql":
        targets += _INTO.findall(words)
        words = f"{_INTO.sub('', words)} {body}"
    uses = [*_expanded(words), *(_words(words) if name not in _NAMELESS_MAGICS else ())]
    call = _call("%%" + name if is_known else "%%?", text, uses)
    return Code(parse("".join(f"{target} = " for target in targets) + call))


def _split_cell(text: str) -> tuple[int, str | None, str]:
    """How many lines stand before the line of the cell magic, that line (None: there is none), and what follows."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith("%%") and len(bare) > 2 and not bare[2].isspace():
            return number, bare, "\n".join(lines[number + 1 :])
        if bare and not bare.startswith("#"):
            break
    return 0, None, text


def _header(name: str, words: str) -> str:
    if name == "capture":
        targets = [word for word in words.split() if _is_name(word)][:1]
        return "".join(f"{target} = " for target in targets) + _call(name, words, [])
    if name == "timeit" and words and (setup := _statement(name, words, "")):
        return setup
    return _call(name, words, _uses(name, words))
