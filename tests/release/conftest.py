"""Runs in a real store, with real models on real frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_magics import track
from mlops_magics.records import Artifact, RunRevision
from mlops_magics.store import open_store
from mlops_magics.store.queries import Store


def flights(rows: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    carrier = pd.Series(generator.choice(["AA", "B6", "DL", "Ünited ✈"], rows), dtype="str")
    carrier[::50] = None
    return pd.DataFrame({
        "distance": generator.gamma(2.0, 500.0, rows),
        "hour": generator.integers(5, 24, rows),
        "carrier": carrier,
        "origin": pd.Categorical(generator.choice(["EWR", "JFK", "LGA"], rows)),
        "is_weekend": generator.random(rows) < 0.3,
    })


def late(frame: pd.DataFrame) -> np.ndarray:
    return ((frame["hour"] / 6 + frame["distance"] / 2000) > 3).astype(int).to_numpy()


def logistic(frame: pd.DataFrame) -> Any:
    prepare = ColumnTransformer([
        ("numbers", StandardScaler(), ["distance", "hour"]),
        ("levels", OneHotEncoder(handle_unknown="ignore"), ["carrier", "origin", "is_weekend"]),
    ])
    return make_pipeline(prepare, LogisticRegression()).fit(frame, late(frame))


def boosted(frame: pd.DataFrame) -> Any:
    frame = frame.astype({"carrier": "category"})
    return HistGradientBoostingClassifier(max_iter=8, random_state=0).fit(frame, late(frame))


@dataclass
class Shelf:
    """A store, and a way to put a run with a model into it."""

    store: Store

    def keep(self, model: Any, frame: pd.DataFrame | None = None, *, name: str = "boosted", y: Any = None) -> str:
        """A run that evaluated a model on a frame, or kept one."""
        run = track("flights", name, store=self.store)
        if frame is None:
            run.artifact(model, "model")
        else:
            run.evaluate(model, frame, late(frame) if y is None else y, split="train")
        run.end()
        return run.id

    def keep_bytes(self, data: bytes, detail: dict[str, str] | None, *, name: str) -> str:
        """A run with a file that says it is a model, as an older version wrote it."""
        run = self.store.new_run_id()
        kept = self.store.keep_blob(data)
        self.store.record(
            run,
            RunRevision(experiment="flights", name=name, status="running"),
            Artifact(name="model", type="model", sha256=kept, size_bytes=len(data), detail=detail),
            RunRevision(status="finished"),
        )
        return run


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(open_store(tmp_path / "store" / ".mlops"))


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return flights()


@pytest.fixture(scope="session")
def model(frame: pd.DataFrame) -> Any:
    return logistic(frame)


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame, model: Any) -> Path:
    """One exported bundle, to be copied before it is touched."""
    from mlops_magics.release.bundle import export

    folder = tmp_path_factory.mktemp("bundled")
    shelf = Shelf(open_store(folder / ".mlops"))
    shelf.keep(model, frame, name="baseline")
    return export("baseline", folder / "bundle", shelf.store).path


Copy = Callable[[], Path]


@pytest.fixture
def copied(bundled: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(bundled, tmp_path / "copied"))


@pytest.fixture(scope="session")
def makers() -> dict[str, Callable[[pd.DataFrame], Any]]:
    return {"logistic": logistic, "boosted": boosted}
