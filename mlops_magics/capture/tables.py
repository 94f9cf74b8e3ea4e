"""The tables a run stands on: their columns, fingerprints and profile, kept as its reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.held import Held, hold
from mlops_magics.capture.privacy import Privacy
from mlops_magics.records import Dataset, Note, Record, Text, encode

if TYPE_CHECKING:
    from mlops_magics.data.table import Table

PUBLIC = Privacy()


@dataclass(frozen=True, slots=True, eq=False)
class Frozen:
    """A table as it was when it was frozen. It is kept in memory until this is let go."""

    held: Held

    @property
    def can_wait(self) -> bool:
        """Whether it may be described later and by another thread. Not so a DuckDB relation, which is asked on the
        connection it belongs to: another thread there could end a query of the person.
        """
        return self.held.can_wait

    def describe(
        self, *, name: str, role: str, origins: tuple[str, ...] = (), privacy: Privacy = PUBLIC
    ) -> tuple[Record, ...]:
        """Look at the table as it was: what it holds, its digests, and the summary new data is compared with.

        Takes its time: call it off the person's path. What could only be looked at where it lies, and was changed
        since, has neither fingerprint nor profile, and a note says so.

        Parameters
        ----------
        name, role
            What the notebook calls it, and what the run did with it: ``fit``, or the split it was evaluated as.
        origins
            The files and queries it came from.
        privacy
            Columns whose values are not written down.

        Returns
        -------
        tuple of Record
            What to record, in this order: at most one Text (the profile), the Dataset, at most one Note.

        Raises
        ------
        DataError
            It is no table, or is empty.
        """
        table = _open(self.held.data, name)
        facts = _look(table, name=name, role=role, origins=origins, privacy=privacy)
        if self.held.is_unchanged:
            return facts
        changed = f"{name} was changed in place after it was used ({role}): what it held then is not known"
        return (
            Dataset(
                name=name, role=role, fingerprint="", rows=table.rows, columns=dict(table.columns),
                origins=origins or None,
            ),
            Note(text=changed),
        )


def freeze(data: Any) -> Frozen:
    """Hold ``data`` as it is now, to be described later: in about a millisecond whatever its size, without raising.

    Nothing is copied but arrays up to 2 MiB; see :func:`~mlops_magics.capture.held.hold` for what that means for each
    kind of table.

    Examples
    --------
    >>> import pandas
    >>> people = pandas.DataFrame({"age": [31, 44]})
    >>> frozen = freeze(people)
    >>> people.loc[0, "age"] = 99
    >>> before, now = (held.describe(name="people", role="fit") for held in (frozen, freeze(people)))
    >>> before[1].fingerprint == now[1].fingerprint
    False
    """
    return Frozen(hold(data))


def describe_table(
    data: Any, *, name: str, role: str, origins: tuple[str, ...] = (), privacy: Privacy = PUBLIC
) -> tuple[Dataset, Text]:
    """Look at a table now: what it holds, its digests, and the summary new data is compared with.

    Returns the record, and the text with the profile it refers to.

    Raises
    ------
    DataError
        ``data`` is no table, or is empty.
    """
    facts = _look(_open(data, name), name=name, role=role, origins=origins, privacy=privacy)
    (dataset,) = (fact for fact in facts if isinstance(fact, Dataset))
    (profile,) = (fact for fact in facts if isinstance(fact, Text))
    return dataset, profile


def _open(data: Any, name: str) -> Table:
    from mlops_magics.data.frames import open_table

    return open_table(data, name=name)


def _look(
    table: Table, *, name: str, role: str, origins: tuple[str, ...], privacy: Privacy  # noqa: ARG001
) -> tuple[Record, ...]:
    from mlops_magics.data.engines.duckdb import profile_table
    from mlops_magics.data.fingerprint import fingerprint

    profile = Text.of(encode(profile_table(table).to_dict()))
    dataset = Dataset(
        name=name, role=role, fingerprint=fingerprint(table), rows=table.rows, columns=dict(table.columns),
        profile=profile.sha256, origins=origins or None,
    )
    return profile, dataset
