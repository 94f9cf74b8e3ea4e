"""The layer table of ARCHITECTURE.md is true: every import points down, and no ring of imports exists."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mlops_magics

HOUSE = Path(mlops_magics.__file__).parent
MODULES = sorted(path for path in HOUSE.rglob("*.py") if path != HOUSE / "__init__.py")
DUCKDB_DOORS = {"store/database.py", "data/engines/duckdb.py"}


def layer_table() -> dict[str, tuple[int, frozenset[str]]]:
    """Room (``store`` or ``errors``) to its row and the packages it may not import."""
    rooms = {}
    for line in (HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\| (\d) \| (.+?) \| .+? \| (.*?) \|", line):
            row, names, forbidden = match.groups()
            for name in re.findall(r"`(\w+)(?:/|\.py)`", names):
                rooms[name] = int(row), frozenset(forbidden.split(", "))
    return rooms


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Absolute dotted name of every import in a file, lazy ones included, and whether it is only for types."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((f"{node.module}.{alias.name}", id(node) in typing_only) for alias in node.names)


def module_of(dotted: str) -> Path | None:
    """The file of this package that a dotted name lives in."""
    parts = dotted.split(".")
    for end in range(len(parts), 1, -1):
        base = HOUSE.joinpath(*parts[1:end])
        for candidate in (base.with_suffix(".py"), base / "__init__.py"):
            if candidate.exists():
                return candidate
    # A name of the shop window itself, such as its version.
    return HOUSE / "__init__.py" if len(parts) <= 2 else None


def room(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


ROOMS = layer_table()


def test_the_table_names_every_room_and_no_other() -> None:
    assert set(ROOMS) == {room(path) for path in MODULES}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOUSE).as_posix())
def test_imports_point_down(path: Path) -> None:
    row, forbidden = ROOMS[room(path)]
    for dotted, typing_only in imports(path):
        package = dotted.split(".")[0]
        if package == "mlops_magics":
            target = module_of(dotted)
            assert target, f"{dotted} leads nowhere"
            if target == HOUSE / "__init__.py" or room(target) == room(path):
                continue
            assert ROOMS[room(target)][0] < row, f"{path.name} (row {row}) imports {dotted} from its own row or above"
        elif package in forbidden and not typing_only:
            relative = path.relative_to(HOUSE).as_posix()
            assert (package, relative) in {("duckdb", door) for door in DUCKDB_DOORS}, f"{relative} imports {package}"
        elif package == "duckdb" and not typing_only:
            assert path.relative_to(HOUSE).as_posix() in DUCKDB_DOORS


def test_no_ring_of_imports() -> None:
    graph = {
        path: {target for dotted, typing_only in imports(path) if not typing_only
               if dotted.startswith("mlops_magics.") and (target := module_of(dotted)) and target != path}
        for path in MODULES
    }
    list(TopologicalSorter(graph).static_order())
