"""What it takes to compare two classifiers on 65,000 rows: DeLong, metrics by bootstrap, a diff, and a diff again."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from mlops_magics import open_store, track
from mlops_magics.compare.difference import diff
from mlops_magics.compare.significance.rows import Answers, SameRows
from mlops_magics.compare.significance.testing import estimates
from mlops_magics.model.metrics import BINARY
from mlops_magics.store.queries import Store
from tests.bench.figure import Figure
from tests.bench.timing import in_turns, seconds

ROWS = 65_000
BOOTSTRAPPED = ("log_loss", "f1", "average_precision")
ROUNDS = 3


def figures(folder: Path) -> Iterator[Figure]:
    rows = two_classifiers()
    asked = {"DeLong": ("roc_auc",), **{name: (name,) for name in BOOTSTRAPPED}, "all nine metrics": BINARY}
    times = in_turns({name: partial(estimates, rows, names) for name, names in asked.items()}, rounds=ROUNDS)
    for name, taken in times.items():
        what = f"{name}, 1,000 resamples" if name in BOOTSTRAPPED else name
        yield Figure.of(f"{what} of 65,000 rows", taken, "s", 2.0)
    store = open_store(folder / ".mlops")
    for number in range(ROUNDS + 1):
        _evaluate(store, rows, f"left{number}", rows.left)
        _evaluate(store, rows, f"right{number}", rows.right)
    store.fold()
    pairs = [(f"left{number}", f"right{number}") for number in range(ROUNDS + 1)]
    diff(*pairs.pop(), store=store)  # imports, which a notebook has behind it
    first = [seconds(partial(diff, *pair, store=store)) for pair in pairs]
    store.fold()
    works = {"again": partial(diff, *pairs[0], store=store), "bare": partial(diff, *pairs[0], store=store, tests=False)}
    times = in_turns(works, rounds=ROUNDS)
    yield Figure.of("diff of two evaluated on 65,000 rows, the first time", first, "s", 2.0)
    yield Figure.of("  again", times["again"], "s", 0.1)
    yield Figure.of("  without tests", times["bare"], "s", 0.1)


class Said:
    """A classifier that answers what it is to answer, whatever the rows are."""

    def __init__(self, side: Answers) -> None:
        self.classes_ = np.array(["no", "yes"])
        self._side = side

    def fit(self, X: pd.DataFrame, y: object) -> "Said":
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.classes_[self._side.answer]

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        assert self._side.scores is not None
        return np.stack([1 - self._side.scores, self._side.scores], axis=1)


def _evaluate(store: Store, rows: SameRows, name: str, side: Answers) -> None:
    truth = pd.Series(np.array(["no", "yes"])[rows.truth], name="late")
    X = pd.DataFrame({"origin": np.resize(["EWR", "JFK", "LGA"], ROWS)})
    with track("bench", name, store=store, private=False) as run:
        run.evaluate(Said(side), X, truth, by="origin")


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
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as name:
        found = list(figures(Path(name)))
    for figure in found:
        print(f"{figure.name}: {figure.measured:.2f} s  {figure.verdict}")
