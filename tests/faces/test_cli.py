"""``mlops`` in a shell: the same verbs, exit codes, JSON; and the same answers as in a cell and in Python."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlops_magics
from mlops_magics import track
from mlops_magics.compare.page import show
from mlops_magics.faces.cli import main
from mlops_magics.faces.commands import VERBS

MLOPS = Path(sys.executable).with_name("mlops")


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MLOPS, *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


def strict(text: str) -> object:
    """Read JSON as strict readers do: NaN is none."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.fixture
def trained(notebook, store) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=2_000), "b": rng.integers(0, 4, 2_000)})
    notebook["X"], notebook["y"] = frame, frame["a"] > 0
    notebook.ask("from sklearn.linear_model import LogisticRegression")
    notebook.ask(
        "%%mlops track flights --name baseline\nmodel = LogisticRegression().fit(X, y)\n%mlops evaluate model X y\n"
        "%mlops params odd=nan grid=[1,2]\n%mlops log loss=nan"
    )
    notebook.ask("%%mlops track flights --name boosted\n%mlops params depth=6\n%mlops log loss=inf --step 1")
    frame.to_parquet("same.parquet")
    frame.assign(a=frame["a"] + 3).to_parquet("moved.parquet")


def test_the_console_script(trained) -> None:
    same = run("drift", "same.parquet", "--against", "baseline")
    assert (same.returncode, same.stderr) == (0, "")
    assert "baseline" in same.stdout
    moved = run("drift", "moved.parquet", "--against", "baseline", "--json")
    assert moved.returncode == 1
    assert strict(moved.stdout)["verdict"] == "fail"
    wrong = run("drfit", "same.parquet")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "CommandError: there is no verb 'drfit'. Did you mean 'drift'? mlops --help explains them.\n"


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_that_has_seen_enough(unbuffered, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    process = subprocess.Popen([MLOPS, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def ask(capsys, *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_reading(trained, capsys) -> None:
    for line in ("runs", "show baseline", "diff baseline boosted", "sql", "store", "store --fold"):
        words = line.split()
        code, out, err = ask(capsys, *words)
        assert (code, err) == (0, ""), words
        assert len(out.splitlines()) > 2, words
        code, out, _ = ask(capsys, *words, "--json")
        assert code == 0, words
        assert strict(out), words
    _, out, _ = ask(capsys, "sql", "SELECT name FROM runs ORDER BY name", "--json")
    assert strict(out) == [{"name": "baseline"}, {"name": "boosted"}]
    _, out, _ = ask(capsys, "show", "boosted", "--json")
    assert strict(out)["metrics"] == {"loss": "Infinity"}


def test_adding_to_a_run(trained, store, capsys, tmp_path) -> None:
    (tmp_path / "report.txt").write_text("fine")
    assert ask(capsys, "note", "--run", "baseline", "looked at it")[0] == 0
    assert ask(capsys, "log", "late=0.5", "--run", "baseline", "--step", "2")[0] == 0
    assert ask(capsys, "artifact", "report.txt", "--run", "baseline")[0] == 0
    code, _, err = ask(capsys, "artifact", "reprot.txt", "--name", "x", "--run", "baseline")
    assert (code, "does not exist" in err) == (2, True)
    assert [note.text for note in store.notes("baseline")] == ["looked at it"]
    assert store.metrics("baseline")["late"] == 0.5
    assert "report.txt" in {item.name for item in store.artifacts("baseline")}


def test_export(trained, capsys, tmp_path) -> None:
    code, out, _ = ask(capsys, "export", "baseline", "bundles/flights", "--json")
    assert code == 0
    assert strict(out)
    assert mlops_magics.load_bundle(tmp_path / "bundles" / "flights")
    code, _, err = ask(capsys, "export", "baseline", "bundles/flights")
    assert code == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize("line", ["track flights", "log a=1", "end", "evaluate model X y", "note hello"])
def test_what_needs_a_notebook_says_so(line, capsys) -> None:
    code, out, err = ask(capsys, *line.split())
    assert (code, out) == (2, "")
    assert "needs a notebook" in err
    assert "mlops_magics.track" in err


@pytest.mark.parametrize("line", ["runs --best auc", "show nobody", "drift nothing.parquet", "drift frame", "diff a"])
def test_exit_code_2(line, capsys) -> None:
    code, out, err = ask(capsys, *line.split())
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_help(capsys) -> None:
    for words in ([], ["--help"], ["-h"], ["help"]):
        code, out, _ = ask(capsys, *words)
        assert code == 0
        assert all((f"  {verb.name} " in out) != verb.needs_notebook for verb in VERBS)
        assert "In a notebook also: track, evaluate, end, cells, autolog." in out
    for verb in VERBS:
        code, out, _ = ask(capsys, verb.name, "--help")
        assert code == 0
        assert out.startswith(f"usage: mlops {verb.name}")


def test_an_unknown_verdict_is_no_pass(trained, capsys) -> None:
    pd.DataFrame({"a": [0.0, 1.0], "b": [1, 2]}).to_parquet("few.parquet")
    code, out, _ = ask(capsys, "drift", "few.parquet", "--against", "baseline", "--json")
    assert (strict(out)["verdict"], code) == ("unknown", 1)


def test_the_same_question_has_the_same_answer(trained, notebook, capsys) -> None:
    questions = {
        "runs flights --best test/roc_auc": lambda: mlops_magics.runs("flights", best="test/roc_auc"),
        "show baseline": lambda: show("baseline"),
        "diff baseline boosted": lambda: mlops_magics.diff("baseline", "boosted"),
        "diff baseline boosted @last": lambda: mlops_magics.diff_matrix(["baseline", "boosted", "@last"]),
        "drift moved.parquet --against baseline": lambda: mlops_magics.drift("moved.parquet", against="baseline"),
    }
    for line, call in questions.items():
        # The drift checks are facts of the run themselves: each asks after the page was shown.
        notebook.ask(f"x = %mlops {line}")
        _, out, _ = ask(capsys, *line.split(), "--json")
        of_python = json.loads(json.dumps(call().to_dict()))
        assert repr(json.loads(json.dumps(notebook["x"].to_dict()))) == repr(of_python), line
        assert _worded(of_python) == strict(out), line


def _worded(value):
    if isinstance(value, dict):
        return {key: _worded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_worded(item) for item in value]
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return words.get(repr(value), value) if isinstance(value, float) else value


def test_json_keeps_integers_and_says_that_times_are_utc(store, capsys, monkeypatch) -> None:
    monkeypatch.setenv("MLOPS_STORE", str(store.path))
    for name, params in (("a", {"depth": 3, "grid": [1, 2]}), ("b", {"lr": 0.1})):
        with track("flights", name, store=store, params=params) as run:
            run.log(auc=0.5)
    _, out, _ = ask(capsys, "runs", "--json")
    told = {run["name"]: run for run in strict(out)["runs"]}
    assert repr(told["a"]["params.depth"]) == "3"
    assert told["a"]["params.grid"] == [1, 2]
    assert "params.depth" not in told["b"]
    for key in ("started", "ended"):
        assert datetime.fromisoformat(told["a"][key]).tzinfo is not None
    query = "SELECT name, started, CASE name WHEN 'a' THEN 3 END AS depth FROM runs ORDER BY name"
    _, out, _ = ask(capsys, "sql", query, "--json")
    first, second = strict(out)
    assert (repr(first["depth"]), second["depth"]) == ("3", None)
    assert first["started"] == told["a"]["started"]


def test_an_answer_in_sql_is_whole(store, capsys, monkeypatch) -> None:
    monkeypatch.setenv("MLOPS_STORE", str(store.path))
    monkeypatch.setenv("COLUMNS", "80")
    message = " ".join(f"word{number}" for number in range(40))
    query = f"SELECT '{message}' AS message, 7 AS n, range AS row FROM range(150)"
    _, out, _ = ask(capsys, "sql", query)
    assert max(map(len, out.splitlines())) <= 80
    assert "word39" in out
    _, out, _ = ask(capsys, "sql", f"SELECT 'a' AS name, '{message}' AS message, NULL::INTEGER AS gone, 1 AS n")
    assert " ".join(word for word in out.split() if word.startswith("word")) == message
    _, out, _ = ask(capsys, "sql", "SELECT range AS row FROM range(150)")
    assert [line.strip() for line in out.splitlines()[2:]] == [str(number) for number in range(150)]
    _, out, _ = ask(capsys, "sql")
    assert "git_patch" in out
    assert "splits" in out
    assert "…" not in out
