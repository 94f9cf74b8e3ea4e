"""Which executions that raised matter: those that may have left something half done, or that a run is missing."""

from __future__ import annotations

import ast

from mlops_magics.capture.notebook.changing import ACCUMULATING
from mlops_magics.capture.notebook.history import History
from mlops_magics.capture.notebook.names import effects
from mlops_magics.capture.notebook.shapes import called_name
from mlops_magics.capture.notebook.source import MAGIC, python_of, statements

RECORDING = frozenset({"track", "log", "params", "tag", "note", "artifact", "evaluate", "end"})
"""Verbs of ``%mlops`` that add to a run."""

CHANGING = RECORDING | {"autolog"}
"""Those that change something; all the others only ask."""

_ALL_OR_NOTHING = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.Assert, ast.Delete)
"""Statements that, when they raise, have bound nothing."""


def only_tracks(source: str) -> bool:
    r"""Whether a cell holds nothing but lines to the tracker: ``%mlops …`` or ``!mlops …``, and comments.

    >>> only_tracks("# how far\n%mlops lgo auc=1"), only_tracks("!mlops replay one"), only_tracks("x = 1\n%mlops end")
    (True, True, False)
    """
    module = python_of(source).module
    return module is not None and bool(module.body) and all(_is_to_tracker(one) for one in module.body)


def _is_to_tracker(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == MAGIC):
        return False
    name, text = (part.value if isinstance(part, ast.Constant) else "" for part in call.args[:2])
    return name == "mlops" or (name == "!" and str(text).split()[:1] == ["mlops"])


def only_asks(source: str) -> bool:
    r"""Whether a cell holds nothing but questions to the tracker, which tell the same wherever they stand.

    >>> only_asks("%mlops cells\n!mlops runs"), only_asks("%mlops log auc=1"), only_asks("x = 1")
    (True, False, False)
    """
    module = python_of(source).module
    return only_tracks(source) and module is not None and not any(_verb(one) in CHANGING for one in module.body)


def _verb(statement: ast.stmt) -> str:
    """The verb of a line to the tracker."""
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    words = [str(part.value) for part in statement.value.args[:2] if isinstance(part, ast.Constant)]
    # "%mlops VERB" and "!mlops VERB" both begin with the program.
    return next(iter(words[-1].strip().removeprefix("mlops ").split()), "")


def half_done(history: History, index: int) -> frozenset[str]:
    """The names, and the files in quotes, that an execution may have left half done and that somebody read since."""
    flow, files, done = history.flow, history.files, _before_the_error(history, index)
    found = set[str]()
    for later in range(index + 1, len(flow.executions)):
        for name in done & flow.taken[later].keys():
            writer = flow.writers[later].get(name)
            if writer is None or writer <= index:
                found.add(name)
        for path in files.made[index] & files.taken[later].keys():
            if max(files.taken[later][path]) <= index:
                found.add(path)
    return frozenset(found)


def ran_well_later(history: History, index: int) -> bool:
    """Whether all that an execution says ran to its end afterwards, in whatever cell."""
    wanted = statements(history.executions[index].source)
    later = (one.source for one in history.executions[index + 1 :] if one.status == "ok")
    return wanted <= frozenset[str]().union(*map(statements, later))


def _before_the_error(history: History, index: int) -> frozenset[str]:
    """What an execution that raised may have bound or changed. Its last statement bound nothing, wherever it raised."""
    done = history.effects(index)
    touched = done.writes.union(history.flow.changes[index])
    module = python_of(history.executions[index].source).module
    if module is None or not module.body:
        return frozenset()
    *others, last = module.body
    if isinstance(last, _ALL_OR_NOTHING) or _adds(last):
        return touched - (_directly(last) - _directly(*others))
    return touched


def _directly(*statements: ast.stmt) -> frozenset[str]:
    done = effects(ast.unparse(ast.Module(list(statements), [])))
    return done.writes.union(done.changes)


def _adds(statement: ast.stmt) -> bool:
    """Whether a statement only calls a method that has its arguments before it changes anything, such as ``append``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and called_name(call) in ACCUMULATING
