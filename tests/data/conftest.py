import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def people() -> pd.DataFrame:
    """A thousand rows with every logical type, nulls, and names that need quoting."""
    random = np.random.default_rng(7)
    n = 1_000
    return pd.DataFrame({
        "age": random.integers(18, 90, n),
        'the "income", select': np.where(random.random(n) < 0.1, np.nan, random.lognormal(10, 1, n)),
        "Straße 7": pd.Series(random.choice(["a", "b'c", 'd"e', None], n), dtype="object"),
        "group": random.random(n) < 0.3,
        "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 10**6, n), unit="s"),
    })
