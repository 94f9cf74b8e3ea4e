"""IPython source becomes Python that means the same, line by line."""

import ast
import gc
import itertools
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from mlops_magics.capture.notebook.source import has_same_code, python_of

READ = [
    ("%time df = load()", "__ipython__('time', '')\ndf = load()"),
    ("%time load(x)", "__ipython__('time', '')\nload(x)"),
    ("%timeit -n 10 -r 3 f(x)", "__ipython__('timeit', '', f(x))"),
    ("best = %timeit -o f(x)", "best = __ipython__('timeit', '', f(x))"),
    ("%prun -s cumulative y = f(x)", "__ipython__('prun', '')\ny = f(x)"),
    ("%matplotlib inline", "__ipython__('matplotlib', 'matplotlib inline')"),
    ("files = !ls {folder}/*.csv", "files = __ipython__('!', 'ls {folder}/*.csv', folder)"),
    ("!pip install pandas", "__ipython__('!', 'pip install pandas')"),
    ("!echo $name $$HOME", "__ipython__('!', 'echo $name $$HOME', name)"),
    ("!awk '{print $1}' x.csv", "__ipython__('!', \"awk '{print $1}' x.csv\")"),
    ("df?", "__ipython__('?', 'df', df)"),
    ("??np.linalg", "__ipython__('?', 'np.linalg', np)"),
    ("%time?", "__ipython__('?', '%time')"),
    ("%mlops evaluate model X y --split test",
        "__ipython__('mlops', 'mlops evaluate model X y --split test', model, X, y)"),
    ("%mlops track flights --name base", "__ipython__('mlops', 'mlops track flights --name base')"),
    ("%mlops log auc={auc}", "__ipython__('mlops', 'mlops log auc={auc}', auc)"),
    ("%who_knows df --flag 'a text'", "__ipython__('who_knows', \"who_knows df --flag 'a text'\", df)"),
    ("%aimport helpers", "__ipython__('aimport', '')\nimport helpers"),
    ("%store -r a b", "a = b = __ipython__('store', 'store -r a b')"),
    ("x = %sql select * from frame", "x = __ipython__('sql', 'sql select * from frame', select, frame)"),
    ("%%time\nx = f()", "__ipython__('time', '')\nx = f()"),
    ("%%capture out --no-stderr\nx = 1", "out = __ipython__('capture', 'out --no-stderr')\nx = 1"),
    ("%%capture\n%%time\nx = 1", "__ipython__('capture', '')\n__ipython__('time', '')\nx = 1"),
    ("%%mlops track flights\n%time x = 1", "__ipython__('mlops', 'track flights')\n__ipython__('time', '')\nx = 1"),
    ("%%own_magic a\nx = 1", "__ipython__('own_magic', 'a', a)\nx = 1"),
    ("%%bash --out text\nls $x", "text = __ipython__('%%bash', '%%bash --out text\\nls $x')"),
    ("%%writefile {path}\nx = 1", "__ipython__('%%writefile', '%%writefile {path}\\nx = 1', path)"),
    ("%%sql rows <<\nselect 1 from frame",
        "rows = __ipython__('%%sql', '%%sql rows <<\\nselect 1 from frame', select, frame)"),
    ("%%own_magic\nnot python at all", "__ipython__('%%?', '%%own_magic\\nnot python at all')"),
    ("/f a", "__ipython__(',', 'f a', f, a)"),
    ("pip install x\ny = 1", "__ipython__('pip', 'pip install x')\ny = 1"),
    (">>> x = 1\n>>> y = 2", "x = 1\ny = 2"),
    ("    x = 1\n    y = 2", "x = 1\ny = 2"),
    ("if x:\n    %time y = 2\nelse:\n    !ls",
        "if x:\n    __ipython__('time', '')\n    y = 2\nelse:\n    __ipython__('!', 'ls')"),
    ("!wget a \\\n  -O b\nx = 1", "__ipython__('!', 'wget a    -O b')\nx = 1"),
    ("await f()", "await f()"),
    ("async with a as b:\n    x = [i async for i in b]", "async with a as b:\n    x = [i async for i in b]"),
    ("x = (1\n%y)", "x = 1 % y"),
    ("s = '''\n%magic\n'''\n%cd a", "s = '\\n%magic\\n'\n__ipython__('cd', 'cd a')"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), READ, ids=[source for source, _ in READ])
