"""What cells do to names, told from their text, agrees with what they do when they run."""

import ast
import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_magics.capture.notebook.names import effects

BUILTINS = frozenset(dir(builtins))

READS = [
    ("y = x", "x"),
    ("x = 1\ny = x", ""),
    ("y = x\nx = 1", "x"),
    ("x += 1", "x"),
    ("x: T = y", "T y"),
    ("x: T", "T"),
    ("[i * k for i in xs]", "k xs"),
    ("[i for i in i]", "i"),
    ("{a: b for a, b in pairs if a in keep for c in a.parts}", "pairs keep"),
    ("(w := f(x)), w", "f x"),
    ("[w := i for i in xs]\nw", "xs"),
    ("lambda a, b=k: a + b + c", "k c"),
    ("f = lambda a: a + c", ""),
    ("f = lambda a: a + c\nf(1)", "c"),
    ("def f(a, b=k): return a + c", "k"),
    ("def f(a): return a + c\nf(2)", "c"),
    ("def f(a): return a + c\nc = 1\nf(2)", ""),
    ("def f(): return g()\ndef g(): return c\nf()", "c"),
    ("def f(): return f()\nf()", ""),
    ("def f(a):\n    b = a\n    def g(): return b + k\n    return g\nf(1)", "k"),
    ("def f():\n    global n\n    n = n + 1\nf()", "n"),
    ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g\nf()", ""),
    ("@cached\ndef f(): pass", "cached"),
    ("async def f(): return await g(c)\nawait f()", "g c"),
    ("class A(B, metaclass=M):\n    z = k\n    y = z\n    def m(self): return cfg", "B M k"),
    ("class A:\n    def m(self): return cfg\na = A()\na.m()", "cfg"),
    ("for i, (a, *b) in xs:\n    print(i, a, b)", "xs"),
    ("for x in x: pass", "x"),
    ("with open(p) as f, g() as (u, v): f, u, v", "p g"),
    ("try:\n    pass\nexcept E as e:\n    print(e)", "E"),
    ("try:\n    a = f()\nexcept E:\n    a = None\nprint(a)", "f E"),
    ("import a.b\nimport c.d as e\nfrom f import g as h\na, e, h", ""),
    ("import a.b as c\na", "a"),
    ("match x:\n    case {'k': v, **rest} if v > t: v, rest\n    case A(p=q) | q: q\n    case [h, *tail]: h, tail",
        "x t A"),
    ("print(f'{a!r:>{w}} {b=}')", "a w b"),
    ("del x", "x"),
    ("x = 1\ndel x\nx", "x"),
    ("df['a'] = k", "df k"),
    ("df.a.b[i] = 1", "df i"),
    ("df.query('a > @k')", "df k"),
    ("a, (b, *c) = x", "x"),
    ("x[1:n, ...]", "x n"),
    ("duckdb.sql(f'select {k} from frame a join other b on a.i = b.i').df()", "duckdb k frame other"),
    ("if c:\n    x = 1\nelse:\n    x = 2\nx", "c"),
    ("if c:\n    x = 1\nx", "c x"),
    ("if c:\n    raise E\nelse:\n    x = 1\nx", "c E"),
    ("if __name__ == '__main__':\n    x = 1\nx", "__name__"),
    ("%time y = f(x)", "f x"),
    ("%%timeit\ny = f(x)\ny", "f x"),
    ("!ls {folder} $name", "folder name"),
    ("df?", "df"),
    ("%mlops drift new --against base", "new"),
]

