"""Which calls change what they are called on, and whether making the change again comes out the same."""

from __future__ import annotations

import ast
import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SETTLING = {
    "fit": "fit()", "fit_transform": "fit()", "fit_predict": "fit()", "fit_resample": "fit()",
    "load_state_dict": "fit()",
    "seed": "seed()", "manual_seed": "seed()", "manual_seed_all": "seed()", "set_seed": "seed()",
    "set_random_seed": "seed()", "clear": "clear()", "sort": "sort()", "zero_grad": "zero_grad()",
}  # fmt: skip
"""Methods that leave what they are called on in one state, whatever it was in before."""

ADDING = frozenset({"set_params", "add", "discard", "update", "setdefault", "register", "set_index", "compile"})
"""Methods that come out the same when they are called again with the same arguments."""

ACCUMULATING = _words("""
    append extend insert pop remove popitem appendleft popleft extendleft rotate reverse partial_fit shuffle
    step backward train_on_batch fill resize heappush
    """)
"""Methods that go on from where they find what they are called on."""

FIRST_ARGUMENT = _words("""
    setattr delattr heappush heappop heapify insort insort_left insort_right copyto fill_diagonal put place putmask
    next anext
    """)
"""Functions that change their first argument."""

MODULE_STATE = frozenset({"seed", "manual_seed", "manual_seed_all", "set_seed", "set_random_seed"})
"""Methods that change a module; ``np.append`` and ``os.remove`` are functions of one, and do not."""

SQL_METHODS = frozenset({"execute", "executemany", "executescript", "sql"})
"""Methods that change what they are called on when their query says so."""

_METHODS = ACCUMULATING | ADDING | SQL_METHODS | set(SETTLING)

OPAQUE_CALLS = _words("""
    exec chdir putenv load_dotenv set_config set_option set_options reset_option set_seed seed_everything
    run_line_magic run_cell_magic run_cell run_code system reload
    """)
"""Functions whose effect no name shows."""

BINDING_CALLS = frozenset({"exec", "run_line_magic", "run_cell_magic", "run_cell", "run_code"})
"""Those of them that may bind any name."""

OPAQUE_MAGICS = _words("""
    load_ext reload_ext unload_ext run pylab reset reset_selective autoreload env set_env cd pushd popd config
    matplotlib rerun rep macro load loadpy store aimport mkdir mv cp
    %%writefile %%file %%cython %%bash %%sh %%script %%system %%sx %%! %%cmd %%perl %%ruby %%python %%python2 %%python3
    %%pypy %%R %%?
    """)
"""Magics that leave something behind that no name shows: an extension, a folder, a file."""

BINDING_MAGICS = frozenset({"run", "pylab", "rerun", "rep", "load", "loadpy", "store", "%%cython", "%%R", "%%?"})
"""Those of them that may bind any name."""

_LOOKING = _words("""
    awk cat conda date df dir du echo egrep env file find free git grep head hostname java jupyter less ll ls lsblk
    lscpu mamba more nproc nvidia-smi pip pip3 printenv ps pwd python python3 stat tail top tree type uname uv wc
    whereis which whoami
""")
_REMOVING = frozenset({"rm", "rmdir", "unlink"})
"""What they leave behind, the files of the notebook tell."""

_PANDAS_NAME = re.compile(r"@([A-Za-z_]\w*)")
_SQL_NAME = re.compile(r"\b(?:from|join)\s+([A-Za-z_]\w*)", re.IGNORECASE)
_READING_SQL = _words("select with from describe show explain summarize values pragma table")


def may_change(call: ast.Call, method: str) -> bool:
    """Whether it is worth asking :func:`settled_by`."""
    return method in _METHODS or any(word.arg == "inplace" for word in call.keywords)


def settled_by(call: ast.Call, method: str, root: str) -> tuple[str, ...] | None:
    """How a method changes what it is called on: None for not at all, an empty tuple for a change that goes on from
    what was there, otherwise the places that hold the same when it is called again.
    """
    if method in SQL_METHODS:
        return None if _only_reads(call) else ()
    if method in ACCUMULATING or any(word.arg == "inplace" and _is_true(word.value) for word in call.keywords):
        return ()
    return _settled_again(call, method, root) if method in SETTLING or method in ADDING else None


def _settled_again(call: ast.Call, method: str, root: str) -> tuple[str, ...]:
    arguments = [*call.args, *(word.value for word in call.keywords)]
    inside = [node for argument in arguments for node in ast.walk(argument)]
    if any(isinstance(node, ast.Name) and node.id == root for node in inside):
        return ()
    if method in SETTLING:
        return (SETTLING[method],)
    if method == "add" and any(isinstance(node, ast.Call) for node in inside):
        # A layer that is made on the spot is another one each time; a key of a set is not.
        return ()
    return (f"{method}({','.join(ast.dump(argument) for argument in arguments)})",)


def names_in_query(method: str, text: str) -> list[str]:
    """The names of the notebook that a text query uses: ``@name`` in pandas, frames behind FROM and JOIN in DuckDB.

    >>> names_in_query("query", "age > @oldest"), names_in_query("sql", "select 1 from flights join planes using (id)")
    (['oldest'], ['flights', 'planes'])
    """
    found = _PANDAS_NAME.findall(text) if method in {"query", "eval"} else []
    return found + (_SQL_NAME.findall(text) if method in SQL_METHODS or method == "query" else [])


def is_only_looking(command: str) -> bool:
    """Whether a shell command leaves nothing behind but files removed, as far as its first words tell."""
    words = command.split()
    if not words:
        return True
    if words[0] in _REMOVING:
        return not re.search(r"[;&|>]", command)
    return words[0] in _LOOKING and ">" not in command and "|" not in command.replace("||", "")


def _only_reads(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return True
    words = first.value.lstrip("( \t\n").split(None, 1)
    return not words or words[0].lower() in _READING_SQL


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
