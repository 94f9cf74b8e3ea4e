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


def test_a_secret_in_what_is_written_is_masked(execute) -> None:
    execute(SETUP)
    execute("def read(url): return flights")
    execute("Ridge().fit(read('postgres://me:hunter22@host/db')[features], flights.late)")
    execute("%mlops end")
    names = [table.name for table in open_store().datasets("one")]
    assert names[0].startswith("read('postgres://")
    assert "hunter22" not in names[0]
