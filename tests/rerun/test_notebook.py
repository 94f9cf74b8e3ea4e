"""The notebook a recipe becomes."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from mlops_magics.errors import MlopsError
from mlops_magics.records import Run
from mlops_magics.rerun.notebook import read_notebook, write_notebook
from mlops_magics.rerun.recipe import Recipe, RecipeCell

RUN = Run(id="0192", experiment="flights", name="baseline", status="finished", started=datetime(2026, 3, 4, 5, 6))
CELLS = (
    RecipeCell("%load_ext mlops_magics"),
    RecipeCell("import pandas", 2, 3),
    RecipeCell("x = 1 / 0", 4, 5, "ZeroDivisionError: division by zero"),
    RecipeCell("%mlops track flights --name baseline", 5, 7),
)


def recipe_of(*cells: RecipeCell, **others) -> Recipe:
    fields = {"executed": 9, "skipped": frozenset(), "python": "3.13.1", "packages": {"pandas": "3.1.1"},
              "remarks": (), "masked": (), "bound": ()}  # fmt: skip
    return Recipe(run=RUN, cells=cells, **{**fields, **others})


def test_it_is_a_valid_notebook_that_says_what_it_is() -> None:
    path = write_notebook(recipe_of(*CELLS, masked=("In [3]",)), "again/baseline.ipynb")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    head, *cells = notebook.cells
    assert head.cell_type == "markdown"
    for said in ("flights / baseline", "2026-03-04 05:06", "3.13.1", "pandas 3.1.1", "3 of the 9", "In [3]"):
        assert said in head.source
    assert [cell.source for cell in cells] == [cell.source for cell in CELLS]
    assert [cell.metadata.get("tags", []) for cell in cells] == [[], [], ["raises-exception"], []]
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_it_is_written_as_nbformat_would_without_it() -> None:
    odd = RecipeCell("é = '\u2028'\n\nx = \"\\n\"\n", 6, 8)
    path = write_notebook(recipe_of(*CELLS, odd), "baseline.ipynb")
    text = path.read_text(encoding="utf-8")
    assert nbformat.writes(nbformat.read(path, as_version=4)) + "\n" == text
    assert read_notebook(path).cells[-1].source == odd.source
    code = """
import sys
from datetime import datetime
from mlops_magics.records import Run
from mlops_magics.rerun.notebook import write_notebook
from mlops_magics.rerun.recipe import Recipe, RecipeCell
run = Run(id="0", experiment="e", name="n", status="finished", started=datetime(2026, 1, 1))
made = Recipe(run, (RecipeCell("x = 1", 1, 1),), 3, frozenset(), None, {}, (), (), ())
write_notebook(made, "plain.ipynb")
sys.exit("nbformat" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "The cell this run stood on: 1 of the 3 that ran." in Path("plain.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "is_at"), [("again", "again.ipynb"), ("a.b", "a.b.ipynb"), ("c/d.ipynb", "c/d.ipynb")]
)
def test_its_name_ends_as_that_of_a_notebook(given, is_at) -> None:
    assert write_notebook(recipe_of(*CELLS), given) == Path(is_at)
    assert Path(is_at).is_file()


def test_equal_recipes_make_equal_files() -> None:
    first, second = (write_notebook(recipe_of(*CELLS), name).read_bytes() for name in ("a.ipynb", "b.ipynb"))
    assert first == second


def test_a_replay_is_replaced_and_nothing_else() -> None:
    path = write_notebook(recipe_of(*CELLS), "baseline.ipynb")
    write_notebook(recipe_of(*CELLS[:2]), path)
    assert len(read_notebook(path).cells) == 3
    own = Path("own.ipynb")
    for content in ("{}", "no json", '{"metadata": {"mlops": {}}}', "[]", '{"metadata": []}'):
        own.write_text(content)
        with pytest.raises(MlopsError, match="is no replay"):
            write_notebook(recipe_of(*CELLS), own)
        assert own.read_text() == content
    assert {path.name for path in Path().iterdir()} == {"baseline.ipynb", "own.ipynb"}


def test_a_place_that_cannot_be_written_to() -> None:
    Path("file").touch()
    with pytest.raises(MlopsError, match="cannot be written"):
        write_notebook(recipe_of(*CELLS), "file/baseline.ipynb")
