"""Which calls were really made, without standing anything in for what is called."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def calls_of(*functions: Callable[..., Any]) -> Iterator[list[Callable[..., Any]]]:
    """The calls of some functions, of Python or of C, in this thread and in the order they were made."""
    by_code = {function.__code__: function for function in functions if hasattr(function, "__code__")}
    made: list[Callable[..., Any]] = []

    def watch(frame: Any, event: str, called: Any) -> None:
        if event == "call" and frame.f_code in by_code:
            made.append(by_code[frame.f_code])
        elif event == "c_call" and called in functions:
            made.append(called)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield made
    finally:
        sys.setprofile(before)
