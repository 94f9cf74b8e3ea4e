"""Which calls change what they are called on, and whether making the change again comes out the same."""

from __future__ import annotations

import ast
import re

from mlops_magics.capture.notebook.queries import is_reading, is_settling, text_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SETTLING = {
    "fit": "fit()", "fit_transform": "fit()", "fit_predict": "fit()", "fit_resample": "fit()",
    "load_state_dict": "fit()",
    "seed": "seed()", "manual_seed": "seed()", "manual_seed_all": "seed()", "set_seed": "seed()",
    "set_random_seed": "seed()", "clear": "clear()", "sort": "sort()", "zero_grad": "zero_grad()",
}  # fmt: skip
"""Methods that leave what they are called on in one state, whatever it was in before."""

FITTING = frozenset({"fit", "fit_transform", "fit_predict", "fit_resample", "partial_fit"})
"""Methods that change what they are called on, and leave what they are handed."""

ADDING = frozenset({"set_params", "add", "discard", "update", "setdefault", "register", "set_index", "compile"})
"""Methods that come out the same when they are called again with the same arguments."""

ACCUMULATING = _words("""
    append extend insert pop remove popitem appendleft popleft extendleft rotate reverse partial_fit shuffle
    step backward train_on_batch fill resize heappush
    """)
"""Methods that go on from where they find what they are called on."""

SEARCHING = frozenset({"optimize", "tell"})
"""Methods that go on from what was tried before, and have changed something long before they are over."""

_FILE = _words("read readline readlines readinto write writelines")
_QUEUE = _words("put put_nowait get get_nowait")
_HASH = frozenset({"update"})
_OF_KIND = {
    "Counter": frozenset({"update", "subtract"}), "open": _FILE, "StringIO": _FILE, "BytesIO": _FILE, "Queue": _QUEUE,
    "LifoQueue": _QUEUE, "PriorityQueue": _QUEUE, "SimpleQueue": _QUEUE, "md5": _HASH, "sha1": _HASH, "sha256": _HASH,
}  # fmt: skip
"""Methods that go on from where they find what was made by a call of this name."""

_ONCE = _words("generator iter zip map filter enumerate reversed open reader DictReader")
"""What can be gone through once, by the name of what was called to make it."""

_GOING_THROUGH = _words("iter list tuple set frozenset dict sum max min sorted any all next enumerate zip map filter")

FIRST_ARGUMENT = _words("""
    setattr delattr heappush heappop heapify insort insort_left insort_right copyto fill_diagonal put place putmask
    next anext
    """)
"""Functions that change their first argument."""

MODULE_STATE = frozenset({"seed", "manual_seed", "manual_seed_all", "set_seed", "set_random_seed"})
"""Methods that change a module; ``np.append`` and ``os.remove`` are functions of one, and do not."""

SQL_METHODS = frozenset({"execute", "executemany", "executescript", "sql"})
"""Methods that change what they are called on when their query says so."""

_METHODS = ACCUMULATING | SEARCHING | ADDING | SQL_METHODS | set(SETTLING)

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


def may_change(call: ast.Call, method: str) -> bool:
    """Whether it is worth asking :func:`settled_by`."""
    return method in _METHODS or any(word.arg == "inplace" for word in call.keywords)


def settled_by(call: ast.Call, method: str, root: str) -> tuple[str, ...] | None:
    """How a method changes what it is called on: None for not at all, an empty tuple for a change that goes on from
    what was there, otherwise the places that hold the same when it is called again.
    """
    if method in SQL_METHODS:
        return _settled_by_query(call)
    if method in SEARCHING:
        return () if call.args else None
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


def goes_on(kind: str, method: str) -> bool:
    """Whether a method of what a call of ``kind`` made goes on from where it finds it.

    >>> goes_on("Counter", "update"), goes_on("dict", "update")
    (True, False)
    """
    return method in _OF_KIND.get(kind, ())


def uses_up(kind: str, function: str) -> bool:
    """Whether a function of Python's goes through what a call of ``kind`` made, and it is at its end then."""
    return kind in _ONCE and function in _GOING_THROUGH


def _settled_by_query(call: ast.Call) -> tuple[str, ...] | None:
    text = text_of(call.args[0] if call.args else None)
    if text is None or (is_reading(text.partition(";")[0]) and is_settling(text)):
        return None
    return (f"sql({ast.dump(call.args[0])})",) if is_settling(text) else ()


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
