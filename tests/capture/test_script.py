"""A process that is no notebook: what a script fits inside a run is recorded as in a notebook, and nothing else."""

import os
import subprocess
import sys
import textwrap

import pytest

from mlops_magics import export, open_store
from mlops_magics.store.queries import Store

BEGINNING = """
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
import mlops_magics as mlops

rows, answers = make_classification(80, 4, random_state=0)
pd.DataFrame(rows, columns=list("abcd")).assign(y=answers).to_csv("flights.csv", index=False)
"""


@pytest.fixture
def run(tmp_path):
    """Runs a script, warnings errors, and answers the store it wrote to."""

    def run_script(script: str) -> Store:
        file = tmp_path / "train.py"
        file.write_text(BEGINNING + textwrap.dedent(script), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "error", str(file)], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return open_store(tmp_path / ".mlops")

    return run_script


def fits(store: Store, name: str) -> list[tuple[str, str, float]]:
    run = store.find(name)
    return [(fit.class_name.rpartition(".")[2], fit.name, fit.params.get("C")) for fit in store.fits(run)]


def test_a_fit_is_recorded_with_its_model_and_where_its_rows_came_from(run, tmp_path) -> None:
    store = run("""
        table = pd.read_csv("flights.csv")
        X, y = table.drop(columns="y"), table["y"]
        with mlops.track("flights", "baseline"):
            model = LogisticRegression(C=0.5).fit(X, y)
        LogisticRegression(C=0.7).fit(X, y)
        with mlops.track("flights", "quiet", autolog=False):
            LogisticRegression().fit(X, y)
    """)
    assert fits(store, "baseline") == [("LogisticRegression", "model", 0.5)]
    assert store.params("baseline")["C"] == 0.5
    assert [(table.name, table.role, table.origins) for table in store.datasets("baseline")] == [
        ("X", "fit", ("flights.csv",)), ("y", "fit target", ("flights.csv",)),
    ]  # fmt: skip
    assert fits(store, "quiet") == []
    assert export("baseline", tmp_path / "bundle", store=store)


def test_in_functions_searches_and_threads_each_fit_is_of_its_own_run(run) -> None:
    store = run("""
        from concurrent.futures import ThreadPoolExecutor

        def train(C):
            with mlops.track("flights", f"C{C}"):
                LogisticRegression(C=C).fit(rows, answers)

        def main():
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(train, (1.0, 2.0, 3.0)))
            with mlops.track("flights", "search"):
                GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(rows, answers)

        if __name__ == "__main__":
            main()
    """)
    for strength in (1.0, 2.0, 3.0):
        assert fits(store, f"C{strength}") == [("LogisticRegression", None, strength)]
    search = store.find("search")
    assert len([child for child in store.all_runs() if child.parent == search.id]) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_the_child_of_a_fork_records_the_fits_of_its_own_run(run) -> None:
    store = run("""
        import multiprocessing

        def train(C):
            with mlops.track("flights", f"C{C}"):
                LogisticRegression(C=C).fit(rows, answers)

        train(1.0)
        with mlops.track("flights", "parent"):
            children = [multiprocessing.get_context("fork").Process(target=train, args=(C,)) for C in (2.0, 3.0)]
            for child in children:
                child.start()
            for child in children:
                child.join()
            assert [child.exitcode for child in children] == [0, 0]
            LogisticRegression(C=4.0).fit(rows, answers)
    """)
    for strength in (1.0, 2.0, 3.0):
        assert fits(store, f"C{strength}") == [("LogisticRegression", None, strength)]
    assert fits(store, "parent") == [("LogisticRegression", None, 4.0)]


def test_a_notebook_takes_over_from_the_script_that_it_was(run) -> None:
    store = run("""
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))

        def ask(source):
            assert shell.run_cell(source, store_history=True).success

        shell.user_ns.update(globals())
        ask("run = mlops.track('flights', 'before')\\nLogisticRegression(C=1.0).fit(rows, answers)")
        ask("%load_ext mlops_magics")
        ask("LogisticRegression(C=2.0).fit(rows, answers)\\nrun.end()")
        ask("with mlops.track('flights', 'after'):\\n    LogisticRegression(C=3.0).fit(rows, answers)")
        ask("%unload_ext mlops_magics")
        ask("with mlops.track('flights', 'unloaded'):\\n    LogisticRegression(C=4.0).fit(rows, answers)")
        shell.history_manager.end_session()
    """)
    assert sorted(strength for *_, strength in fits(store, "before")) == [1.0, 2.0]
    assert [strength for *_, strength in fits(store, "after")] == [3.0]
    assert [strength for *_, strength in fits(store, "unloaded")] == [4.0]
