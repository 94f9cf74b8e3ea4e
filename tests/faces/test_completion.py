"""Tab behind ``%mlops``, asked as the notebook's front end asks."""

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

from mlops_magics.faces.commands import VERBS
from mlops_magics.records import Tag


@pytest.fixture
def tab(notebook):
    def ask(line: str) -> list[str]:
        with provisionalcompleter():
            return [item.text for item in notebook.shell.Completer.completions(line, len(line))]

    return ask


def test_verbs(tab) -> None:
    assert set(tab("%mlops ")) == {verb.name for verb in VERBS}
    assert set(tab("%mlops e")) == {"end", "evaluate", "export"}
    assert tab("x = %mlops di") == ["diff"]
    assert tab("y = 1\n%mlops tra") == ["track"]
    assert tab("%%mlops tra") == ["track"]
    assert "diff" not in tab("%mlops nonsense ")


def test_options_and_choices(tab) -> None:
    options = {"--name", "--resume", "--this-cell", "--private", "--no-outputs", "--system"}
    assert set(tab("%mlops track flights --")) == options
    assert tab("%mlops log auc=1 --st") == ["--step"]
    assert set(tab("%mlops drift july --method ")) == {"js", "chi2", "psi"}


def test_runs_metrics_experiments(tab, two_runs) -> None:
    assert set(tab("%mlops diff ")) == {"@last", "baseline", "boosted", "@best:val_auc", "@best:val_loss"}
    assert set(tab("%mlops diff baseline b")) == {"baseline", "boosted"}
    assert set(tab("%mlops diff baseline @best:val_a")) == {"@best:val_auc"}
    assert set(tab("%mlops diff baseline flights@b")) == {"flights@best:val_auc", "flights@best:val_loss"}
    assert tab("%mlops log auc=1 --run flights@l") == ["flights@last"]
    two_runs.record(two_runs.find("baseline").id, Tag(key="alias", value="champion"))
    assert tab("%mlops diff @cha") == ["@champion"]
    assert tab("%mlops diff flights@cha") == ["flights@champion"]
    assert set(tab("%mlops runs --best ")) == {"val_auc", "val_loss"}
    assert tab("%mlops runs fl") == ["flights"]
    assert tab("%mlops runs --best val_auc fl") == ["flights"], "the value of an option takes no place"
    assert set(tab("%mlops track flights --name ")) == {"baseline", "boosted"}, "what a run can be called"
    assert set(tab("%mlops drift july --against boo")) == {"boosted"}


def test_names_of_the_notebook(tab, notebook, tmp_path) -> None:
    notebook["july_frame"], notebook["_hidden"] = [1], [2]
    assert tab("%mlops drift ju") == ["july_frame"]
    assert not {"_hidden", "In", "Out", "exit"} & set(tab("%mlops evaluate "))
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "flights").mkdir()
    (tmp_path / "july.parquet").touch()
    (tmp_path / ".hidden").touch()
    assert tab("%mlops export x bund") == ["bundles/"]
    assert tab("%mlops export x bundles/") == ["bundles/flights/"]
    assert tab("%mlops drift ./ju") == ["./july.parquet"]
    assert set(tab("%mlops drift ju")) == {"july_frame", "july.parquet"}
    assert ".hidden" not in tab("%mlops export x ")


def test_files_of_the_home_folder(tab, tmp_path, monkeypatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "july.parquet").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tab("%mlops drift ~/ju") == ["~/july.parquet"]


def test_only_what_may_stand_there(tab, notebook, two_runs) -> None:
    """IPython's own names are offered within an expression, and where there is nothing else to offer."""
    notebook["frame"] = pd.DataFrame({"a": [1]})
    assert set(tab("%mlops log ")) == {"val_auc=", "val_loss="}
    assert tab("%mlops log val_a") == ["val_auc="]
    assert tab("%mlops params ") == ["depth=", "seed="]
    assert set(tab("%mlops drift frame --method=")) == {"js", "chi2", "psi"}
    assert "describe" in [word.lstrip(".") for word in tab("%mlops drift frame.desc")]
    assert "frame" in tab("%mlops log rows={fra")


def test_others_are_left_alone(tab, notebook) -> None:
    notebook["mlops_value"] = 1
    assert "mlops_value" in tab("mlops_va")
    assert "%mlops" in tab("%mlo")


def test_a_damaged_store_is_no_matter_for_tab(tab, tmp_path) -> None:
    (tmp_path / ".mlops").mkdir()
    (tmp_path / ".mlops" / "store.json").write_text("{")
    assert "baseline" not in tab("%mlops show bas")