WRITES = [
    ("x = y = 1", "x y", ""),
    ("if c: x = 1", "x", "x"),
    ("if c: x = 1\nelse: x = 2", "x", ""),
    ("if c: x = 1\nelse: y = 2", "x y", "x y"),
    ("for i in xs: y = i", "i y", ""),
    ("while c: y = 1", "y", ""),
    ("with a as b: y = 1", "b y", ""),
    ("try:\n    x = 1\nexcept E as e:\n    y = 2\nelse:\n    z = 1\nfinally:\n    w = 3", "x y z w", "x y z"),
    ("try:\n    x = 1\nexcept E:\n    x = 2", "x", ""),
    ("try:\n    x = 1\nexcept E:\n    raise", "x", ""),
    ("match x:\n    case 1: y = 1\n    case _: y = 2", "y", ""),
    ("match x:\n    case 1: y = 1\n    case [z]: y = 2", "y z", "y z"),
    ("import a.b, c as d\nfrom e import f as g, h", "a d g h", ""),
    ("from __future__ import annotations", "", ""),
    ("def f(): x = 1", "f", ""),
    ("class A:\n    x = 1", "A", ""),
    ("[x for x in y]", "", ""),
    ("[z := x for x in y]", "z", ""),
    ("lambda: (z := 1)", "", ""),
    ("x = 1\ndel x", "", ""),
    ("x: int", "", ""),
    ("a, (b, *c), d.e, f[0] = x", "a b c", ""),
    ("%%timeit\nx = 1", "", ""),
    ("%%capture out\nx = 1", "out x", ""),
    ("files = !ls", "files", ""),
    ("globals()['x'] = 1", "x", ""),
]

CHANGES = [
    ("df['a'] = 1", "df"), ("df.loc[m, 'a'] = 1", "df"), ("x.y.z = 1", "x"), ("del d['a']", "d"), ("x += 1", "x"),
    ("d['n'] += 1", "d"), ("xs.append(1)", "xs"), ("d['k'].append(1)", "d"), ("model.fit(X, y)", "model"),
    ("df.drop(columns='a', inplace=True)", "df"), ("df.drop(columns='a', inplace=False)", ""),
    ("df['a'].fillna(0, inplace=True)", "df"), ("random.shuffle(xs)", "xs"), ("xs = shuffle(xs)", ""),
    ("np.random.seed(1)", "np"), ("rng.shuffle(xs)", "xs"), ("setattr(cfg, 'a', 1)", "cfg"), ("next(it)", "it"),
    ("import numpy as np\nnp.add(a, b, out=c)", "c"), ("con.execute('create table t (a int)')", "con"),
    ("con.sql('select 1')", ""),
    ("con.execute(query)", ""), ("load().append(1)", ""), ("df.groupby('a').agg(f).sort()", ""),
    ("xs = []\nxs.append(1)", ""), ("def f(d): d['a'] = 1\nf(df)", "df"), ("def f(d): d['a'] = 1\nf(d=df)", "df"),
    ("def f(d):\n    d = d.copy()\n    d['a'] = 1\nf(df)", ""), ("def f(): seen.append(1)\nf()", "seen"),
    ("def f():\n    global n\n    n = 1\nf()", "n"), ("def f(): seen.append(1)", ""),
    ("[xs.append(i) for i in y]", "xs"), ("[i.append(1) for i in xs]", ""), ("%time model.fit(X)", "model"),
    ("import numpy as np\nnp.append(a, b)", ""), ("for d in ds: d['a'] = 1", ""),
    ("plt.rcParams['figure.dpi'] = 90", "plt"), ("with a as b: b.append(1)", ""), ("globals()['x'] = 1", ""),
    ("study.optimize(f)", "study"), ("opt.tell(x, y)", "opt"), ("f.tell()", ""), ("con.sql('drop table t')", "con"),
    ("con.execute(f'insert into {t} values (1)')", "con"), ("con.sql('select 1; drop table t')", "con"),
    ("con.sql('-- all\\nselect 1')", ""),
]  # fmt: skip


@pytest.mark.parametrize(("source", "names"), READS, ids=[source for source, _ in READS])
def test_what_is_taken_from_outside(source, names):
    assert effects(source).reads - BUILTINS == set(names.split()) - BUILTINS


@pytest.mark.parametrize(("source", "names", "maybe"), WRITES, ids=[source for source, _, _ in WRITES])
def test_what_is_left_behind(source, names, maybe):
    done = effects(source)
    assert done.writes == set(names.split())
    assert done.maybe == set(maybe.split())


@pytest.mark.parametrize(("source", "names"), CHANGES, ids=[source for source, _ in CHANGES])
def test_what_is_changed_in_place(source, names):
    assert effects(source).changes == set(names.split())


