"""What is not written down is not there: and everything that would have read it says so, or does without."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from mlops_magics import diff, drift, export, track
from mlops_magics.capture import held
from mlops_magics.capture.evaluating import facts_of
from mlops_magics.capture.privacy import Privacy
from mlops_magics.capture.private import PrivateValues
from mlops_magics.capture.tables import freeze
from mlops_magics.errors import BundleError, DataError
from mlops_magics.model.evaluation import evaluate

RNG = np.random.default_rng(0)
X = pd.DataFrame({"a": RNG.normal(size=2_000), "income": RNG.lognormal(10, 1, 2_000)})
Y = pd.Series(RNG.random(2_000) < 0.5, name="late")
HIDDEN = {
    "private": Privacy(is_private=True),
    "column": Privacy(columns=frozenset({"income"})),
    "target": Privacy(columns=frozenset({"late"})),
    "all": Privacy(is_private=True, columns=frozenset({"income", "late"})),
}


def run_with(store, name: str, privacy: Privacy):
    model = LogisticRegression().fit(X, Y)
    with track("flights", name, store=store) as run:
        run.privacy, run.private = privacy, PrivateValues(privacy)
        run.record(*freeze(X).describe(name="X", role="fit", privacy=privacy))
        run.record(*freeze(Y).describe(name="Y", role="target", privacy=privacy))
        met = run.private.meet(X, Y)
        run.record(*facts_of(run, evaluate(model, X, Y), model, X, y=Y, split="test", name="X", met=met))
    return store.find(name)


@pytest.mark.parametrize("kind", HIDDEN)
def test_drift_export_and_diff_do_without(kind: str, store, tmp_path, settle) -> None:
    run = run_with(store, "hidden", HIDDEN[kind])
    assert drift(X, against=run, store=store).verdict == "pass"
    moved = drift(X.assign(a=X["a"] + 9, income=X["income"] * 9), against=run, store=store)
    income = next(row for row in moved.rows if row.column == "income")
    assert moved.verdict == "fail"
    if kind in {"column", "all"}:
        assert income.reason == "income is private, judged for missing values only."
    else:
        assert income.verdict == "fail"
    bundle = export("hidden", tmp_path / "bundle", store=store)
    assert (bundle.predict(X.head(3)) == LogisticRegression().fit(X, Y).predict(X.head(3))).all()
    if kind == "target":
        assert list(bundle.example.columns) == ["a", "income"]
    else:
        with pytest.raises(BundleError, match="unless the run or a column of X is private"):
            _ = bundle.example
    assert ("bundle.example" in (tmp_path / "bundle" / "README.md").read_text()) == (kind == "target")
    other = run_with(store, "open", Privacy())
    found = diff(run, other, store=store)
    assert {table.kind for table in found.data} <= {"same rows"}
    assert "income" not in repr(found)
    settle()


def test_what_changed_meanwhile_is_said_by_drift(store, monkeypatch) -> None:
    monkeypatch.setattr(held, "COPIED_BYTES", 0)
    array = X.to_numpy(copy=True)
    with track("flights", "changed", store=store) as run:
        frozen = freeze(array)
        array += 1
        run.record(*frozen.describe(name="X", role="fit"))
    assert [note.text for note in store.notes("changed")] == [
        "X was changed in place after it was used (fit): what it held then is not known"
    ]
    (table,) = store.datasets("changed")
    assert (table.fingerprint, table.content, table.rows) == ("", None, 2_000)
    with pytest.raises(DataError, match=r"kept no profile of its tables \(fit\).*changed in place"):
        drift(X, against="changed", store=store)


def test_the_same_rows_can_be_proven_without_keeping_them(store) -> None:
    """What a paired test of two models needs: one table and one set of answers, whoever evaluated on them."""
    first, second = (run_with(store, name, HIDDEN[name]) for name in ("private", "column"))
    tables = [{item.role: (item.fingerprint, item.content) for item in store.datasets(run)} for run in (first, second)]
    assert tables[0] == tables[1]
    assert tables[0].keys() == {"fit", "target", "test", "test target"}
    assert tables[0]["target"] == tables[0]["test target"]
