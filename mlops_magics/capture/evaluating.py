"""The facts an evaluation leaves behind, for the leaderboard, the drift check and the bundle."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mlops_magics.capture.artifacts import keep_model
from mlops_magics.capture.environment import text_of
from mlops_magics.capture.tables import describe_table
from mlops_magics.errors import ModelError
from mlops_magics.records import Artifact, Evaluated, Record, encode
from mlops_magics.store.location import StoreWarning

if TYPE_CHECKING:
    from mlops_magics.model.evaluation import Evaluation
    from mlops_magics.store.queries import Store

EXAMPLE_ROWS = 5


def facts_of(  # noqa: PLR0913 - the words of an evaluation, and where it goes
    store: Store, evaluation: Evaluation, model: Any, X: Any, *, split: str, name: str
) -> list[Record]:
    """Everything to record about an evaluation beside its metrics; files are put into the store on the way."""
    dataset, profile = describe_table(X, name=name, role=split)
    curves = text_of(encode({"curves": evaluation.curves, **_confusion(evaluation), "notes": evaluation.notes}))
    predictions = evaluation.predictions_parquet()
    digest = store.keep_blob(predictions)
    facts: list[Record] = [
        profile,
        dataset,
        curves,
        Artifact(name=f"predictions/{split}", type="predictions", sha256=digest, size_bytes=len(predictions)),
        Evaluated(
            split=split,
            task=evaluation.task,
            rows=evaluation.rows,
            fingerprint=dataset.fingerprint,
            metrics=evaluation.metrics,
            curves=curves.sha256,
            predictions=digest,
        ),
        _example(store, X),
    ]
    try:
        facts.append(keep_model(store, model, task=evaluation.task))
    except ModelError as error:
        reason = f"the model is not kept with the run, so it cannot be exported: {error}"
        warnings.warn(reason, StoreWarning, stacklevel=4)
    return facts


def _confusion(evaluation: Evaluation) -> dict[str, Any]:
    return {"confusion": evaluation.confusion.to_dict()} if evaluation.confusion else {}


def _example(store: Store, X: Any) -> Artifact:
    from mlops_magics.data.frames import open_table

    rows = open_table(X).head(EXAMPLE_ROWS)
    data = rows.to_json(orient="split", index=False, date_format="iso", double_precision=15).encode()
    return Artifact(name="example", type="example", sha256=store.keep_blob(data), size_bytes=len(data))
