"""The notebook file: its code cells, and where it is."""

import json
import os
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from mlops_magics.capture.notebook.document import SavedCell, notebook_path, read_notebook


def test_code_cells_from_top_to_bottom(tmp_path):
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_markdown_cell("# words"),
        nbformat.v4.new_code_cell("x = 1\ny = 'é'", id="one"),
        nbformat.v4.new_raw_cell("raw"),
        nbformat.v4.new_code_cell("", id="two"),
    ]
    path = tmp_path / "study.ipynb"
    nbformat.write(book, path)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    saved = read_notebook(path)
    assert saved.cells == (SavedCell("one", "x = 1\ny = 'é'"), SavedCell("two", ""))
    assert saved.saved == datetime(2023, 11, 14, 22, 13, 20)
    assert saved.path == path


def test_older_files_have_no_ids(tmp_path):
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 2,
        "cells": [{"cell_type": "code", "source": ["a\n", "b"]}]}))
    assert read_notebook(path).cells == (SavedCell("", "a\nb"),)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"\xff", b'{"nbformat": 3, "worksheets": []}', b'{"nbformat": 4, "cells": 3}',
        b'{"nbformat": "4"}'],
)
def test_what_is_no_notebook(tmp_path, content):
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)
    assert read_notebook(path) is None


def test_no_file(tmp_path):
    assert read_notebook(tmp_path / "none.ipynb") is None
    assert read_notebook(tmp_path) is None


def test_where_the_notebook_is(tmp_path, monkeypatch):
    path = tmp_path / "study.ipynb"
    path.touch()
    assert notebook_path({"JPY_SESSION_NAME": str(path)}, {}) == path
    assert notebook_path({}, {"__vsc_ipynb_file__": str(path)}) == path
    assert notebook_path({"JPY_SESSION_NAME": str(tmp_path / "gone.ipynb")}, {}) is None
    assert notebook_path({"JPY_SESSION_NAME": str(tmp_path / "console-1")}, {}) is None
    assert notebook_path({}, {"__vsc_ipynb_file__": 3}) is None
    monkeypatch.chdir(tmp_path)
    assert notebook_path({"JPY_SESSION_NAME": "folder/of/server/study.ipynb"}, {}) == Path.cwd() / "study.ipynb"
