"""What a run knows of the cells it stands on: those before it too, in the order they ran, and how each ended."""

import json

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"


def sources(store, cells):
    return [store.text(cell.source) for cell in cells]


def test_the_cells_before_the_run_belong_to_it(shell, store):
    ran = ["a = 1", "a / 0", "%load_ext mlops_magics", "b = a + 1", "%mlops track flights", "c = b", "%mlops end"]
    for source in ran:
        shell.run_cell(source, store_history=True)
    cells = store.cells("@last")
    assert sources(store, cells) == ran
    assert [cell.position for cell in cells] == [1, 2, 3, 4, 5, 6, 7]
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5, 6, 7]
    assert [bool(cell.is_before) for cell in cells] == [True] * 4 + [False] * 3
    assert [cell.status for cell in cells] == ["ok", "error"] + ["ok"] * 5
    assert cells[1].error == "ZeroDivisionError: division by zero"
    assert all(cell.started is not None and cell.seconds is not None for cell in cells[2:])
    assert [cell.started for cell in cells[2:]] == sorted(cell.started for cell in cells[2:])


def test_the_cell_that_asks_is_called_by_its_number(shell):
    for source, cell in (("%load_ext mlops_magics", "a"), ("x = 1", "b"), ("y = x", "c")):
        shell.run_cell(source, store_history=True, cell_id=cell)
    shell.run_cell("x = 2\nseen = %mlops cells", store_history=True, cell_id="b")
    assert [finding.labels for finding in shell.user_ns["seen"].findings] == [("In [4]",), ("In [3]",)]


def test_cells_that_ran_before_the_extension_was_loaded_are_not_skipped(shell, store, tmp_path, monkeypatch):
    sources = ["x = 1\n", "%load_ext mlops_magics", "%mlops track flights --name one", "y = x", "seen = %mlops cells"]
    cells = [
        {"cell_type": "code", "id": f"c{number}", "source": source, "metadata": {}, "outputs": []}
        for number, source in enumerate(["never = 0", *sources])
    ]
    (tmp_path / "study.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "study.ipynb"))
    for number, source in enumerate(sources, start=1):
        shell.run_cell(source, store_history=True, cell_id=f"c{number}")
    assert [(one.kind, one.cells) for one in shell.user_ns["seen"].findings] == [("skipped", ("c0",))]
    shell.run_cell("%mlops end", store_history=True)
    assert store.text(store.cells("one")[0].source) == "x = 1"


def test_a_run_knows_which_notebook_wrote_it(shell, store, tmp_path, monkeypatch):
    for name in ("aa", "bb"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / name / "train.ipynb"))
        shell.run_cell(f"%load_ext mlops_magics\n%mlops track flights --name {name}\n%mlops end", store_history=True)
        assert store.find(name).source == f"{name}/train.ipynb"
    monkeypatch.delenv("JPY_SESSION_NAME")
    (tmp_path / "code.ipynb").touch()
    shell.user_ns["__vsc_ipynb_file__"] = str(tmp_path / "code.ipynb")
    shell.run_cell("%mlops track flights --name code\n%mlops end", store_history=True)
    assert store.find("code").source == "code.ipynb"


def test_a_second_run_of_a_kernel_stands_on_the_first(notebook, store):
    for name in ("one", "two"):
        notebook.ask(f"%mlops track flights --name {name}")
        notebook.ask(f"x = '{name}'")
        notebook.ask("%mlops end")
    assert sources(store, store.own_cells("two")) == ["%mlops track flights --name two", "x = 'two'", "%mlops end"]
    before = [cell for cell in store.cells("two") if cell.is_before]
    assert sources(store, before)[1:] == ["%mlops track flights --name one", "x = 'one'", "%mlops end"]
    (change,) = [one for one in notebook.ask("d = %mlops diff one two\nd").result.result.cells if "x" in one.left[:1]]
    assert (change.kind, change.left, change.right) == ("changed", "x = 'one'", "x = 'two'")


def test_equal_sources_are_stored_once(notebook, store):
    notebook.ask("%mlops track flights")
    for _ in range(3):
        notebook.ask("x = 1")
    notebook.ask("%mlops end")
    digests = {cell.source for cell in store.own_cells("@last")}
    assert len(digests) == 3
    assert store.sql("SELECT count(*) AS n FROM texts WHERE text = 'x = 1'")["n"][0] == 1


