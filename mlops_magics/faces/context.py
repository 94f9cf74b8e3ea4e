"""Where a verb was asked: in a notebook, whose objects words can name, or in a shell, where words are paths."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.numbers import metric_step, metric_value
from mlops_magics.errors import CommandError
from mlops_magics.faces.progress import bar_of, terminal_bar
from mlops_magics.look.progress import Progress
from mlops_magics.store import open_store

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun
    from mlops_magics.capture.session import Session
    from mlops_magics.store.queries import Store


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
        """The table a word names: an object, or a path as text."""

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
            return self._shell.ev(word)
        except Exception as error:  # noqa: BLE001 - the person's own expression may raise anything
            own = [name for name in names if not name.startswith("_") and name not in self._shell.user_ns_hidden]
            said = "" if isinstance(error, NameError | SyntaxError) else f" ({type(error).__name__}: {error})"
            raise CommandError(
                f"there is no {word!r} in this notebook{said}", seen=word, exists=own, hint="Run the cell that makes it"
            ) from None

    def data(self, word: str) -> Any:
        return word if is_path(word) and word not in self._shell.user_ns else self.value(word)

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

    def progress(self, label: str) -> AbstractContextManager[Progress]:
        return terminal_bar(label)


def is_path(word: str) -> bool:
    """Whether a word looks like, or is, a data file."""
    if any(sign in word for sign in "()='\""):
        return False
    return word.endswith((".parquet", ".csv", ".csv.gz", ".csv.zip")) or "/" in word or Path(word).is_file()
