"""What may have changed a name is part of what it stood on; what only looked at it is not."""

import sys
from types import ModuleType

import pytest

from mlops_magics.capture.notebook.bindings import Binding
from mlops_magics.capture.notebook.flow import Execution, stands_on, stands_on_name
from mlops_magics.capture.notebook.source import python_of

# The last cell gives ``result``; all cells before it but those after a bar are needed for it.
NEEDED = {
    "a method that is not known": ["from collections import Counter\nc = Counter(a=5)", "c.subtract({'a': 2})",
        "result = c['a']"],
    "what one is set to put out": ["from sklearn.preprocessing import StandardScaler\nsc = StandardScaler()",
        "sc.set_output(transform='pandas')", "X = [[1.0], [3.0]]", "result = type(sc.fit_transform(X)).__name__"],
    "whose result somebody wants": ["from queue import Queue\nq = Queue()", "q.put(1)\nq.put(2)", "first = q.get()",
        "result = q.get()"],
    "a parser": ["import argparse\nparser = argparse.ArgumentParser()", "parser.add_argument('--k', type=int)",
        "result = parser.parse_args(['--k', '3']).k"],
    "a function of a database": ["import sqlite3\ncon = sqlite3.connect(':memory:')",
        "con.create_function('twice', 1, lambda v: v * 2)",
        "result = con.execute('select twice(4)').fetchone()[0]"],
    "a query that the code does not tell": ["import sqlite3\ncon = sqlite3.connect(':memory:')",
        "query = 'create table t as select 7 as k'", "con.execute(query)",
        "result = con.execute('select k from t').fetchone()[0]"],
    "what was written to memory": ["import io\nbuf = io.StringIO()", "buf.write('abc')", "result = buf.getvalue()"],
    "an imported function": ["from mine import fill\nxs = [1]", "fill(xs)", "result = xs"],
    "an imported function of whose result somebody makes use": ["from mine import train\nm = {}", "loss = train(m, 3)",
        "result = m"],
    "a function of a module": ["import mine\nxs = [1]", "mine.fill(xs)", "result = xs"],
    "what a module was told": ["import mine", "mine.set_rate(5)", "result = mine.rate()"],
    "a part that is handed over": ["from mine import fill\nd = {'xs': [1]}", "fill(d['xs'])", "result = d"],
    "one of several that are handed over": ["from mine import fill_all\na = [1]\nb = [2]", "fill_all([a, b])",
        "result = a + b"],
    "an object that is called": ["from mine import Meter\nmeter = Meter()", "meter(4)", "result = meter.total"],
    "a loop over them": ["from mine import Meter\nmeters = {'a': Meter(), 'b': Meter()}",
        "for name, meter in meters.items():\n    meter.feed(2)", "result = meters['b'].total"],
    "a comprehension over them": ["from mine import Meter\nmeters = [Meter(), Meter()]",
        "_ = [meter.feed(3) for meter in meters]", "result = meters[1].total"],
    "a known change in a loop": ["rows = [[1], [2]]", "for row in rows:\n    row.append(0)", "result = rows"],
    "another name for it": ["from mine import Meter\nmeter = Meter()", "best = meter", "best.feed(2)",
        "result = meter.total"],
    "what holds it": ["from mine import Meter, Holder\nmeter = Meter()", "holder = Holder(meter)", "holder.step()",
        "result = meter.total"],
    "what it holds": ["from mine import Meter, Holder\nmeter = Meter()", "holder = Holder(meter)", "meter.feed(9)",
        "result = holder.total()"],
    "what was put into it": ["from mine import Meter\nmeter = Meter()\nd = {}", "d['m'] = meter", "meter.feed(9)",
        "result = d['m'].total"],
    "the notebook's own function": ["def run(m):\n    for part in m:\n        part.setdefault('n', 7)", "ms = [{}, {}]",
        "run(ms)", "result = ms"],
    "a function within a function": ["def inner(q):\n    q.subtract({'a': 1})\ndef outer(x):\n    inner(x)",
        "from collections import Counter\nc = Counter(a=5)", "outer(c)", "result = c['a']"],
    "a change within a function within a function": ["def inner(q):\n    q.append(1)\ndef outer(x):\n    inner(x)",
        "xs = []", "outer(xs)", "result = xs"],
    "a function that changes what it does not name": ["from mine import Meter\nmeter = Meter()",
        "def step():\n    meter.feed(2)", "step()", "result = meter.total"],
    "a function in the same cell": ["from mine import Meter\nmeter = Meter()",
        "def step(m):\n    m.feed(2)\nstep(meter)", "result = meter.total"],
    "a class of the notebook": ["class Sum:\n    parts = ()\n    def take(self, x):\n        self.parts += (x,)",
        "total = Sum()", "total.take(3)", "result = total.parts"],
    "a class of the notebook that inherits": ["from mine import Meter\nclass Own(Meter):\n    def show(self): pass",
        "own = Own()", "own.feed(4)", "result = own.total"],
    "draws from a generator of one's own": ["import numpy as np\nrng = np.random.default_rng(0)", "a = rng.normal()",
        "import pandas as pd\nb = pd.Series([1, 2, 3]).sample(2, random_state=rng)", "result = rng.normal()"],
    "what can be gone through once": ["it = iter([1, 2, 3])", "head = next(it)", "more = [*zip(it, 'a')]",
        "result = list(it)"],
    "a method of a function": ["from functools import cache\nxs = [1]\n@cache\ndef n(): return len(xs)\nn()",
        "xs.append(2)", "n.cache_clear()", "result = n()"],
    "a part of one's own class, by a method of the same name": [
        "from mine import Meter\nclass Box:\n    meter = Meter()\n    def feed(self, n): pass", "box = Box()",
        "box.meter.feed(4)", "result = box.meter.total"],
    "what making an object does": ["from mine import Meter\nclass Tap:\n    def __init__(self, meter): meter.feed(3)",
        "meter = Meter()", "tap = Tap(meter)", "result = meter.total"],
    "one's own object that is called": ["from mine import Meter\nclass Tap:\n    def __call__(self, m): m.feed(3)",
        "tap = Tap()", "meter = Meter()", "tap(meter)", "result = meter.total"],
    "a call that is inherited": ["from mine import Meter\nclass Own(Meter):\n    def show(self): pass", "own = Own()",
        "own(4)", "result = own.total"],
    "a method that asks the one it inherits": [
        "from mine import Meter\nclass Own(Meter):\n    def take(self, n): super().feed(n)", "own = Own()",
        "own.take(4)", "result = own.total"],
    "the second of what is handed": ["from mine import Meter\nmeter = Meter()",
        "class Tap:\n    def run(self, n, meter): meter.feed(n)", "tap = Tap()", "tap.run(2, meter)",
        "result = meter.total"],
    "what is handed by its name": ["from mine import Meter\nmeter = Meter()", "def run(n, m=None):\n    m.feed(n)",
        "run(2, m=meter)", "result = meter.total"],
    "one of as many as one likes": ["from mine import Meter\nmeter = Meter()",
        "def run(n, *many):\n    for m in many: m.feed(n)", "run(2, Meter(), meter)", "result = meter.total"],
    "one of as many names as one likes": ["from mine import Meter\nmeter = Meter()",
        "def run(**many):\n    many['a'].feed(2)", "run(a=meter)", "result = meter.total"],
    "a method without an object": ["from mine import Meter\nmeter = Meter()",
        "class Tap:\n    @staticmethod\n    def run(m): m.feed(2)\n    @staticmethod\n    def rest(): pass",
        "Tap.rest()\nTap.run(meter)", "result = meter.total"],
    "what is entered": ["from mine import Meter\nmeter = Meter()", "with meter:\n    pass", "result = meter.total"],
    "what decorates": ["from mine import Meter\nmeter = Meter()", "@meter.once\ndef f(): pass", "result = meter.total"],
    "one of a dict": ["from mine import Meter\nmeter = Meter()", "meters = dict(a=meter)", "meters['a'].feed(3)",
        "result = meter.total"],
    "what a partial function holds": ["from functools import partial\nfrom mine import fill\nxs = []",
        "go = partial(fill, xs)", "go()", "result = xs"],
    "another shape of it": ["import numpy as np\nx = np.zeros(4)", "square = x.reshape(2, 2)", "square[0, 0] = 1",
        "result = x.tolist()"],
    "the end of what is in memory": ["import io\nbuf = io.StringIO('abc')", "buf.truncate(1)",
        "result = buf.getvalue()"],
    "what is read from memory": ["import io, pickle\nbuf = io.BytesIO(pickle.dumps(1) + pickle.dumps(2))",
        "pickle.load(buf)", "result = pickle.load(buf)"],
    "a fit of the notebook's own class": [
        "class Own:\n    def fit(self, xs):\n        xs.append(7)\n        return self",
        "xs = [1]", "own = Own().fit(xs)", "result = xs"],
    "a fit of its own class in the same cell": ["xs = [1]",
        "class Own:\n    def fit(self, xs):\n        xs.append(7)\nOwn().fit(xs)", "result = xs"],
    "a generator that was fitted with": ["import random\nfrom mine import Noisy\nrng = random.Random(0)",
        "Noisy(rng).fit([1])", "result = rng.random()"],
    "once for each time": ["from collections import Counter\nc = Counter()", "c.update('a')", "c.subtract('b')",
        "c.subtract('b')", "result = dict(c)"],
}  # fmt: skip

