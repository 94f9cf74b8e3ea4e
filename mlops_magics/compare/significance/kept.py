"""What was found before: a comparison kept in the store as a verdict, with everything that made it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.significance.comparing import compared
from mlops_magics.compare.significance.comparison import (
    Comparison,
    Disagreement,
    MetricComparison,
    SliceComparison,
)
from mlops_magics.compare.significance.estimate import LEVEL, Estimate
from mlops_magics.compare.significance.rows import Reason, SameRows, Shared, read_rows
from mlops_magics.compare.significance.verdicts import Overall
from mlops_magics.errors import StoreError
from mlops_magics.records import Judged, Run, VerdictValue, plain

if TYPE_CHECKING:
    from mlops_magics.look.progress import Progress
    from mlops_magics.store.queries import Store

QUESTION = "significance"
"""Whether a run is really better than the one its verdict is of: ``pass`` if it is, ``fail`` if it is worse,
``unknown`` where they are not told apart and where metrics contradict each other."""

VERSION = 3
"""Of the tests. Greater with every change that moves a number or a verdict: what an older one found is then worked out
anew."""

VERDICTS: Mapping[Overall | None, VerdictValue] = {"better": "pass", "worse": "fail"}


SEED = 0


def find_or_read(left: Run, right: Run, shared: Shared, *, store: Store) -> Comparison | SameRows | Reason:
    """What was found before of two runs on rows they share, as long as nothing that it hangs on has changed; else what
    both answered there, for :func:`compare_and_keep`.
    """
    kept = find_kept(left, right, inputs_of(shared, seed=SEED, level=LEVEL), store=store)
    return kept or read_rows(shared, store=store)


def compare_and_keep(  # noqa: PLR0913 - the runs, their rows, and where the result goes
    left: Run, right: Run, shared: Shared, rows: SameRows, *, store: Store, is_kept: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two runs, which takes a second, and keep what is found in the store as a verdict on the right one."""
    found = compared(left, right, rows, seed=SEED, progress=progress)
    if is_kept:
        keep(found, inputs_of(shared, seed=SEED, level=LEVEL), store=store)
    return found


def inputs_of(shared: Shared, *, seed: int, level: float) -> dict[str, Any]:
    """Everything that a comparison hangs on, by content: equal inputs have equal results."""
    sides = ({field.name: getattr(side, field.name) for field in fields(side)} for side in (shared.left, shared.right))
    inputs: dict[str, Any] = plain({"version": VERSION, "seed": seed, "level": level, "sides": list(sides)})
    return inputs


def find_kept(left: Run, right: Run, inputs: Mapping[str, Any], *, store: Store) -> Comparison | None:
    """What was found of two runs from the same inputs, or None."""
    for judged in reversed(store.verdicts(right)):
        if judged.question == QUESTION and judged.detail.get("inputs") == inputs:
            return from_dict(left, right, judged.detail)
    return None


def keep(found: Comparison, inputs: Mapping[str, Any], *, store: Store) -> None:
    """Keep what was found, unless the store can only be read."""
    if not os.access(store.path, os.W_OK):
        return
    detail = {**found.to_dict(), "inputs": dict(inputs)}
    verdict = VERDICTS.get(found.verdict, "unknown")
    try:
        store.record(
            found.right.id, Judged(question=QUESTION, subject=found.names[0], verdict=verdict, detail=detail)
        )
    except StoreError:
        return  # found all the same, and found again when it is asked for


def from_dict(left: Run, right: Run, told: Mapping[str, Any]) -> Comparison:
    """Read what :meth:`Comparison.to_dict` says of two runs."""
    differs = told["disagreement"]
    return Comparison(
        left, right, split=told["split"], task=told["task"], rows=told["rows"], reason=told["reason"],
        hint=told["hint"], notes=told["notes"], level=told["level"], seed=told["seed"],
        metrics=tuple(map(_metric, told["metrics"])), folds=tuple(map(_metric, told["folds"])),
        slices=tuple(
            SliceComparison(
                column=piece["column"], level=piece["of"], rows=piece["rows"], comparison=_metric(piece)
            )
            for piece in told["slices"]
        ),
        disagreement=differs and Disagreement(**{
            **differs, "examples": tuple(differs["examples"]), "answers": tuple(map(tuple, differs["answers"])),
        }),
    )  # fmt: skip


def _metric(told: Mapping[str, Any]) -> MetricComparison:
    return MetricComparison(
        metric=told["metric"], is_lower_better=told["is_lower_better"], adjusted_p=told["adjusted_p"],
        more_rows=told["more_rows"], level=told["level"],
        estimate=Estimate(**{field.name: told[field.name] for field in fields(Estimate)}),
    )
