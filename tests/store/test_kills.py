"""The store under SIGKILL: nothing acknowledged is lost or doubled, and no reader sees less than was there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

TORTURE = Path(__file__).with_name("torture.py")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the torture forks")
def test_nothing_is_lost_or_doubled_by_kills(tmp_path, request):
    kills = request.config.getoption("--kills")
    done = subprocess.run(
        [sys.executable, TORTURE, tmp_path / ".mlops", "--kills", str(kills), "--seed", "7"],
        capture_output=True, text=True, check=True,
    )
    assert done.stderr == ""
    report = json.loads(done.stdout)
    zeros = (
        "lost", "doubled", "invented", "short_reads", "double_reads", "crashed", "journals_left", "not_interrupted",
    )
    assert {name: report[name] for name in zeros} == dict.fromkeys(zeros, 0)
    assert report["acknowledged"] > 10_000
    assert report["reads"] > 0
    assert report["folds"] > 0
    assert report["interrupted"] > report["runs"] / 2


def test_a_run_killed_at_its_first_word_is_interrupted(store, script):
    """The file's time is of a coarser clock than the records': the end must still come after them."""
    runs = [store.new_run_id() for _ in range(4)]
    for run in runs:
        process = script(BORN_AND_KILLED, store.path, run)
        assert process.wait() == -9
    assert [store.find(run).status for run in runs] == ["interrupted"] * len(runs)
    store.fold()
    assert [store.find(run).status for run in runs] == ["interrupted"] * len(runs)
    assert not list((store.path / "journal").iterdir())


BORN_AND_KILLED = """
import os, sys
from mlops_magics.records import RunRevision
from mlops_magics.store import open_store
journal = open_store(sys.argv[1]).open_journal(sys.argv[2])
journal.record(RunRevision(experiment="flights", name="short", status="running"))
os.kill(os.getpid(), 9)
"""


def test_a_lost_alive_file_is_removed_when_old_and_kept_when_young(store, begin):
    begin().close()
    old, young = (store.path / "journal" / f"{store.new_run_id()}.{i:010x}.alive" for i in (1, 2))
    for path in (old, young):
        path.touch()
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    store.fold()
    assert not old.exists()
    assert young.exists()
