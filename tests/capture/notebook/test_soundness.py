"""What is told from the text of cells, against what happens when they are played in Python.

Sessions are random: small cells that bind, change in place, define and call, run in any order and again.
"""

from datetime import datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlops_magics.capture.notebook.document import SavedCell, SavedNotebook
from mlops_magics.capture.notebook.findings import examine
from mlops_magics.capture.notebook.flow import Execution, providers, stands_on, stands_on_name

NAMES = st.sampled_from("abc")
STATEMENTS = st.one_of(
    st.builds("{} = {} + 1".format, NAMES, NAMES),
    st.builds("{} = {}".format, NAMES, st.integers(0, 9)),
    st.builds("{} += {}".format, NAMES, NAMES),
    st.builds("if {} > 4:\n    {} = {}".format, NAMES, NAMES, NAMES),
    st.builds("if {} > 4:\n    {} = 1\nelse:\n    {} = 2".format, NAMES, NAMES, NAMES),
    st.builds("for {} in range(3):\n    {} += 1".format, NAMES, NAMES),
    st.builds("[{} + i for i in range({})]".format, NAMES, NAMES),
    st.builds("del {}".format, NAMES),
    st.builds("xs = [{}]".format, NAMES),
    st.builds("xs.append({})".format, NAMES),
    st.builds("{} = sum(xs)".format, NAMES),
    st.builds("d = {{'k': {}}}".format, NAMES),
    st.builds("d['{}'] = {}".format, st.sampled_from("kl"), NAMES),
    st.builds("d['k'] = d.get('l', 0) + {}".format, NAMES),
    st.builds("d['l'] += {}".format, NAMES),
    st.builds("{} = d['{}']".format, NAMES, st.sampled_from("kl")),
    st.builds("{} = len(d)".format, NAMES),
    st.builds("def f(v=1):\n    return v + {}".format, NAMES),
    st.builds("def f(v=1):\n    global {}\n    {} = v\n    return v".format, NAMES, NAMES),
    st.builds("def f(v=1):\n    xs.append({})\n    return len(xs)".format, NAMES),
    st.builds("{} = f()".format, NAMES),
    st.builds("{} = f({})".format, NAMES, NAMES),
    st.builds("def fill(o, v):\n    o['{}'] = v + {}".format, st.sampled_from("kl"), NAMES),
    st.builds("fill(d, {})".format, NAMES),
    st.builds("try:\n    {} = d['z']\nexcept KeyError as e:\n    {} = 7".format, NAMES, NAMES),
    st.builds(
        "class C:\n    step = {}\n    def up(self):\n        self.n = getattr(self, 'n', 0) + {}".format, NAMES, NAMES
    ),
    st.builds("d['k'] = d.get('k', 0) + {}".format, NAMES),
    st.sampled_from(["xs[:] = [v + 1 for v in xs]", "xs[0] = sum(xs)", "del xs[0]", "xs[:] = [1, 2]", "n = Counter()"]),
    st.sampled_from(["n.subtract('ab')", "n.update('a')", "g = (v for v in [1, 2, 3])", "ys = [xs]"]),
    st.just("ys[0].append(7)"),
    st.builds("{} = sum(g)".format, NAMES),
    st.builds("{} = n['a']".format, NAMES),
    st.just("for y in ys:\n    y.insert(0, 5)"),
    st.just("o = C()"),
    st.just("o.up()"),
    st.builds("{} = getattr(o, 'n', 0)".format, NAMES),
)
BEGINNING = """
from collections import Counter
a, b, c = 1, 2, 3
xs = []
ys = [[]]
d = {'l': 1}
n = Counter()
g = iter(())
def f(v=1):
    return v
def fill(o, v):
    o['k'] = v
class C:
    def up(self): pass
o = C()
"""
CELL = st.lists(STATEMENTS, min_size=1, max_size=3).map("\n".join)


@st.composite
def sessions(draw):
    """Cells run in any order, some of them again."""
    cells = [BEGINNING, *draw(st.lists(CELL, min_size=1, max_size=6))]
    order = draw(st.lists(st.integers(0, len(cells) - 1), min_size=1, max_size=12))
    return [(f"c{one}", cells[one]) for one in [0, *order]]


def play(sources):
    """Run cells for real: the namespace, and which of them raised."""
    space, failed = {}, []
    for index, source in enumerate(sources):
        try:
            exec(compile(source, f"cell {index}", "exec"), space)
        except Exception:
            failed.append(index)
    return space, failed


def values(space):
    plain = {name: value for name, value in space.items() if name in {"a", "b", "c", "xs", "d", "n"}}
    return plain | ({"o": vars(space["o"])} if "o" in space else {})


@settings(max_examples=100, deadline=None)
@given(sessions())
def test_what_a_name_stood_on_makes_it_again(session):
    """Played alone and in order, the cells a name stood on give it the same value."""
    space, failed = play([source for _, source in session])
    assume(not failed)
    runs = [Execution(index + 1, cell, source) for index, (cell, source) in enumerate(session)]
    for name, value in values(space).items():
        kept = stands_on_name(runs, len(runs) - 1, name)
        again, failed = play([runs[index].source for index in stands_on(runs, kept)])
        assert not failed
        assert values(again)[name] == value, (name, kept)


@settings(deadline=None)
@given(sessions(), st.data())
def test_stands_on_is_closed(session, data):
    statuses = data.draw(st.lists(st.sampled_from(["ok", "ok", "error"]), min_size=len(session), max_size=len(session)))
    runs = [
        Execution(index + 1, cell, source, status)
        for index, ((cell, source), status) in enumerate(zip(session, statuses, strict=True))
    ]
    wanted = data.draw(st.sets(st.integers(0, len(runs) - 1)))
    kept = stands_on(runs, wanted)
    assert set(wanted) <= set(kept)
    assert list(kept) == sorted(set(kept))
    assert stands_on(runs, kept) == kept
    links = providers(runs)
    assert all(set(links[index]) <= set(kept) for index in kept)
    assert all(before < index for index, link in enumerate(links) for before in link)
    assert stands_on(runs, range(len(runs))) == tuple(range(len(runs)))


@settings(max_examples=100, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=4), st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_no_finding_means_that_run_all_gives_the_same(cells, order):
    """A session nothing is said about left the values that its document, run from the top, leaves."""
    cells = [BEGINNING, *cells]
    order = [0, *(one % len(cells) for one in order)]
    lived, failed = play([cells[one] for one in order])
    assume(not failed)
    saved = SavedNotebook(None, tuple(SavedCell(f"c{n}", one) for n, one in enumerate(cells)), datetime(2026, 1, 1))
    runs = [Execution(index + 1, f"c{one}", cells[one]) for index, one in enumerate(order)]
    assume(not examine(runs, saved).findings)
    fresh, failed = play([cells[one] for one in range(len(cells)) if one in order])
    assert not failed
    assert values(fresh) == values(lived)
