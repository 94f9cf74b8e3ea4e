"""The page is safe whatever the texts are, keeps its meaning when sanitised, and can be read on light and on dark."""

import base64
import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_magics.look import (
    Chart,
    Charts,
    Code,
    Column,
    Document,
    Fold,
    Line,
    Picture,
    Series,
    Table,
    Title,
    to_html,
    to_text,
)
from mlops_magics.look.palette import CHART_TEXT, MIXED, SERIES, TONES

# What JupyterLab keeps in a notebook that is not trusted; role and aria-level are a help where they stay.
ALLOWED = {
    "div": {"style", "role", "aria-level"}, "p": {"style"}, "strong": {"style"}, "span": {"style"},
    "table": {"style", "cellpadding"}, "caption": {"style", "align"}, "thead": {"style"}, "tbody": set(),
    "tr": {"style"}, "th": {"style", "scope", "align"}, "td": {"style", "align", "colspan"},
    "pre": {"style"}, "code": {"style"}, "details": {"style", "open"}, "summary": {"style"},
    "figure": {"style"}, "figcaption": {"style"}, "img": {"alt", "src", "width", "height", "style"},
}  # fmt: skip


relaxed = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Page(HTMLParser):
    """Tags, attributes and text of a page, and whether its tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.strange: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.strange.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def style_texts(page: Page) -> list[str]:
    return [attributes["style"] or "" for _, attributes in page.tags if "style" in attributes]


@given(data=st.data())
@relaxed
def test_no_text_injects_markup(data: st.DataObject, any_documents: st.SearchStrategy[Document]) -> None:
    html = to_html(data.draw(any_documents))
    page = Page(html)
    assert not page.open
    assert not page.strange
    for tag, attributes in page.tags:
        assert attributes.keys() <= ALLOWED[tag]
        assert (attributes.get("src") or "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
    for style in style_texts(page):
        assert re.fullmatch(r"[\w\-:;.,%#()\s]*", style), "a style holds nothing that came from a text"
        assert "url" not in style
    html.encode("utf-8")


def test_texts_arrive_as_they_are() -> None:
    html = to_html(Document(Line("a < b & \"c\""), Code("if x < 3:\n\ty = 'é'"), Table(["<i>"], [["<td>"]])))
    text = "".join(Page(html).texts)
    assert "a < b & \"c\"" in text
    assert "if x < 3:\n\ty = 'é'" in text
    assert "<i>" in text
    assert "<td>" in text


def test_a_table_can_be_heard(leaderboard: Document) -> None:
    page = Page(to_html(leaderboard))
    scopes = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert scopes == ["col"] * 6 + ["row"] * 3
    assert "caption" in [tag for tag, _ in page.tags]


def test_numbers_stand_right_even_without_styles(leaderboard: Document) -> None:
    sides = [attributes["align"] for tag, attributes in Page(to_html(leaderboard)).tags if tag in {"th", "td"}]
    assert sides[:6] == ["left", "left", "left", "right", "right", "right"]


def test_a_verdict_reads_without_colour() -> None:
    html = to_html(Document(Line("steady", "good"), Line("moved", "bad"), Line("few", "unknown")))
    html = re.sub(r' style="[^"]*"', "", html)
    assert re.findall(r"<strong>(.)</strong>", html) == ["✓", "✕", "?"]


def test_every_picture_says_what_it_shows() -> None:
    chart = Chart("line", (Series("boosted", [0, 1], [0, 0.9]),), "recall", "precision", "PR <curve>")
    images = [attributes for tag, attributes in Page(to_html(Document(Charts(chart, chart)))).tags if tag == "img"]
    assert [image["alt"] for image in images] == [
        "Line chart: PR <curve> (precision by recall). boosted: 2 points, from 0 to 0.9, last 0.9."
    ] * 2


def test_a_fold_opens_when_told() -> None:
    for is_open in (True, False):
        tags = dict(Page(to_html(Document(Fold("more", Title("inside"), open=is_open)))).tags)
        assert ("open" in tags["details"]) is is_open


def test_a_diff_keeps_its_lines_without_styles() -> None:
    code = "--- a\n+++ b\n-old\n+new\n same"
    assert "".join(Page(to_html(Document(Code(code, "diff")))).texts).splitlines() == code.splitlines()


def test_an_empty_table_says_so() -> None:
    assert "none" in Page(to_html(Document(Table(["run", "auc"], [])))).texts


def test_bars_are_as_long_as_told() -> None:
    html = to_html(Document(Table([Column("x", bar=True)], [[2.0], [-1], [None], [4]])))
    assert re.findall(r"#4a8fd14d ([\d.]+)%", html) == ["50.0", "25.0", "100.0"]
    assert "#4a8fd14d 30.0%" in to_html(Document(Table([Column("x", bar=1.0)], [[0.3]])))


def channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def luminance(rgb: tuple[float, ...]) -> float:
    """Relative luminance of WCAG 2."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: tuple[float, ...], back: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(front), luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(front: tuple[float, ...], back: tuple[float, ...], share: float) -> tuple[float, ...]:
    return tuple(share * one + (1 - share) * other for one, other in zip(front, back, strict=True))


WHITE, BLACK, LAB_DARK, GITHUB_DARK = (1.0,) * 3, (0.0,) * 3, channels("#111111"), channels("#0d1117")


@pytest.mark.parametrize("colour", [*TONES.values(), CHART_TEXT])
def test_fixed_text_colours_read_on_both_themes(colour: str) -> None:
    assert contrast(channels(colour), WHITE) >= 4.5
    assert contrast(channels(colour), BLACK) >= 4.5


@pytest.mark.parametrize("colour", SERIES)
def test_drawn_colours_read_on_both_themes(colour: str) -> None:
    assert contrast(channels(colour), WHITE) >= 3
    assert contrast(channels(colour), BLACK) >= 3


@pytest.mark.parametrize("tone", MIXED)
@pytest.mark.parametrize(
    ("page", "text"),
    [
        (WHITE, over(BLACK, WHITE, 0.87)),
        (LAB_DARK, WHITE),
        (GITHUB_DARK, channels("#e6edf3")),
        (channels("#212121"), over(WHITE, channels("#212121"), 0.87)),
    ],
)
def test_mixed_text_colours_read_on_real_pages(tone: str, page: tuple[float, ...], text: tuple[float, ...]) -> None:
    share, other = re.fullmatch(r"color-mix\(in srgb,currentColor (\d+)%,(.+)\)", MIXED[tone]).groups()  # type: ignore[union-attr]
    mixed = over(text, page if other == "transparent" else channels(other), int(share) / 100)
    assert contrast(mixed, page) >= 4.5


def test_a_picture_is_an_image_that_cannot_run_anything():
    drawing = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    page = to_html(Document(Picture(drawing, "image/svg+xml", 'a "figure"')))
    assert "<svg" not in page
    assert "<script" not in page
    assert 'alt="a &quot;figure&quot;"' in page
    assert base64.b64encode(drawing).decode() in page
    assert to_text(Document(Picture(drawing, "image/svg+xml", "figure-1"))) == "[figure-1]"
    with pytest.raises(ValueError, match="media_type is 'text/html'"):
        Picture(drawing, "text/html")
