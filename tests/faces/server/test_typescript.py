"""The front end's types are those of the server."""

from pathlib import Path

from mlops_magics.faces.server.typescript import typescript

ANSWERS = Path(__file__).parents[3] / "labextension" / "src" / "answers.ts"


def test_the_types_of_the_front_end_are_made_of_the_answers() -> None:
    assert ANSWERS.read_text(encoding="utf-8") == typescript(), (
        "stale: python -m mlops_magics.faces.server.typescript > labextension/src/answers.ts"
    )


def test_the_lock_names_no_host() -> None:
    lock = (ANSWERS.parents[1] / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