@pytest.mark.parametrize(
    ("source", "is_settled"),
    [
        ("df['a'] = df['b'] * 2", True), ("df['a'] = df['a'] * 2", False), ("df['a'] = df.a * 2", False),
        ("df['n'] = df.groupby('k')['v'].transform('sum')", True), ("df[c] = df[c] * 2", False), ("df[c] = 0", True),
        ("df.loc[df['b'] > 0, 'a'] = 1", True), ("df.loc[df['a'] > 0, 'a'] = 1", False), ("cfg.rate = 0.1", True),
        ("model.fit(X, y)", True), ("model.partial_fit(X, y)", False), ("seen.add(x)", True),
        ("net.add(Dense(3))", False),
        ("xs.append(x)", False), ("d.update(a=1)", True), ("d.update(a=d['a'] + 1)", False), ("x += 1", False),
        ("np.random.seed(0)", True), ("df.dropna(inplace=True)", False), ("xs.sort()", True),
        ("df.loc[len(df)] = 1", False), ("xs[len(xs) - 1] = 1", True), ("d[f'run {len(d)}'] = 1", False),
        ("d['k'] = d.get('k', 0) + 1", False), ("d['k'] = d.get('l', 0) + 1", True), ("d['k'] = d.get('k', 3)", True),
        ("d['k'] = d.get('k') or load()", True), ("d[k] = d.get(k, 0) + 1", False), ("d['k'] = d.pop('k') + 1", False),
        ("del xs[0]", False), ("del xs[-1]", False), ("del xs[2:]", False), ("del df['a']", True),
        ("xs[:] = sorted(xs)", False), ("xs[:] = sorted(ys)", True), ("a[...] = a / 2", False),
        ("a[:, 0] = a @ b", False),
        ("a[:, 0] = np.zeros(len(a))", True), ("a[0] = a.sum()", False), ("a[0] = a[1]", True), ("a[0] = max(a)", True),
        ("a[0] = len(a)", True), ("a[0] = a.shape[1]", True), ("df['n'] = df.apply(len, axis=1)", True),
        ("df['a'] = df.apply(lambda r: r['a'] * 2, axis=1)", False),
        ("df['a'] = df.apply(lambda r: r.a, axis=1)", False),
        ("df['a'] = df.apply(lambda r: r['b'], axis=1)", True), ("df['a'] = df.groupby('k')['a'].cumsum()", False),
        ("df['a'] = df.groupby('a')['b'].cumsum()", True), ("df['a'] = df.sort_values('t').a.shift()", False),
        ("con.sql('create or replace table t as select 1')", True), ("con.sql('insert into t values (1)')", False),
        ("con.sql('create or replace table t as from t union all from t')", False), ("con.sql('SET a = 1;')", True),
        ("con.sql('create table if not exists t (a int); insert into t values (1)')", False),
        ("con.sql('create or replace temp view v as select 1')", True), ("con.sql('create table t (a int)')", False),
        ("con.sql(f'create or replace table {t} as select 1')", True), ("con.sql('drop table if exists t')", True),
    ],
)  # fmt: skip
def test_what_comes_out_the_same_again(source, is_settled):
    (how,) = effects(source).how.values()
    assert bool(how.settled) is is_settled


@pytest.mark.parametrize(
    ("source", "is_opaque", "binds_anything"),
    [
        ("from a import *", True, True), ("exec(code)", True, True), ("%run a.py", True, True),
        ("%load_ext a", True, False),
        ("globals()[k] = 1", True, True), ("globals()['x'] = 1", False, False),
        ("globals().update(a=1)", True, True), ("globals()['x']", False, False),
        ("os.environ['A'] = 'b'", True, False), ("sys.path.append('..')", True, False), ("os.chdir(p)", True, False),
        ("get_ipython().run_line_magic('cd', 'a')", True, True), ("!ls", False, False), ("!ls > a.txt", True, False),
        ("!wget a", True, False), ("%%writefile a.py\nx = 1", True, False), ("%%bash\nls", True, False),
        ("%mlops track a", False, False), ("x = 1", False, False), ("no python", True, True),
        ("def f(): exec(code)", False, False), ("%matplotlib inline", True, False), ("%%html\n<b>", False, False),
    ],
)  # fmt: skip
def test_what_no_name_shows(source, is_opaque, binds_anything):
    done = effects(source)
    assert (done.is_opaque, done.binds_anything) == (is_opaque, binds_anything)


