"""Who took which name from whom; and that what a cell stood on is enough to make it again."""

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlops_magics.capture.notebook.flow import Execution, providers, stands_on, stands_on_name


def took(executed, *runs):
    """Of the last execution: names by provider."""
    return {index: "".join(sorted(names)) for index, names in providers(executed(*runs))[-1].items()}


def test_the_newest_writer_and_every_changer_since(executed):
    runs = [("a", "x = []"), ("b", "x = []"), ("c", "x.append(1)"), ("d", "y = x"), ("e", "x += [2]"), ("f", "print(x)")]
    assert took(executed, *runs) == {1: "x", 2: "x", 4: "x"}


def test_a_name_that_was_deleted_comes_from_nobody(executed):
    assert took(executed, ("a", "x = 1"), ("b", "del x"), ("c", "x")) == {}


def test_a_failed_cell_provides_what_nobody_else_does(executed):
    failed = ("b", "x = 2\ny = 3\n1 / 0", "error")
    assert took(executed, ("a", "x = 1"), failed, ("c", "x + y")) == {0: "x", 1: "y"}
    assert took(executed, ("a", "x = 1"), failed, ("d", "y = 4"), ("c", "x + y")) == {0: "x", 2: "y"}
    assert took(executed, failed, ("b", "x = 5\n1 / 0", "error"), ("c", "x + y")) == {0: "y", 1: "x"}


def test_a_path_not_taken_leaves_the_former_value(executed):
    assert took(executed, ("a", "x = 1"), ("b", "if c: x = 2"), ("c", "x")) == {0: "x", 1: "x"}
    assert took(executed, ("a", "x = 1"), ("b", "if c: x = 2\nelse: x = 3"), ("c", "x")) == {1: "x"}


def test_functions_need_what_their_bodies_mention(executed):
    runs = [("a", "def f(): return rate * g()"), ("b", "def g(): return base"), ("c", "rate = 2"), ("d", "base = 3")]
    assert took(executed, *runs, ("e", "y = f()")) == {0: "f", 1: "g", 2: "rate", 3: "base"}
    assert took(executed, *runs, ("e", "rate = 5\ny = f()")) == {0: "f", 1: "g", 3: "base"}
    assert took(executed, *runs, ("e", "y = f()\nrate = 5")) == {0: "f", 1: "g", 2: "rate", 3: "base"}


def test_functions_change_what_they_are_handed(executed):
    runs = [("a", "def fill(d, k='x'):\n    d[k] = 1"), ("b", "data = {}"), ("c", "fill(data)"), ("d", "data")]
    assert took(executed, *runs) == {1: "data", 2: "data"}


def test_functions_bind_what_they_declare_global(executed):
    assert took(executed, ("a", "def f():\n    global n\n    n = 1"), ("b", "f()"), ("c", "n")) == {1: "n"}


def test_methods_change_the_object_they_belong_to(executed):
    runs = [("a", "class Sum:\n    def add_up(self, k):\n        self.k += k * rate\n    def show(self): return self.k")]
    runs += [("b", "rate = 2"), ("c", "total = Sum()"), ("d", "total.add_up(1)"), ("e", "total.show()")]
    assert took(executed, *runs, ("f", "print(total)")) == {1: "rate", 2: "total", 3: "total"}


def test_a_function_of_a_module_does_not_change_the_module(executed):
    runs = [("a", "import numpy as np"), ("b", "y = np.append(1, 2)"), ("c", "np.random.seed(1)"), ("d", "np.sort(z)")]
    assert took(executed, *runs, ("e", "np.zeros(1)")) == {0: "np", 2: "np"}


def test_a_module_imported_again_is_as_it_was(executed):
    runs = [("a", "import numpy as np\nnp.random.seed(1)"), ("b", "import numpy as np")]
    assert took(executed, *runs, ("c", "np.random.rand()")) == {0: "np"}
    assert took(executed, ("a", "import numpy as np"), runs[1], ("c", "np.zeros(1)")) == {1: "np"}


