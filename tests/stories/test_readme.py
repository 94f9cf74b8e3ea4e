"""Every command and example of the README does what it says, in the order it is read."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from mlops_magics.store.location import Layout
from mlops_magics.store.settings import FILE_NAME, Settings, read_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    found = [text for name, text in BLOCKS if name == language]
    assert found, f"the README has no {language} example"
    return found


def test_no_block_is_of_a_kind_nobody_runs() -> None:
    assert {name for name, _ in BLOCKS} == {"ipython", "python", "sh", "toml"}


def test_its_settings_are_settings(tmp_path) -> None:
    (text,) = blocks("toml")
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    settings = read_settings(Layout(tmp_path))
    assert settings == Settings(private_columns=frozenset({"ssn"}), system_seconds=5.0)


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_its_files_are_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def lines(first_word: str) -> list[str]:
    return [line for text in blocks("sh") for line in text.splitlines() if line.split()[:1] == [first_word]]


@pytest.mark.parametrize("command", lines("make"))
def test_make_targets_exist(command: str) -> None:
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), target


@pytest.mark.slow
def test_examples_run(tmp_path: Path) -> None:
    cells = [text for name, text in BLOCKS if name in {"ipython", "python"}]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, resources=place, extra_arguments=["--IPKernelApp.log_level=40"]).execute()
    printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
    assert "from-a-script" in printed
    assert "val/loss" in printed
    for line in lines("mlops"):
        command = [str(Path(sys.executable).with_name("mlops")), *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
        assert not done.stderr