def test_functions_say_what_they_will_need():
    function = "def f(a):\n    total.append(a)\n    return a * rate\n"
    done = effects(function + "class A:\n    def m(self):\n        self.n += step")
    assert done.closures["f"] == {"total", "rate"}
    assert set(done.touches["f"]) == {"total"}
    assert done.closures["A"] == {"step"}
    assert set(done.bodies["A"].methods) == {"m"}
    assert done.reads == frozenset()


@pytest.mark.skipif(not hasattr(ast, "TypeAlias"), reason="Python 3.12")
def test_new_syntax():
    assert effects("type Pair[T] = tuple[T, Other]").writes == {"Pair"}
    assert effects("def f[T](a: T) -> T: return a").reads == frozenset()


# -- against Python itself --------------------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "f", "g")
EXPRESSIONS = st.sampled_from(
    ["1", "a", "b + c", "[a for a in [b]]", "(lambda b: b)(c)", "(c := 4)", "f()", "{b: 2}", "[c := b, a]", "f'{a}'"]
)
SIMPLE = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(NAMES[:3]), EXPRESSIONS),
    st.builds("{} += 1".format, st.sampled_from(NAMES[:3])),
    st.builds("del {}".format, st.sampled_from(NAMES[:3])),
    st.sampled_from(["f = lambda: a", "g = f", "a, *b = [1, 2]", "import math as c", "pass", "b = g()"]),
)


def _block(statements):
    return "\n".join("    " + line for statement in statements for line in statement.split("\n"))


COMPOUND = st.one_of(
    SIMPLE,
    st.builds(lambda body: "if a:\n" + _block(body), st.lists(SIMPLE, min_size=1, max_size=2)),
    st.builds(lambda body: "for b in [1]:\n" + _block(body), st.lists(SIMPLE, min_size=1, max_size=2)),
    st.builds(lambda body: "def f():\n" + _block([*body, "return a"]), st.lists(SIMPLE, min_size=1, max_size=2)),
    st.builds(lambda body: "def g(a=b):\n" + _block(["global c", *body]), st.lists(SIMPLE, min_size=1, max_size=2)),
    st.builds(lambda body: "class g:\n" + _block(body), st.lists(SIMPLE, min_size=1, max_size=2)),
)


class Watched(dict):
    """A namespace that remembers which names were asked of it before they were set, and which were set."""

    def __init__(self, values):
        super().__init__(values)
        self.read, self.wrote = set(), set()

    def __getitem__(self, name):
        if name not in self.wrote:
            self.read.add(name)
        return super().__getitem__(name)

    def __setitem__(self, name, value):
        self.wrote.add(name)
        super().__setitem__(name, value)


@given(st.lists(COMPOUND, min_size=1, max_size=5).map("\n".join))
def test_python_reads_and_binds_no_more_than_is_told(source):
    """At the top level of a cell, all that Python looks up or binds when it runs is among what was told."""
    done = effects(source)
    space = Watched({"a": 1, "b": 2, "c": 3, "f": lambda: 5, "g": lambda: 6, "__builtins__": builtins})
    outer = {"__builtins__": builtins}
    try:
        # With separate mappings, top-level names go through the watched one; functions see the other.
        exec(compile(source, "cell", "exec"), outer, space)
    except (NameError, TypeError, ValueError, UnboundLocalError):
        pass
    else:
        assert space.wrote & set(NAMES) <= done.writes | done.deletes | done.changes
    assert space.read & set(NAMES) <= done.reads


@given(st.text(max_size=300))
def test_nothing_fails(source):
    effects(source)


def test_a_cell_is_read_once():
    cell = "\n".join(f"value{i} = frame['column{i}'].mean() * scale + offset" for i in range(40))
    assert effects(cell) is effects(cell), "kept by its text"
