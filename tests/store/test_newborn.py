"""Four processes make one store at the same moment, and none of them is told off for it."""

WRITER = """
import json, sys, time
from pathlib import Path
from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
import duckdb
place, name, barrier = sys.argv[1:]
Path(barrier, name).touch()
while len(list(Path(barrier).iterdir())) < 4:
    time.sleep(0.001)
store = open_store(place)
journal = store.open_journal(store.new_run_id())
journal.record(RunRevision(experiment="newborn", name=name, status="running"))
for step in range(2000):
    journal.metric("loss", 1 / (step + 1), step)
journal.record(RunRevision(status="finished"))
journal.close()
print(json.dumps({"lost": journal.lost, "status": store.find(name).status}))
"""


def test_a_new_store_is_made_once_by_four(store, script, answer, tmp_path):
    (tmp_path / "barrier").mkdir()
    processes = [script(WRITER, store.path, name, tmp_path / "barrier") for name in "abcd"]
    answers = [answer(process) for process in processes]
    assert answers == [{"lost": 0, "status": "finished"}] * 4
    points = store.sql("SELECT run, count(*) AS n, count(DISTINCT step) AS steps FROM metrics GROUP BY run")
    assert points["n"].tolist() == points["steps"].tolist() == [2000] * 4
    assert sorted((run.name, run.status) for run in store.all_runs()) == [(name, "finished") for name in "abcd"]
    assert sorted(path.name for path in store.path.iterdir() if path.name.startswith(".")) == [".gitignore"]
