"""What a run's model is: the fit it came out of, what was measured of it, and what new data is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_magics.records import Artifact, Dataset, Evaluated, Fit, Model

ROLES = ("fit", "train")
"""Of tables that nothing is known of but their role: those that a model learned from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunModel:
    """The model of a run, and what is its own.

    Attributes
    ----------
    model
        What was recorded of it.
    artifact
        Its file; None where none is kept.
    fit
        What it came out of, where the run saw that.
    evaluations
        Of this model and no other, the newest last.
    example
        The SHA-256 of a blob with a few rows that it was evaluated on.
    is_recorded
        Whether a :class:`~mlops_magics.records.Model` says so. Else an older version kept the file, which did not
        write down what was measured of which model.
    """

    model: Model
    artifact: Artifact | None = None
    fit: Fit | None = None
    evaluations: tuple[Evaluated, ...] = ()
    example: str | None = None
    is_recorded: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """What new data is compared with: a table that has a profile, and which of its columns count; None: all."""

    table: Dataset
    columns: tuple[str, ...] | None = None


def model_of(
    models: Sequence[Model], artifacts: Sequence[Artifact], fits: Sequence[Fit], evaluations: Sequence[Evaluated]
) -> RunModel | None:
    """The newest model among the facts of a run; None where it has none."""
    files = [artifact for artifact in artifacts if artifact.type == "model"]
    if not models:
        return _of_older_version(files, artifacts)
    newest = models[-1]
    examples = [model.example for model in models if model.model == newest.model and model.example]
    return RunModel(
        model=newest,
        artifact=next((file for file in reversed(files) if file.sha256 == newest.model), None),
        fit=next((fit for fit in reversed(fits) if newest.fit and fit.fit == newest.fit), None),
        evaluations=tuple(evaluated for evaluated in evaluations if evaluated.model == newest.model),
        example=examples[-1] if examples else None,
    )


def _of_older_version(files: Sequence[Artifact], artifacts: Sequence[Artifact]) -> RunModel | None:
    if not files:
        return None
    detail = files[-1].detail or {}
    model = Model(
        model=files[-1].sha256, class_name=str(detail.get("class", "")), task=str(detail.get("task", "")),
    )
    examples = [artifact.sha256 for artifact in artifacts if artifact.type == "example"]
    return RunModel(
        model=model, artifact=files[-1], example=examples[-1] if examples else None, is_recorded=False
    )


def reference_of(model: RunModel | None, datasets: Sequence[Dataset]) -> Reference | None:
    """The table of a run that new data is compared with: the one its model was fitted on.

    Where that is not known, one that the model was evaluated on, training data first, else the newest, as far as the
    model takes its columns. Of a run without a model, the newest table that something was fitted on, else the newest
    training data, else the newest. None where no such table has a profile.
    """
    known = [table for table in datasets if table.profile is not None]
    if model is None or not model.is_recorded:
        by_role = [table for role in ROLES for table in reversed(known) if table.role == role]
        return Reference((by_role or known)[0 if by_role else -1]) if known else None
    by_fingerprint = {table.fingerprint: table for table in known if table.fingerprint}
    if model.fit is not None and (table := by_fingerprint.get(model.fit.fingerprint or "")) is not None:
        return Reference(table)
    newest_first = list(reversed(model.evaluations))
    newest_first.sort(key=lambda evaluated: evaluated.split != "train")
    for evaluated in newest_first:
        if (table := by_fingerprint.get(evaluated.fingerprint)) is not None:
            features = model.model.features or ()
            return Reference(table, features if features and set(features) <= set(table.columns) else None)
    return None
