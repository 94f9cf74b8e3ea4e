"""``%mlops`` in a real IPython shell: every verb, what it records, shows and returns."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import mlops_magics
from mlops_magics.faces.commands import VERBS
from mlops_magics.store.location import StoreWarning


def test_a_notebook_from_track_to_end(notebook, store) -> None:
    said = notebook.ask("%mlops track flights --name baseline")
    assert "flights / baseline" in said.text
    notebook.ask("auc = 0.72")
    assert "val_auc 0.72 at step 3" in notebook.ask("%mlops log val_auc={auc} --step 3").text
    notebook.ask("%mlops params depth=6 loss=log_loss grid=[1,2] rate=1e-3 warm=true nothing=None")
    notebook.ask("%mlops tag team=ops ticket=17")
    notebook.ask('%mlops note "without the weather columns"')
    notebook.ask("%mlops end")
    run = store.find("baseline")
    assert (run.experiment, run.status) == ("flights", "finished")
    assert store.history(run)[["key", "step", "value"]].values.tolist() == [["val_auc", 3, 0.72]]
    assert store.params(run) == {
        "depth": 6, "loss": "log_loss", "grid": [1, 2], "rate": 0.001, "warm": True, "nothing": None,
    }  # fmt: skip
    assert store.tags(run) == {"team": "ops", "ticket": "17"}
    assert [note.text for note in store.notes(run)] == ["without the weather columns"]
    sources = [store.text(cell.source) for cell in store.own_cells(run)]
    assert sources[0] == "%mlops track flights --name baseline"
    assert sources[1] == "auc = 0.72"
    assert sources[-1] == "%mlops end"


def test_cells_are_recorded_as_they_ran(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline", cell_id="first")
    notebook.run("x = 1\n1 / 0", cell_id="second")
    notebook.run("this is no Python", cell_id="third")
    notebook.ask("x = 2", cell_id="second")
    notebook.ask("%mlops end", cell_id="last")
    cells = store.own_cells("baseline")
    assert [(cell.cell, cell.position, cell.status) for cell in cells] == [
        ("first", 2, "ok"), ("second", 3, "error"), ("third", 4, "error"), ("second", 5, "ok"), ("last", 6, "ok"),
    ]  # fmt: skip
    assert cells[1].error == "ZeroDivisionError: division by zero"
    assert cells[2].error.startswith("SyntaxError")
    assert store.find("baseline").status == "finished", "a cell that failed does not end the run"
    # The number a person sees beside the cell, also beside the one that ended the run while it went on.
    shown = [number for number, source in enumerate(notebook["In"]) if number >= 2]
    assert [cell.execution_count for cell in cells] == shown
    assert all(0 <= cell.seconds < 60 for cell in cells)


def test_a_cell_within_a_cell_is_part_of_it(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline", cell_id="a")
    notebook.ask("%%capture out\nprint('hidden')", cell_id="b")
    notebook.ask("get_ipython().run_cell('');\nget_ipython().run_cell('y = 1')", cell_id="c")
    notebook.ask("%%mlops track flights --name whole\nget_ipython().run_cell('z = 1')\n%mlops log auc=1", cell_id="d")
    assert [cell.cell for cell in store.own_cells("baseline")] == ["a", "b", "c"]
    assert [cell.cell for cell in store.own_cells("whole")] == ["d"]
    assert store.find("whole").status == "finished"


def test_track_of_one_cell(notebook, store) -> None:
    notebook.ask("import asyncio")
    notebook.ask("%%mlops track flights --name one\nawait asyncio.sleep(0)\nx = 3\n%mlops log auc={x}")
    run = store.find("one")
    assert run.status == "finished"
    assert store.metrics(run) == {"auc": 3.0}
    (cell,) = store.own_cells(run)
    assert store.text(cell.source).startswith("%%mlops track flights --name one\nawait")
    failed = notebook.run("%%mlops track flights --name two\nx = 4\nraise KeyError('gone')")
    assert isinstance(failed.error, KeyError)
    assert failed.error.__traceback__.tb_next.tb_lineno == 3
    run = store.find("two")
    assert (run.status, run.message) == ("failed", "KeyError: 'gone'")
    assert "no run is open" in str(notebook.run("%mlops log a=1").error)


def test_track_on_an_open_run_ends_it_and_says_so(notebook, store) -> None:
    notebook.ask("%mlops track flights --name first", cell_id="track")
    notebook.ask("%mlops log auc=0.5", cell_id="log")
    answer = notebook.ask("# another\n\n%mlops track flights --name second", cell_id="track")
    assert "flights / first was open, and is finished" in answer.text
    assert "Tracking flights / second" in answer.text
    notebook.ask("%mlops log auc=0.6", cell_id="log")
    notebook.ask("%mlops end", cell_id="end")
    assert [(run.name, run.status) for run in store.all_runs()] == [("first", "finished"), ("second", "finished")]
    assert store.metrics("first") == {"auc": 0.5}
    assert [cell.cell for cell in store.own_cells("first")] == ["track", "log"]
    assert [cell.cell for cell in store.own_cells("second")] == ["track", "log", "end"]


def test_two_runs_in_one_cell_both_have_it(notebook, store) -> None:
    notebook.ask("%mlops track flights --name first\n%mlops log a=1\n%mlops track flights --name second\n%mlops end")
    assert store.metrics("first") == {"a": 1.0}
    assert len(store.own_cells("first")) == len(store.own_cells("second")) == 1


def test_a_wrong_word_after_track_leaves_the_open_run_open(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline")
    for line in ("track", "track a/b", "track flights --name @last", "track flights --name nobody --resume"):
        assert isinstance(notebook.run(f"%mlops {line}").error, mlops_magics.MlopsError)
    notebook.ask("%mlops log auc=0.5")
    notebook.ask("%mlops end")
    assert store.metrics("baseline") == {"auc": 0.5}
    assert len(store.all_runs()) == 1


def test_running_cells_again_is_normal(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline")
    for depth in (2, 4):
        notebook.ask(f"%mlops params depth={depth}", cell_id="params")
        notebook.ask(f"%mlops log auc=0.{depth}", cell_id="log")
    notebook.ask("%mlops end")
    assert store.params("baseline") == {"depth": 4}
    versions = store.sql("SELECT value FROM param_revs WHERE key = 'depth' ORDER BY time")
    assert versions["value"].tolist() == ["2", "4"]
    assert store.history("baseline", "auc")["value"].tolist() == [0.2, 0.4]
    again = notebook.run("%mlops end")
    assert "no run is open" in str(again.error)
    assert store.find("baseline").status == "finished"
    notebook.ask("%mlops track flights --name baseline")
    notebook.ask("%mlops end")
    assert [run.name for run in store.all_runs()] == ["baseline", "baseline"]


def test_a_name_that_is_taken_is_said(notebook, store) -> None:
    def begin(words: str) -> str:
        text = notebook.ask(f"%mlops track {words}").text
        notebook.ask("%mlops end")
        return text

    assert "earlier" not in begin("flights --name baseline")
    first = store.find("baseline").short_id
    taken = f"called baseline too: the name now means this one, and {first} that."
    assert f"An earlier run is {taken}" in begin("flights --name baseline")
    for words in ("flights --name baseline --resume", "trains --name baseline", "flights"):
        assert "earlier" not in begin(words)
    second = store.runs_called("flights", "baseline")[-1].short_id
    assert store.find(second).id == store.runs_called("flights", "baseline")[1].id
    taken = f"called baseline too: the name now means this one, and {second} the newest of them."
    assert f"2 earlier runs are {taken}" in begin("flights --name baseline")
    assert f"Called so too: {second}, {first}\n" in notebook.ask("%mlops show flights/baseline").text
    assert "Called so too" not in notebook.ask("%mlops show trains/baseline").text


def test_resume_in_the_same_notebook(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline")
    identity = store.find("baseline").id
    notebook.ask("%mlops track flights --name baseline --resume")
    notebook.ask("%mlops log auc=1")
    notebook.run("%%mlops track flights --name baseline --resume\nraise ValueError('x')")
    assert store.find("baseline").message == "ValueError: x"
    notebook.ask("%mlops track flights --name baseline --resume")
    notebook.ask("%mlops end")
    assert [run.id for run in store.all_runs()] == [identity]
    assert store.find("baseline").status == "finished"
    assert not store.find("baseline").message, "what it failed of is over"
    assert store.metrics("baseline") == {"auc": 1.0}
    positions = [cell.position for cell in store.cells("baseline")]
    assert positions == list(range(1, len(positions) + 1))
    assert len(positions) == len(notebook["In"]) - 1


def test_adding_to_a_run_that_is_over(two_runs, notebook) -> None:
    notebook.ask("%mlops log late=1 --step 2 --run baseline")
    notebook.ask("%mlops params depth=3 --run baseline")
    notebook.ask("%mlops tag kept=yes --run flights/baseline")
    assert "baseline" in notebook.ask("%mlops note --run baseline it was fine").text
    assert two_runs.metrics("baseline")["late"] == 1
    assert two_runs.params("baseline")["depth"] == 3
    assert two_runs.tags("baseline") == {"kept": "yes"}
    assert [note.text for note in two_runs.notes("baseline")] == ["it was fine"]
    assert two_runs.find("baseline").status == "finished"


def test_artifacts(notebook, store, tmp_path) -> None:
    (tmp_path / "report.txt").write_text("all well")
    (tmp_path / "table").mkdir()
    notebook["table"] = pd.DataFrame({"a": [1, 2]})
    notebook["words"] = "no file is called so"
    notebook.ask("%mlops track flights --name baseline")
    assert "kept report.txt: 8 bytes" in notebook.ask("%mlops artifact report.txt").text
    notebook.ask("%mlops artifact table")  # a folder is called so too
    notebook.ask("%mlops artifact words --name text")
    notebook.ask("%mlops artifact table.describe() --name summary")
    assert "does not exist" in str(notebook.run("%mlops artifact ./nothing.txt").error)
    assert "is a folder" in str(notebook.run("%mlops artifact ./table").error)
    kept = {item.name: item for item in store.artifacts("baseline")}
    assert list(kept) == ["report.txt", "table", "text", "summary"]
    assert store.blob(kept["report.txt"].sha256).read_text() == "all well"
    assert pd.read_parquet(store.blob(kept["table"].sha256)).equals(notebook["table"])
    assert store.blob(kept["text"].sha256).read_text() == "no file is called so"


def test_a_table_may_be_a_file_or_a_query(notebook, store) -> None:
    """Of a file the model gets the columns it was fitted on; answers and groups may be columns of it."""
    half = 1200
    rows = pd.DataFrame({"a": np.arange(2400.0), "b": 1.0, "y": [0, 1] * half, "side": ["left", "right"] * half})
    rows.to_parquet("rows.parquet")
    notebook["model"] = LogisticRegression().fit(rows[["b", "a"]], rows["y"])
    notebook["y"] = (rows["a"] < half).astype(int).to_numpy()
    notebook.ask("%mlops track flights --name filed")
    by_name = notebook.ask("x = %mlops evaluate model rows.parquet y") and notebook["x"]
    del notebook.shell.user_ns["y"]
    grouped = notebook.ask("x = %mlops evaluate model rows.parquet y --by side --split valid") and notebook["x"]
    notebook.ask("z = %mlops evaluate model \"FROM 'rows.parquet' WHERE a < 60\" y --split half")
    notebook.ask("%mlops end")
    assert by_name.rows == grouped.rows == 2 * half
    assert by_name.metrics["roc_auc"] in {0.0, 1.0}, "a name of the notebook comes first"
    assert 0.4 < grouped.metrics["roc_auc"] < 0.6
    assert [(piece.level, piece.rows) for piece in grouped.slices] == [("left", half), ("right", half)]
    assert grouped.by == "side"
    assert notebook["z"].rows == 60
    seen = {(table.role, *sorted(table.columns)): table.origins for table in store.datasets("filed")}
    assert seen["test", "a", "b"] == seen["valid", "a", "b"] == seen["valid target", "y"] == ("rows.parquet",)
    assert seen["half", "a", "b"] == ("FROM 'rows.parquet' WHERE a < 60",)
    notebook.ask("d = %mlops drift \"SELECT b, a FROM 'rows.parquet'\" --against \"FROM 'rows.parquet' SELECT a, b\"")
    assert notebook["d"].verdict == "pass"


def test_evaluate_drift_and_export(notebook, store, tmp_path) -> None:
    notebook.ask("""
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
import numpy as np
import pandas as pd
X, y = make_classification(2_000, 4, random_state=0)
X = pd.DataFrame(X, columns=list("abcd"))
X["side"] = ["left", "right"] * 1_000
features = X[list("abcd")]
""")
    notebook.ask("%mlops track flights --name baseline")
    notebook.ask("model = LogisticRegression().fit(features, y)")
    answer = notebook.ask("%mlops evaluate model features y --by \"X['side']\"")
    assert {"text/html", "text/plain"} <= set(answer.shown[0])
    assert "roc_auc" in answer.text
    notebook.ask("%mlops end")
    assert "test/roc_auc" in store.metrics("baseline")
    tables = {(table.name, table.role) for table in store.datasets("baseline")}
    assert tables == {("features", "fit"), ("y", "fit target"), ("features", "test"), ("y", "test target")}
    params = store.params("baseline")
    assert (params["model"], params["C"]) == ("LogisticRegression", 1.0)
    assert notebook["features"] is not None
    notebook.ask("report = %mlops drift features --against baseline")
    assert notebook["report"].verdict == "pass"
    notebook.ask("%mlops drift features --against features --method psi")
    notebook.ask("X.to_parquet('x.parquet')")
    notebook.ask("%mlops drift x.parquet --against x.parquet")
    notebook.ask("%mlops export baseline bundles/flights")
    bundle = mlops_magics.load_bundle(tmp_path / "bundles" / "flights")
    assert (bundle.predict(notebook["features"]) == notebook["model"].predict(notebook["features"])).all()


def test_reading(two_runs, notebook) -> None:
    board = notebook.ask("%mlops runs flights --best val_auc")
    assert board.text.index("boosted") < board.text.index("baseline")
    by_loss = notebook.ask("%mlops runs flights --best val_loss").text
    assert notebook.ask("%mlops runs --best val_loss flights").text == by_loss
    assert "boosted" not in notebook.ask('%mlops runs --where "params.depth < 3"').text
    page = notebook.ask("%mlops show @best:val_auc")
    assert "flights / boosted" in page.text
    difference = notebook.ask("%mlops diff baseline boosted")
    assert "depth" in difference.text
    assert [change.key for change in mlops_magics.diff("baseline", "boosted").params] == ["depth"]
    table = notebook.ask('%mlops sql "SELECT name FROM runs ORDER BY name"')
    assert "text/html" in table.shown[0]
    assert "metric_sums" in notebook.ask("%mlops sql").text
    for line in ("store", "store --fold", "store --optimize"):
        assert "runs" in notebook.ask(f"%mlops {line}").text
    for answer in (board, page, difference):
        assert answer.shown[0]["text/html"].startswith("<")
        assert "<script" not in answer.shown[0]["text/html"]


def test_reading_makes_no_store(notebook, tmp_path) -> None:
    assert "No runs yet" in notebook.ask("%mlops runs").text
    notebook.ask("%mlops store")
    notebook.ask("%mlops sql")
    assert not (tmp_path / ".mlops").exists()


def test_an_assigned_line_returns_the_object_and_shows_nothing(two_runs, notebook) -> None:
    answer = notebook.ask("x = %mlops diff baseline boosted\nif True:\n    frame = %mlops sql 'SELECT 1 AS one'")
    assert answer.shown == []
    assert answer.printed == ""
    assert isinstance(notebook["x"], type(mlops_magics.diff("baseline", "boosted")))
    assert notebook["frame"]["one"].tolist() == [1]
    notebook.ask("box = {}\nbox['run'] = %mlops track flights --name third")
    assert notebook["box"]["run"].to_dict()["name"] == "third"
    notebook.ask("run = %mlops track flights --name fourth")
    assert notebook["run"].name == "fourth"
    notebook.ask("%mlops end")


def test_text_that_looks_like_a_magic_is_left_alone(notebook) -> None:
    cell = 'text = """\nx = %mlops diff a b\n%%mlops track flights\n"""\n# x = %mlops diff a b\nother = "%mlops end"'
    assert notebook.ask(cell).shown == []
    assert notebook["text"] == "\nx = %mlops diff a b\n%%mlops track flights\n"
    assert notebook["other"] == "%mlops end"


def test_help_lists_every_verb(notebook, capsys) -> None:
    for line in ("%mlops", "%mlops --help", "%mlops help"):
        printed = notebook.ask(line).printed
        assert all(re.search(rf"^  {verb.name}\b", printed, re.MULTILINE) for verb in VERBS)
    notebook.shell.run_cell("%mlops?")
    shown = capsys.readouterr().out
    assert all(f"  {verb.name} " in shown for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_explains_itself(verb, notebook) -> None:
    printed = notebook.ask(f"%mlops {verb.name} --help").printed
    assert f"usage: %mlops {verb.name}" in printed
    assert verb.summary.split(",")[0] in printed
    for argument in verb.arguments:
        assert argument.options["help"].split("(")[0].strip()[:20] in printed
    assert all(flag in printed for argument in verb.arguments if argument.is_option for flag in argument.flags)


def test_unload_leaves_the_shell_as_it_was(shell) -> None:
    def hooks() -> dict[str, list]:
        manager = shell.magics_manager
        return {
            "line": sorted(manager.magics["line"]),
            "cell": sorted(manager.magics["cell"]),
            "registry": sorted(manager.registry),
            "transformers": list(shell.input_transformers_cleanup),
            "ast": list(shell.ast_transformers),
            "matchers": list(shell.Completer.custom_matchers),
            **{event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        }

    shell.run_cell("%unload_ext nothing_of_this_name")  # brings the magics of extensions
    before = hooks()
    shell.run_cell("%load_ext mlops_magics")
    loaded = hooks()
    untouched = {"shell_initialized", "pre_execute", "post_execute"}
    assert all((loaded[kind] == before[kind]) == (kind in untouched) for kind in before)
    shell.run_cell("%load_ext mlops_magics")
    mlops_magics.load_ipython_extension(shell)
    assert hooks() == loaded, "loading twice changes nothing"
    assert shell.run_cell("%mlops track flights --name baseline\n%mlops end").success
    assert shell.run_cell("%unload_ext mlops_magics").success
    assert hooks() == before
    assert shell.run_cell("%load_ext mlops_magics\n%reload_ext mlops_magics").success
    assert hooks().keys() == loaded.keys()
    assert [len(value) for value in hooks().values()] == [len(value) for value in loaded.values()]


def test_unload_ends_the_open_run_and_gives_fit_back(notebook, store) -> None:
    from sklearn.linear_model import Ridge

    fit = Ridge.__dict__["fit"]
    notebook.ask("%mlops track flights --name baseline")
    assert Ridge.__dict__["fit"] is not fit
    notebook.ask("%unload_ext mlops_magics")
    assert Ridge.__dict__["fit"] is fit
    assert store.find("baseline").status == "finished"


def test_a_run_ended_in_python_gives_fit_back_with_the_next_cell(notebook) -> None:
    from sklearn.linear_model import Ridge

    fit = Ridge.fit
    notebook.ask("run = %mlops track flights --name baseline")
    notebook.ask("run.end()")
    notebook.ask("pass")
    assert Ridge.fit is fit
    notebook.ask("%unload_ext mlops_magics")


def test_a_tracked_cell_costs_little(notebook) -> None:
    """The goal is a millisecond; a machine under load is given ten."""
    notebook.ask("%mlops track flights --name baseline")
    session = notebook.shell.magics_manager.registry["MlopsMagics"].session
    info = ExecutionInfo("x = 1\n" * 50, store_history=True, silent=False, shell_futures=True, cell_id="a")
    took = []
    for _ in range(20):
        began = time.perf_counter()
        session._before_cell(info)
        session._after_cell(ExecutionResult(info))
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.010


def test_sentences_and_expressions_stay_as_they_were_typed(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline")
    notebook.ask("%mlops note it's fine (so far)")
    notebook.ask("%mlops params a='x y' b=[1, 2]")
    assert [note.text for note in store.notes("baseline")] == ["it's fine (so far)"]
    assert store.params("baseline") == {"a": "x y", "b": [1, 2]}
    notebook.ask("%mlops tag owner=O'Brien desk=\"the 'late' one\" gate='B 3'")
    assert store.tags("baseline") == {"owner": "O'Brien", "desk": "the 'late' one", "gate": "B 3"}
    asked = notebook.ask("found = %mlops sql SELECT value FROM params WHERE key = 'a'")
    assert asked.success
    assert list(notebook["found"]["value"]) == ['"x y"']
    notebook["table"] = pd.DataFrame({"a": [*range(100)], "b c": [*range(100)]})
    assert notebook.ask('%mlops drift table.query("a >= 0") --against table').success
    assert notebook.ask("%mlops drift table.drop(columns=['a', 'b c']).assign(a=1) --against table").success
    assert notebook.ask("""%mlops drift "table.query('a >= 0')" --against table""").success
    assert notebook.ask("%mlops drift table.assign(z=table.a/2) --against table").success, "a / in it makes no path"


def test_a_sentence_may_have_an_option_and_quotes_within(two_runs, notebook) -> None:
    notebook.ask("%mlops note it's late again :( --run baseline")
    notebook.ask("%mlops track flights --name third")
    notebook.ask('%mlops note "early" or "late"')
    notebook.ask("%mlops end")
    assert [note.text for note in two_runs.notes("baseline")] == ["it's late again :("]
    assert [note.text for note in two_runs.notes("third")] == ['"early" or "late"']


def test_a_warning_is_at_the_line_of_the_cell(notebook, store) -> None:
    """Not at one of this package, of which the person knows nothing."""
    rows = pd.DataFrame({"a": np.arange(120.0), "y": [0, 1] * 60})
    model = make_pipeline(FunctionTransformer(lambda X: X), LogisticRegression())
    notebook["model"] = model.fit(rows[["a"]], rows["y"])
    notebook["X"], notebook["y"] = rows[["a"]], rows["y"]
    notebook.ask("%mlops track flights")
    with pytest.warns(StoreWarning, match="the model is not kept") as warned:
        notebook.run("1 + 1\n%mlops evaluate model X y")
    (said,) = [one for one in warned if "the model is not kept" in str(one.message)]
    assert (said.lineno, "mlops_magics" in said.filename) == (2, False), said.filename
    notebook.ask("%mlops end")


def test_a_warning_of_what_observes_is_at_no_line_of_this_package(notebook, store) -> None:
    notebook.ask("import numpy as np\nfrom sklearn.linear_model import Ridge\n%mlops track flights")
    notebook.ask("session = get_ipython().magics_manager.registry['MlopsMagics'].session")
    with pytest.warns(StoreWarning, match="not recorded") as warned:
        notebook.ask("class Own(Ridge):\n    pass\nmodel = Own().fit(np.ones((3, 2)), [1, 2, 3])\n%mlops end")
    # From the thread that writes models down.
    assert [(said.filename, said.lineno) for said in warned if "the fitted model" in str(said.message)] == [
        ("mlops_magics", 1)
    ]
    with pytest.warns(StoreWarning, match="not recorded") as warned:
        notebook.ask("x = 1\nsession._guard.warn('it', 'no')")
    (said,) = warned
    assert (said.lineno, "mlops_magics" in said.filename) == (2, False)
