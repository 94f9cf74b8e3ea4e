"""What it takes to compare two classifiers on 60,000 rows: DeLong, one metric by bootstrap, all of them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from mlops_magics.compare.significance.rows import Answers, SameRows
from mlops_magics.compare.significance.testing import estimates
from mlops_magics.model.metrics import BINARY
from tests.bench.figure import Figure
from tests.bench.timing import in_turns

ROWS = 60_000
BOOTSTRAPPED = ("log_loss", "f1", "average_precision")


def figures(folder: Path) -> Iterator[Figure]:
    rows = two_classifiers()
    asked = {"DeLong": ("roc_auc",), **{name: (name,) for name in BOOTSTRAPPED}, "all nine metrics": BINARY}
    times = in_turns({name: partial(estimates, rows, names) for name, names in asked.items()}, rounds=3)
    limits = dict.fromkeys(BOOTSTRAPPED, 2.0)
    for name, seconds in times.items():
        what = f"{name}, 1,000 resamples" if name in limits else name
        yield Figure.of(f"{what} of 60,000 rows", seconds, "s", limits.get(name))


def two_classifiers() -> SameRows:
    random = np.random.default_rng(0)
    truth = (random.random(ROWS) < 0.25).astype(np.intp)
    shared = random.normal(size=ROWS)
    sides = []
    for gain in (0.6, 0.65):
        score = 1 / (1 + np.exp(1 - gain * 2 * truth - shared / 2 - random.normal(size=ROWS) / 2))
        loss = -np.log(np.where(truth == 1, score, 1 - score)).mean()
        sides.append(Answers((score > 0.5).astype(np.intp), score, dict.fromkeys(BINARY, 0.0) | {"log_loss": loss}))
    return SameRows("test", "binary", ("no", "yes"), truth, sides[0], sides[1])


if __name__ == "__main__":
    for figure in figures(Path()):
        print(f"{figure.name}: {figure.measured:.2f} s  {figure.verdict}")
