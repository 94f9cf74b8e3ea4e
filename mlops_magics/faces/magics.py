"""``%mlops`` in a cell."""

from __future__ import annotations

import re
import shlex
from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from mlops_magics.capture.session import Session
from mlops_magics.errors import CommandError
from mlops_magics.faces.commands import VERBS, Both
from mlops_magics.faces.completion import Completer
from mlops_magics.faces.context import NotebookContext
from mlops_magics.faces.grammar import HelpAsked, find_verb, overview

_CELL_MAGIC = re.compile(r"^%%mlops\s+track\b(.*)$", re.DOTALL)
_ASSIGNED = re.compile(r"^(\s*[A-Za-z_][\w.]*\s*=\s*%mlops\s)(.*)$", re.DOTALL)
_RETURN = "--return-it"
"""Set by the transformer on ``x = %mlops …``: the value is wanted, not its display."""


@magics_class
class MlopsMagics(Magics):  # type: ignore[misc]  # IPython is untyped
    """The magic, and what it hooks into a shell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.session = Session(shell)
        self._context = NotebookContext(shell, self.session)
        self._completer = Completer(shell, self._context)

    def hook(self) -> None:
        """Begin to observe the shell."""
        self.session.start()
        self.shell.input_transformers_cleanup.append(rewrite)
        self.shell.Completer.custom_matchers.append(self._completer.match)

    def unhook(self) -> None:
        """Leave the shell as it was."""
        self.session.stop()
        self.shell.input_transformers_cleanup.remove(rewrite)
        self.shell.Completer.custom_matchers.remove(self._completer.match)
        for kind in ("line", "cell"):
            self.shell.magics_manager.magics[kind].pop("mlops", None)

    @line_magic  # type: ignore[untyped-decorator]  # IPython is untyped
    def mlops(self, line: str) -> Any:
        wants_value = line.startswith(_RETURN)
        words = _split(line.removeprefix(_RETURN))
        if not words or words[0] in {"-h", "--help", "help"}:
            print(overview(VERBS, "%mlops"))  # noqa: T201
            return None
        verb = find_verb(VERBS, words[0])
        try:
            parsed = verb.parse("%mlops", words[1:])
        except HelpAsked as help_asked:
            print(help_asked)  # noqa: T201
            return None
        result = verb.act(self._context, parsed)
        if wants_value:
            return result.second if isinstance(result, Both) else result
        display(result)
        return None

    mlops.__doc__ = overview(VERBS, "%mlops")


def rewrite(lines: list[str]) -> list[str]:
    """Input transformer. A cell that begins with ``%%mlops track`` becomes a plain cell whose first line starts a run
    that ends with the cell: so ``await`` works in it, and an error has one traceback with the right lines. An assigned
    ``x = %mlops …`` asks for the value.
    """
    if lines and (cell := _CELL_MAGIC.match(lines[0])):
        lines = [f"%mlops track --this-cell{cell[1]}", *lines[1:]]
    return [
        f"{assigned[1]}{_RETURN} {assigned[2]}" if (assigned := _ASSIGNED.match(line)) else line for line in lines
    ]


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise CommandError(f"the line {line.strip()!r} has an open quote ({error})", hint="Close it") from None


def load(shell: Any) -> None:
    """Put the magic into a shell."""
    magics = MlopsMagics(shell)
    shell.register_magics(magics)
    magics.hook()


def unload(shell: Any) -> None:
    """Take it out again."""
    magics = shell.magics_manager.registry.pop("MlopsMagics", None)
    if magics is not None:
        magics.unhook()
