"""What a wrong word gets: one line with what happened, what exists and what to do. The cell failed, nothing is lost."""

import numpy as np
import pytest

from mlops_magics.errors import CommandError, MlopsError

OPEN_RUN = [
    ("%mlops trakc flights", "Did you mean 'track'?"),
    ("%mlops track", "EXPERIMENT"),
    ("%mlops track flights --nmae baseline", "Did you mean '--name'?"),
    ("%mlops diff baseline", "required: RIGHT. Usage"),
    ("%mlops diff basline boosted", "Did you mean 'baseline'?"),
    ("%mlops show 123", "%mlops runs lists them all"),
    ("%mlops show @best:val_acu", "Did you mean 'val_auc'?"),
    ("%mlops runs --best val_acu", "Did you mean 'val_auc'?"),
    ("%mlops runs --where 'params.dpeth > 1'", "params.depth"),
    ("%mlops runs --limit many", "invalid int value: 'many'"),
    ("%mlops log 0.5", "name=value"),
    ("%mlops log =0.5", "name=value"),
    ("%mlops log auc=high", "takes numbers"),
    ("%mlops log acc=50%", "Write it as Python writes numbers"),
    ("%mlops params {both}", "or in Python run.params({…})"),
    ("%mlops log auc={half:.2f} b={missing}", "was not filled in: braces take no format. Write {round(half, 3)}"),
    ("%mlops log auc={half} b={missing}", "none of {half}, {missing} was filled in, since one of them has no value"),
    ("%mlops log auc={missing}", "{missing} was not filled in"),
    ("%mlops params depth={missing}", "{missing} was not filled in"),
    ("%mlops tag team={missing}", "{missing} was not filled in"),
    ("%mlops log auc=1 --step 1.5", "--step"),
    ("%mlops log auc=1 --step 99999999999999999999", "a step is a whole number"),
    ("%mlops log auc=1 --run nobody", "no run 'nobody'"),
    ('%mlops params name="open', "Close it"),
    ("%mlops log loss=1 step=3", "--step N"),
    ("%mlops evaluate modle X y", "Did you mean 'model'?"),
    ("%mlops evaluate model X 1/0", "ZeroDivisionError"),
    ("%mlops evaluate model X, y", "'X,' ends in a comma, which makes it a tuple"),
    ("%mlops evaluate model rows.csv nothing", "there is no column 'nothing' in rows.csv"),
    ("%mlops evaluate model no.csv y", "there is no file no.csv"),
    ("%mlops drift 'SELECT nothing'", "the query cannot be run: Binder Error"),
    ("%mlops artifact nothing", "no 'nothing' in this notebook"),
    ("%mlops artifact nothing.png", "there is no file 'nothing.png' here"),
    ("%mlops artifact folder", "'folder' is a folder"),
    ("%mlops artifact X.nothing()", "'X.nothing()' cannot be worked out: AttributeError"),
    ("%mlops drift nothing.parquet", "there is no file"),
    ("%mlops drift X --against nobody", "nobody"),
    ("%mlops drift X --method jss", "'js'"),
    ("%mlops export nobody bundles/x", "no run 'nobody'"),
    ("%mlops sql SELECT nothing FROM runs", "nothing"),
    ("%%mlops trakc flights\nx = 1", "followed by track"),
    ("%%mlops log auc=1\nx = 1", "followed by track"),
    ("%%mlops track\nx = 1", "EXPERIMENT"),
]


def test_all_names_that_end_in_the_word_are_suggested(notebook) -> None:
    notebook.ask("%mlops track flights")
    notebook.ask("%mlops log val/rmse=1 test/rmse=2")
    notebook.ask("%mlops end")
    error = notebook.run("%mlops runs --best rmse").error
    assert "Did you mean 'val/rmse' or 'test/rmse'?" in str(error)


def test_every_wrong_word(notebook, two_runs, tmp_path) -> None:
    notebook["model"], notebook["X"], notebook["y"] = object(), np.ones((5, 1)), [0, 1]
    notebook["half"], notebook["both"] = 0.5, {"lr": 0.1}
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "folder").mkdir()
    notebook.ask("%mlops track flights --name open")
    notebook.ask("%mlops log val_auc=0.5")
    seen = {}
    for source, said in OPEN_RUN:
        answer = notebook.run(source)
        assert answer.success is False, source
        error = answer.error
        seen[source] = str(error)
        assert isinstance(error, MlopsError), (source, error)
        assert said in str(error), (source, str(error))
        assert "\n" not in str(error), (source, str(error))
        (line,) = error._render_traceback_()
        assert line == f"{type(error).__name__}: {error}"
        assert line in answer.printed, "one line is what a person sees"
        assert "Traceback" not in answer.printed
    notebook.ask("%mlops log val_auc=0.6")
    notebook.ask("%mlops end")
    assert two_runs.history("open")["value"].tolist() == [0.5, 0.6], "nothing recorded is lost, nothing is added"
    assert two_runs.params("open") == {}
    assert two_runs.tags("open") == {}
    assert two_runs.find("open").status == "finished"
    failed = [cell for cell in two_runs.cells("open") if cell.status == "error"]
    assert len(failed) == len(OPEN_RUN), "each wrong cell is one of the run"
    assert all(cell.error.partition(": ")[2] in seen.values() for cell in failed)


@pytest.mark.parametrize("line", ["log a=1", "params a=1", "tag a=1", "note x", "end", "artifact X", "evaluate X X X"])
def test_without_an_open_run(line, notebook) -> None:
    notebook["X"] = [1]
    error = notebook.run(f"%mlops {line}").error
    assert isinstance(error, CommandError)
    assert "Start one: %mlops track EXPERIMENT" in str(error)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("runs --best auc", "no run has a metric 'auc'"),
        ("show @last", "the store is empty"),
        ("diff a b", "the store is empty"),
        ("track flights --resume", "no run to resume"),
        ("track a/b", "without spaces or slashes"),
        ("track flights --name @best:auc", "not beginning with @"),
    ],
)
def test_in_an_empty_store(line, said, notebook) -> None:
    assert said in str(notebook.run(f"%mlops {line}").error)


def test_words_are_read_as_meant(notebook, store) -> None:
    notebook.ask("%mlops track flights --name baseline")
    notebook.ask("%mlops log a=nan b=-inf c=1e400 d=true e=" + "9" * 400)
    notebook.ask("%mlops params --run baseline text=+-nan quoted='\"7\"' empty= spaced='a b'")
    notebook.ask("%mlops log f=1 --step 3 g=2")
    notebook.ask("%mlops end")
    metrics = store.metrics("baseline")
    assert repr(metrics) == "{'a': nan, 'b': -inf, 'c': inf, 'd': 1.0, 'e': inf, 'f': 1.0, 'g': 2.0}"
    assert store.params("baseline") == {"text": "+-nan", "quoted": '"7"', "empty": "", "spaced": "a b"}
