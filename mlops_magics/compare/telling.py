"""Which metric speaks for a model where nobody said what counts: the same one in a test of two runs, in a table of many
and beside the name of one.
"""

from __future__ import annotations

FIRST = ("roc_auc", "roc_auc_ovr", "accuracy", "mae")
"""Of an evaluation, the most telling first."""

FIRST_SPLITS = ("test", "validation")

TRAIN = "train"
"""Last: how well a model remembers says little about how good it is."""


def split_rank(split: str) -> int:
    """How much the rows of an evaluation tell: the test set before the validation set, others, and the training data.

    >>> sorted(["train", "july", "validation", "test"], key=split_rank)
    ['test', 'validation', 'july', 'train']
    """
    order = (*FIRST_SPLITS, None, TRAIN)
    return order.index(split if split in order else None)


def metric_rank(key: str) -> tuple[int, int]:
    """How much a metric tells, by its rows and by its name.

    >>> sorted(["test/f1", "train/roc_auc", "test/accuracy", "test/roc_auc"], key=metric_rank)
    ['test/roc_auc', 'test/accuracy', 'test/f1', 'train/roc_auc']
    """
    split, _, name = key.rpartition("/")
    return split_rank(split), FIRST.index(name) if name in FIRST else len(FIRST)
