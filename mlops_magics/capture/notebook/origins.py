"""Which files, queries and data sets does a name stem from?"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_magics.capture.notebook.calls import in_order
from mlops_magics.capture.notebook.flow import Execution, stands_on_name
from mlops_magics.capture.notebook.reading import Reading
from mlops_magics.capture.notebook.source import python_of

MOST = 100
"""More origins than these are not told."""

_ASKED = "__asked__"
"""What an expression is bound to, to be followed like a name."""


def origins_of(
    executions: Sequence[Execution], upto: int, name: str, user_ns: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Tell the files, queries and data sets that ``name`` stems from, in the order they were read, each once.

    A path below the working folder is given relative to it; passwords and tokens are masked; a part of a path that the
    code does not tell stays in braces; a call whose file is not known at all is given as it is written, such as
    ``pandas.read_csv(upload)``. A frame that a query names is followed too. Nothing is run, and of the notebook's
    values only texts, paths and numbers are looked at.

    Parameters
    ----------
    executions
        What the kernel executed, in order.
    upto
        The index of the last of them that counts.
    name
        Of the notebook, such as that of the frame that was fitted on, or an expression of several, such as
        ``test[columns]``.
    user_ns
        The notebook's names: texts, paths and numbers of it fill in where the code does not tell.

    Examples
    --------
    >>> cell = "import pandas as pd; df = pd.read_csv('data/churn.csv'); other = pd.read_csv('other.csv')"
    >>> origins_of([Execution(position=1, cell=None, source=cell)], 0, "df")
    ('data/churn.csv',)
    """
    if _calls(name):
        # What is called may read files of its own.
        executions = [*executions[: upto + 1], Execution(position=0, cell=None, source=f"{_ASKED} = {name}")]
        upto, name = len(executions) - 1, _ASKED
    found: dict[str, None] = {}
    waiting = _names_in(name)
    seen = set(waiting)
    while waiting and len(found) < MOST:
        asked = waiting.pop(0)
        reading = Reading(_statements(executions, upto, asked), asked, user_ns or {})
        found.update(dict.fromkeys(reading.found))
        waiting += sorted(reading.tables - seen)
        seen |= reading.tables
    return tuple(found)[:MOST]


def _calls(expression: str) -> bool:
    module = python_of(expression).module
    return module is not None and any(isinstance(node, ast.Call) for node in ast.walk(module))


def _names_in(expression: str) -> list[str]:
    module = python_of(expression).module
    names = (node.id for node in in_order(module) if isinstance(node, ast.Name)) if module is not None else ()
    return list(dict.fromkeys(names))


def _statements(executions: Sequence[Execution], upto: int, name: str) -> list[ast.stmt]:
    """The top-level statements that ``name`` stood on: a cell that reads two files is no reason to name both."""
    modules = (python_of(executions[index].source).module for index in stands_on_name(executions, upto, name))
    statements = [statement for module in modules if module is not None for statement in module.body]
    pieces = [
        Execution(position=number, cell=None, source=_text(statement))
        for number, statement in enumerate(statements, start=1)
    ]
    chosen = stands_on_name(pieces, len(pieces) - 1, name)
    return [statements[index] for index in chosen] or statements


def _text(statement: ast.stmt) -> str:
    try:
        return ast.unparse(statement)
    except RecursionError:
        return ""  # hundreds of calls in one chain