def test_what_is_made_again_stands_for_what_it_was(executed):
    fit = ("b", "model.fit(X, y)")
    assert took(executed, ("a", "model = Model()"), fit, fit, ("c", "model.predict(X)")) == {0: "model", 2: "model"}
    assert took(executed, ("a", "model = Model()"), fit, fit) == {0: "model"}
    one, other = ("b", "df['a'] = df['k'] * 2"), ("c", "df['b'] = 1")
    assert took(executed, ("a", "df = load()"), one, other, one, ("d", "df")) == {0: "df", 2: "df", 3: "df"}
    again = ("b", "for c in cs: df[c] = 1"), ("c", "for c in ds: df[c] = 1")
    assert took(executed, ("a", "df = load()"), *again, ("d", "df")) == {0: "df", 1: "df", 2: "df"}


def test_a_definition_may_be_served_by_what_was_there(executed):
    runs = executed(("a", "k = 1"), ("b", "def f(): return k"), ("c", "hidden = [f]"))
    assert providers(runs)[1] == {0: {"k"}}
    assert stands_on(runs, [2]) == (0, 1, 2)


def test_stands_on_leaves_out_what_is_dead(executed):
    runs = executed(("a", "x = 1"), ("b", "plot(x)"), ("c", "y = x"), ("d", "x = 2"), ("e", "print(y)"))
    assert stands_on(runs, [4]) == (0, 2, 4)
    assert stands_on(runs, []) == ()


def test_stands_on_keeps_what_no_name_shows(executed):
    runs = [("a", "%load_ext mlops_magics"), ("b", "import helpers"), ("c", "%run setup.py"), ("d", "exec(k)", "error")]
    runs += [("e", "y = 1"), ("f", "%cd data")]
    assert stands_on(executed(*runs), [4]) == (0, 2, 4)


def test_what_an_opaque_cell_needs_is_kept_too(executed):
    assert stands_on(executed(("a", "code = 'x = 1'"), ("b", "exec(code)"), ("c", "x")), [2]) == (0, 1, 2)


def test_the_lineage_of_a_name(executed):
    runs = executed(("a", "raw = read()"), ("b", "other = 1"), ("c", "X = raw[0]"), ("d", "X['a'] = 1"), ("e", "X = 3"))
    assert stands_on_name(runs, 3, "X") == (0, 2, 3)
    assert stands_on_name(runs, 2, "X") == (0, 2)
    assert stands_on_name(runs, 4, "X") == (4,)
    assert stands_on_name(runs, 99, "nothing") == ()


def test_cells_without_ids_and_broken_cells():
    runs = [Execution(1, None, "x ="), Execution(2, None, "x = 1"), Execution(3, None, "x + y")]
    assert providers(runs)[2] == {1: {"x"}}
    assert stands_on(runs, [2]) == (0, 1, 2)


# -- laws -------------------------------------------------------------------------------------------------------------

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
    st.builds("class C:\n    step = {}\n    def up(self):\n        self.n = getattr(self, 'n', 0) + {}".format, NAMES, NAMES),
    st.just("o = C()"),
    st.just("o.up()"),
    st.builds("{} = getattr(o, 'n', 0)".format, NAMES),
)
BEGINNING = "a, b, c = 1, 2, 3\nxs = []\nd = {'l': 1}\ndef f(v=1):\n    return v\ndef fill(o, v):\n    o['k'] = v\nclass C:\n    def up(self): pass\no = C()"
CELLS = st.lists(st.lists(STATEMENTS, min_size=1, max_size=3).map("\n".join), min_size=1, max_size=6)


@st.composite
def sessions(draw):
    """Cells run in any order, some of them again."""
    cells = [BEGINNING, *draw(CELLS)]
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
    plain = {name: value for name, value in space.items() if name in {"a", "b", "c", "xs", "d"}}
    return plain | ({"o": vars(space["o"])} if "o" in space else {})


@settings(max_examples=300, deadline=None)
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


@settings(max_examples=200)
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


@pytest.mark.parametrize("source", ["x{0} = x{1} + 1", "xs.append({0})", "df['c{0}'] = df['a']", "f(xs, {0})"])
def test_a_thousand_executions_are_quick(source):
    runs = [Execution(index + 1, f"c{index % 300}", source.format(index, index - 1)) for index in range(1000)]
    stands_on(runs, [999])
    began = time.process_time()
    stands_on(runs, [999])
    assert time.process_time() - began < 1, "goal 0.2 s on a quiet machine"
