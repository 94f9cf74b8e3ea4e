"""Documents as people would see them, and any document at all."""

from datetime import datetime

import pytest
from hypothesis import strategies as st

from mlops_magics.look import (
    Chart,
    Charts,
    Code,
    Column,
    Diff,
    DiffLine,
    Document,
    Fold,
    Line,
    Mark,
    Series,
    Table,
    Title,
)

TONES = ("plain", "good", "bad", "unknown", "quiet")
NASTY = (
    *("<script>alert(1)</script>", '" onload="x', "'><img src=x>", "&lt;b&gt;", "</style>"),
    *("\x1b[31mred", "a\u202eb", "\ud800"),
)
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
numbers = st.one_of(st.integers(), st.floats(), st.booleans())
cells = st.one_of(st.none(), texts, numbers, st.datetimes(), st.builds(Mark, texts, st.sampled_from(TONES)))
columns = st.builds(
    Column,
    texts,
    align=st.sampled_from([None, "left", "right"]),
    digits=st.one_of(st.none(), st.integers(0, 15)),
    bar=st.one_of(st.booleans(), st.floats(min_value=1e-3, max_value=1e9)),
    sign=st.booleans(),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    named = draw(st.lists(columns, min_size=1, max_size=4))
    rows = draw(st.lists(st.lists(cells, min_size=len(named), max_size=len(named)), max_size=4))
    return Table(named, rows, caption=draw(texts))


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    kind = draw(st.sampled_from(["line", "step", "bars"]))
    positions = texts if draw(st.booleans()) else st.floats()
    many = draw(st.lists(st.lists(st.tuples(positions, st.floats()), max_size=5), max_size=3))
    series = tuple(Series(draw(texts), [x for x, _ in points], [y for _, y in points]) for points in many)
    labels = {name: draw(texts) for name in ("x_label", "y_label", "title")}
    return Chart(kind, series, diagonal=draw(st.booleans()), **labels)


leaves = st.one_of(
    st.builds(Title, texts, texts),
    st.builds(Line, texts, st.sampled_from(TONES)),
    tables(),
    st.builds(Code, texts, st.sampled_from(["python", "diff"])),
    st.builds(Diff, st.builds(DiffLine, st.sampled_from([" ", "+", "-", "@@"]), texts, texts, st.integers(0, 3))),
    charts(),
    st.lists(charts(), max_size=2).map(lambda some: Charts(*some)),
)
folds = st.tuples(texts, st.lists(leaves, max_size=2), st.booleans()).map(lambda it: Fold(it[0], *it[1], open=it[2]))
any_document = st.lists(st.one_of(leaves, folds), max_size=4).map(lambda blocks: Document(*blocks))


@pytest.fixture
def leaderboard() -> Document:
    return Document(
        Title("flights", note="3 runs"),
        Table(
            ["run", "status", "started", "learning_rate", Column("val_auc", digits=4, bar=1.0), "rows"],
            [
                ["boosted", Mark("finished", "good"), datetime(2026, 3, 2, 13, 55), 0.1, 0.72134, 80789],
                ["深層学習", Mark("failed", "bad"), datetime(2026, 3, 1, 18, 20), 1e-5, None, 900],
                ["baseline", Mark("interrupted", "unknown"), datetime(2026, 3, 1, 17, 2), None, float("nan"), 80789],
            ],
            caption="Runs",
        ),
    )


@pytest.fixture
def any_documents() -> st.SearchStrategy[Document]:
    return any_document


@pytest.fixture
def any_tables() -> st.SearchStrategy[Table]:
    return tables()


@pytest.fixture
def any_charts() -> st.SearchStrategy[Chart]:
    return charts()
