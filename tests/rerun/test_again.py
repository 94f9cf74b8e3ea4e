"""Runs of a real shell on real data, executed again in real kernels."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from mlops_magics.errors import MlopsError, RunNotFound
from mlops_magics.faces.cli import main
from mlops_magics.records import Environment
from mlops_magics.rerun.again import replay
from mlops_magics.rerun.execution import execute, kernel_environment

IMPORTS = """from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split"""
DATA = "X, y = load_breast_cancer(return_X_y=True, as_frame=True)"
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)"
FIT = "%%capture\nmodel.fit(X_train, y_train)"
TRACK = "%mlops track cancer --name logistic"
EVALUATE = "%mlops evaluate model X_test y_test"
END = "%mlops end"


def test_a_messy_session_comes_out_the_same(notebook, store, holds) -> None:
    notebook.run(IMPORTS, "imports")
    notebook.run(DATA, "data")
    notebook.run("X = X.iloc[:, :10]", "deleted")
    notebook.run("X.describe()", "look")
    notebook.run(TRACK, "track")
    notebook.run("model = LogisticRegression(C=9.0)", "model")
    notebook.run("model.fit(X_train, y_train)", "fit", fails=True)
    # Out of order: the split stands below the fit.
    notebook.run(SPLIT, "split")
    notebook.run("import asyncio\nawait asyncio.sleep(0)\nmodel = LogisticRegression(C=0.5, max_iter=5000)", "model")
    notebook.run(FIT, "fit")
    notebook.run(EVALUATE, "evaluate")
    notebook.run("%mlops show logistic\nimport math\nnothing = math.nan", "show")
    notebook.run("for step in range(3):\n    %mlops log loss={1 / (step + 1)} nan={nothing} --step {step}", "curve")
    notebook.run(END, "end")
    metrics, runs, before = store.metrics("logistic"), len(store.all_runs()), holds()

    told = []
    result = replay("logistic", progress=lambda share, what: told.append(share))

    assert (result.outcome, result.verdict, result.exit_code) == ("same", "pass", 0), result
    assert result.deviations == ()
    assert result.compared.keys() == metrics.keys() >= {"test/roc_auc", "loss", "nan"}
    assert (result.cells, result.executed) == (12, 15)
    assert "came out the same, exactly: 12 of 15 cells ran" in repr(result)
    assert len(told) == 12
    assert told == sorted(told)
    # Nothing but the notebook and the verdict was added.
    assert holds().keys() - before.keys() == {"logistic.replay.ipynb"}
    assert before.items() <= holds().items()
    assert len(store.all_runs()) == runs
    assert repr(store.metrics("logistic")) == repr(metrics)
    (verdict,) = [one for one in store.verdicts("logistic") if one.question == "replay"]
    assert (verdict.subject, verdict.verdict) == ("logistic", "pass")
    assert verdict.detail["metrics"]["test/roc_auc"] == metrics["test/roc_auc"]

    written = nbformat.read("logistic.replay.ipynb", as_version=4)
    nbformat.validate(written)
    sources = [cell.source for cell in written.cells[1:]]
    assert sources.index("X = X.iloc[:, :10]") < sources.index(TRACK) < sources.index(SPLIT) < sources.index(FIT)
    assert "X.describe()" not in sources
    assert not any("%mlops show" in source or "C=9.0" in source for source in sources)


@pytest.mark.slow
def test_without_a_seed_it_differs_and_the_cell_is_named(notebook, store) -> None:
    notebook.run_all(
        IMPORTS.replace("linear_model import LogisticRegression", "tree import DecisionTreeClassifier"), DATA,
        SPLIT.replace(", random_state=0", ""), TRACK, "model = DecisionTreeClassifier(max_depth=2, random_state=0)",
        "%mlops log rows={len(X)}", "_ = model.fit(X_train, y_train)", EVALUATE, END,
    )  # fmt: skip
    result = replay("logistic")
    assert (result.outcome, result.verdict, result.exit_code) == ("differs", "fail", 1)
    # Cell 1 loaded the extension.
    assert result.first.kind == "data"
    assert result.to_dict()["first"]["label"] in {"In [8]", "In [9]"}
    kinds = {deviation.kind for deviation in result.deviations}
    assert kinds == {"data", "metric"}
    assert "rows" not in {deviation.key for deviation in result.deviations}
    assert "It first went apart, in In [" in repr(result)
    assert json.loads(json.dumps(result.to_dict()))["outcome"] == "differs"
    assert store.verdicts("logistic")[-1].verdict == "fail"


@pytest.mark.slow
def test_changed_data_is_where_it_went_apart(notebook) -> None:
    Path("a.csv").write_text("x,y\n" + "".join(f"{i / 7},{i % 2}\n" for i in range(60)))
    notebook.run_all(
        "import pandas\nfrom sklearn.linear_model import LogisticRegression", "df = pandas.read_csv('a.csv')",
        "%mlops track csv --name one", "model = LogisticRegression().fit(df[['x']], df.y)",
        "%mlops evaluate model df[['x']] df.y --split all", "share = float(df.y.mean())", "%mlops log share={share}",
        END,
    )  # fmt: skip
    Path("a.csv").write_text("x,y\n" + "".join(f"{i / 7},{i % 2}\n" for i in range(61)))
    result = replay("one")
    assert result.outcome == "differs"
    assert result.first.kind == "data"
    assert result.to_dict()["first"]["label"] in {"In [5]", "In [6]"}
    share = next(deviation for deviation in result.deviations if deviation.key == "share")
    assert (share.original, share.replayed, share.cell) == (0.5, 30 / 61, 8)


@pytest.mark.slow
def test_a_tolerance(notebook) -> None:
    Path("value").write_text("0.5")
    read = "from pathlib import Path\nvalue = float(Path('value').read_text())"
    notebook.run_all("%mlops track t --name one", read, "%mlops log auc={value}", END)
    Path("value").write_text("0.5005")
    strict = replay("one")
    assert (strict.outcome, strict.first.original, strict.first.replayed) == ("differs", 0.5, 0.5005)
    loose = replay("one", tolerance=0.01)
    assert (loose.outcome, loose.verdict) == ("same", "pass")
    assert "within 1 % of its size" in loose.sentence
    Path("value").unlink()
    gone = replay("one", tolerance=0.01)
    assert (gone.outcome, gone.verdict, gone.exit_code) == ("failed", "unknown", 2)
    assert gone.failure.cell == "In [3]"
    assert gone.failure.error.startswith("FileNotFoundError: ")
    assert "A file is not where it was" in repr(gone)


@pytest.mark.slow
def test_a_kernel_that_dies_and_one_that_hangs(notebook, store) -> None:
    notebook.run_all(
        "%mlops track t --name one", "import os, signal, time\nfrom pathlib import Path",
        "if Path('kill').exists():\n    os.kill(os.getpid(), signal.SIGKILL)\nif Path('hang').exists():\n"
        "    time.sleep(60)\nvalue = 1", "%mlops log auc={value}", END,
    )  # fmt: skip
    Path("kill").touch()
    killed = replay("one")
    assert (killed.outcome, killed.failure.cell, killed.exit_code) == ("failed", "In [4]", 2)
    assert "the kernel died" in killed.sentence
    Path("kill").rename("hang")
    hung = replay("one", timeout_seconds=1)
    assert (hung.outcome, hung.failure.cell) == ("failed", "In [4]")
    assert "TimeoutError" in hung.sentence
    assert [one.verdict for one in store.verdicts("one") if one.question == "replay"] == ["unknown", "unknown"]


@pytest.mark.slow
def test_of_a_replay_that_stops_it_is_told_what_had_gone_apart(notebook) -> None:
    Path("rows").write_text("4")
    notebook.run_all(
        "from pathlib import Path", "%mlops track t --name one", "rows = int(Path('rows').read_text())",
        "%mlops log rows={rows}", "share = 1 / (rows - 3)", "%mlops log share={share}", END,
    )  # fmt: skip
    Path("rows").write_text("3")
    result = replay("one")
    assert (result.outcome, result.failure.cell, result.exit_code) == ("failed", "In [6]", 2)
    assert [(one.key, one.original, one.replayed) for one in result.deviations] == [("rows", 4.0, 3.0)]
    assert "It had gone apart before, in In [5]: rows." in repr(result)


@pytest.mark.slow
def test_settings_of_the_store_hold_for_its_replays(notebook, store) -> None:
    Path(".mlops").mkdir()
    Path(".mlops/settings.toml").write_text('[privacy]\nprivate = true\n[capture]\nautolog = false')
    notebook.run_all(
        IMPORTS, DATA, TRACK, "model = LogisticRegression(max_iter=9000).fit(X, y)", "model.score(X, y)",
        "%mlops log score={model.score(X, y)}", END,
    )  # fmt: skip
    result = replay("logistic")
    assert (result.outcome, set(result.compared)) == ("same", {"score"}), result
    assert "params" not in result.to_dict()
    assert all(not cell.get("outputs") for cell in nbformat.read(result.path, as_version=4).cells)
    assert len(list(Path().glob("**/settings.toml"))) == 1


@pytest.mark.slow
def test_one_run_of_a_cell_that_tracks_several(notebook) -> None:
    loop = """for depth in (2, 4, 6):
    %mlops track trees --name depth-{depth}
    %mlops log auc={depth / 10}
    %mlops end"""
    notebook.run(loop, "loop")
    result = replay("depth-4")
    assert (result.outcome, dict(result.compared)) == ("same", {"auc": 0.4}), result


@pytest.mark.slow
def test_a_cell_that_is_a_run_and_failed(notebook) -> None:
    notebook.run("%%mlops track t --name short\nx = 2\n%mlops log auc={x / 4}\nx / 0", "one", fails=True)
    result = replay("short")
    assert (result.outcome, dict(result.compared)) == ("same", {"auc": 0.5}), result
    assert "raised ZeroDivisionError then" in repr(result)


@pytest.mark.slow
def test_shared_generators_and_settings_of_the_environment(notebook, monkeypatch) -> None:
    notebook.run_all(
        "import numpy as np, os, random", "np.random.seed(3); random.seed(4)", "np.random.rand(5)",
        "%mlops track t --name one", "import random as r", "a, b = np.random.rand(), r.random()",
        "%mlops log a={a} b={b} threads={os.environ['OMP_NUM_THREADS']}", END,
    )  # fmt: skip
    monkeypatch.setenv("MLOPS_STORE", "/nowhere/at/all")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    result = replay("one", store=".mlops")
    assert (result.outcome, len(result.compared)) == ("same", 3), result


@pytest.mark.slow
def test_from_a_notebook_and_from_a_shell(notebook) -> None:
    notebook.run_all("%mlops track t --name one", "value = 0.25", "%mlops log auc={value}", END)
    asks = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%load_ext mlops_magics\n%mlops replay one")])
    # Where an event loop is running already.
    done = execute(asks, folder=Path.cwd(), environment=kernel_environment())
    assert done.stop is None, done.stop
    texts = [output.data["text/plain"] for output in asks.cells[0].outputs if "data" in output]
    assert any("The metric came out the same, exactly: 5 of 5 cells ran" in text for text in texts), texts
    program = "import sys; from mlops_magics.faces.cli import main; sys.exit(main(sys.argv[1:]))"
    for words, code in ((["replay", "one", "--tolerance", "0.1"], 0), (["replay", "two"], 2)):
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
        assert done.returncode == code, done.stderr


@pytest.mark.slow
def test_what_changed_by_a_method_nobody_knows_of(notebook, store) -> None:
    notebook.run_all(
        "from collections import Counter\nfrom sklearn.preprocessing import StandardScaler",
        "c = Counter(a=5)\nscaler = StandardScaler()",
        "scaler.set_output(transform='pandas')",
        "dead = Counter()\ndead.subtract('a')",
        "%mlops track t --name one",
        "c.subtract({'a': 2})",
        "scaled = scaler.fit_transform([[1.0], [3.0]])",
        "%mlops log left={c['a']} first={scaled.iloc[0, 0]}",
        END,
    )
    result = replay("one")
    assert (result.outcome, result.verdict) == ("same", "pass"), result
    assert store.metrics("one") == {"left": 3.0, "first": -1.0}
    assert "dead" not in Path("one.replay.ipynb").read_text()


def test_files_between_cells(notebook) -> None:
    notebook.run_all(
        "import os, pandas as pd", "os.mkdir('out')", "pd.DataFrame({'a': [1, 2]}).to_csv('out/x.csv')",
        "%mlops track t --name one", "!echo 3 > n.txt", "rows = pd.read_csv('out/x.csv').a.sum()",
        "%mlops log rows={rows} n={int(pd.read_csv('n.txt').columns[0])}", END, "os.remove('out/x.csv')",
    )  # fmt: skip
    Path("n.txt").unlink()
    Path("out/x.csv").write_text("mine")
    result = replay("one")
    assert (result.outcome, dict(result.compared)) == ("same", {"rows": 3.0, "n": 3.0}), result
    assert Path("out/x.csv").read_text() == "mine", "it is the person's file, and newer"


@pytest.mark.slow
def test_metrics_that_are_not_compared(notebook) -> None:
    notebook.run_all(
        "import time", "%mlops track t --name one", "%mlops log auc=0.5 fit_seconds={time.perf_counter()}", END
    )
    result = replay("one", ignore=["*_seconds", "memory"])
    assert (result.outcome, dict(result.compared), result.ignored) == ("same", {"auc": 0.5}, ("fit_seconds",)), result
    assert "No metric is called memory" in repr(result)
    assert main(["replay", "one", "--ignore", "fit_*", "--ignore", "other"]) == 0
    assert main(["replay", "one", "--ignore", "other"]) == 1


# -- without a kernel -------------------------------------------------------------------------------------------------

LOG = "%mlops log auc={auc}"
BEGIN = "%mlops track flights --name baseline"


def test_only_the_notebook(write, store, holds) -> None:
    write("auc = 1", BEGIN, LOG)
    result = replay("baseline", notebook_only=True)
    assert (result.outcome, result.verdict, result.exit_code) == ("written", "unknown", 0)
    assert list(holds()) == ["baseline.replay.ipynb"]
    assert "3 of 3 cells are in baseline.replay.ipynb; nothing was executed" in repr(result)
    assert store.verdicts("baseline") == []
    assert replay("baseline", path="deep/er.ipynb", notebook_only=True).path == Path("deep/er.ipynb")
    assert Path("deep/er.ipynb").exists()


def test_a_run_that_goes_on_is_refused(store) -> None:
    from mlops_magics import track

    with track("flights", "baseline", store=store) as run, pytest.raises(MlopsError, match="is still going on"):
        replay(run.id)
    with pytest.raises(MlopsError, match="no cells that could be executed"):
        replay(run.id)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ('token = "***"', r"a secret is masked as \*\*\* in In \[11\].*baseline.replay.ipynb"),
        ('import os; os.environ["MLOPS_STORE"] = "/x"', r"In \[11\] sets MLOPS_STORE"),
    ],
)
def test_cells_that_must_not_be_executed_as_they_are(cell, said, write) -> None:
    write(f"{cell}; auc = 1", BEGIN, LOG)
    with pytest.raises(MlopsError, match=said):
        replay("baseline")
    assert Path("baseline.replay.ipynb").exists()


def test_the_folder_it_worked_in(write, store) -> None:
    run = write("auc = 1", BEGIN, LOG)
    Path("work").mkdir()
    store.record(run.id, Environment(python="3.13.1", platform="Linux", packages="", folder="work"))
    assert replay("baseline", notebook_only=True).path.resolve() == Path("work/baseline.replay.ipynb").resolve()
    store.record(run.id, Environment(python="3.13.1", platform="Linux", packages="", folder="gone"))
    with pytest.raises(MlopsError, match="the folder the run worked in is gone"):
        replay("baseline")
    assert not Path("gone").exists()


def test_wrong_words(write) -> None:
    write("auc = 1", BEGIN, LOG)
    for name, value in [("tolerance", -0.1), ("tolerance", math.nan), ("timeout_seconds", 0)]:
        with pytest.raises(MlopsError):
            replay("baseline", **{name: value})
    with pytest.raises(RunNotFound):
        replay("basline")
    Path("own.ipynb").write_text("{}")
    with pytest.raises(MlopsError, match=re.escape("own.ipynb is there and is no replay")):
        replay("baseline", path="own.ipynb", notebook_only=True)