NOT_NEEDED = {
    "looks": ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "df.head()", "df.describe()", "df.a.plot()",
        "print(df)", "len(df)", "df.info()", "df.to_csv('x.csv')", "result = df"],
    "other values made of it": ["import numpy as np\nx = np.ones(3)", "y = x.mean()", "z = np.sqrt(x)",
        "w = x.reshape(3, 1)", "result = x"],
    "a model that nobody asks": ["from sklearn.linear_model import LinearRegression\nX, y = [[1]], [1]",
        "other = LinearRegression()\nother.fit(X, y)", "score = other.score(X, y)", "model = LinearRegression()",
        "model.fit(X, y)", "result = model.predict(X)"],
    "models fitted where they are made": ["from sklearn.linear_model import Lasso\nX, y = [[1]], [1]",
        "other = Lasso(alpha=2).fit(X, y)", "from mine import Booster\nboosted = Booster().fit(X, y)",
        "from sklearn.pipeline import make_pipeline\nparts = make_pipeline(Lasso()).fit(X, y)",
        "class Own:\n    def fit(self, X, y):\n        self.mean = sum(y)\n        return self",
        "own = Own().fit(X, y)", "def tried(X, y):\n    return Lasso().set_params(alpha=3).fit(X, y)",
        "last = tried(X, y)", "result = X"],
    "metrics": ["from sklearn.metrics import accuracy_score\ny = [1]", "acc = accuracy_score(y, y)", "result = y"],
    "drawings": ["import matplotlib.pyplot as plt\nx = [1]", "plt.plot(x)\nplt.title('x')\nplt.show()",
        "fig, ax = plt.subplots()\nax.plot(x)\nax.set_title('t')", "result = x"],
    "the notebook's own looking": ["def look(v):\n    print(v.mean())\n    return v.sum()",
        "import pandas as pd\ns = pd.Series([1])", "look(s)", "total = look(s)", "result = s"],
    "a look of one's own class": [
        "class Sum:\n    parts = (1,)\n    def twice(self): return self.parts * 2\ntotal = Sum()",
        "total.twice()", "result = total"],
    "making an object of one's own class": ["class Sum:\n    parts = (1,)", "x = [1]", "total = Sum()",
        "other = Sum()", "result = x"],
    "another object of a class that inherits": ["from mine import Meter\nclass Own(Meter): pass\nown = 0",
        "other = Own()", "own = Own()", "result = own"],
    "what somebody asked of a module": ["import mine", "rate = mine.rate()", "result = mine.rate()"],
    "an imported class": ["from mine import Meter\nx = [1]", "meter = Meter(x)", "result = x"],
    "a package by the name it usually has": ["x = [1]", "y = np.linspace(x, 2)", "result = x"],
    "a constant": ["depth = 3", "from mine import fill\nfill([depth])", "result = depth"],
    "a copy": ["import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "part = df[['a']]", "part['b'] = 2",
        "part.columns.rename('k')", "result = df"],
}  # fmt: skip


