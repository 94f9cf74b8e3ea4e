"""The facts an evaluation leaves behind, for the leaderboard, the drift check and the bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_magics.capture.artifacts import keep_model, model_record
from mlops_magics.capture.privacy import Privacy
from mlops_magics.capture.private import Met
from mlops_magics.capture.tables import describe_table, target_role
from mlops_magics.errors import DataError, ModelError
from mlops_magics.records import Artifact, Dataset, Evaluated, Model, Note, Param, Record, Text, encode
from mlops_magics.store.location import warn

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun
    from mlops_magics.model.evaluation import Evaluation
    from mlops_magics.store.queries import Store

EXAMPLE_ROWS = 5


def params_of(model: Any) -> list[Param]:
    """The parameters of a model, nested ones by path and the usual ones marked, under ``model`` what it is, and what
    a search chose.
    """
    from mlops_magics.capture.autolog.searches import best_params_of
    from mlops_magics.model.estimator import describe, summary_of

    described = describe(model)
    usual = frozenset(described.defaults)
    params = [Param(key=key, value=value, is_default=key in usual) for key, value in described.params.items()]
    return [Param(key="model", value=summary_of(model)), *params, *best_params_of(model)]


def check_groups(by: Any, privacy: Privacy) -> None:
    """Refuse to name groups by the values of a private column: what an evaluation shows is kept, and copied further.

    Raises
    ------
    DataError
        ``by`` is the name of one, or values that have its name.
    """
    name = by if isinstance(by, str) else getattr(by, "name", None)
    if isinstance(name, str) and name in privacy.columns:
        raise DataError(
            f"{name!r} is a private column: its values cannot be the names of groups",
            hint="Give the groups names that may be seen: "
            f"by=X[{name!r}].map({{VALUE: 'group 1', …}}).rename('group')",
        )


def facts_of(  # noqa: PLR0913 - the words of an evaluation, where it goes, and what may not be said
    run: ActiveRun,
    evaluation: Evaluation,
    model: Any,
    X: Any,
    *,
    split: str,
    name: str,
    y: Any = None,
    target: str | None = None,
    origins: tuple[str, ...] = (),
    target_origins: tuple[str, ...] = (),
    met: Met | None = None,
) -> list[Record]:
    """Everything to record about an evaluation beside its metrics; files are put into the store on the way.

    The true answers are recorded as a table of their own, of the role ``SPLIT target``: two evaluations whose tables
    and answers have equal fingerprints were made on the same rows, which is what a paired test needs to know.

    A private run keeps neither predictions nor example rows. Without the clear values of private columns an example is
    none, so a table with one of them has no example. Where the answers themselves are private, the metrics are all
    that is kept: predictions, curves and the confusion matrix are made of them.

    Parameters
    ----------
    run, evaluation, model, X
        Whose it is, what was measured, and on what. What is private follows from the run.
    split, name
        What the rows are, and what the table is called.
    y, target
        The true answers, and what the notebook calls them; by default their own name, or ``y``.
    origins, target_origins
        The files and queries that the rows and their answers came from.
    met
        What of them is private, as :meth:`~mlops_magics.capture.private.PrivateValues.meet` says.
    """
    store, privacy = run.store, run.privacy
    called = target or _name_of(y) or "y"
    is_secret = not {called, _name_of(y)}.isdisjoint(privacy.columns)
    table = _table_facts(store, X, name=name, split=split, origins=origins, privacy=privacy)
    answers = _target_facts(y, name=called, split=split, origins=target_origins, privacy=privacy)
    curves = None if is_secret else _curves(evaluation)
    predictions = None if is_secret or privacy.is_private else _predictions(store, evaluation, split=split)
    example = next((fact for fact in table if isinstance(fact, Artifact)), None)
    kept = _model(run, evaluation, model, met or Met(), example)
    evaluated = Evaluated(
        split=split,
        task=evaluation.task,
        rows=evaluation.rows,
        fingerprint=next((fact.fingerprint for fact in table if isinstance(fact, Dataset)), ""),
        metrics=evaluation.metrics,
        curves=curves.sha256 if curves else None,
        predictions=predictions.sha256 if predictions else None,
        model=next(fact.model for fact in kept if isinstance(fact, Model)),
    )
    files = [fact for fact in (curves, predictions) if fact]
    return [*answers, *table, *files, evaluated, *kept]


def _model(
    run: ActiveRun, evaluation: Evaluation, model: Any, met: Met, example: Artifact | None
) -> tuple[Record, ...]:
    rows = example.sha256 if example else None
    try:
        return keep_model(run, model, task=evaluation.task, met=met, example=rows)
    except ModelError as error:
        reason = f"the model is not kept with the run, so it cannot be exported: {error}"
        warn(reason)
        return Note(text=reason), model_record(run, model, str(error), task=evaluation.task, example=rows)


def _name_of(y: Any) -> str | None:
    """The name a series has, or the one column of a frame."""
    name = getattr(y, "name", None)
    columns = list(getattr(y, "columns", ()))
    name = columns[0] if len(columns) == 1 else name
    return name if isinstance(name, str) and name else None


def _table_facts(  # noqa: PLR0913 - one value per field of the record
    store: Store, X: Any, *, name: str, split: str, origins: tuple[str, ...], privacy: Privacy
) -> list[Record]:
    """The table with its profile, and its first rows as the one Artifact. Models also take what cannot be summed up:
    sparse matrices.
    """
    try:
        facts = describe_table(X, name=name, role=split, origins=origins, privacy=privacy)
    except DataError as error:
        _warn_no_reference(str(error))
        return []
    (table,) = (fact for fact in facts if isinstance(fact, Dataset))
    if table.profile is None:
        _warn_no_reference(f"a {type(X).__name__} has no profile")
        return list(facts)
    if privacy.is_private or not privacy.columns.isdisjoint(table.columns):
        return list(facts)
    return [*facts, *_example(store, X)]


def _warn_no_reference(reason: str) -> None:
    reason = f"the data are not kept with the run, so drift has no reference: {reason}"
    warn(reason)


def _target_facts(
    y: Any, *, name: str, split: str, origins: tuple[str, ...], privacy: Privacy
) -> tuple[Record, ...]:
    role = target_role(split)
    return () if y is None else describe_table(y, name=name, role=role, origins=origins, privacy=privacy)


def _curves(evaluation: Evaluation) -> Text:
    confusion = {"confusion": evaluation.confusion.to_dict()} if evaluation.confusion else {}
    return Text.of(encode({"curves": evaluation.curves, **confusion, "notes": evaluation.notes}))


def _predictions(store: Store, evaluation: Evaluation, *, split: str) -> Artifact:
    data = evaluation.predictions_parquet()
    name = f"predictions/{split}"
    return Artifact(name=name, type="predictions", sha256=store.keep_blob(data), size_bytes=len(data))


def _example(store: Store, X: Any) -> tuple[Artifact, ...]:
    from mlops_magics.data.example import example_text

    text = example_text(X, rows=EXAMPLE_ROWS)
    if text is None:
        return ()
    data = text.encode()
    return (Artifact(name="example", type="example", sha256=store.keep_blob(data), size_bytes=len(data)),)