def test_what_a_cell_records_is_counted(notebook, store):
    notebook.ask("%mlops track flights")
    notebook.ask("x = 1")
    notebook.ask("%mlops log auc=0.7 loss=0.3\n%mlops params depth=3\n%mlops tag team=ops\n%mlops note good")
    notebook.ask("x")
    notebook.ask("%mlops end")
    assert [cell.facts for cell in store.own_cells("@last")] == [0, 0, 5, 0, 0]


def test_cells_that_await_are_marked(notebook, store):
    notebook.ask("import asyncio")
    notebook.ask("%mlops track flights")
    notebook.ask("await asyncio.sleep(0)")
    notebook.ask("async def later():\n    await asyncio.sleep(0)")
    notebook.ask("x = [i async for i in (lambda: (_ async for _ in ()))()] if False else 1")
    notebook.ask("%mlops end")
    assert [bool(cell.is_async) for cell in store.own_cells("@last")] == [False, True, False, True, False]


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "%%timeit -n1 -r1", "%%prun -q"])
def test_a_cell_magic_is_one_cell(magic, notebook, store):
    notebook.ask("%mlops track flights")
    notebook.ask(f"{magic}\ny = 1")
    notebook.ask("%mlops end")
    assert sources(store, store.own_cells("@last")) == ["%mlops track flights", f"{magic}\ny = 1", "%mlops end"]


def test_errors_and_interrupts_are_outcomes(notebook, store):
    notebook.ask("%mlops track flights")
    for source in ("1 / 0", "raise KeyboardInterrupt", "x = ("):
        notebook.run(source)
    notebook.ask("%mlops end")
    assert [cell.error.split(":")[0] if cell.error else None for cell in store.own_cells("@last")] == [
        None, "ZeroDivisionError", "KeyboardInterrupt", "SyntaxError", None,
    ]  # fmt: skip


def test_secrets_never_reach_the_store(notebook, store):
    notebook.ask(f"token = '{SECRET}'")
    notebook.ask("%mlops track flights")
    notebook.ask(f"key = '{SECRET}'")
    notebook.run(f"raise RuntimeError('refused: {SECRET}')")
    notebook.ask("%mlops end")
    notebook.run(f"%%mlops track flights --name whole\nraise RuntimeError('refused: {SECRET}')")
    notebook.run(f"import mlops_magics\nwith mlops_magics.track('flights', 'with'):\n    raise OSError('{SECRET}')")
    assert {store.find(name).status for name in ("whole", "with")} == {"failed"}
    store.fold()
    for file in store.path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
    first = store.all_runs()[0]
    assert [cell.status for cell in store.own_cells(first)] == ["ok", "ok", "error", "ok"]


def test_show_cells_tells_them_in_the_order_they_ran(notebook):
    notebook.ask("a = 1")
    notebook.ask("%mlops track flights --name one")
    notebook.ask("b = a")
    notebook.run("b / 0")
    notebook.ask("%mlops end")
    answer = notebook.ask("%mlops show one --cells")
    text = answer.shown[0]["text/html"]
    assert text.index("a = 1") < text.index("b = a") < text.index("ZeroDivisionError") < text.index("%mlops end")
    assert "2 cells ran in this kernel before" in text


def test_what_is_found_about_the_notebook_is_told_in_the_run_and_on_the_leaderboard(notebook, store):
    notebook.ask("x = 1", cell_id="a")
    notebook.ask("%mlops track flights --name one", cell_id="t")
    notebook.ask("y = x + 1", cell_id="b")
    notebook.ask("x = 2", cell_id="a")
    assert notebook.ask("%mlops cells", cell_id="c").result.success
    ended = notebook.ask("run = %mlops end\nrun", cell_id="e")
    assert "is finished" in ended.printed
    (judged,) = [item for item in store.verdicts("one") if item.question == "notebook"]
    assert judged.verdict == "fail"
    assert "stale" in {finding["kind"] for finding in judged.detail["findings"]}
    assert judged.detail["sentence"] in notebook.ask("%mlops show one").text
    assert judged.detail["sentence"] in notebook.ask("%mlops runs").shown[0]["text/html"]


def test_the_end_says_what_makes_the_notebook_doubtful(notebook):
    notebook.ask("x = 1", cell_id="a")
    notebook.ask("%mlops track flights --name one", cell_id="t")
    notebook.ask("y = x + 1", cell_id="b")
    notebook.ask("x = 2", cell_id="a")
    assert "1 cell is stale: %mlops cells tells which" in notebook.ask("%mlops end", cell_id="e").text


