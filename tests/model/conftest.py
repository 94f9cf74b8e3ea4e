"""Small real models and the frames they were fitted on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    generator = np.random.default_rng(7)
    rows = 600
    frame = pd.DataFrame({
        "distance": generator.gamma(2.0, 500.0, rows),
        "hour": generator.integers(5, 24, rows),
        "carrier": generator.choice(["AA", "B6", "DL", "UA"], rows),
    })
    delay = frame["hour"] / 6 + (frame["carrier"] == "B6") * 2 + generator.normal(0, 1.5, rows)
    return frame.assign(late=(delay > 3.2).astype(int), delay=delay)


@pytest.fixture(scope="session")
def features(flights: pd.DataFrame) -> pd.DataFrame:
    return flights[["distance", "hour", "carrier"]]


def make_classifier():
    prepare = ColumnTransformer([
        ("numbers", StandardScaler(), ["distance", "hour"]),
        ("levels", OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
    ])
    return make_pipeline(prepare, LogisticRegression(C=0.5))


@pytest.fixture(scope="session")
def classifier(features: pd.DataFrame, flights: pd.DataFrame):
    return make_classifier().fit(features, flights["late"])
