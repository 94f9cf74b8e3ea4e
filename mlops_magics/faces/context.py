"""Where a verb was asked: in a notebook, whose objects words can name, or in a shell, where words are paths."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.numbers import metric_step, metric_value
from mlops_magics.data.places import is_place
from mlops_magics.errors import CommandError
from mlops_magics.faces.progress import bar_of, terminal_bar
from mlops_magics.look.progress import Progress
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun
    from mlops_magics.capture.session import Session
    from mlops_magics.store.queries import Store


_CODE = re.compile(r"[()='\"]")
_LIKE_FILE = re.compile(r"[\w~][\w\- ./~]*\.[A-Za-z]\w{0,6}")


class Context(ABC):
    """What a verb may ask of the place it was asked in."""

    program: str

    def store(self) -> Store:
        """The store that is meant here."""
        return open_store()

    @property
    @abstractmethod
    def session(self) -> Session:
        """The notebook being tracked.

        Raises
        ------
        CommandError
            This is no notebook.
        """

    @abstractmethod
    def value(self, word: str) -> Any:
        """The object a word names.

        Raises
        ------
        CommandError
            Nothing is called so.
        """

    @abstractmethod
    def data(self, word: str) -> Any:
        """The table a word names: an object, or as text a path or a query."""

    @abstractmethod
    def answers(self, word: str, rows: Any) -> Any:
        """The true answers a word names: an object, or as text the column of a table that is a path or a query."""

    def newest(self) -> str:
        """The run that is meant when none is named."""
        return "@last"

    def panel(self, result: Any, **of: Any) -> Any:  # noqa: ARG002 - for those who have panels
        """The result as a panel where one can live, else the result; see :func:`mlops_magics.panel`."""
        return result

    @abstractmethod
    def progress(self, label: str) -> AbstractContextManager[Progress]:
        """A bar for work that takes a while; it shows nothing before half a second has passed."""

    @contextmanager
    def recording(self, reference: str | None) -> Iterator[ActiveRun | _Later]:
        """What to log to: the open run of the notebook, or the run ``reference`` names, ended or not."""
        if reference is None:
            yield self.session.run
        else:
            yield _Later(self.store(), reference)


class _Later:
    """Adds facts to a run that is not being tracked here, with the words of :class:`ActiveRun`."""

    def __init__(self, store: Store, reference: str) -> None:
        self.store = store
        self._run = store.find(reference)
        self.name = self._run.name

    def record(self, *records: Any) -> None:
        self.store.record(self._run.id, *records)

    def log(self, metrics: dict[str, Any], *, step: int | None = None) -> None:
        journal = self.store.open_journal(self._run.id)
        with contextlib.closing(journal):
            journal.metrics({name: metric_value(name, value) for name, value in metrics.items()}, metric_step(step))


class NotebookContext(Context):
    """A cell: words are names and expressions of the notebook, or paths."""

    program = "%mlops"

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell = shell
        self._session = session

    @property
    def session(self) -> Session:
        return self._session

    def store(self) -> Store:
        return self._session.run.store if self._session.has_run else open_store()

    def newest(self) -> str:
        return self._session.run.id if self._session.has_run else super().newest()

    def panel(self, result: Any, **of: Any) -> Any:
        from mlops_magics.faces.panels import panel

        return panel(result, **of)

    def value(self, word: str) -> Any:
        names = self._shell.user_ns
        if word in names:
            return names[word]
        try:
            found = self._shell.ev(word)
        except Exception as error:  # noqa: BLE001 - the person's own expression may raise anything
            raise self._unknown(word, error) from None
        if word.endswith(",") and isinstance(found, tuple):
            raise CommandError(f"{word!r} ends in a comma, which makes it a tuple", hint="Part words by spaces alone")
        return found

    def _unknown(self, word: str, error: Exception) -> CommandError:
        if not isinstance(error, NameError | SyntaxError):
            return CommandError(f"{word!r} cannot be worked out: {type(error).__name__}: {error}")
        hidden = self._shell.user_ns_hidden
        data = {name: value for name, value in self._shell.user_ns.items() if name[0] != "_" and name not in hidden}
        own = [name for name, value in data.items() if not isinstance(value, ModuleType | type | FunctionType)]
        if _LIKE_FILE.fullmatch(word):
            return CommandError(f"there is no file {word!r} here, and no such name in this notebook", seen=word)
        return CommandError(
            f"there is no {word!r} in this notebook", seen=word, exists=own, hint="Run the cell that makes it"
        )

    def data(self, word: str) -> Any:
        if word in self._shell.user_ns:
            return self._shell.user_ns[word]
        return word if is_place(word) or _has_folder(word) else self.value(word)

    def answers(self, word: str, rows: Any) -> Any:
        if isinstance(rows, str) and word not in self._shell.user_ns and word.isidentifier():
            return word
        return self.value(word)

    def progress(self, label: str) -> AbstractContextManager[Progress]:
        return bar_of(self._shell)(label)


class ShellContext(Context):
    """A terminal: words are paths."""

    program = "mlops"

    @property
    def session(self) -> Session:
        raise CommandError(
            "this needs a notebook",
            hint="In a script: mlops_magics.track(…). To add to a run that is over: --run NAME",
        )

    def value(self, word: str) -> Any:
        raise CommandError(f"{word!r} would be an object of a notebook", hint="Ask in a cell: %mlops …")

    def data(self, word: str) -> Any:
        return word

    def answers(self, word: str, rows: Any) -> Any:  # noqa: ARG002 - here a word can only be a column
        return word

    def progress(self, label: str) -> AbstractContextManager[Progress]:
        return terminal_bar(label)


def _has_folder(word: str) -> bool:
    """Whether a word leads into a folder, or is one, rather than being a division."""
    return not _CODE.search(word) and ("/" in word or Path(word).exists())
