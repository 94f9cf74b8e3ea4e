"""Files that a replay writes over or removes are as they were afterwards."""

import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from mlops_magics.records import Run
from mlops_magics.rerun import restoring
from mlops_magics.rerun.recipe import Recipe, RecipeCell
from mlops_magics.rerun.restoring import files_in_reach, put_back


@pytest.fixture
def files() -> list[Path]:
    Path("out").mkdir()
    paths = [Path("a.csv"), Path("out/b.csv"), Path("out/c.csv")]
    for path in paths:
        path.write_text(f"mine: {path}")
        os.utime(path, (1e9, 1e9))
    return paths


def test_written_over_removed_and_left_alone(files) -> None:
    def spoil() -> None:
        with put_back(files):
            files[0].write_text("another")
            shutil.rmtree("out")
            Path("new.csv").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spoil()
    assert [path.read_text() for path in files] == [f"mine: {path}" for path in files]
    assert {path.stat().st_mtime for path in files} == {1e9}
    assert Path("new.csv").exists()


def test_what_is_too_large_is_told(files, monkeypatch) -> None:
    monkeypatch.setattr(restoring, "LARGEST_BYTES", 12)
    with put_back(files) as left:
        assert left == tuple(files[1:])
        files[0].unlink()
    assert files[0].exists()


def test_which_files_the_cells_reach(files) -> None:
    run = Run(id="0", experiment="e", name="n", status="finished", started=datetime(2026, 1, 1))

    def reached(*sources):
        cells = tuple(RecipeCell(source) for source in sources)
        return files_in_reach(Recipe(run, cells, 3, frozenset(), None, {}, (), (), ()), Path.cwd())

    absolute = [path.absolute() for path in files]
    assert reached("x = 1", "path = 'out/b.csv'", "df.to_csv(path)", "df.to_csv('new.csv')") == (absolute[1],)
    assert reached("import pandas as pd; pd.read_csv('a.csv')", "import os; os.makedirs('out', exist_ok=True)") == ()
    assert set(reached("import shutil; shutil.rmtree('out')")) == set(absolute[1:])
    assert reached("with open('a.csv', 'a') as file: file.write('x')", "df.to_csv('s3://b/a.csv')") == (absolute[0],)
