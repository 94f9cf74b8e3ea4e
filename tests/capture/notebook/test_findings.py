"""What is said of a session, and that Restart & Run All gives no cause to say anything."""

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_magics.capture.notebook.document import SavedCell, SavedNotebook
from mlops_magics.capture.notebook.findings import WORDS, examine
from mlops_magics.capture.notebook.flow import Execution


def said(examination):
    return {(one.kind, cell): " ".join(one.names) for one in examination.findings for cell in one.cells}


# -- each kind --------------------------------------------------------------------------------------------------------


def test_stale(executed):
    runs = executed(("a", "x = 1"), ("b", "y = x"), ("c", "z = y"), ("d", "w = 1"), ("a", "x = 2"))
    assert said(examine(runs)) == {("out_of_order", "a"): "", ("stale", "b"): "x", ("stale", "c"): "y"}


def test_stale_by_a_cell_that_was_put_between(executed, document):
    cells = [("a", "df = load()"), ("n", "df = df.dropna()"), ("b", "print(df)")]
    runs = executed(cells[0], cells[2], cells[1])
    assert said(examine(runs, document(*cells))) == {("out_of_order", "n"): "", ("stale", "b"): "df"}
    runs = executed(("a", "y = 1"), ("n", "y = 2"), ("b", "print(y)"), ("a", "y = 1"))
    above = examine(runs, document(("a", "y = 1"), ("n", "y = 2"), ("b", "print(y)")))
    assert said(above) == {("out_of_order", "a"): ""}, "b takes y from the nearer cell, whatever a does"


def test_imports_and_functions_made_again_are_what_they_were(executed):
    head = ("a", "import pandas as pd\ndef clean(d):\n    return d.dropna()  # twice")
    runs = executed(head, ("b", "df = clean(pd.read_csv('a.csv'))"), ("a", head[1].replace("  # twice", "\nimport re")))
    assert said(examine(runs)) == {("out_of_order", "a"): ""}
    runs = executed(head, ("b", "df = clean(pd.read_csv('a.csv'))"), ("a", head[1].replace("dropna", "fillna")))
    assert said(examine(runs))["stale", "b"] == "clean"


def test_a_function_is_stale_where_it_is_called(executed):
    runs = executed(("a", "k = 1"), ("b", "def f(): return k"), ("c", "y = f()"), ("a", "k = 2"))
    assert said(examine(runs)) == {("out_of_order", "a"): "", ("stale", "c"): "k"}


def test_repeated(executed):
    assert said(examine(executed(("a", "x = 1"), ("b", "x += 1"), ("b", "x += 1")))) == {("repeated", "b"): "x"}
    runs = executed(("a", "df = load()"), ("b", "df = df.dropna()"), ("c", "df['k'] = 1"), ("b", "df = df.dropna()"))
    assert ("repeated", "b") in said(examine(runs))


@pytest.mark.parametrize(
    "source",
    [
        "y = x + 1", "model.fit(x, y)", "df['a'] = df['b'] * 2", "df['a'] = df['b'] * 2\ndf.head()", "plt.plot(x)",
        "df['n'] = df.groupby('k')['v'].transform('sum')", "model.fit(x, y)\nprint(model.score(x, y))", "seen.add(x)",
        "model.fit(x, y)\ndf['p'] = model.predict(x)", "df['a'] = 1\nprint(df.shape)\ndf['b'] = 2", "seed_all()",
        "if 'net' not in globals(): net = Net()\nnet.predict(x)", "np.random.seed(0)\nz = np.random.rand(3)",
        "for c in ['a', 'b']:\n    df[c + '_log'] = np.log(df[c])", "df.loc[df['v'] > 3, 'big'] = True", "x",
        "results['a'] = x\nresults", "assert len(df) == 3", "fig, ax = plt.subplots()\nax.hist(df['a'])",
    ],
)  # fmt: skip
def test_run_again_with_the_same_effect_is_no_finding(executed, source):
    head = "import numpy as np\nimport matplotlib.pyplot as plt\nx = y = model = seen = results = 1\ndf = load()"
    head += "\ndef seed_all():\n    np.random.seed(1)"
    after = "df['other'] = df['a'] + 1\ndf.head()"
    runs = executed(("a", head), ("b", source), ("b", source), ("c", after), ("b", source), ("c", after), ("c", after))
    assert said(examine(runs)) == {}


