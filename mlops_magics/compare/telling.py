"""Which metric speaks for a model where nobody said what counts: the same one in a test of two runs, in a table of many
and beside the name of one; and the order of metrics wherever several are listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

FIRST = ("roc_auc", "roc_auc_ovr", "accuracy", "mae")
"""Of an evaluation, the most telling first."""

FIRST_SPLITS = ("test", "validation")
_SHORT = {"val": "validation", "valid": "validation"}

TRAIN = "train"
"""Last: how well a model remembers says little about how good it is."""

MACHINE = "system/"
"""How metrics begin that were seen of the machine."""

_BESIDE = re.compile(
    r"(^|[_/])(epochs?|steps?|iterations?|lr|learning_rate|seconds|per_second|duration|candidates)$"
    r"|^(split\d+|rank|std)_.*_score$",
    re.IGNORECASE,
)
"""Not how good a model is but how far it came, how long that took, and each fold of what the mean says."""

_NAMED_SPLIT = re.compile(r"(test|validation|valid|val|train)_(.+)")


def split_rank(split: str) -> int:
    """How much the rows of an evaluation tell: the test set before the validation set, others, and the training data.

    >>> sorted(["train", "july", "val", "test"], key=split_rank)
    ['test', 'val', 'july', 'train']
    """
    order = (*FIRST_SPLITS, None, TRAIN)
    name = _SHORT.get(split, split)
    return order.index(name if name in order else None)


def metric_rank(key: str) -> tuple[int, int]:
    """How much a metric tells, by its rows and by its name; ``val_loss`` is of the validation set, as ``val/loss`` is.

    >>> sorted(["test/f1", "train_loss", "test/accuracy", "val_loss", "test/roc_auc"], key=metric_rank)
    ['test/roc_auc', 'test/accuracy', 'test/f1', 'val_loss', 'train_loss']
    """
    split, _, name = key.rpartition("/")
    if not split and (named := _NAMED_SPLIT.fullmatch(key)):
        split, name = named.groups()
    return split_rank(split), FIRST.index(name) if name in FIRST else len(FIRST)


def metric_order(key: str) -> tuple[Any, ...]:
    """Where a metric stands among others: what people logged by hand before what an evaluation adds, there the most
    telling first; means before spreads and folds; how good it is before how far it came and how long it took; the
    machine last.

    >>> sorted(["test/accuracy", "test/roc_auc", "epochs", "train/loss", "val/loss", "auc"], key=metric_order)
    ['auc', 'test/roc_auc', 'test/accuracy', 'val/loss', 'train/loss', 'epochs']
    """
    is_beside = _BESIDE.search(key) is not None
    is_train = metric_rank(key)[0] == split_rank(TRAIN)
    return key.startswith(MACHINE), is_beside, is_train, key.count("/"), metric_rank(key)


def in_order(metrics: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Metrics with their values, in the order of :func:`metric_order`."""
    return dict(sorted(dict(metrics).items(), key=lambda item: (*metric_order(item[0]), item[0])))
