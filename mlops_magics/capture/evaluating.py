"""The facts an evaluation leaves behind, for the leaderboard, the drift check and the bundle."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.artifacts import keep_model
from mlops_magics.capture.tables import describe_table
from mlops_magics.errors import DataError, ModelError
from mlops_magics.records import Artifact, Dataset, Evaluated, Note, Param, Record, Text, encode
from mlops_magics.store.location import StoreWarning

if TYPE_CHECKING:
    from mlops_magics.model.evaluation import Evaluation
    from mlops_magics.store.queries import Store

EXAMPLE_ROWS = 5


def params_of(model: Any) -> list[Param]:
    """The parameters of a model, nested ones by path, and under ``model`` what it is."""
    from mlops_magics.model.estimator import describe, summary_of

    params = {"model": summary_of(model), **describe(model).params}
    return [Param(key=key, value=value) for key, value in params.items()]


def facts_of(  # noqa: PLR0913 - the words of an evaluation, and where it goes
    store: Store, evaluation: Evaluation, model: Any, X: Any, *, split: str, name: str
) -> list[Record]:
    """Everything to record about an evaluation beside its metrics; files are put into the store on the way."""
    table = _table_facts(store, X, name=name, split=split)
    curves = Text.of(encode({"curves": evaluation.curves, **_confusion(evaluation), "notes": evaluation.notes}))
    predictions = evaluation.predictions_parquet()
    digest = store.keep_blob(predictions)
    facts: list[Record] = [
        *table,
        curves,
        Artifact(name=f"predictions/{split}", type="predictions", sha256=digest, size_bytes=len(predictions)),
        Evaluated(
            split=split,
            task=evaluation.task,
            rows=evaluation.rows,
            fingerprint=next((fact.fingerprint for fact in table if isinstance(fact, Dataset)), ""),
            metrics=evaluation.metrics,
            curves=curves.sha256,
            predictions=digest,
        ),
    ]
    try:
        facts.append(keep_model(store, model, task=evaluation.task))
    except ModelError as error:
        reason = f"the model is not kept with the run, so it cannot be exported: {error}"
        facts.append(Note(text=reason))
        warnings.warn(reason, StoreWarning, stacklevel=4)
    return facts


def _table_facts(store: Store, X: Any, *, name: str, split: str) -> list[Record]:
    """The table with its profile and its first rows. Models also take what is no table: sparse matrices, texts."""
    try:
        dataset, profile = describe_table(X, name=name, role=split)
        return [profile, dataset, _example(store, X)]
    except DataError as error:
        reason = f"the data are not kept with the run, so drift has no reference: {error}"
        warnings.warn(reason, StoreWarning, stacklevel=5)
        return []


def _confusion(evaluation: Evaluation) -> dict[str, Any]:
    return {"confusion": evaluation.confusion.to_dict()} if evaluation.confusion else {}


def _example(store: Store, X: Any) -> Artifact:
    from mlops_magics.data.frames import open_table

    rows = open_table(X).head(EXAMPLE_ROWS)
    data = rows.to_json(orient="split", index=False, date_format="iso", double_precision=15).encode()
    return Artifact(name="example", type="example", sha256=store.keep_blob(data), size_bytes=len(data))
