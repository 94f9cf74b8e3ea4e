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

CAPTURE = "mlops_magics.capture"
CELLS = {
    "a cell begins": "cells.CellLog.begin",
    "a cell ends": "cells.CellLog.finish",
    "a cell is masked": "session.mask",
    "the cell is described": "session.Session._facts_of",
    "displays begin": "outputs.OutputWatch.begin",
    "displays are collected": "outputs.OutputWatch.collect",
    "a table is looked at": "outputs.public_frame",
    "a display is written": "outputs.Output.keep",
    "fits are looked for": "autolog.Autolog.refresh",
    "fits are let go": "autolog.Autolog.remove",
    "the notebook is examined": "session.Session.examine",
    "a record is written": "run.ActiveRun.describe_model",
    "private values are met": "private.PrivateValues.meet",
    "private values are masked": "private.PrivateValues.mask",
    "a model is looked through": "model.state.look_through",
    "names are looked up": "fits.Fits.name_of",
    "origins are looked up": "notebook.origins.origins_of",
    "a table is kept for later": "autolog.tables.freeze",
}
"""What breaks while cells are observed."""

FITS = {
    "a fit is entered": "autolog.nesting.Nesting.enter",
    "a fit is left": "autolog.nesting.Nesting.leave",
    "warnings are listened to": "autolog.warned.WarningEar.listen",
    "warnings are listened to no more": "autolog.warned.WarningEar.cease",
    "a fit is followed no more": "autolog.progress.Follower.leave",
    "a model is chosen": "autolog.models.ModelKeeper.fitted",
    "a model is kept": "autolog.models.ModelKeeper._keep",
    "models are settled": "autolog.models.ModelKeeper.settle",
    "a search is told": "autolog.candidates.CandidateBook.tell",
    "candidates are written": "autolog.candidates.CandidateBook._write",
    "training of boosters is wrapped": "autolog.boosting.TrainWatch.start",
    "training of boosters is unwrapped": "autolog.boosting.TrainWatch.stop",
    "cross-validation is wrapped": "autolog.folds.FoldWatch.start",
    "cross-validation is unwrapped": "autolog.folds.FoldWatch.stop",
    "classes are looked through": "autolog.autolog.Autolog._look_around",
}
"""What breaks while estimators, searches and boosters are followed."""

SESSION = (
    "import sys, pandas as pd\nfrom sklearn.linear_model import LogisticRegression",
    "frame = pd.DataFrame({'a': [0.0, 1, 2, 3], 'b': [1.0, 0, 1, 0]})\nframe.head(2)",
    "model = LogisticRegression().fit(frame, [0, 0, 1, 1])\nmodel.coef_.shape",
    "print('out'); print('err', file=sys.stderr)\n'last'",
    "from matplotlib.figure import Figure\nfigure = Figure(); figure.subplots()\ndisplay(figure); figure",
    "print('before'); raise KeyboardInterrupt",
    "1 / 0",
    "sum([1, 2])",
)

STUDY = (
    "import lightgbm, numpy as np\nfrom sklearn.linear_model import LogisticRegression, SGDClassifier",
    "from sklearn.model_selection import GridSearchCV, cross_validate",
    "X = np.random.default_rng(0).normal(size=(60, 3))\ny = (X[:, 0] > 0).astype(int)",
    "loud = LogisticRegression(max_iter=1).fit(X, y)\nloud.coef_.shape",
    "import importlib.util\nimportlib.util.find_spec('sklearn.absent') is None",
    "search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1.0]}, cv=2).fit(X, y)\nsearch.best_params_",
    "cross_validate(LogisticRegression(), X, y, cv=2)['test_score'].shape",
    "lightgbm.train({'verbose': -1, 'num_threads': 1}, lightgbm.Dataset(X, y), 3).num_trees()",
    "class Stopped(LogisticRegression):\n    def fit(self, X, y): raise KeyboardInterrupt",
    "Stopped().fit(X, y)",
    "LogisticRegression().fit(X, y[:3])",
    "SGDClassifier(random_state=0).partial_fit(X, y, [0, 1]).coef_.shape",
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


def played(shell, session):
    """What the cells of a session did: how each ended, what it displayed, and what it printed."""
    answers = []
    for source in session:
        with capture_output() as captured:
            result = shell.run_cell(source, store_history=True)
        printed = re.sub(r"Out\[\d+\]", "Out", captured.stdout)
        printed = re.sub(r"(?s)-{9}.*", "a traceback", printed)
        shown = [output.data.get("text/plain") for output in captured.outputs]
        answers.append((type(result.error_in_exec), shown, printed, captured.stderr))
    return answers


def broken(*_, **__):
    raise OSError("injected")


def tell_apart(shell, session, hook, monkeypatch):
    """Play a session untracked, and tracked while something is broken; tell what was warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        untracked = played(shell, session)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with monkeypatch.context() as patched:
            assert shell.run_cell("%mlops track flights --name one", store_history=True).success
            patched.setattr(hook, broken)
            tracked = played(shell, session)
            assert shell.run_cell("%mlops end", store_history=True).success
    assert tracked == untracked
    assert open_store().find("one").status == "finished"
    return [str(one.message) for one in said if issubclass(one.category, StoreWarning)]


@pytest.mark.parametrize("hook", CELLS.values(), ids=CELLS)
def test_a_hook_that_breaks_is_one_warning_and_nothing_else(hook, shell, monkeypatch):
    sentences = tell_apart(shell, SESSION, place_of(hook), monkeypatch)
    assert len(sentences) == 1
    assert "injected" in sentences[0]


@pytest.mark.parametrize("hook", FITS.values(), ids=FITS)
def test_a_hook_of_fits_that_breaks_is_one_warning_and_nothing_else(hook, shell, monkeypatch):
    sentences = tell_apart(shell, STUDY, place_of(hook), monkeypatch)
    assert len(sentences) == 1
    assert "injected" in sentences[0]


def place_of(hook):
    return f"mlops_magics.{hook}" if hook.startswith("model.") else f"{CAPTURE}.{hook}"


def test_warnings_that_are_errors_do_not_reach_the_cell(shell, monkeypatch, caplog):
    assert shell.run_cell("%mlops track flights", store_history=True).success
    monkeypatch.setattr(place_of(CELLS["a table is kept for later"]), broken)
    shell.run_cell("import warnings; warnings.simplefilter('error')")
    errors = [type(None)] * 5 + [KeyboardInterrupt, ZeroDivisionError, type(None)]
    assert [error for error, *_ in played(shell, SESSION)] == errors
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
