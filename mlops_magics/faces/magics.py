"""``%mlops`` in a cell."""

from __future__ import annotations

import ast
import re
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from mlops_magics.capture.session import Session
from mlops_magics.errors import CommandError
from mlops_magics.faces.commands import VERBS
from mlops_magics.faces.completion import Completer
from mlops_magics.faces.context import NotebookContext
from mlops_magics.faces.grammar import HelpAsked, Verb, find_verb, overview
from mlops_magics.faces.progress import bar_of
from mlops_magics.faces.said import Answer, Both
from mlops_magics.faces.words import split_line, unquoted

_CELL_MAGIC = re.compile(r"^%%mlops\s+track\b(.*)$", re.DOTALL)
_RETURN = "--return-it"
"""Set by :class:`ValueWanted` on ``x = %mlops …``: the value is wanted, not its display."""


@magics_class
class MlopsMagics(Magics):  # type: ignore[misc]  # IPython is untyped
    """The magic, and what it hooks into a shell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.session = Session(shell, progress=bar_of(shell))
        self._context = NotebookContext(shell, self.session)
        self._completer = Completer(shell, self._context)
        self._value_wanted = ValueWanted()

    def hook(self) -> None:
        """Begin to observe the shell."""
        self.session.start()
        self.shell.input_transformers_cleanup.append(rewrite)
        self.shell.ast_transformers.append(self._value_wanted)
        self.shell.Completer.custom_matchers.append(self._completer.match)

    def unhook(self) -> None:
        """Leave the shell as it was."""
        self.session.stop()
        self.shell.input_transformers_cleanup.remove(rewrite)
        self.shell.ast_transformers.remove(self._value_wanted)
        self.shell.Completer.custom_matchers.remove(self._completer.match)
        for kind in ("line", "cell"):
            self.shell.magics_manager.magics[kind].pop("mlops", None)

    @line_cell_magic  # type: ignore[untyped-decorator]  # IPython is untyped
    def mlops(self, line: str, cell: str | None = None) -> Any:
        if cell is not None:
            raise CommandError(
                f"%%mlops records one cell and is followed by track, not by {line.strip()!r}",
                hint="Write %mlops on a line of its own, or %%mlops track EXPERIMENT --name NAME",
            )
        wants_value = line.startswith(_RETURN)
        word, _, rest = line.removeprefix(_RETURN).strip().partition(" ")
        if word in {"", "-h", "--help", "help"}:
            print(overview(VERBS, "%mlops"))  # noqa: T201
            return None
        verb = find_verb(VERBS, word, "%mlops")
        try:
            parsed = verb.parse("%mlops", _words(verb, rest.strip()))
        except HelpAsked as help_asked:
            print(help_asked)  # noqa: T201
            return None
        result = verb.act(self._context, parsed)
        if wants_value:
            return result.value if isinstance(result, Answer | Both) else result
        display(result)
        return None

    mlops.__doc__ = overview(VERBS, "%mlops")


def rewrite(lines: list[str]) -> list[str]:
    """Input transformer. A cell that begins with ``%%mlops track`` becomes a plain cell whose first line starts a run
    that ends with the cell: so ``await`` works in it, and an error has one traceback with the right lines.
    """
    if lines and (cell := _CELL_MAGIC.match(lines[0])):
        return [f"%mlops track --this-cell{cell[1]}", *lines[1:]]
    return lines


class ValueWanted(ast.NodeTransformer):
    """AST transformer. An assigned ``x = %mlops …`` asks for the value; text that only looks so is left alone."""

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        """Mark the line of the magic that is assigned."""
        match node.value:
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython")), attr="run_line_magic"),
                args=[ast.Constant("mlops"), ast.Constant(str() as line) as words, *_],
            ):
                words.value = f"{_RETURN} {line}"
        return node


def _words(verb: Verb, rest: str) -> list[str]:
    """The words behind a verb; one that takes a sentence gets it as it was typed."""
    if verb.takes_sentence and rest and not rest.startswith("-") and " --" not in rest:
        return [unquoted(rest)]
    return split_line(rest)


def load(shell: Any) -> None:
    """Put the magic into a shell, unless it is there."""
    if MlopsMagics.__name__ in shell.magics_manager.registry:
        return
    magics = MlopsMagics(shell)
    shell.register_magics(magics)
    magics.hook()


def unload(shell: Any) -> None:
    """Take it out again."""
    magics = shell.magics_manager.registry.pop(MlopsMagics.__name__, None)
    if magics is not None:
        magics.unhook()
