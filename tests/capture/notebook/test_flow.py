"""Who took which name from whom; and that what a cell stood on is enough to make it again."""

import time

import pytest

from mlops_magics.capture.notebook.flow import Execution, providers, stands_on, stands_on_name


def took(executed, *runs):
    """Of the last execution: names by provider."""
    return {index: "".join(sorted(names)) for index, names in providers(executed(*runs))[-1].items()}


def test_the_newest_writer_and_every_changer_since(executed):
    runs = [("a", "x = []"), ("b", "x = []"), ("c", "x.append(1)"), ("d", "y = x"), ("e", "x += [2]"),
        ("f", "print(x)")]
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
    runs = [("a",
        "class Sum:\n    def add_up(self, k):\n        self.k += k * rate\n    def show(self): return self.k")]
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


def test_a_cell_that_seeds_again_stands_for_what_it_was(executed):
    runs = [("a", "import random"), ("b", "random.seed(1)"), ("b", "random.seed(1)")]
    assert stands_on(executed(*runs, ("c", "x = random.random()")), [3]) == (0, 2, 3)


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
    runs = executed(("a", "from mine import Meter\nmeter = Meter()"), ("b", "meter.feed(2)"), ("c", "print(meter)"))
    assert stands_on_name(runs, 2, "meter") == (0, 1), "nobody knows what it does to the meter"


def test_cells_without_ids_and_broken_cells():
    runs = [Execution(1, None, "x ="), Execution(2, None, "x = 1"), Execution(3, None, "x + y")]
    assert providers(runs)[2] == {1: {"x"}}
    assert stands_on(runs, [2]) == (0, 1, 2)


@pytest.mark.parametrize("source", ["x{0} = x{1} + 1", "xs.append({0})", "df['c{0}'] = df['a']", "f(xs, {0})",
    "df.to_csv('a/{0}.csv'); pd.read_csv('a/{1}.csv')"])
def test_a_thousand_executions_are_quick(source):
    runs = [Execution(index + 1, f"c{index % 300}", source.format(index, index - 1)) for index in range(1000)]
    stands_on(runs, [999])
    began = time.process_time()
    stands_on(runs, [999])
    assert time.process_time() - began < 1, "goal 0.2 s on a quiet machine"
