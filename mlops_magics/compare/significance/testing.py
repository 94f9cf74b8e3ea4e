"""Which test compares which metric, and what all of them find on the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from mlops_magics.compare.significance.bootstrap import Paired, bootstrap
from mlops_magics.compare.significance.delong import delong, delong_mean
from mlops_magics.compare.significance.estimate import LEVEL, Estimate
from mlops_magics.compare.significance.mcnemar import FEW, mcnemar
from mlops_magics.compare.significance.measures import SIGNED, measures
from mlops_magics.compare.significance.rows import SameRows
from mlops_magics.compare.significance.statistics import Bools, Floats, Resamples
from mlops_magics.look.numbers import count
from mlops_magics.look.progress import Progress

FEWEST_ROWS = 10
"""With fewer rows, or for an area under a ROC curve fewer of a class, nothing is compared."""

OF_ANSWERS = frozenset({"precision", "f1", "balanced_accuracy", "f1_macro", "f1_weighted"})
"""Metrics of what was answered, of which all rows with one answer on both sides say nothing: those left may be few."""


def estimates(  # noqa: PLR0913 - the metrics, and the settings of their tests
    rows: SameRows, names: Iterable[str], *, seed: int = 0, resamples: int | None = None, level: float = LEVEL,
    progress: Progress | None = None,
) -> tuple[dict[str, Estimate], dict[str, str]]:
    """Compare the metrics that are asked for: DeLong for areas under ROC curves, McNemar for accuracy and for the
    recall of two labels, and one paired bootstrap for all others. Where fewer than 25 rows decide, metrics of answers
    are not resampled: resamples of five rows that all speak for one side all speak for it too.

    Parameters
    ----------
    rows
        What both sides answered.
    names
        Of metrics that both sides have.
    seed, resamples
        Of the bootstrap.
    level
        Of the intervals.
    progress
        Told how far the bootstrap is.

    Returns
    -------
    tuple
        An estimate per metric in the order asked for, and for those that have none the reason, by name.
    """
    names = list(names)
    if len(rows) < FEWEST_ROWS:
        return {}, dict.fromkeys(names, f"{len(rows)} rows are too few to tell")
    found: dict[str, Estimate] = {}
    notes: dict[str, str] = {}
    if "accuracy" in names:
        found["accuracy"] = _right(rows, np.ones(len(rows), dtype=bool), level=level)
    if "recall" in names and rows.task == "binary" and (rows.truth == 1).any():
        found["recall"] = _right(rows, rows.truth == 1, level=level)
    for name in {"roc_auc", "roc_auc_ovr"}.intersection(names):
        if reason := _why_no_area(rows):
            notes[name] = reason
        else:
            found[name] = _area(rows, level=level)
    pairs = dict(_pairs(rows, [name for name in names if name not in found and name not in notes]))
    for name in OF_ANSWERS.intersection(pairs):
        if reason := _why_not_resampled(rows, pairs[name]):
            notes[name] = reason
            del pairs[name]
    if pairs:
        found |= bootstrap(pairs, rows=len(rows), seed=seed, resamples=resamples, level=level, progress=progress)
    if SIGNED in found:
        found[SIGNED] = replace(found[SIGNED], method=f"{found[SIGNED].method}, of its size")
    undefined = "it is undefined in too many resamples of these rows"
    notes |= {name: undefined for name in names if name not in found and name not in notes}
    return {name: found[name] for name in names if name in found}, dict(sorted(notes.items()))


def _pairs(rows: SameRows, names: list[str]) -> Iterator[tuple[str, Paired]]:
    if not names:
        return
    left, right = measures(rows, rows.left), measures(rows, rows.right)
    for name in names:
        if name in left and name in right:
            yield name, Paired(left[name], right[name])


def _right(rows: SameRows, of: Bools, *, level: float) -> Estimate:
    """The shares of rows that are right, of some of the rows: accuracy of all, recall of the positive ones."""
    left, right = (side.answer[of] == rows.truth[of] for side in (rows.left, rows.right))
    return mcnemar(
        int((left & ~right).sum()), int((right & ~left).sum()), both=int((left & right).sum()), rows=int(of.sum()),
        level=level,
    )


def _why_not_resampled(rows: SameRows, pair: Paired) -> str | None:
    """Too few rows decide. Rows that move the difference unlike far count as so many that move it equally far, of
    which the spread would be as well known (Satterthwaite 1946): (Σw²)² / Σw⁴. Four rows of a rare label may drown
    hundreds of a frequent one.
    """
    differ = rows.left.answer != rows.right.answer
    if not differ.any():
        return "both answer the same in every row"
    whole = Resamples(np.ones((1, len(rows)), dtype=np.uint8))
    difference = pair.right.resampled(whole)[0] - pair.left.resampled(whole)[0]
    moved = np.abs(pair.right.without_each() - pair.left.without_each() - difference)[differ]
    largest = float(moved.max())
    if not np.isfinite(largest) or not largest > 0:
        return None
    moved /= largest
    many = float((moved**2).sum() ** 2 / (moved**4).sum())
    if many >= FEW:
        return None
    about = "about " if round(many) < differ.sum() else ""
    return f"only {about}{count(round(many), 'row')} {'decides' if round(many) == 1 else 'decide'}, too few to resample"


def _why_no_area(rows: SameRows) -> str | None:
    if rows.left.scores is None or rows.right.scores is None:
        return "a side has no scores"
    if _known(rows.left.scores) != _known(rows.right.scores):
        return "the models know different labels"
    counts = np.bincount(rows.truth, minlength=len(rows.labels))[_known(rows.left.scores)]
    fewest = min(int(counts.min()), len(rows) - int(counts.max()))
    return f"a label has {fewest} rows, too few to tell" if fewest < FEWEST_ROWS else None


def _known(scores: Floats) -> list[int]:
    """The labels that have an area: the positive one of two, else those the model has scores for."""
    return [1] if scores.ndim == 1 else np.flatnonzero(np.isfinite(scores).all(axis=0)).tolist()


def _area(rows: SameRows, *, level: float) -> Estimate:
    left, right = rows.left.scores, rows.right.scores
    assert left is not None
    assert right is not None
    if left.ndim == 1:
        return delong(rows.truth == 1, left, right, level=level)
    labels = _known(left)
    return delong_mean(
        [rows.truth == code for code in labels], [left[:, code] for code in labels],
        [right[:, code] for code in labels], level=level,
    )
