"""Figures and tables that cells display are kept, in a real kernel; what is private is not."""

import base64
import json

import pytest

from mlops_magics.store import open_store

PLOT = "import matplotlib.pyplot as plt\nfig, axes = plt.subplots()\naxes.plot([1, 2])\n"
TABLE = "import pandas as pd\npd.DataFrame({'age': range(60), 'ssn': range(60), 'city': ['Oslo'] * 60})"


@pytest.fixture(scope="module")
def kernel(start):
    kernel = start()
    kernel.ask("%matplotlib inline")
    return kernel


@pytest.fixture
def kept(start, kernel):
    """Runs cells as a run of their own, and tells what was kept of what they displayed."""
    store = open_store(start.folder / ".mlops")

    def tracked(*sources, options=""):
        kernel.ask(f"%mlops track outputs {options}")
        shown = [output for source in sources for output in kernel.ask(source)]
        kernel.ask("%mlops end")
        found = [item for item in store.artifacts("@last") if item.type in {"figure", "preview"}]
        return shown, {item.name.partition("/")[2]: item for item in found}, store

    return tracked


@pytest.mark.parametrize("last", ["plt.show()", "fig", "None", "display(fig); plt.close(fig)"])
def test_a_figure_is_kept_as_it_was_shown(last, kept):
    shown, found, store = kept(PLOT + last)
    image = next(output["data"]["image/png"] for output in shown if "image/png" in output["data"])
    content = store.blob(found["figure-1.png"].sha256).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert base64.b64decode(image) == content


def test_plotly_and_altair_are_kept_with_what_makes_them_again(kept):
    plotly = "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=list(range(20_000)))).show('plotly_mimetype')"
    altair = "import altair as alt\nalt.Chart(pd.DataFrame({'a': [1, 2]})).mark_bar().encode(x='a')"
    _, found, store = kept(TABLE, plotly, altair)
    specifications = {name: item for name, item in found.items() if name.endswith(".json") and "figure" in name}
    assert set(specifications) == {"figure-1.plotly.json", "figure-1.vegalite.json"}
    figure = json.loads(store.blob(specifications["figure-1.plotly.json"].sha256).read_text())
    assert len(figure["data"][0]["y"]) == 20_000 or figure["data"][0]["y"]["bdata"]


CHART = "import altair as alt\nchart = alt.Chart(pd.DataFrame({'a': [1, 2]})).mark_bar().encode(x='a')\n"


@pytest.mark.parametrize("shown", ["display(chart)", "chart.show()", "display(chart)\n1 + 1", "chart"])
def test_a_chart_of_altair_is_kept_however_it_is_shown(shown, kept):
    """Its usual renderer sends a web page: what makes the chart again is in there."""
    outputs, found, store = kept(TABLE, CHART + shown)
    assert any("vega-embed" in output["data"]["text/html"] for output in outputs if "data" in output)
    assert [name for name in found if name != "table.json"] == ["figure-1.vegalite.json"]
    chart = json.loads(store.blob(found["figure-1.vegalite.json"].sha256).read_text())
    assert chart["encoding"] == {"x": {"field": "a", "type": "quantitative"}}
    assert next(iter(chart["datasets"].values())) == [{"a": 1}, {"a": 2}]


def test_a_page_that_only_speaks_of_charts_is_none(kept):
    pages = "from IPython.display import HTML\nfor page in ('', '})({', '})({}', '})([1])', '})({\"$schema\": 1})'):\n"
    pages += "    display(HTML('https://vega.github.io/schema/vega-lite/v6.json ' + page))"
    assert kept(pages)[1] == {}


def test_the_first_rows_of_a_table_are_kept(kept):
    _, found, store = kept(TABLE)
    preview = found["table.json"]
    assert (preview.detail["rows"], preview.detail["columns"]) == (60, 3)
    content = json.loads(store.blob(preview.sha256).read_text())
    assert content["columns"] == ["age", "ssn", "city"]
    assert len(content["data"]) == 50


def test_what_the_table_becomes_later_is_not_what_was_shown(kept):
    _, found, store = kept(TABLE.replace("pd.DataFrame", "frame = pd.DataFrame") + "\nframe", "frame['age'] = -1")
    content = json.loads(store.blob(found["table.json"].sha256).read_text())
    assert content["data"][3][0] == 3


@pytest.mark.parametrize("options", ["--private", "--no-outputs"])
def test_nothing_is_kept_where_that_is_asked_for(options, kept):
    assert kept(PLOT + "fig", TABLE, options=options)[1] == {}


def test_private_columns_are_not_in_previews(kept, start):
    settings = start.folder / ".mlops" / "settings.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('[privacy]\ncolumns = ["ssn"]\n')
    try:
        _, found, store = kept(TABLE)
    finally:
        settings.unlink()
    assert json.loads(store.blob(found["table.json"].sha256).read_text())["columns"] == ["age", "city"]
    assert found["table.json"].detail["hidden"] == ["ssn"]


def test_a_figure_too_large_is_not_kept_and_a_cell_keeps_so_many(kept):
    large = "display({'image/png': 'A' * (6 << 20)}, raw=True)\ndisplay({'image/png': 'AAAA'}, raw=True)"
    assert [item.size_bytes for item in kept(large)[1].values()] == [3]
    many = "for number in range(25):\n    plt.figure(); plt.plot([number]); plt.show()"
    assert len(kept(PLOT + "plt.close('all')", many)[1]) == 20


def test_what_was_displayed_is_on_the_page_of_the_run(kernel, kept):
    kept(PLOT + "fig", TABLE)
    (page,) = kernel.ask("%mlops show @last")
    html = page["data"]["text/html"]
    assert '<img alt="cell-' in html
    assert "data:image/png;base64," in html
    assert "60 rows" in html
    assert "2 displays" in page["data"]["text/plain"]


def test_a_figure_without_an_image_is_named_on_the_page(kernel, kept):
    kept("import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1, 2]))", TABLE)
    (page,) = kernel.ask("%mlops show @last")
    assert "figure-1.plotly.json is in the store" in page["data"]["text/html"]
    assert "2 displays" in page["data"]["text/plain"]


def test_what_breaks_where_displays_are_seen_takes_none_away(kernel, kept):
    """The hook is on the way of everything that is displayed: a figure, a stream, an error, an interrupt."""
    cells = (
        PLOT + "plt.show()", "print('out'); import sys; print('err', file=sys.stderr); 1", "1 / 0",
        "print('before'); raise KeyboardInterrupt", "display({'text/plain': 'shown'}, raw=True); None",
    )  # fmt: skip

    def without_numbers(outputs):
        return [{key: value for key, value in output.items() if key in {"type", "name", "text", "ename", "data"}}
                for output in outputs]  # fmt: skip

    untracked = [without_numbers(kernel.ask(cell)) for cell in cells]
    kernel.ask("import mlops_magics.capture.outputs as watched; seen = watched._has_figure; watched._has_figure = None")
    begun = kernel.ask("%mlops track outputs")
    tracked = [without_numbers(kernel.ask(cell)) for cell in cells]
    ended = kernel.ask("%mlops end")
    kernel.ask("watched._has_figure = seen")
    warned = [[output for output in outputs if "not recorded: what cells display" in output.get("text", "")]
              for outputs in (begun, ended, *tracked)]  # fmt: skip
    assert sum(map(len, warned)) == 1
    assert tracked == untracked