def test_a_run_ended_in_python_is_settled_as_by_the_verb(notebook, store):
    notebook.ask("import pandas as pd\nfrom sklearn.linear_model import LinearRegression")
    notebook.ask("run = %mlops track flights --name one")
    notebook.ask("frame = pd.DataFrame({'a': [1.0, 2.0]})\nmodel = LinearRegression().fit(frame, [1, 2])\nrun.end()")
    assert {table.role for table in store.datasets("one")} == {"fit", "fit target"}
    assert [cell.facts > 0 for cell in store.own_cells("one")] == [False, True]
    assert [item.question for item in store.verdicts("one")] == ["notebook"]
    assert len(store.fits("one")) == 1


def test_a_straight_notebook_is_told_nothing(notebook, store):
    for source in ("x = 1", "%mlops track flights --name one", "y = x", "%mlops log a=1", "%mlops end"):
        notebook.ask(source, cell_id=source)
    (judged,) = [item for item in store.verdicts("one") if item.question == "notebook"]
    assert (judged.verdict, judged.detail["findings"]) == ("unknown", [])


def test_seeds_are_recorded_with_the_cell_that_sets_them(notebook, store):
    notebook.ask("import random\nrandom.seed(3)")
    notebook.ask("%mlops track flights")
    notebook.ask("x = dict(random_state=7)")
    notebook.ask("%mlops end")
    seeds = [(seed.call, seed.position) for seed in store.seeds("@last")]
    assert seeds == [("random.seed(3)", 2), ("random_state=7", 4)]


def test_a_resumed_run_goes_on_counting(notebook, store):
    notebook.ask("%mlops track flights --name one")
    notebook.ask("%mlops end")
    notebook.ask("%mlops track flights --name one --resume")
    notebook.ask("x = 1")
    notebook.ask("%mlops end")
    positions = [cell.position for cell in store.cells("one")]
    assert positions == sorted(set(positions))


def test_reloading_the_extension_observes_once(notebook, store):
    notebook.ask("%unload_ext mlops_magics\n%load_ext mlops_magics")
    notebook.ask("%reload_ext mlops_magics")
    notebook.ask("%mlops track flights")
    notebook.ask("x = 1")
    notebook.ask("%mlops end")
    assert len(store.own_cells("@last")) == 3


def test_a_shell_without_cells_has_a_history_all_the_same(shell: InteractiveShell, store):
    shell.run_line_magic("load_ext", "mlops_magics")
    shell.run_cell("%mlops track flights", store_history=True)
    shell.run_cell("x = 1", store_history=False)
    shell.run_cell("%mlops end", store_history=True)
    assert [cell.execution_count for cell in store.own_cells("@last")] == [1, None, 2]


def test_what_has_no_name_came_from_somewhere_too(notebook, store, tmp_path):
    for name in ("people", "test", "other"):
        pd.DataFrame({"a": range(60), "b": 1.0, "y": [0, 1] * 30}).to_csv(tmp_path / f"{name}.csv", index=False)
    notebook.ask("import pandas as pd\nfrom sklearn.linear_model import Ridge\n%load_ext mlops_magics")
    notebook.ask("people = pd.read_csv('people.csv')\ntest = pd.read_csv('test.csv')\nother = pd.read_csv('other.csv')")
    notebook.ask("%mlops track flights")
    notebook.ask(
        "Ridge().fit(\n    other[['b']], other.y)\n"
        "model = (Ridge()\n    .fit(y=people['y'], X=people.drop(columns='y')))"
    )
    notebook.ask("%mlops evaluate model people[['a','b']] people.y")
    notebook.ask("def fit(people):\n    return Ridge().fit(people[['a']], people.y)\nfit(other)")
    notebook.ask("%mlops end")
    assert {(table.role, tuple(table.columns)): table.origins for table in store.datasets("@last")} == {
        ("fit", ("b",)): ("other.csv",), ("fit target", ("y",)): ("people.csv",),
        ("fit", ("a", "b")): ("people.csv",), ("test", ("a", "b")): ("people.csv",),
        ("test target", ("y",)): ("people.csv",), ("fit", ("a",)): ("other.csv",),
    }
