"""A library that another thread is importing is not there yet."""

import importlib
import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType

import pandas
import pytest

from mlops_magics.capture.autolog.tables import _state
from mlops_magics.capture.held import hold
from mlops_magics.data.loaded import loaded

HALF = """
import threading
may_end = threading.Event()
may_end.wait(10)
"""


def test_what_is_being_imported_is_as_good_as_not_there(tmp_path, monkeypatch):
    (tmp_path / "half_imported.py").write_text(HALF)
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=importlib.import_module, args=["half_imported"])
    thread.start()
    while not hasattr(sys.modules.get("half_imported"), "may_end"):
        pass
    during = loaded("half_imported")
    sys.modules["half_imported"].may_end.set()
    thread.join()
    assert during is None
    assert loaded("half_imported") is sys.modules.pop("half_imported")
    assert loaded("pandas") is pandas


@pytest.mark.parametrize("name", ["duckdb", "pandas", "numpy", "pyarrow", "scipy.sparse"])
def test_a_table_is_held_while_another_thread_imports_a_library(name, monkeypatch):
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.__spec__._initializing = True
    monkeypatch.setitem(sys.modules, name, module)
    assert hold([1.0, 2.0]).data == [1.0, 2.0]
    assert _state([1.0]) == ()
