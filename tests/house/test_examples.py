"""Every example in a docstring runs and prints what it says; every public function says what it promises."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import mlops_magics

HOUSE = Path(mlops_magics.__file__).parent
MODULES = sorted(HOUSE.rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(["mlops_magics", *path.relative_to(HOUSE).with_suffix("").parts]).removesuffix(".__init__")


@pytest.mark.parametrize("path", [path for path in MODULES if ">>>" in path.read_text(encoding="utf-8")], ids=dotted)
def test_examples_run(path: Path) -> None:
    failures, count = doctest.testmod(importlib.import_module(dotted(path)), verbose=False)
    assert count
    assert not failures


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_public_things_are_explained(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module says nothing"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} says nothing"