@pytest.mark.parametrize(
    "source",
    [
        "x = x + 1", "xs.append(x)", "df['a'] = df['a'] * 2", "d['n'] += 1", "df = df[df.a > 0]",
        "model.partial_fit(x)",
        "df.dropna(inplace=True)", "count()", "df.columns = [c.lower() for c in df.columns]", "push(xs)", "t.up()",
        "X, y = shuffle(X, y)", "y = next(it)", "total = total + x if x else total", "loss.backward()\nopt.step()",
    ],
)  # fmt: skip
def test_run_again_on_its_own_result_is_a_finding(executed, source):
    head = "x = d = df = model = X = y = it = total = loss = opt = load()\nxs = []\nn = 0\nfrom u import shuffle"
    head += "\ndef count():\n    global n\n    n += 1\ndef push(o):\n    o.append(1)"
    head += "\nclass T:\n    def up(self):\n        self.n += 1\nt = T()"
    assert ("repeated", "b") in said(examine(executed(("a", head), ("b", source), ("b", source))))


def test_out_of_order_names_the_fewest_cells(executed, document):
    cells = [(name, f"{name} = 1") for name in "abcdef"]
    runs = executed(*(cells["abcdef".index(name)] for name in "bcaefd"))
    found = examine(runs, document(*cells))
    assert said(found) == {("out_of_order", "a"): "", ("out_of_order", "d"): ""}
    assert [one.sentence for one in found.findings] == [
        "In [3] ran after In [2], which stands below it",
        "In [6] ran after In [5], which stands below it",
    ]


@settings(deadline=None)
@given(st.permutations("abcdef"))
def test_out_of_order_leaves_an_order(order):
    runs = [Execution(index + 1, cell, "pass") for index, cell in enumerate(order)]
    saved = SavedNotebook(None, tuple(SavedCell(cell, "pass") for cell in "abcdef"), datetime(2026, 1, 1))
    found = {cell for _, cell in said(examine(runs, saved))}
    kept = [cell for cell in order if cell not in found]
    assert kept == sorted(kept)
    assert all([one for one in order if one in {*kept, cell}] != sorted({*kept, cell}) for cell in found)


def test_edited_deleted_skipped_failed(executed, document):
    runs = executed(("a", "rate = 1"), ("b", "k = 2"), ("c", "y = rate + k"), ("e", "1 / 0", "error"), ("f", "y"))
    saved = document(("a", "speed = 1"), ("n", "# words"), ("s", "skip()"), ("c", "y = rate + k # sum"), ("e", "1 / 0"),
                     ("f", "y"), ("z", "later"))  # fmt: skip
    found = examine(runs, saved)
    assert said(found) == {
        ("edited", "a"): "", ("deleted", "a"): "rate", ("deleted", "b"): "k", ("skipped", "s"): "", ("failed", "e"): "",
    }  # fmt: skip
    assert found.sentence == (
        "1 cell was edited since it ran; 2 cells are gone but still felt; 1 cell was skipped; "
        "1 cell failed and was left so"
    )
    skipped = next(one for one in found.findings if one.kind == "skipped")
    assert (skipped.labels, skipped.positions) == (("cell 3",), ())


def test_a_function_may_fill_what_it_is_handed_again(executed):
    head = ("a", "df = load()\ndef tidy(d):\n    d['t'] = d['b'] + 1")
    assert said(examine(executed(head, ("b", "tidy(df)"), ("b", "tidy(df)"), ("c", "df['t']")))) == {}


def test_cells_that_were_merged_are_not_gone(executed, document):
    runs = executed(("a", "x = 1"), ("b", "y = x"), ("c", "print(y)"))
    found = examine(runs, document(("a", "x = 1\ny = x"), ("c", "print(y)")))
    assert said(found) == {("edited", "a"): ""}
    gone = executed(("i", "import re\nk = 1"), ("a", "import re"), ("c", "re.sub"), ("i", "import re\nk = 2"),
        ("c", "re"))
    assert said(examine(gone, document(("a", "import re"), ("c", "re")))) == {}


def test_a_name_that_a_star_may_provide_is_not_gone(executed, document):
    runs = executed(("b", "k = 2"), ("a", "from helpers import *"), ("c", "print(k)"))
    assert said(examine(runs, document(("a", "from helpers import *"), ("c", "print(k)")))) == {}


def test_the_last_cell_may_fail_and_a_scratch_cell_may_go(executed, document):
    assert said(examine(executed(("a", "x = 1"), ("b", "1 / 0", "error")))) == {}
    runs = executed(("a", "x = 1"), ("s", "x.nothing", "error"), ("b", "y = x"))
    assert said(examine(runs, document(("a", "x = 1"), ("b", "y = x")))) == {}


# -- what can be known ------------------------------------------------------------------------------------------------


