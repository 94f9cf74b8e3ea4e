"""What the cells of a run are called."""

import pytest

from mlops_magics.compare.executions import Executions, telling_line
from mlops_magics.records import Cell, Run


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("df = load()", "df = load()"),
        ("%%time\nmodel.fit(X, y)", "model.fit(X, y)"),
        ("%%capture\n%%time\n\n# fit it\nmodel.fit(X, y)", "model.fit(X, y)"),
        ("import pandas as pd\nfrom a.b import c\ndf = load()", "df = load()"),
        ("from sklearn.linear_model import (\n    Lasso,\n    Ridge,\n)\nmodel = Ridge()", "model = Ridge()"),
        ("from a import (\n    b,\n)", "from a import ("),
        ("%%time\nimport pandas as pd\nimport numpy as np", "import pandas as pd"),
        ("%%mlops track churn --name a\nmodel = fit()", "%%mlops track churn --name a"),
        ("# only a thought", "# only a thought"),
        ("%%html\n", "%%html"),
        ("import_all()", "import_all()"),
        ("", ""),
    ],
)
def test_the_line_that_tells(source, line):
    assert telling_line(source) == line


def test_one_cell_is_spoken_of_as_one():
    run = Run(id="0", experiment="churn", name="a", status="finished", started=None)
    cells = [(Cell(position=place, source="", status="ok", seconds=1.0), f"%%time\nx = {place}") for place in (1, 2)]
    assert "churn / a · 1 cell\n" in repr(Executions(run, tuple(cells[:1])))
    assert "churn / a · 2 cells in the order they ran" in repr(Executions(run, tuple(cells)))
    assert "x = 1" in repr(Executions(run, tuple(cells[:1])))
