"""Which cells a run stood on. Runs are written fact by fact; test_again.py has recorded ones."""

from collections.abc import Callable

import pytest

from mlops_magics.errors import MlopsError, RunNotFound
from mlops_magics.records import RunRevision
from mlops_magics.rerun.folders import with_folders_there
from mlops_magics.rerun.recipe import Recipe, recipe

TRACK = "%mlops track flights --name baseline"
LOG = "%mlops log auc={auc}"
END = "%mlops end"
LOAD = "%load_ext mlops_magics"


@pytest.fixture
def recipe_of(store, write) -> Callable[..., Recipe]:
    """The recipe of a run whose cells are given, as ``write`` takes them."""
    return lambda *cells: recipe(write(*cells), store)


def sources(made: Recipe) -> list[str]:
    return [cell.source for cell in made.cells]


def test_only_what_names_lead_to_in_the_order_it_ran(recipe_of) -> None:
    made = recipe_of(
        LOAD, "import pandas as pd", "df = pd.read_csv('x.csv')", "df.plot()", "other = 3",
        TRACK, "other + 1", "auc = df.a.mean()", "df.describe()", LOG, END,
    )  # fmt: skip
    assert sources(made) == [
        LOAD, "import pandas as pd", "df = pd.read_csv('x.csv')", TRACK, "auc = df.a.mean()", LOG, END,
    ]  # fmt: skip
    assert [cell.label for cell in made.cells] == [f"In [{count}]" for count in (11, 12, 13, 16, 18, 20, 21)]
    assert (made.executed, made.python, dict(made.packages)) == (11, "3.13.1", {"pandas": "3.1.1"})


def test_the_value_that_was_used_not_the_one_written_last(recipe_of) -> None:
    made = recipe_of("depth = 2", TRACK, "depth = 6", "auc = depth / 10", "depth = 9", LOG)
    assert sources(made) == [LOAD, TRACK, "depth = 6", "auc = depth / 10", LOG, END]


def test_changes_in_place_are_part_of_it(recipe_of) -> None:
    made = recipe_of("rows = [1]", TRACK, "rows.append(2)", "auc = sum(rows)", "rows.append(3)", LOG)
    assert sources(made) == [LOAD, "rows = [1]", TRACK, "rows.append(2)", "auc = sum(rows)", LOG, END]


def test_a_cell_that_ran_twice_is_there_twice(recipe_of) -> None:
    made = recipe_of("auc = 0.1", TRACK, "auc *= 2", "auc *= 2", LOG)
    assert sources(made).count("auc *= 2") == 2


def test_lines_that_ask_and_other_runs_are_left_out(recipe_of) -> None:
    made = recipe_of(
        LOAD, "%mlops track flights --name former\nbase = 0.2\n%mlops log auc=0.1", "%mlops end", "%mlops runs",
        "%pip install pandas", TRACK, "auc = base * 2\n%mlops show former", "%mlops diff former baseline", LOG, END,
    )  # fmt: skip
    assert sources(made) == [LOAD, "base = 0.2", TRACK, "auc = base * 2", LOG, END]


def test_models_of_other_runs_are_not_fitted_again_unless_they_are_asked_for(recipe_of) -> None:
    former = "forest = Forest().fit(X, y)\ntold = %mlops evaluate forest X y\n%mlops end"
    before = (LOAD, "X, y = load()", f"%mlops track flights --name former\n{former}", TRACK)
    made = recipe_of(*before, "auc = Forest(9).fit(X, y).score(X, y)", LOG)
    assert sources(made) == [LOAD, "X, y = load()", TRACK, "auc = Forest(9).fit(X, y).score(X, y)", LOG, END]
    made = recipe_of(*before, "auc = forest.score(X, y)", LOG)
    assert sources(made)[2] == "forest = Forest().fit(X, y)"


def test_failed_cells_are_left_out_unless_names_need_them(recipe_of) -> None:
    failed = {"status": "error", "error": "NameError: name 'y' is not defined"}
    made = recipe_of(
        TRACK, ("auc = 0.5\nauc = y", failed), "auc = 0.6", ("%mlops log auc={acu}", {**failed, "facts": 1}),
        ("rest = 2\nz", failed), "auc += rest", LOG,
    )  # fmt: skip
    assert sources(made) == [LOAD, TRACK, "auc = 0.6", "rest = 2\nz", "auc += rest", LOG, END]
    assert [cell.error for cell in made.cells if cell.error] == ["NameError: name 'y' is not defined"]
    assert made.skipped == {4}
    assert len(made.remarks) == 1


def test_a_cell_interrupted_by_hand_is_spoken_of(recipe_of) -> None:
    made = recipe_of(TRACK, ("for auc in range(10**9): pass", {"status": "error", "error": "KeyboardInterrupt"}), LOG)
    assert "interrupted by hand" in made.remarks[0]


def test_seeds_and_draws_that_no_name_shows(recipe_of) -> None:
    before = "import numpy as np, random", "from numpy.random import seed\nseed(0)", "noise = np.random.rand(3)"
    after = "random.seed(1)", "from sklearn.model_selection import train_test_split as cut", "auc, _ = cut([1, 2])"
    made = recipe_of(*before, "y = 3", TRACK, *after, "z = 4", LOG)
    assert sources(made) == [LOAD, *before, TRACK, *after, LOG, END]