def test_a_cell_that_ran_after_the_file_was_saved_is_what_the_notebook_holds(executed):
    saved = datetime(2026, 1, 1, 12)
    early, late = saved - timedelta(minutes=1), saved + timedelta(minutes=1)

    def ran(cell, source, position, started):
        return Execution(position, cell, source, started=started)

    file = SavedNotebook(None, (SavedCell("a", "x = 1"), SavedCell("b", "y = 1")), saved)
    runs = [ran("a", "x = 1", 1, early), ran("b", "y = 2", 2, late), ran("n", "z = 3", 3, late),
        ran("b", "y = z", 4, late)]
    newer = examine(runs, file)
    assert said(newer) == {}
    assert newer.verdict == "unknown"
    assert not newer.is_document_known
    older = examine([ran("a", "x = 1", 1, early), ran("b", "y = 2", 2, early), ran("n", "z = 3", 3, early)], file)
    assert said(older) == {("edited", "b"): ""}
    asking = examine([ran("a", "x = 1", 1, early), ran("b", "y = 1", 2, early), ran("n", "%mlops end", 3, late)], file)
    assert asking.verdict == "pass"
    same = examine([ran("a", "x = 1", 1, late), ran("b", "y = 1", 2, late)], file)
    assert same.verdict == "pass"


def test_another_notebook_is_no_document(executed, document):
    found = examine(executed(("a", "x = 1"), ("b", "y = x")), document(("q", "x = 2"), ("r", "z")))
    assert (said(found), found.verdict) == ({}, "unknown")


def test_cells_without_ids(executed):
    found = examine(executed((None, "x = 1"), (None, "x += 1"), (None, "x += 1"), (None, "y"), (None, "x = 1")))
    assert said(found) == {}
    assert examine([]).verdict == "unknown"
    failed = examine(executed((None, "1 / 0", "error"), (None, "x = 1")))
    assert said(failed) == {("failed", "In [1]"): ""}


def test_what_is_shown(executed):
    found = examine(executed(("a", "x = 1"), ("b", "y = x"), ("a", "x = 2"), ("b", "y = x"), ("a", "x = 3")))
    assert found.sentence == "1 cell ran out of order; 1 cell is stale"
    assert found.verdict == "fail"
    assert "In [4] used x, which In [5] made anew later" in repr(found)
    assert "<table" in found._repr_html_()
    told = json.loads(json.dumps(found.to_dict()))
    assert told["findings"][1] == {
        "kind": "stale", "cells": ["b"], "labels": ["In [4]"], "positions": [4], "names": ["x"],
        "sentence": "In [4] used x, which In [5] made anew later",
    }  # fmt: skip
    assert {one.kind for one in found.findings} <= set(WORDS)
    assert repr(examine(()))


# -- laws -------------------------------------------------------------------------------------------------------------

NASTY = st.sampled_from(
    [
        "x = 1", "x = x + 1", "del x", "x += y", "xs.append(x)", "df['a'] = df['a'] * 2", "def f(): return x", "f()",
        "def f(d):\n    global x\n    x = d\n    d['k'] = x", "f(df)",
        "class x:\n    x = x\n    def m(self): self.x = x",
        "y = x()\ny.m()", "from x import *", "exec(x)", "%run x.py", "%time x = f(x)", "%%capture x\nx = x", "!ls {x}",
        "[x for x in x if (y := x)]", "import x", "import x as y", "try:\n    x\nexcept E as x:\n    y = x", "x?",
        "for x in x: y = x", "with x as x: x", "match x:\n    case [x, *y]: x\n    case _: del y", "no python",
        "x = lambda: x\nx()", "@x\ndef x(): yield x", "async def f(): await x\nawait f()", "# words", "", "%%bash\nls",
        "if x: x = 1\nx", "while x: x -= 1", "globals()['x'] = x", "x: int = x", "print(x)", "%load_ext x",
        "%%timeit\nx = x",
        "x = y = x", "x, (y, *xs) = x", "model.fit(x, y)", "assert x", "lambda x=x: x", "np.random.seed(x)",
        "nonlocal_ = 1",
    ]
)  # fmt: skip
ALL = st.lists(st.lists(NASTY, min_size=1, max_size=3).map("\n".join), max_size=12)


@settings(max_examples=200, deadline=None)
@given(ALL)
def test_restart_and_run_all_gives_no_finding(sources):
    cells = [(f"c{number}", source) for number, source in enumerate(sources)]
    runs = [Execution(index + 1, cell, source) for index, (cell, source) in enumerate(cells)]
    saved = SavedNotebook(None, tuple(SavedCell(*cell) for cell in cells), datetime(2026, 1, 1))
    assert said(examine(runs)) == {}
    assert said(examine(runs, saved)) == {}
    assert examine(runs, saved).verdict == ("pass" if runs else "unknown")


