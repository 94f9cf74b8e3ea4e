"""Code has the colours of what it is, and stays the text it was."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlops_magics.look import Code, Diff, DiffLine, Document, to_html, to_text
from mlops_magics.look.palette import SYNTAX
from mlops_magics.look.syntax import MOST_CHARACTERS, coloured
from tests.calls import calls_of
from tests.look.test_html import Page

CELL = '''%%mlops track flights --name "it's"
import os
def f(x: int) -> str:
    """A text of %s
%mlops no magic
    """
    return f"{x}"  # one

!ls don't
%timeit f(3)
x = (12
     %y)
@dec
class A: pass
'''


def kinds(source: str) -> dict[str, str]:
    return {text.strip(): kind for line in coloured(source) for kind, text in line}


def test_each_piece_is_what_it_is() -> None:
    found = kinds(CELL)
    expected = {
        "%%mlops": "magic", 'track flights --name "it\'s"': "plain", "import": "keyword", "f": "definition",
        "int": "builtin", '"""A text of %s': "string", "%mlops no magic": "string", "# one": "comment", "!": "magic",
        "ls don't": "plain", "%timeit": "magic", "f(3)": "plain", "12": "number", "%y)": "plain", "@dec": "magic",
        "A": "definition", "pass": "keyword",
    }  # fmt: skip
    assert {text: found[text] for text in expected} == expected


def test_what_is_no_python_is_plain() -> None:
    assert kinds("%%sql\nselect 'x' from t where not a") == {"%%sql": "magic", "select 'x' from t where not a": "plain"}
    assert set(kinds("x = 1" * MOST_CHARACTERS).values()) == {"plain"}


fragments = st.sampled_from([
    "\n", "\r\n", "\r", "\x0c", "\u2028", "'", '"""', "'''", "%", "%%", "!", "#", "(", ")", "\t", "x", " = ", "if ",
    "f'{", "}", "\\", "%mlops", "%%time\n", "%%bash\n", "é", "\ufeff", "\x00", "12", "@",
])  # fmt: skip


@given(st.lists(fragments, max_size=12).map("".join))
@example("!ls \\\n -l")
@example("!\t\r")
def test_lines_stay_what_they_were(source: str) -> None:
    assert ["".join(text for _, text in line) for line in coloured(source)] == source.splitlines()


def test_a_line_of_a_difference_knows_the_text_it_stands_in() -> None:
    source = 'x = """\nif not text\n"""\nif x: pass'
    lines = [DiffLine("-", "if not text", source, 1), DiffLine("+", "if x: pass", source, 3), DiffLine("@", "cell 1")]
    html = to_html(Document(Diff(*lines)))
    assert "".join(Page(html).texts).splitlines() == ["-if not text", "+if x: pass", "@cell 1"]
    texts = re.findall(r"<span style=\"color:#\w+;color:var\(--mlops-(\w+)\)\">([^<]*)</span>", html)
    assert texts == [("string", "if not text"), ("keyword", "if"), ("keyword", "pass")]
    assert to_text(Document(Diff(*lines))).splitlines() == ["  -if not text", "  +if x: pass", "  @cell 1"]


def test_a_line_that_is_not_of_its_text_is_plain() -> None:
    assert "var(--mlops-" not in to_html(Document(Diff(DiffLine("+", "if x", "x = 1", 0), DiffLine("+", "if", "", 0))))


LINES = [DiffLine(" ", text, CELL, at) for at, text in enumerate(CELL.splitlines())]


@pytest.mark.parametrize("block", [Code(CELL), Diff(*LINES)])
def test_colours_follow_the_theme(block) -> None:
    html = to_html(Document(block))
    used = set(re.findall(r"color:var\(--mlops-(\w+)\)", html))
    assert used == set(SYNTAX)
    for kind in used:
        followed = rf"--mlops-{kind}:color-mix\(in srgb,currentColor \d+%,var\(--jp-mirror-editor-\w+-color"
        assert re.search(followed, html)
    assert "--mlops" not in to_html(Document(Code("plain words", "text")))


def test_code_cannot_write_markup() -> None:
    code = "x = '</span><script>alert(1)</script>' # <b>"
    for block in (Code(code), Diff(DiffLine("+", code, code, 0))):
        html = to_html(Document(block))
        assert "<script" not in html
        assert "<b>" not in html
        assert code in "".join(Page(html).texts)


def test_a_source_is_read_once_however_many_of_its_lines_differ() -> None:
    source = "".join(f"x{number} = {number}\n" for number in range(50))
    lines = tuple(DiffLine("+", line, source, at) for at, line in enumerate(source.splitlines()))
    with calls_of(coloured) as read:
        assert to_html(Document(Diff(*lines))).count("x49") == 1
    assert len(read) == 1
