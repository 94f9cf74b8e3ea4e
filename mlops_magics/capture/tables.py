"""The tables a run stands on: their columns, fingerprints and profile, kept as its reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.held import Held, hold, is_sparse
from mlops_magics.capture.privacy import Privacy
from mlops_magics.records import Dataset, Note, Record, Text, encode

if TYPE_CHECKING:
    from mlops_magics.data.table import Table

PUBLIC = Privacy()

TARGET = "target"
"""What the role of true answers ends with, or is."""

LISTED_COLUMNS = 1_000
"""A sparse matrix with more columns has them counted in its fit, not listed."""


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
        since, has neither fingerprint nor profile, and a note says so. Neither sparse matrices nor targets have a
        profile: nobody looks at a sparse matrix column by column, and a run's data is watched by what its model is
        given. What a target needs is to be the same one, which its fingerprints tell.

        Parameters
        ----------
        name, role
            What the notebook calls it, and what the run did with it: ``fit`` or the split it was evaluated as; for
            true answers :func:`target_role` of that.
        origins
            The files and queries it came from.
        privacy
            Columns of which only rows and missing values are counted. Their values are in the fingerprints, as one
            digest of all rows.

        Returns
        -------
        tuple of Record
            What to record, in this order: at most one Text (the profile), the Dataset, at most one Note.

        Raises
        ------
        DataError
            It is no table, or is empty.
        """
        facts = _look(self.held.data, name=name, role=role, origins=origins, privacy=privacy)
        if self.held.is_unchanged:
            return facts
        (seen,) = (fact for fact in facts if isinstance(fact, Dataset))
        changed = f"{name} was changed in place after it was used ({role}): what it held then is not known"
        return replace(seen, fingerprint="", content=None, profile=None), Note(text=changed)


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
) -> tuple[Record, ...]:
    """Look at a table now: what :meth:`Frozen.describe` does, of what nobody changes meanwhile.

    Raises
    ------
    DataError
        ``data`` is no table, or is empty.
    """
    return _look(data, name=name, role=role, origins=origins, privacy=privacy)


def target_role(split: str) -> str:
    """The role of the true answers of a split, or of a fit.

    >>> target_role("test")
    'test target'
    """
    return f"{split} {TARGET}"


def _look(
    data: Any, *, name: str, role: str, origins: tuple[str, ...], privacy: Privacy
) -> tuple[Record, ...]:
    if is_sparse(data):
        return (_sparse(data, name=name, role=role, origins=origins),)
    from mlops_magics.data.fingerprint import fingerprints
    from mlops_magics.data.frames import open_values

    table = open_values(data, name=name)
    profile = None if role == TARGET or role.endswith(f" {TARGET}") else _profile(table, privacy)
    found = fingerprints(table)
    dataset = Dataset(
        name=name, role=role, fingerprint=found.ordered, content=found.content, rows=table.rows,
        columns=dict(table.columns), profile=profile.sha256 if profile else None, origins=origins or None,
    )
    return (profile, dataset) if profile else (dataset,)


def _profile(table: Table, privacy: Privacy) -> Text:
    from mlops_magics.data.engines.duckdb import profile_table

    return Text.of(encode(profile_table(table).withhold(privacy.columns).to_dict()))


def _sparse(matrix: Any, *, name: str, role: str, origins: tuple[str, ...]) -> Dataset:
    from mlops_magics.data.sparse import sparse_fingerprints

    rows, columns = matrix.shape
    found = sparse_fingerprints(matrix)
    listed = {str(index): "number" for index in range(columns)} if columns <= LISTED_COLUMNS else {}
    return Dataset(
        name=name, role=role, fingerprint=found.ordered, content=found.content, rows=rows, columns=listed,
        origins=origins or None,
    )
