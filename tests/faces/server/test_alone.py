"""Nothing but the server's part needs a Jupyter server."""

import ast
from pathlib import Path

import mlops_magics

HOUSE = Path(mlops_magics.__file__).parent


def test_only_the_servers_part_imports_a_server() -> None:
    users = set()
    for path in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] in {"jupyter_server", "tornado"} for name in names):
                users.add(path.relative_to(HOUSE).parent.as_posix())
    assert users == {"faces/server"}
