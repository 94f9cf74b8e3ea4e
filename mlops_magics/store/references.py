"""Which run is meant: a name, a piece of an id, ``@last``, ``@best:METRIC``, ``@ALIAS``; these of an experiment too."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlops_magics.errors import RunNotFound
from mlops_magics.records import Run

SHORTEST_PIECE = 4
"""Characters of an id that may stand for it."""

_LOWER_IS_BETTER = re.compile(
    r"(^|[_/. -])(loss|logloss|error|err|mae|mse|rmse|rmsle|mape|smape|brier|deviance|perplexity|latency|seconds|bias|"
    r"nll|ppl|wer|cer|fid|ece|fpr|fnr|rank_test_score|std|duration)"
    r"($|[_/. -])|_ae$",
    re.IGNORECASE,
)

_NEGATED = re.compile(r"(^|[_/. -])neg_", re.IGNORECASE)
"""As scikit-learn's scorers are named: of errors with a minus, so that greater is better."""

_OF_EXPERIMENT = re.compile(r"(?P<experiment>[^@].*?)/?(?P<rest>@best:.+|@[^\s@/:]+)", re.DOTALL)


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of a metric is the better one, judged by the field's usual names.

    >>> lower_is_better("val/log_loss"), lower_is_better("val_auc"), lower_is_better("cv/test_neg_log_loss")
    (True, False, False)
    """
    return bool(_LOWER_IS_BETTER.search(metric)) and not _NEGATED.search(metric)


def parse_experiment(reference: str) -> tuple[str | None, str]:
    """Take ``EXPERIMENT@last``, ``EXPERIMENT@ALIAS``, ``EXPERIMENT@best:METRIC`` or the same with a slash before the
    ``@`` apart; of anything else the experiment is None.

    >>> parse_experiment("flights@best:test/auc"), parse_experiment("flights/@last"), parse_experiment("@best:a/@b")
    (('flights', '@best:test/auc'), ('flights', '@last'), (None, '@best:a/@b'))
    >>> parse_experiment("flights/baseline"), parse_experiment("flights@champion")
    ((None, 'flights/baseline'), ('flights', '@champion'))
    """
    found = _OF_EXPERIMENT.fullmatch(reference)
    return (found["experiment"], found["rest"]) if found else (None, reference)


def of_experiment(experiment: str, runs: Sequence[Run]) -> list[Run]:
    """The runs of an experiment, in their order.

    Raises
    ------
    RunNotFound
        There is no such experiment.
    """
    found = [run for run in runs if run.experiment == experiment]
    if not found:
        known = sorted({run.experiment for run in runs})
        raise RunNotFound(f"there is no experiment {experiment!r}", seen=experiment, exists=known)
    return found


def parse_best(reference: str) -> tuple[str, bool] | None:
    """Take ``@best:METRIC`` or ``@best:METRIC:min`` apart into the metric and whether the smallest is meant.

    >>> parse_best("@best:auc"), parse_best("@best:cost:min"), parse_best("baseline")
    (('auc', False), ('cost', True), None)
    """
    if not reference.startswith("@best:"):
        return None
    metric = reference.removeprefix("@best:")
    for suffix, smallest in ((":min", True), (":max", False)):
        if metric.endswith(suffix):
            return metric.removesuffix(suffix), smallest
    return metric, lower_is_better(metric)


def parse_alias(reference: str) -> str | None:
    """The alias that is meant, or None.

    >>> parse_alias("@champion"), parse_alias("@last"), parse_alias("champion")
    ('champion', None, None)
    """
    return reference[1:] if reference[:1] == "@" and reference not in {"@", "@last"} else None


def choose(reference: str, runs: Sequence[Run]) -> Run:
    """The run a reference means among ``runs``, newest last: ``@last`` (a candidate of a search is none), a name
    (``experiment/name`` to be exact; the newest of that name), the beginning or end of an id of at least four
    characters.

    Raises
    ------
    RunNotFound
        None answers, or several ids begin or end so.
    """
    if not runs:
        raise RunNotFound(f"there is no run {reference!r}: the store is empty", hint="Start one: %mlops track NAME")
    if reference == "@last":
        return next((run for run in reversed(runs) if run.parent is None), runs[-1])
    named = [run for run in runs if reference in {run.name, f"{run.experiment}/{run.name}", run.id}]
    if named:
        return named[-1]
    is_piece = len(reference) >= SHORTEST_PIECE
    matches = [run for run in runs if is_piece and (run.id.startswith(reference) or run.id.endswith(reference))]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RunNotFound(
            f"{len(matches)} runs have an id like {reference!r}",
            exists=[f"{run.name} ({run.short_id})" for run in reversed(matches)],
            hint="Give more characters",
        )
    names = list(dict.fromkeys(run.name for run in reversed(runs)))
    raise RunNotFound(
        f"there is no run {reference!r}", seen=reference, exists=names, hint="%mlops runs lists them all"
    )
