r"""Programs with escapes such as ``\d`` are read as Python reads them; nobody hears of it, or finds filters changed."""

import ast
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_magics.capture.notebook.source import parse

PIECES = ["\\d", "\\\\", "\\n", "\\'", "\\N{BULLET}", "\\x41", "\\w", "é", "a", "{x}", "{{", " "]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
LITERALS = st.tuples(st.sampled_from(["", "r", "b", "f", "rb", "F"]), st.sampled_from(["'", "\'\'\'", '"']), TEXTS).map(
    lambda parts: f"{parts[0]}{parts[1]}{parts[2]}{parts[1]}"
)


@given(st.lists(st.lists(LITERALS, min_size=1, max_size=3).map("  ,".join), min_size=1, max_size=3))
def test_the_tree_is_pythons_with_every_place(lines) -> None:
    text = "\n".join(f"é = {line}; x = f(y)" for line in lines)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = ast.parse(text)
    except SyntaxError:
        assert parse(text) is None
        return
    # Warnings are errors here: one would be a SyntaxError.
    assert ast.dump(parse(text), include_attributes=True) == ast.dump(expected, include_attributes=True)


@pytest.mark.parametrize("source", ["x = '\\d'", "x = f'{y}\\w'", "x = b'\\N'"])
def test_filters_of_a_block_in_another_thread_are_left_alone(source) -> None:
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            parse(source)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(300):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert warnings.filters[0][0] == "ignore"
            assert warnings.filters[0][0] == "error"
    finally:
        done.set()
        reader.join()
