"""What new data is held against: the profile of the table that a run's model was fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_magics.data.profile import Profile
from mlops_magics.errors import DataError
from mlops_magics.records import Run, decode

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store


def reference_profile(run: Run, store: Store) -> Profile | None:
    """The profile of a run's reference, in the columns its model takes; None where the run has none."""
    reference = store.reference(run)
    if reference is None:
        return None
    profile = Profile.from_dict(decode(store.text(reference.table.profile or "")))
    if reference.columns is not None:
        profile = Profile(profile.rows, {name: profile.columns[name] for name in reference.columns})
    # A column may have become private since.
    return profile.withhold(store.settings.private_columns)


def require_reference(run: Run, store: Store) -> Profile:
    """The same, where there must be one.

    Raises
    ------
    DataError
        The run has none; says why, and what to do.
    """
    profile = reference_profile(run, store)
    if profile is not None:
        return profile
    tables = store.datasets(run)
    if any(table.profile for table in tables):
        raise DataError(
            f"run {run.name!r} kept no profile of what its model was fitted or evaluated on",
            hint="%mlops evaluate MODEL X y with a frame as X keeps one; or give a frame or a path as reference",
        )
    if tables:
        roles = ", ".join(dict.fromkeys(table.role for table in tables))
        raise DataError(
            f"run {run.name!r} kept no profile of its tables ({roles})",
            hint="A sparse matrix has none, nor what was changed in place while it was looked at: give a frame or a "
            "path as reference",
        )
    raise DataError(
        f"run {run.name!r} kept no profile of its data, so there is nothing to compare with",
        hint="Fit or evaluate a model on a frame in a tracked notebook, in a script call run.evaluate(model, X, y); or "
        "give a frame or a path as reference",
    )