@settings(deadline=None)
@given(ALL, st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["ok", "error"])), max_size=14))
def test_anything_can_be_examined_and_names_cells_that_are_there(sources, order):
    cells = [(f"c{number}", source) for number, source in enumerate(sources)]
    runs = [
        Execution(index + 1, *cells[one % len(cells)], status)
        for index, (one, status) in enumerate(order)
        if cells
    ]
    saved = SavedNotebook(None, tuple(SavedCell(*cell) for cell in cells), datetime(2026, 1, 1))
    for found in (examine(runs), examine(runs, saved)):
        assert {cell for _, cell in said(found)} <= {cell for cell, _ in cells}
        assert found.verdict == ("fail" if found.findings else "pass" if found.is_document_known else "unknown")
        assert repr(found)


def failures(executed, *runs):
    return {cell: names for (kind, cell), names in said(examine(executed(*runs))).items() if kind == "failed"}


def test_what_raised_matters_by_what_it_did_before(executed):
    """Cells before the run: only what they may have left half done, and somebody read."""

    def before(source, *runs):
        first = [Execution(1, "s", "xs, model = [], Model()"), Execution(2, "e", source, "error", is_before=True)]
        last = [Execution(place, f"c{place}", each) for place, each in enumerate(runs, 3)]
        return {one.kind: ", ".join(one.names) for one in examine([*first, *last]).findings}

    assert before("x = 1 / 0", "print(x)") == {}
    assert before("x = 1\nassert x > 2", "print(x)") == {"failed": "x"}
    assert before("x = 1\nx = 1 / 0", "print(x)") == {"failed": "x"}
    assert before("for x in (1, 0):\n    1 / x", "print(x)") == {"failed": "x"}
    assert before("xs.append(y)", "print(xs)") == {}
    assert before("xs.append(1); xs.append(y)", "print(xs)") == {"failed": "xs"}
    assert before("model.fit(X)", "model.predict(X)") == {"failed": "model"}
    assert before("x =", "print(x)") == {}
    assert before("x = 1\n1 / 0", "x = 2", "print(x)") == {}


def test_what_ran_well_elsewhere_is_no_failure(executed):
    failed = ("a", "y = x / 2\nz = 3", "error")
    assert failures(executed, failed, ("b", "x = 1"), ("c", "y = x / 2")) == {"a": ""}
    assert failures(executed, failed, ("b", "x = 1"), ("c", "# half\ny = x/2"), ("d", "z = 3")) == {}


def test_lines_to_the_tracker_never_fail(executed):
    for line in ("%mlops lgo x=1", "# again\n%mlops replay a\n!mlops runs", "mlops lgo x=1", "%%mlops track a"):
        assert failures(executed, ("a", line, "error"), ("b", "x = 1")) == {}, line
    for line in ("%mlops log x=1\nx", "%%mlops track a\n1 / 0", "!ls"):
        assert failures(executed, ("a", line, "error"), ("b", "y = 1")) == {"a": ""}, line


def test_files_make_stale_and_half_done(executed):
    write, read = ("w", "df.to_csv('x.csv')"), ("r", "mean = pd.read_csv('x.csv').a.mean()")
    found = said(examine(executed(write, read, ("s", "print(mean)"), write)))
    assert found == {("stale", "r"): '"x.csv"', ("stale", "s"): "mean", ("out_of_order", "w"): ""}
    assert said(examine(executed(read, write, read, write))) == {}
    assert said(examine(executed(write, read, ("o", "df.to_csv('y.csv')"), ("o", "df.to_csv('y.csv')")))) == {}
    folder, into = ("f", "import os\nos.makedirs('out', exist_ok=True)"), ("w", "df.to_csv('out/x.csv')")
    assert said(examine(executed(folder, into, folder, into))) == {}
    assert said(examine(executed(folder, into, folder))) == {("out_of_order", "f"): ""}
    half = ("w", "df.to_csv('x.csv')\n1 / 0", "error")
    assert said(examine(executed(half, read))) == {("failed", "w"): '"x.csv"'}


# -- what ran before anybody observed ---------------------------------------------------------------------------------


def test_what_ran_without_an_id_is_the_cell_that_says_the_same(executed, document):
    cells = [("a", "x = 1\n"), ("b", "y = x"), ("c", "y = x"), ("d", "z = y"), ("e", "z")]
    runs = executed((None, "x = 1"), (None, "y = x"), ("d", "z = y"), ("e", "z"))
    assert said(examine(runs, document(*cells))) == {("skipped", "b"): "", ("skipped", "c"): ""}, "b and c say the same"
    assert examine(runs, document(cells[0], *cells[2:])).verdict == "pass"
    runs = executed((None, "x = 1"), (None, "x += 1"), (None, "x += 1"), ("d", "x"))
    found = examine(runs, document(cells[0], ("b", "x += 1"), ("d", "x")))
    assert said(found) == {("repeated", "b"): "x"}
    assert found.findings[0].labels == ("In [3]",)