def test_a_magic_becomes_a_call(source, expected):
    assert ast.unparse(python_of(source).module) == expected


@pytest.mark.parametrize(("source", "_"), READ, ids=[source for source, _ in READ])
def test_lines_keep_their_numbers(source, _):
    is_plain = not source.startswith(("%%", " ", ">>>"))
    padded = f"{source}\nlast = 1" if is_plain else source
    module = python_of(padded).module
    if is_plain:
        assert module.body[-1].lineno == padded.count("\n") + 1
    assert all(0 < node.lineno <= padded.count("\n") + 1 for node in ast.walk(module) if hasattr(node, "lineno"))


@pytest.mark.parametrize("source", ["for ::", "x = = 1", "%", "%%", "x = '", "(", "\x00"])
def test_what_is_no_python_has_no_module(source):
    assert python_of(source).module is None


@pytest.mark.parametrize("source", ["", "\n \n", "# only\n  # words", "\n# x\n"])
def test_comments_only_is_empty(source):
    assert python_of(source).is_empty


def test_timeit_cells_keep_nothing():
    assert python_of("%%timeit\nx = 1").is_local
    assert not python_of("%%time\nx = 1").is_local


def test_python_is_not_warned_of_twice():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        python_of("import re\nre.compile('\\d')")
        python_of("x = 0x1for x in y")
    assert not seen


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        ("x = 1", "x  =  1  # one", True),
        ("f(a,\n  b)", "f(a, b)", True),
        ("x = 'a'", 'x = "a"', True),
        ("%cd a", "%cd  a", False),
        ("%matplotlib inline", "%matplotlib widget", False),
        ("%%bash\nls", "%%bash\nls -l", False),
        ("x = 1\r\ny = 2", "x = 1\ny = 2", True),
        ("x = 1", "x = 1.0", False),
        ("not python", " not python\n", True),
        ("%%time\nx = 1", "x = 1", False),
    ],
)
def test_same_code(left, right, is_same):
    assert has_same_code(left, right) is is_same
    assert has_same_code(right, left) is is_same


LINES = st.sampled_from(
    [
        "x = 1", "y = f(x)", "%time z = x", "!ls {x}", "w = !ls", "# words", "", "s = '''a", "%no'''", "f(", ")",
        "    t = 2", "if x:", "%matplotlib inline", "p = \"it's\"", "q = x % y", "r = (x", "% y)", "%timeit f(x)",
        "a, b = %magic", "print('%d' % x)", "%%time", "%%capture out", "%%bash", "x = f\"{y!r}\"", "x = 1 + \\",
    ]
)  # fmt: skip


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=8).map("\n".join))
def test_ipython_agrees_on_what_is_python(source):
    """Whatever IPython turns into Python, this turns into Python too, and nothing fails."""
    code = python_of(source)
    if source.lstrip().startswith("%%"):
        return
    try:
        ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return
    assert code.module is not None


@given(st.text(max_size=200))
def test_nothing_fails(source):
    python_of(source)
    assert has_same_code(source, source)


@pytest.mark.parametrize("moment", [100, 101, 104, 111, 125, 150])
def test_a_tree_is_built_although_another_is_built_at_that_moment(moment) -> None:
    collections, disturbances = itertools.count(), []

    def disturb(phase: str, info: dict[str, int]) -> None:
        is_building = phase == "start" and sys._getframe(1).f_code.co_filename == ast.__file__
        if is_building and next(collections) == moment:
            disturbances.append(ast.parse("x = [y for y in (1, 2)]"))

    source = "\n".join(f"x{number} = f(a[{number}], b=[j for j in z{moment}])" for number in range(200))
    thresholds = gc.get_threshold()
    gc.callbacks.append(disturb)
    gc.set_threshold(1)
    try:
        code = python_of(source)
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(disturb)
    assert len(code.module.body) == 200
    assert len(disturbances) == 1
