"""The store works with every DuckDB the package allows, and what one writes the other reads and goes on with.

The tests run under the newest; the oldest is installed into ``.venv/duckdb-1.5`` by

    uv pip install --target .venv/duckdb-1.5 --no-deps duckdb==1.5.5

and the whole folder runs under it with ``PYTHONPATH=.venv/duckdb-1.5 python -m pytest tests/store``.
"""

import os
from pathlib import Path

import pytest

OLDEST = Path(__file__).parents[2] / ".venv" / "duckdb-1.5"

STEP = """
import json, sys
import duckdb
from mlops_magics.records import Param, RunRevision, Text
from mlops_magics.store import open_store

place, name = sys.argv[1:]
store = open_store(place)
known = {run.name: (store.params(run), len(store.history(run)), run.status) for run in store.all_runs()}
run = store.new_run_id()
journal = store.open_journal(run)
journal.record(RunRevision(experiment="versions", name=name, status="running"))
journal.record(Param(key="depth", value=[1, None, float("nan"), {"é": 2**70}]))
journal.record(Text(sha256=name, text=name))
for step in range(1000):
    journal.metric("loss", 1 / (step + 1), step)
tail = store.history(run).to_csv()
assert store.fold().lines == 1004, store.fold()
assert store.history(run).to_csv() == tail
journal.metrics({"loss": 0.5, "nan": "NaN"}, 1000)
assert store.metrics(run)["loss"] == 0.5
journal.record(RunRevision(status="finished"))
journal.close()
store.optimize()
assert store.runs(where="metrics.loss = 0.5 AND status = 'finished'")["name"].tolist()[0] == name
assert store.find("@best:loss:min").name
print(json.dumps({"version": duckdb.__version__, "known": {key: list(value)[1:] for key, value in known.items()},
                  "texts": store.texts(["a", "b", "c", "d"]), "notice": store.notice}))
"""


@pytest.fixture
def oldest() -> dict[str, str]:
    if not OLDEST.is_dir():
        reason = f"no duckdb 1.5 in {OLDEST}: see this file's first lines"
        if os.environ.get("MLOPS_TEST_NO_SKIP") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return os.environ | {"PYTHONPATH": str(OLDEST)}


@pytest.fixture
def newest() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.mark.parametrize("order", [("oldest", "newest"), ("newest", "oldest", "newest")], ids="-".join)
def test_what_one_version_writes_the_other_goes_on_with(order, oldest, newest, store, script, answer):
    environments = {"oldest": oldest, "newest": newest}
    known: dict[str, list] = {}
    for name, version in zip("abc", order, strict=False):
        report = answer(script(STEP, store.path, name, env=environments[version]))
        assert (report["version"] == "1.5.5") == (version == "oldest")
        assert report["known"] == known
        known[name] = [1002, "finished"]
        assert report["texts"] == {name: name for name in known}
        assert report["notice"] is None
