"""What every test may lean on."""

import os

import pytest

# Before anything imports scikit-learn: threads that spin for each other make a busy machine crawl.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=60, help="how many processes the store's torture test kills")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """No test finds another's store, or one of the person who runs it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLOPS_STORE", raising=False)