def mine():
    """A module that somebody wrote beside the notebook."""
    module = ModuleType("mine")
    exec(
        """
state = {"rate": 1}
def set_rate(value): state["rate"] = value
def rate(): return state["rate"]
def fill(xs): xs.append(len(xs))
def fill_all(many):
    for xs in many: xs.append(len(xs))
def train(m, k): m["w"] = k; return 0.5
class Meter:
    total = 0
    def feed(self, n): self.total += n
    __call__ = feed
    def __enter__(self): self.total += 1
    def __exit__(self, *_): pass
    def once(self, f): self.total += 1; return f
class Noisy:
    def __init__(self, rng): self.rng = rng
    def fit(self, X): self.rng.random()
class Holder:
    def __init__(self, meter): self.meter = meter
    def step(self): self.meter.feed(1)
    def total(self): return self.meter.total
""",
        module.__dict__,
    )
    return module


def played(monkeypatch, sources):
    monkeypatch.setitem(sys.modules, "mine", mine())
    space = {}
    for source in sources:
        exec(compile(python_of(source).module, "cell", "exec"), space)
    if "con" in space:
        space["con"].close()
    return space["result"]


def executions(sources):
    return [Execution(place, f"c{place}", source) for place, source in enumerate(sources, 1)]


@pytest.mark.parametrize("cells", NEEDED.values(), ids=NEEDED)
def test_the_cells_it_stood_on_are_enough_to_make_it_again(monkeypatch, cells):
    dead = ["unused = [0]", "unused.sort()"]
    runs = executions([*dead, *cells])
    kept = stands_on(runs, [len(runs) - 1])
    result = played(monkeypatch, cells)
    assert played(monkeypatch, [runs[index].source for index in kept]) == result
    assert kept == tuple(range(2, len(runs)))


@pytest.mark.parametrize("cells", NOT_NEEDED.values(), ids=NOT_NEEDED)
def test_who_only_looked_is_left_out(cells):
    runs = executions(cells)
    name = cells[-1].removeprefix("result = ").partition(".")[0]
    made = {index for index, cell in enumerate(cells[:-1]) if f"{name} = " in cell or f"{name}.fit" in cell}
    made |= {0} if "import" in cells[0] else set()
    wanted = {*stands_on_name(runs, len(runs) - 1, "result")}
    assert wanted == set(stands_on(runs, [len(runs) - 1]))
    assert wanted == {index for index in made if index in wanted} | {len(runs) - 1}, sorted(wanted)


def test_what_was_done_to_one_is_known_of_all_that_are_joined():
    meter, other, friend = Binding(0), Binding(0), Binding(0)
    meter.touch(1)
    other.share(friend)
    other.touch(2)
    other.share(meter)
    assert meter.touchers == other.touchers == friend.touchers == (1, 2)
