"""A recipe as a notebook that a person can read and run."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import MlopsError
from mlops_magics.records import decode

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from mlops_magics.rerun.recipe import Recipe, RecipeCell

OF_RUN = "replay_of"
"""In the notebook's metadata, under ``mlops``: the id of the run it repeats."""

EXTENSION = ".ipynb"


def as_notebook(recipe: Recipe) -> dict[str, Any]:
    """A notebook of format 4.5: one Markdown cell that says what it is, then the cells of the recipe.

    A cell that may raise is tagged ``raises-exception``, which nbclient, papermill and ``nbconvert --execute`` know.
    Equal recipes make equal notebooks. It is made of plain dicts, because nbformat takes seconds to import.
    """
    head = {"cell_type": "markdown", "id": "what-this-is", "metadata": {}, "source": _heading(recipe)}
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "mlops": {OF_RUN: recipe.run.id},
    }
    cells = [head, *(_code_cell(step, place) for place, step in enumerate(recipe.cells, 1))]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def write_notebook(recipe: Recipe, path: str | os.PathLike[str]) -> Path:
    """Write a recipe to an ``.ipynb`` file, whole or not at all; returns its path, which ends so whatever was given.

    Raises
    ------
    MlopsError
        A file is there that is no replay, or the folder cannot be written to.
    """
    target = Path(path)
    target = target if target.suffix == EXTENSION else target.with_name(target.name + EXTENSION)
    if target.exists() and not _is_replay(target):
        raise MlopsError(f"{target} is there and is no replay", hint="Name another file")
    _write(_text(as_notebook(recipe)), target)
    return target


def read_notebook(path: Path) -> NotebookNode:
    """Read what :func:`write_notebook` wrote, as nbclient wants it."""
    notebook: NotebookNode = _nbformat().read(path, as_version=4)
    return notebook


def clear_outputs(notebook: NotebookNode) -> None:
    """Take out what its cells displayed."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def save(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook that was read, whole or not at all."""
    _write(_nbformat().writes(notebook), path)


def _nbformat() -> Any:
    """The package, whose functions have no types."""
    import nbformat

    return nbformat


def _write(text: str, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(f"{text}\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise MlopsError(f"{path} cannot be written ({error.strerror})", hint="Name another file") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _text(notebook: Mapping[str, Any]) -> str:
    """The file's text, letter for letter as nbformat writes it: sources by line, so that git shows lines."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    return json.dumps({**notebook, "cells": cells}, ensure_ascii=False, indent=1, sort_keys=True)


def _is_replay(path: Path) -> bool:
    try:
        held = decode(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    for key in ("metadata", "mlops", OF_RUN):
        held = held.get(key) if isinstance(held, Mapping) else None
    return held is not None


def _code_cell(step: RecipeCell, place: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {"mlops": {"was": step.label}} if step.position is not None else {}
    if step.error:
        metadata["tags"] = ["raises-exception"]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"replay-{place}",
        "metadata": metadata,
        "outputs": [],
        "source": step.source,
    }


def _heading(recipe: Recipe) -> str:
    run, many = recipe.run, recipe.repeated
    cells = "cell this run stood on: 1" if many == 1 else f"cells this run stood on: {many}"
    order = "" if many == 1 else ", in the order they ran"
    lines = [
        f"# {run.experiment} / {run.name}",
        "",
        f"The {cells} of the {recipe.executed} that ran{order}.",
        f"It began {run.started:%Y-%m-%d %H:%M} UTC{f', in Python {recipe.python}' if recipe.python else ''}.",
    ]
    if recipe.packages:
        packages = ", ".join(f"{name} {version}" for name, version in recipe.packages.items())
        lines += ["", f"Packages: {packages}."]
    for remark in (*recipe.remarks, *(f"{label} holds a secret that is masked as `***`." for label in recipe.masked)):
        lines += ["", remark]
    return "\n".join(lines)
