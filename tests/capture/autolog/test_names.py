"""What tables are called that the notebook has no name for: as the cell wrote them."""

import pytest

from mlops_magics import open_store

SETUP = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
features = ["distance", "month"]
flights = pd.DataFrame({"distance": range(40), "month": [1, 2] * 20, "late": [0, 0, 0, 1] * 10, "delay": range(40)})
def load():
    return flights
def fit_inside():
    return Ridge().fit(flights[features], flights["delay"])
%load_ext mlops_magics
%mlops track flights --name one
"""
LONG = "load()[['distance', 'month']].assign(one_more_column_of_a_long_name=1)"

CALLED = {
    "Ridge().fit(flights[features], flights['late'])": ("flights[features]", "flights['late']"),
    'Ridge().fit(y=load()["late"], X=load()[features])': ("load()[features]", "load()['late']"),
    "X = flights[features]; Ridge().fit(X, flights.late)": ("X", "flights.late"),
    "cross_val_score(LogisticRegression(), flights[features], flights['late'], cv=2)": (
        "flights[features]", "flights['late']",
    ),
    "Ridge().fit(\n    np.asarray(\n        flights[features]\n    ),\n    flights.late + 1,\n)": (
        "np.asarray(flights[features])", "flights.late + 1",
    ),
    f"Ridge().fit({LONG}, flights.late)": (LONG[:59] + "…", "flights.late"),
    "fit_inside()": ("fit", "y"),
}  # fmt: skip


@pytest.mark.parametrize("source", CALLED)
def test_a_table_without_a_name_is_called_as_it_is_written(execute, source) -> None:
    execute(SETUP)
    execute(source)
    execute("%mlops end")
    assert tuple(table.name for table in open_store().datasets("one")) == CALLED[source]


def test_what_cross_validates_tells_the_files_of_its_table_and_not_of_its_model(execute) -> None:
    execute(SETUP)
    execute("flights.to_csv('flights.csv', index=False)\nflights = pd.read_csv('flights.csv')")
    execute("cross_val_score(LogisticRegression(), flights[features], flights['late'], cv=2)")
    execute("%mlops end")
    assert [table.origins for table in open_store().datasets("one")] == [("flights.csv",)] * 2


HELPER = """
from sklearn.linear_model import Ridge
def fit_in_module(frame, features):
    return Ridge().fit(frame[features], frame["delay"])
def fit_a_copy(frame, features):
    frame = frame.assign(month=frame["month"] + 1)
    return fit_in_module(frame.copy(), features)
"""
WITHIN = {
    "a function that is handed it":
    "def fit(frame, to):\n    Ridge().fit(frame[features], frame[to])\nfit(flights, 'late')",
    "a function that sees it": "def fit():\n    Ridge().fit(flights[features], flights['late'])\nfit()",
    "a comprehension": "_ = [Ridge(a).fit(flights[features], flights.late) for a in (1, 2)]",
    "a module": "import helper\nhelper.fit_in_module(flights, features)",
    "a copy that a module made of it": "from helper import fit_a_copy\nmodel = fit_a_copy(flights, features)",
    "a cross-validation":
    "def check(model, X):\n    cross_val_score(model, X[features], X.late, cv=2)\ncheck(Ridge(), flights)",
    "an object": "class Trial:\n    def __init__(self, rows):\n        self.rows = rows\n    def fit(self):\n"
    "        Ridge().fit(self.rows[features], self.rows.late)\nTrial(flights).fit()",
    "a file that a function reads": "def fit():\n    rows = pd.read_csv('flights.csv')\n"
    "    Ridge().fit(rows[features], rows.late)\nfit()",
    "a thread": "import threading\ndef work():\n    Ridge().fit(flights[features], flights.late)\n"
    "thread = threading.Thread(target=work)\nthread.start()\nthread.join()",
}


@pytest.mark.parametrize("source", WITHIN.values(), ids=WITHIN)
def test_the_files_of_what_a_function_fits_on_are_told(execute, tmp_path, source) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    execute("import sys; sys.path.insert(0, '.')" + SETUP)
    execute("flights.assign(delay=1).to_csv('test.csv', index=False)\nflights.to_csv('flights.csv', index=False)")
    execute("flights = pd.read_csv('flights.csv')\ntest = pd.read_csv('test.csv')")
    execute(source)
    execute("%mlops end\nsys.modules.pop('helper', None)\n_ = sys.path.pop(0)")
    tables = open_store().datasets("one")
    assert {table.role.removesuffix(" target") for table in tables} <= {"fit", "cv"}
    assert {table.origins for table in tables} == {("flights.csv",)}


def test_a_function_that_is_handed_several_tables_tells_the_files_of_the_one_it_fits_on(execute) -> None:
    execute(SETUP)
    execute("for name in ('train', 'test'): flights.to_csv(name + '.csv', index=False)")
    execute("train = pd.read_csv('train.csv')\ntest = pd.read_csv('test.csv')")
    execute("def fit(a, b):\n    Ridge().fit(a[features], a.late).predict(b[features])\nfit(train, test)")
    execute("%mlops end")
    assert {table.origins for table in open_store().datasets("one")} == {("train.csv",)}


def test_a_secret_in_what_is_written_is_masked(execute) -> None:
    execute(SETUP)
    execute("def read(url): return flights")
    execute("Ridge().fit(read('postgres://me:hunter22@host/db')[features], flights.late)")
    execute("%mlops end")
    names = [table.name for table in open_store().datasets("one")]
    assert names[0].startswith("read('postgres://")
    assert "hunter22" not in names[0]
