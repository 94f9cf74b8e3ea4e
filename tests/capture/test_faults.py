"""Whatever breaks in what observes a notebook: the cell does and shows what it does, and one warning is said."""

import os
import re
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from mlops_magics.store import open_store
from mlops_magics.store.location import StoreWarning

HOOKS = {
    "a cell begins": "mlops_magics.capture.cells.CellLog.begin",
    "a cell ends": "mlops_magics.capture.cells.CellLog.finish",
    "a cell is masked": "mlops_magics.capture.session.mask",
    "the cell is described": "mlops_magics.capture.session.Session._facts_of",
    "displays begin": "mlops_magics.capture.outputs.OutputWatch.begin",
    "displays are collected": "mlops_magics.capture.outputs.OutputWatch.collect",
    "fits are looked for": "mlops_magics.capture.autolog.Autolog.refresh",
    "fits are let go": "mlops_magics.capture.autolog.Autolog.remove",
    "the notebook is examined": "mlops_magics.capture.session.Session.examine",
    "a record is written": "mlops_magics.capture.run.ActiveRun.describe_model",
    "private values are met": "mlops_magics.capture.private.PrivateValues.meet",
    "private values are masked": "mlops_magics.capture.private.PrivateValues.mask",
    "a model is looked through": "mlops_magics.model.state.look_through",
    "names are looked up": "mlops_magics.capture.session.Session.name_of",
    "a table is kept for later": "mlops_magics.capture.autolog.tables.freeze",
}

SESSION = (
    "import pandas as pd\nfrom sklearn.linear_model import LogisticRegression",
    "frame = pd.DataFrame({'a': [0.0, 1, 2, 3], 'b': [1.0, 0, 1, 0]})\nframe.head(2)",
    "model = LogisticRegression().fit(frame, [0, 0, 1, 1])\nmodel.coef_.shape",
    "1 / 0",
    "sum([1, 2])",
)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MLOPS_STORE", str(tmp_path / ".mlops"))
    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shell.run_cell("%load_ext mlops_magics")
    yield shell
    shell.run_cell("%unload_ext mlops_magics")
    shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


def played(shell):
    """What the cells of the session did: how each ended, and what it displayed."""
    answers = []
    for source in SESSION:
        with capture_output() as captured:
            result = shell.run_cell(source, store_history=True)
        printed = re.sub(r"Out\[\d+\]", "Out", captured.stdout)
        printed = re.sub(r"(?s)-{9}.*", "a traceback", printed)
        answers.append((type(result.error_in_exec), [output.data for output in captured.outputs], printed))
    return answers


def broken(*_, **__):
    raise OSError("injected")


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_hook_that_breaks_is_one_warning_and_nothing_else(hook, shell, monkeypatch):
    untracked = played(shell)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert shell.run_cell("%mlops track flights --name one", store_history=True).success
        with monkeypatch.context() as patched:
            patched.setattr(hook, broken)
            tracked = played(shell)
            assert shell.run_cell("%mlops end", store_history=True).success
    assert tracked == untracked
    sentences = [str(one.message) for one in said if issubclass(one.category, StoreWarning)]
    assert len(sentences) == 1
    assert "injected" in sentences[0]
    assert open_store().find("one").status == "finished"


def test_warnings_that_are_errors_do_not_reach_the_cell(shell, monkeypatch, caplog):
    assert shell.run_cell("%mlops track flights", store_history=True).success
    monkeypatch.setattr(HOOKS["a table is kept for later"], broken)
    shell.run_cell("import warnings; warnings.simplefilter('error')")
    assert [error for error, *_ in played(shell)] == [type(None)] * 3 + [ZeroDivisionError, type(None)]
    assert "injected" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_the_child_of_a_fork_records_no_fit_and_waits_for_nothing(shell):
    shell.run_cell("%mlops track flights --name one", store_history=True)
    assert shell.run_cell(SESSION[0]).success
    assert shell.run_cell(SESSION[1]).success
    child = (
        "import os\npid = os.fork()\n"
        "if pid == 0:\n"
        "    try:\n        LogisticRegression().fit(frame, [0, 0, 1, 1]); os._exit(0)\n"
        "    finally:\n        os._exit(1)\n"
        "assert os.waitpid(pid, 0)[1] == 0"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert shell.run_cell(child).success
    shell.run_cell("%mlops end", store_history=True)
    assert open_store().fits("one") == []
