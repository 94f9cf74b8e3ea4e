"""What a store calls the notebook of a run, and the way back."""

from pathlib import Path

import pytest

from mlops_magics import open_store, track
from mlops_magics.store.location import file_of, source_of


@pytest.mark.parametrize(
    ("store", "name"),
    [
        (".mlops", "desk/aa/train.ipynb"),
        ("desk/.mlops", "aa/train.ipynb"),
        ("desk/aa/.mlops", "train.ipynb"),
        ("elsewhere/store", "../desk/aa/train.ipynb"),
    ],
)
def test_the_way_from_the_store_to_the_notebook_and_back(tmp_path, store, name) -> None:
    notebook = tmp_path / "desk" / "aa" / "train.ipynb"
    assert source_of(tmp_path / store, notebook) == name
    assert file_of(tmp_path / store, name) == notebook


def test_a_file_has_one_name_whatever_links_lead_to_it(tmp_path) -> None:
    notebook = tmp_path / "desk" / "train.ipynb"
    notebook.parent.mkdir()
    notebook.touch()
    (tmp_path / "linked").symlink_to(notebook.parent)
    (tmp_path / "desk" / "again.ipynb").symlink_to(notebook)
    for folder in ("desk", "linked"):
        for file in ("desk/train.ipynb", "linked/train.ipynb", "desk/again.ipynb"):
            assert source_of(tmp_path / folder / ".mlops", tmp_path / file) == "train.ipynb"


def test_a_run_keeps_no_path_of_this_machine(tmp_path, monkeypatch) -> None:
    (tmp_path / "aa").mkdir()
    monkeypatch.chdir(tmp_path / "aa")
    for source in ("train.py", str(tmp_path / "aa" / "train.py")):
        with track("flights", store=tmp_path / ".mlops", source=source) as run:
            pass
        assert run.store.find(run.id).source == "aa/train.py"
    store = open_store(Path(tmp_path / ".mlops"))
    store.fold()
    for file in store.path.rglob("*"):
        assert not file.is_file() or file.suffix == ".duckdb" or str(tmp_path).encode() not in file.read_bytes(), file