def test_draws_without_a_seed_and_own_generators_are_nothing_to_others(recipe_of) -> None:
    made = recipe_of(
        "import numpy as np", "noise = np.random.rand(3)", "rng = np.random.default_rng(0)", "rng.random()",
        TRACK, "auc = np.random.rand()", LOG,
    )  # fmt: skip
    assert sources(made) == [LOAD, "import numpy as np", TRACK, "auc = np.random.rand()", LOG, END]


def test_settings_that_no_name_shows(recipe_of) -> None:
    made = recipe_of(
        "import torch, sklearn", "torch.backends.cudnn.deterministic = True", "sklearn.set_config(x=1)", "%cd data",
        TRACK, "auc = 1", LOG,
    )  # fmt: skip
    kept = ["torch.backends.cudnn.deterministic = True", "sklearn.set_config(x=1)", "%cd data", TRACK, "auc = 1", LOG]
    assert sources(made) == [LOAD, "import torch, sklearn", *kept, END]


def test_files_that_cells_wrote_and_others_read(recipe_of) -> None:
    wanted = ["import os, pandas as pd", "os.mkdir('out')", "raw = pd.read_csv('raw.csv')", "path = 'out/clean.csv'",
              "raw.dropna().to_csv(path)"]  # fmt: skip
    made = recipe_of(
        *wanted, "raw.to_csv('copy.csv')", "raw.to_csv('other.csv')", TRACK, "os.remove('copy.csv')",
        "auc = pd.read_csv('out/clean.csv').auc.mean()", "!rm other.csv", "%mlops replay former", LOG,
        "os.remove(path)", END,
    )  # fmt: skip
    wanted[1] = "os.makedirs('out', exist_ok=True)"
    assert sources(made) == [LOAD, *wanted, TRACK, "auc = pd.read_csv('out/clean.csv').auc.mean()", LOG, END]


def test_a_file_that_was_removed_before_somebody_looked_for_it(recipe_of) -> None:
    cells = ["import os", "os.remove('cache.txt')", TRACK, "auc = 1 if os.path.exists('cache.txt') else 2", LOG]
    assert sources(recipe_of(*cells)) == [LOAD, *cells, END]


def test_functions_of_a_module_do_not_change_it(recipe_of) -> None:
    made = recipe_of("import numpy as np, os", "row = np.append([1], 2)", "os.unlink('x'); os.remove('y')", TRACK,
                     "auc = np.ones(1)[0]", LOG)  # fmt: skip
    assert sources(made) == [LOAD, "import numpy as np, os", TRACK, "auc = np.ones(1)[0]", LOG, END]


@pytest.mark.parametrize(
    ("source", "again"),
    [
        ("Path('é').mkdir()", "Path('é').mkdir(exist_ok=True)"),
        ("%time x = 1\nos.makedirs('a',\n    0o700,\n)", "%time x = 1\nos.makedirs('a',\n    0o700,\nexist_ok=True)"),
        ("os.mkdir(f('a'))", "os.makedirs(f('a'), exist_ok=True)"),
        ("os.makedirs('a', exist_ok=False)", "os.makedirs('a', exist_ok=False)"),
        ("Path('a').mkdir(**options)", "Path('a').mkdir(**options)"),
        ("mkdir('a')", "mkdir('a')"),
        ("mkdir = (", "mkdir = ("),
    ],
)
def test_folders_may_be_there(source, again) -> None:
    assert with_folders_there(source) == again


def test_whether_fits_are_recorded_is_as_it_was(recipe_of) -> None:
    made = recipe_of("%mlops autolog off", TRACK, "auc = 1", LOG)
    assert sources(made) == [LOAD, "%mlops autolog off", TRACK, "auc = 1", LOG, END]


def test_the_run_begins_and_ends_whatever_the_cells_say(recipe_of) -> None:
    assert sources(recipe_of("auc = 1", (LOG, {"facts": 1}))) == [LOAD, TRACK, "auc = 1", LOG, END]
    whole = f"%%mlops track flights --name baseline\nauc = 1\n{LOG}"
    assert sources(recipe_of((whole, {"facts": 1, "is_before": False}))) == [LOAD, whole]
    lines = "for name in ('small', 'baseline'):", "%mlops track flights --name {name}", "%mlops log a=1", END
    loop = "\n    ".join(lines)
    assert sources(recipe_of((loop, {"facts": 1, "is_before": False}))) == [LOAD, loop]


def test_a_run_whose_facts_were_not_counted_keeps_all_its_cells(recipe_of) -> None:
    old = {"facts": None, "is_before": None, "started": None}
    made = recipe_of((TRACK, old), ("auc = 1", old), ("print('seen')", old), (LOG, old), ("%mlops runs", old))
    assert sources(made) == [LOAD, TRACK, "auc = 1", "print('seen')", LOG, END]


def test_secrets_and_stores_in_cells_are_named(recipe_of) -> None:
    chosen = 'import os; os.environ["MLOPS_STORE"] = "/x"'
    made = recipe_of('password = "***"', chosen, TRACK, "auc = len(password)", LOG)
    assert made.masked == ("In [11]",)
    assert made.bound == ("In [12]",)


def test_runs_without_cells(store) -> None:
    identity = store.new_run_id()
    store.record(identity, RunRevision(experiment="flights", name="script", status="finished"))
    with pytest.raises(MlopsError, match="no cells that could be executed again"):
        recipe("script", store)
    with pytest.raises(RunNotFound):
        recipe("scirpt", store)
