"""What loading and tracking import: nothing that takes a while."""

import json
import subprocess
import sys

import pytest

import mlops_magics

HEAVY = {
    "anywidget", "duckdb", "filelock", "ipywidgets", "narwhals", "numpy", "pandas", "pyarrow", "scipy", "skops",
    "sklearn",
}  # fmt: skip

START = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
before = set(sys.modules)
def run(line):
    result = shell.run_cell(line)
    assert result.success, result
"""
END = "\nprint(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"

PROGRAMS = {
    "import": "import sys, json\nbefore = set(sys.modules)\nimport mlops_magics" + END,
    "load_ext": START + "run('%load_ext mlops_magics')" + END,
    "track": START + """
run("%load_ext mlops_magics")
for line in ("track flights --name baseline", "log auc=0.5 --step 1", "params depth=6", "tag a=b", "note c", "end"):
    run("%mlops " + line)
""" + END,
    "python": """
import sys, json
before = set(sys.modules)
from mlops_magics import track
with track("flights") as run:
    run.log(auc=1.0)
""" + END,
}


def test_every_name_of_the_window_is_what_it_says() -> None:
    for name in mlops_magics.__all__:
        assert callable(getattr(mlops_magics, name)), name
        assert name in dir(mlops_magics)
    with pytest.raises(AttributeError, match="no attribute 'trakc'"):
        mlops_magics.trakc  # noqa: B018


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_heavy_is_imported(name) -> None:
    command = [sys.executable, "-c", PROGRAMS[name]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "mlops_magics" in loaded
    assert not loaded & HEAVY
