"""Declaring results costs an import nothing, and every example in the room runs."""

import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import mlops_magics.look

MODULES = sorted(path.stem for path in Path(mlops_magics.look.__file__).parent.glob("*.py") if path.stem != "__init__")
MEASURE = """
import sys, mlops_magics
before = set(sys.modules)
import mlops_magics.look
print(*sorted(set(sys.modules) - before))
"""


def test_importing_is_light() -> None:
    out = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True).stdout
    loaded = set(out.split())
    mine = {f"mlops_magics.look.{name}" for name in ("document", "shown", "value")}
    assert mine <= loaded
    assert not {name for name in loaded if name.startswith("mlops_magics.look.")} - mine
    assert not {name.partition(".")[0] for name in loaded} - {*sys.stdlib_module_names, "mlops_magics"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(import_module(f"mlops_magics.look.{name}")).failed == 0


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'to_pdf'"):
        mlops_magics.look.to_pdf  # noqa: B018
