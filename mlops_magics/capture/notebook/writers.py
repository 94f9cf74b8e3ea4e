"""Which calls write, read or remove files, and which of their arguments says which file?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

from mlops_magics.capture.notebook.shapes import called_name

Act = Literal["read", "write", "add", "append", "remove", "folder"]
"""What is done to a file: read, written anew, added to, added to at its end whatever is in it, removed; or a folder is
made.
"""

_OPENERS = frozenset(
    {"open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "tarfile.open", "zipfile.ZipFile",
     "h5py.File"}
)  # fmt: skip
_ARCHIVES = frozenset({"tarfile.open", "zipfile.ZipFile", "h5py.File"})
_MODE = re.compile(r"[rwaxbtU+:|gz]{1,4}")
_SAVING = re.compile(
    r"to_(csv|parquet|json|pickle|excel|feather|stata|xml|html|latex|markdown|orc|netcdf|zarr|file|image|disk|hdf)"
    r"|write_(csv|parquet|json|ndjson|ipc|excel|avro|feather|image|html|delta)|sink_\w+"
    r"|tofile|save|savefig|save_(model|weights|pretrained|state|to_disk)|dump_model|export|extractall"
)
"""Methods that write to the place they are given first."""

_FUNCTIONS = {
    "joblib.dump": 1, "skops.io.dump": 1, "pickle.dump": 1, "cloudpickle.dump": 1, "dill.dump": 1, "torch.save": 1,
    "json.dump": 1, "numpy.save": 0, "numpy.savez": 0, "numpy.savez_compressed": 0, "numpy.savetxt": 0,
    "scipy.io.savemat": 0, "scipy.io.mmwrite": 0, "scipy.sparse.save_npz": 0, "matplotlib.pyplot.savefig": 0,
    "pyarrow.parquet.write_table": 1, "pyarrow.parquet.write_to_dataset": 1, "pyarrow.feather.write_feather": 1,
    "pyarrow.csv.write_csv": 1, "cv2.imwrite": 0, "imageio.imwrite": 0, "urllib.request.urlretrieve": 1,
    "pandas.ExcelWriter": 0, "pandas.HDFStore": 0, "sklearn.datasets.dump_svmlight_file": 2,
}  # fmt: skip
"""Functions that write, and at which place they are told where."""

_COPIES = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "os.link", "os.symlink"})
_MOVES = frozenset({"shutil.move", "os.rename", "os.replace"})
_REMOVES = frozenset({"os.remove", "os.unlink", "os.rmdir", "os.removedirs", "shutil.rmtree"})
_PLACES = frozenset(
    {"path", "path_or_buf", "path_or_buffer", "excel_writer", "fname", "filename", "file", "f", "fp", "filepath", "buf",
     "sink", "target", "where", "root_path", "dst", "outfile"}
)  # fmt: skip
_ADDING = frozenset({"to_hdf", "extractall"})
_NAMING = frozenset(
    {"Path", "PurePath", "PosixPath", "UPath", "join", "dirname", "basename", "abspath", "expanduser", "splitext",
     "joinpath", "with_suffix", "with_name", "resolve", "absolute", "as_posix", "relative_to", "print", "display",
     "str", "repr", "len", "isinstance", "format", "strip", "split", "startswith", "endswith", "append", "add", "list",
     "sorted", "write", "writelines", "replace", "rename"}
)  # fmt: skip
"""Calls that speak of a place and do not look at it."""


def acts_of(call: ast.Call, name: str) -> Iterator[tuple[Act, ast.expr]]:
    """What a call does to files, in order, each with the expression that says to which one.

    A call that is not known is taken to read whatever it is given and called on.

    Parameters
    ----------
    call, name
        As it is in the code, and its full name, as :func:`mlops_magics.capture.notebook.calls.dotted_name` tells.

    Examples
    --------
    >>> call = ast.parse("df.to_csv('a.csv')", mode="eval").body
    >>> [(act, ast.unparse(place)) for act, place in acts_of(call, "df.to_csv")]
    [('write', "'a.csv'")]
    """
    if name in _OPENERS or called_name(call) == "open":
        yield from _opened(call, name)
    elif name in _REMOVES:
        yield from (("remove", place) for place in call.args[:1])
    elif name in {"os.mkdir", "os.makedirs"}:
        yield from (("folder", place) for place in call.args[:1])
    elif name in _COPIES | _MOVES and len(call.args) > 1:
        yield "read", call.args[0]
        if name in _MOVES:
            yield "remove", call.args[0]
        yield "write", call.args[1]
    elif name in _FUNCTIONS:
        yield from _saved(call, _FUNCTIONS[name])
    elif isinstance(call.func, ast.Attribute):
        yield from _method(call, call.func)
    elif called_name(call) not in _NAMING:
        yield from _reads(call)


def _opened(call: ast.Call, name: str) -> Iterator[tuple[Act, ast.expr]]:
    """A file opened by a function, or by a method of a path."""
    first = call.args[0] if call.args else None
    is_path = name not in _OPENERS and isinstance(call.func, ast.Attribute) and (first is None or _is_mode(first))
    if is_path:
        assert isinstance(call.func, ast.Attribute)
        place, mode = call.func.value, _mode(call, 0)
    elif first is not None:
        place, mode = first, _mode(call, 1)
    else:
        return
    if not set(mode) & set("wax"):
        yield "read", place
    if set(mode) & set("wx"):
        yield "write", place
    elif "a" in mode and name not in _ARCHIVES:
        yield "append", place
    elif set(mode) & set("a+"):
        yield "add", place


def _mode(call: ast.Call, at: int) -> str:
    mode = call.args[at] if len(call.args) > at else next((k.value for k in call.keywords if k.arg == "mode"), None)
    return mode.value if isinstance(mode, ast.Constant) and isinstance(mode.value, str) else ""


def _is_mode(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODE.fullmatch(node.value) is not None


def _saved(call: ast.Call, at: int) -> Iterator[tuple[Act, ast.expr]]:
    place = call.args[at] if len(call.args) > at else _named_place(call)
    if place is not None:
        if called_name(call) in _ADDING or called_name(call) == "HDFStore":
            yield "add", place
        else:
            yield "append" if _mode(call, at + 1) == "a" else "write", place


def _named_place(call: ast.Call) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg in _PLACES), None)


def _method(call: ast.Call, func: ast.Attribute) -> Iterator[tuple[Act, ast.expr]]:
    method = func.attr
    if method in {"write_text", "write_bytes"}:
        yield "write", func.value
    elif method == "touch":
        yield "add", func.value
    elif method in {"unlink", "rmdir"}:
        yield "remove", func.value
    elif method == "mkdir":
        yield "folder", func.value
    elif method in {"rename", "replace"} and len(call.args) == 1 and not call.keywords:
        yield from (("read", func.value), ("remove", func.value), ("write", call.args[0]))
    elif _SAVING.fullmatch(method):
        yield from _saved(call, 0)
    elif method == "to_sql":
        place = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "con"), None)
        yield from (("add", each) for each in [place] if each is not None)
    elif method not in _NAMING:
        yield "read", func.value
        yield from _reads(call)


def _reads(call: ast.Call) -> Iterator[tuple[Act, ast.expr]]:
    for each in (*call.args, *(word.value for word in call.keywords)):
        yield "read", each
