"""The ES modules: joined they share one scope, have the colours of static pictures, and reach for nothing outside."""

import json
import re

import pytest

from mlops_magics.faces.panels.modules import STATIC, joined, ordered, styles
from mlops_magics.look.palette import SERIES

MODULES = sorted(path.name for path in STATIC.glob("*.js"))
MAINS = [name.removesuffix(".js") for name in MODULES if "export function mount(" in (STATIC / name).read_text()]
DEFINED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("main", MAINS)
def test_no_two_parts_define_the_same_name(main) -> None:
    parts = [(STATIC / part).read_text() for part in ordered(f"{main}.js", "adapter.js")]
    names = [name for part in parts for name in DEFINED.findall(part)]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


@pytest.mark.parametrize("main", MAINS)
def test_joined_they_are_one_module(main) -> None:
    module = joined(main)
    assert not re.search(r"^import\b", module, re.MULTILINE)
    assert re.findall(r"^export .*", module, re.MULTILINE) == ["export default { render: renderPanel(mount) };"]


def test_a_module_stands_behind_those_it_needs() -> None:
    order = ordered("live.js")
    assert order.index("axes.js") < order.index("chart.js") < order.index("curves.js") < order.index("live.js")
    assert len(order) == len(set(order))


@pytest.mark.parametrize("name", [*MODULES, "panel.css"])
def test_nothing_reaches_outside(name) -> None:
    text = (STATIC / name).read_text()
    assert not re.search(r"https?:|//\w+\.\w+|@import|url\(|fetch\(|XMLHttpRequest|WebSocket|eval\(", text)
    # Markup comes from look/html.py alone, by one door.
    assert ("innerHTML" in text) == (name == "documents.js")
    assert "console." not in text


def test_curves_have_the_colours_of_static_charts() -> None:
    palette = re.search(r"SERIES = (\[.*?\]);", (STATIC / "theme.js").read_text())[1]
    assert tuple(json.loads(palette)) == SERIES


def test_colours_follow_the_page() -> None:
    declared = re.sub(r"\.mlops-panel \{.*?\}", "", styles(), count=1, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb\(", declared), "colours are declared once, at the top"
