"""The text form lines up, fits, and cannot steer the terminal it is written to."""

import unicodedata

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mlops_magics.look import Chart, Code, Column, Document, Fold, Line, Series, Shown, Table, Title, glyphs, to_text

relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def cells_of(text: str) -> int:
    """Width by the same rule a terminal uses, written apart from the code under test."""
    return sum(
        0 if unicodedata.category(one) in {"Mn", "Me", "Cf"} else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in text
    )


def test_a_leaderboard_reads(leaderboard: Document) -> None:
    assert to_text(leaderboard, width=120) == "\n".join(
        [
            "flights · 3 runs",
            "",
            "Runs",
            "run       status         started           learning_rate  val_auc            rows",
            "────────  ─────────────  ────────────────  ─────────────  ───────────────  ──────",
            "boosted   ✓ finished     2026-03-02 13:55            0.1  0.7213 █████▊    80,789",
            "深層学習  ✕ failed       2026-03-01 18:20           1e-5       –              900",
            "baseline  ? interrupted  2026-03-01 17:02              –     NaN           80,789",
        ]
    )


@given(data=st.data(), width=st.integers(20, 120))
@relaxed
def test_columns_line_up(data: st.DataObject, width: int, any_tables: st.SearchStrategy[Table]) -> None:
    """Under every rule of ─ the cell ends where the rule ends, and gaps are empty."""
    table = data.draw(any_tables)
    # Text made of the character of the rules cannot be told from a rule.
    assume("─" not in repr(table))
    lines = to_text(Document(table), width=width).splitlines()
    rule: list[tuple[int, int]] | None = None
    for line in lines:
        if "─" in line and set(line) <= {"─", " "}:
            ends, place = [], 0
            for part in line.split("  "):
                ends.append((place, place + len(part)))
                place += len(part) + 2
            rule = ends
        elif not line:
            rule = None
        elif rule and line != "(none)":
            by_cell = "".join(one + "\0" * (cells_of(one) - 1) for one in line if cells_of(one))
            assert len(by_cell) <= rule[-1][1]
            for _, end in rule[:-1]:
                assert by_cell[end : end + 2].strip() == ""


@given(data=st.data())
@relaxed
def test_nothing_steers_the_terminal(data: st.DataObject, any_documents: st.SearchStrategy[Document]) -> None:
    text = to_text(data.draw(any_documents))
    assert all(one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs", "Zl", "Zp"} for one in text)
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    text.encode("utf-8")


def test_a_wide_table_breaks_texts_then_goes_on_below() -> None:
    broken = to_text(Document(Table(["run", "why"], [["a", "long " * 30], ["b", "x" * 100]])), width=60).splitlines()
    assert max(map(len, broken)) <= 60
    assert " ".join(broken[2:5]).split() == ["a", *["long"] * 30]
    assert "".join(broken[5:]).split() == ["b", "x" * 55 , "x" * 45]
    endless = to_text(Document(Table(["run", "why"], [["a", "long " * 300]])), width=60).splitlines()
    assert max(map(len, endless)) <= 60
    assert len(endless) < 10
    assert endless[-1].endswith("…")
    reasons = Table(["column", "verdict", "reason"], [["temp", "fail", "it moved " * 20], ["hour", "pass", "still"]])
    below = to_text(Document(reasons), width=60).splitlines()
    assert below[:3] == ["column  verdict", "──────  ───────", "temp    fail"]
    assert " ".join(line.strip() for line in below[3:-2]) == ("it moved " * 20).strip()
    assert below[-2:] == ["hour    pass", "    still"]
    wide = Table(["run", *(f"metric_{index}" for index in range(12))], [["baseline", *range(12)]])
    panels = to_text(Document(wide), width=60).split("\n\n")
    assert len(panels) > 1
    assert all(panel.splitlines()[2].startswith("baseline") for panel in panels)
    assert all(len(line) <= 60 for panel in panels for line in panel.splitlines())


def test_charts_become_sparklines_on_one_scale() -> None:
    low, high = Series("low", range(4), [0, 1, 2, 3]), Series("high", range(4), [None, 5, 6, 7])
    assert to_text(Document(Chart("line", (low, high), "step", "loss", "Loss"))).splitlines() == [
        "Loss · loss by step",
        "  low   ▁▂▃▄  0 … 3",
        "  high   ▆▇█  5 … 7",
    ]
    assert "no points" in to_text(Document(Chart("bars", ())))
    assert "▄  5" in to_text(Document(Chart("line", (Series("", [1], [5]),))))


def test_blocks_keep_their_distance() -> None:
    more, closed = Fold("more", Line("inside"), Line("too"), open=True), Fold("closed", Line("hidden"))
    document = Document(Title("a"), Line("b", "bad"), Code("x = 1\n\ny = 2"), more, closed)
    assert to_text(document) == "a\n✕ b\n\n  x = 1\n  \n  y = 2\n\n▾ more\n  inside\n  too\n\n▸ closed"


def test_a_bar_is_as_long_as_told() -> None:
    text = to_text(Document(Table([Column("x", bar=1.0)], [[1.0], [0.5], [0.0], [7.0]])))
    assert [line.count("█") for line in text.splitlines()[2:]] == [8, 4, 0, 8]


@given(text=st.text(), cells=st.integers(0, 12))
def test_clipping_keeps_within(text: str, cells: int) -> None:
    assert glyphs.width(glyphs.clip(text, cells)) <= cells
    assert glyphs.width(glyphs.pad(glyphs.clip(text, cells), cells)) == cells


def test_a_result_shows_itself_both_ways() -> None:
    from IPython.core.formatters import DisplayFormatter

    class Answer(Shown):
        def document(self) -> Document:
            return Document(Line("42", "good"))

    bundle, _ = DisplayFormatter().format(Answer())
    assert bundle["text/plain"] == "✓ 42"
    assert bundle["text/html"].startswith("<div")


def test_a_name_that_is_clipped_keeps_its_end() -> None:
    names = [f"flights-from-a-generated-config-with-{end} (+12)" for end in ("a", "b")]
    table = Table(["run", *map(str, range(9))], [[name, *[1000] * 9] for name in names])
    lines = to_text(Document(table), width=40).splitlines()
    assert [line.split("  ")[0] for line in lines[2:4]] == ["flights-fr…h-a (+12)", "flights-fr…h-b (+12)"]
    wide = to_text(Document(Table(["run", *map(str, range(9))], [["日本語" * 20 + "終", *[1000] * 9]])), width=40)
    name = wide.splitlines()[2].split("  ")[0]
    assert "…" in name
    assert name.endswith("終")


def test_a_sentence_stands_below_its_row_however_many_lines_that_takes() -> None:
    names = ["one of two " * 8, "short"]
    sentences = ["why the first is so " * 6, "and the second " * 6]
    rows = [[name, "x" * 30, sentence] for name, sentence in zip(names, sentences, strict=True)]
    lines = to_text(Document(Table(("name", "value", "reason"), rows)), width=60).splitlines()
    assert " ".join(" ".join(lines).split()).count("why the first is so") == 6
    first, second = (next(at for at, line in enumerate(lines) if word in line) for word in ("why the", "and the"))
    assert lines.index(next(line for line in lines if line.startswith("short"))) in range(first + 1, second)
