"""Values of private columns are nowhere in a store: not in models, parameters or messages, however they got there."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_magics import drift, open_store
from mlops_magics.capture.privacy import Privacy
from mlops_magics.capture.private import PrivateValues

pytestmark = pytest.mark.filterwarnings("ignore::mlops_magics.store.location.StoreWarning")
RNG = np.random.default_rng(7)
ROWS = 80
PEOPLE = pd.DataFrame({
    "name": [f"Zyta{chr(65 + i % 26)}Qvist" for i in range(ROWS)],
    "income": np.round(RNG.lognormal(10, 1, ROWS), 2) + 0.00321,
    "city": RNG.choice(["Oslo", "Rome"], ROWS),
    "delay": RNG.normal(size=ROWS),
})  # fmt: skip
TEXTS = sorted(set(PEOPLE["name"]))
NUMBERS = PEOPLE["income"].tolist()

SETUP = """
import pandas as pd, numpy as np, polars as pl, pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
people = pd.read_csv("people.csv")
late = people.pop("delay") > 0
encode = make_column_transformer((OneHotEncoder(), ["name", "city"]), remainder="drop")
numbers = make_column_transformer((StandardScaler(), ["income"]), remainder="drop")
%load_ext mlops_magics
"""


@pytest.fixture
def ask(execute):
    Path(".mlops").mkdir()
    PEOPLE.to_csv("people.csv", index=False)
    execute(SETUP)
    return execute


def settings(text: str) -> None:
    Path(".mlops/settings.toml").write_text(text)


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, with what is inside of archives and tables."""
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        data = file.read_bytes()
        yield file.name, data
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.namelist():
                    yield f"{file.name}:{member}", archive.read(member)
        if data.startswith(b"PAR1"):
            yield f"{file.name}:rows", pd.read_parquet(file).to_csv().encode()


def found_in(folder: Path, values: list) -> set[str]:
    """Which values stand anywhere, as texts in each encoding, or as numbers by their bits."""
    wanted: set[bytes] = set()
    for value in values:
        wanted |= {repr(value).strip("'").encode()}
        wanted |= {value.encode("utf-32-le")} if isinstance(value, str) else {np.float64(value).tobytes()}
    seen = re.compile(b"|".join(map(re.escape, sorted(wanted))))
    return {f"{name}: {hit!r}" for name, data in contents(folder) for hit in seen.findall(data)}


TABLES = """
people.T
people.head(3).T.reset_index()
people.iloc[0]
people.iloc[0].to_frame()
people.melt(id_vars="city")
people.groupby("city").agg({"income": ["min", "max"]})
people.pivot_table(index="city", columns="name", values="income").rename_axis(columns=None).reset_index()
people.rename(columns={"name": "who", "income": "earned"})
people.set_index("name").rename_axis("who")[["city"]]
people.assign(label="of " + people["name"]).drop(columns="name")
pd.DataFrame({"record": people.to_dict("records")})
%mlops artifact people
%mlops artifact people.T.astype(str) --name turned
%mlops artifact people.set_index("name") --name indexed
%mlops artifact people.groupby("city").agg({"income":["min","max"]}) --name levels
%mlops artifact people.pivot_table(index="city",columns="name",values="income") --name pivot
%mlops artifact pl.from_pandas(people) --name polars
%mlops artifact pl.from_pandas(people[["city","name"]]).unpivot() --name unpivot
%mlops artifact pa.Table.from_pylist([{"city":"Oslo","of":people.iloc[0].to_dict()}]) --name struct
%mlops artifact people.to_dict("records") --name records.json
"""

SESSION = """
%mlops track people --name planted
ordered = make_pipeline(OrdinalEncoder(categories=[sorted(set(people["name"]))]), LogisticRegression())
ordered.fit(people[["name"]], late)
model = make_pipeline(encode, LogisticRegression()).fit(people, late)
%mlops evaluate model people late
near = make_pipeline(numbers, KNeighborsClassifier(3)).fit(people, late)
%mlops evaluate near people late
raw = KNeighborsClassifier(3).fit(people[["income"]], late)
forest = make_pipeline(encode, RandomForestClassifier(3)).fit(people, late)
scaled = MinMaxScaler().fit(people[["income"]])
scaling = make_pipeline(MinMaxScaler(), LogisticRegression()).fit(people[["income"]], late)
named = LogisticRegression().fit(people[["income"]] / 1e5, people["name"])
%mlops evaluate named people[["income"]] people["name"] --split names
grid = {"columntransformer__onehotencoder__handle_unknown": ["ignore", "error"]}
search = GridSearchCV(make_pipeline(encode, LogisticRegression()), grid, cv=2).fit(people, late)
%mlops evaluate search.best_estimator_ people late --split search
told = OneHotEncoder(categories=[sorted(set(people["name"]))]).fit(people[["name"]])
few = OneHotEncoder(handle_unknown="warn").fit(people[["name"]].head(20))
people
people.set_index("name")
people.pivot_table(index="city", columns="name", values="income")
people.groupby("name").mean(numeric_only=True)
LogisticRegression().fit(people[["name"]], late)
people[["name"]].to_numpy().astype(float)
%mlops end
"""
FAILING = (
    "LogisticRegression().fit(people[",
    'people[["name"]].to_numpy().astype',
    '%mlops artifact people.pivot_table(index="city",columns="name"',
)


def test_a_session_leaves_no_value_of_a_private_column_behind(ask, tmp_path) -> None:
    settings('[privacy]\ncolumns = ["name", "income"]')
    for line in SESSION.strip().splitlines():
        ask(line, fails=line.startswith(FAILING))
    store = open_store()
    assert found_in(tmp_path / ".mlops", [*TEXTS, *NUMBERS]) == set()
    store.fold()
    assert len(store.fits("planted")) >= 10
    assert found_in(tmp_path / ".mlops", [*TEXTS, *NUMBERS]) == set()
    notes = " ".join(note.text for note in store.notes("planted"))
    assert "it holds values of the private column 'name'" in notes
    assert "%mlops artifact MODEL" in notes
    assert all(artifact.type != "model" for artifact in store.artifacts("planted"))
    errors = [cell.error for cell in store.cells("planted") if cell.error]
    assert len(errors) == 2
    assert all("could not convert string to float: '<private>'" in error for error in errors)
    assert "<private>" in str(store.fits("planted")[-1].error)
    assert [fit.params.get("categories") for fit in store.fits("planted")].count("<private>") == 1
    revisions = store.sql("SELECT value FROM param_revs WHERE key = 'ordinalencoder__categories'")["value"]
    assert revisions[0] == '"<private>"'


def test_the_search_for_values_would_find_them(ask, tmp_path) -> None:
    for line in SESSION.strip().splitlines():
        ask(line, fails=line.startswith(FAILING))
    where = {hit.partition(":")[0] for hit in found_in(tmp_path / ".mlops", [*TEXTS, *NUMBERS])}
    assert len(where) >= 5


def test_what_holds_nothing_private_is_kept_and_the_person_may_keep_the_rest(ask) -> None:
    settings('[privacy]\ncolumns = ["name", "income"]')
    ask("%mlops track people --name kept")
    ask("plain = make_pipeline(numbers, LogisticRegression()).fit(people, late)")
    ask("%mlops evaluate plain people late")
    ask("%mlops end")
    store = open_store()
    assert [item.detail["class"] for item in store.artifacts("kept") if item.type == "model"] != []
    assert store.notes("kept") == []
    ask("%mlops track people --name said")
    ask("model = make_pipeline(encode, LogisticRegression()).fit(people, late)")
    ask("%mlops artifact model")
    ask("%mlops end")
    assert [item.type for item in store.artifacts("said")] == ["model"]


def test_a_model_from_elsewhere_is_looked_at_without_its_rows(ask) -> None:
    """Fitted before tracking, on other people: what it holds is not among the rows it is evaluated on."""
    settings('[privacy]\ncolumns = ["name"]')
    ask("model = make_pipeline(encode, LogisticRegression()).fit(people.assign(name=people['name'] + 'x'), late)")
    ask("model[0].set_params(onehotencoder__handle_unknown='ignore')")
    ask("model[0].named_transformers_['onehotencoder'].handle_unknown = 'ignore'")
    ask("%mlops track people --name elsewhere")
    ask("%mlops evaluate model people late")
    ask("%mlops end")
    store = open_store()
    assert all(item.type != "model" for item in store.artifacts("elsewhere"))
    assert "nobody saw it being fitted" in store.notes("elsewhere")[0].text


def test_boosters_trained_without_an_estimator(ask, tmp_path) -> None:
    """LightGBM writes the least and the greatest value of each column, and categories."""
    pytest.importorskip("lightgbm")
    settings('[privacy]\ncolumns = ["name", "income"]')
    ask("import lightgbm")
    ask("%mlops track people --name trained")
    ask("data = lightgbm.Dataset(people[['income']].assign(name=people['name'].astype('category')), late)")
    ask("booster = lightgbm.train({'verbose': -1, 'min_data_in_leaf': 2, 'num_threads': 1}, data, 2)")
    ask("%mlops end")
    assert found_in(tmp_path / ".mlops", [*TEXTS, *NUMBERS]) == set()
    assert all(item.type != "model" for item in open_store().artifacts("trained"))


@pytest.mark.parametrize("is_setting", [True, False])
def test_a_private_run_keeps_no_categories_and_no_rows_of_any_column(ask, tmp_path, is_setting) -> None:
    settings("[privacy]\nprivate = true" if is_setting else "")
    ask(f"%mlops track people --name private{'' if is_setting else ' --private'}")
    ask("model = make_pipeline(encode, LogisticRegression()).fit(people, late)")
    ask("%mlops evaluate model people late")
    ask("near = KNeighborsClassifier(3).fit(people[['income']], late)")
    ask("%mlops evaluate near people[['income']] late")
    ask("%mlops evaluate model people late")
    store = open_store()
    notes = [note.text for note in store.notes("private")]
    ask("plain = make_pipeline(numbers, LogisticRegression()).fit(people, np.where(late, 'late', 'on time'))")
    ask("%mlops evaluate plain people np.where(late, 'late', 'on time')")
    ask("%mlops end")
    assert len([note for note in notes if "texts or rows of data, and the run is private" in note]) >= 3
    kept = [item.detail["class"] for item in store.artifacts("private") if item.type == "model"]
    assert set(kept) == {"sklearn.pipeline.Pipeline"}


def test_a_reference_from_before_a_column_was_private_withholds_it_now(ask, tmp_path) -> None:
    ask("%mlops track people --name before")
    ask("plain = LogisticRegression().fit(people[['income']] / 1e4, late)")
    ask("%mlops end")
    current = PEOPLE[["income"]] / 1e4 * 9
    assert drift(current, against="before").verdict == "fail"
    settings('[privacy]\ncolumns = ["income"]')
    report = drift(current, against="before")
    assert [row.reason.split(";")[0] for row in report.rows] == ["income is private, judged for missing values only"]


def test_a_message_is_masked_by_the_longest_value_first() -> None:
    private = PrivateValues(Privacy(columns=frozenset({"name"})))
    private.meet(pd.DataFrame({"name": ["Ann", "Anna", "B"]}), None)
    assert private.mask("could not convert 'Anna' or 'Ann' or B") == "could not convert '<private>' or '<private>' or B"


def test_a_message_is_masked_before_anything_was_fitted_and_for_every_run_that_has_it(ask, tmp_path) -> None:
    settings('[privacy]\ncolumns = ["name", "income"]')
    ask("raise ValueError(people['name'][0])", fails=True)
    ask("%mlops track people --name one")
    ask("polar = pl.from_pandas(people)\nraise ValueError(polar['name'][1])", fails=True)
    ask("%mlops end")
    ask("del polar, people")
    ask("%mlops track people --name two")
    ask("%mlops end")
    errors = [cell.error for run in ("one", "two") for cell in open_store().cells(run) if cell.error]
    assert errors == ["ValueError: <private>"] * 4
    assert found_in(tmp_path / ".mlops", TEXTS) == set()


def kept_tables(store, run: str) -> dict[str, tuple[list, list]]:
    """Of every table of a run: its columns, and what is hidden."""
    return {
        item.name: (item.detail["columns"], item.detail.get("hidden", []))
        for item in store.artifacts(run)
        if item.name in {"people", "turned", "indexed", "levels", "polars", "unpivot", "struct"}
    }


def test_what_may_be_seen_of_a_table_is_kept_and_the_rest_is_named(ask, tmp_path) -> None:
    settings('[privacy]\ncolumns = ["name", "income"]')
    ask("%mlops track people --name planted")
    ask("model = make_pipeline(encode, LogisticRegression()).fit(people, late)")
    for line in TABLES.strip().splitlines():
        ask(line, fails=line.startswith(FAILING))
    ask("%mlops end")
    store = open_store()
    assert found_in(tmp_path / ".mlops", [*TEXTS, *NUMBERS]) == set()
    (error,) = [cell.error for cell in store.cells("planted") if cell.error]
    assert "nothing of it is not private: it holds values of income or name" in error
    both = ["name", "income"]
    assert kept_tables(store, "planted") == {
        "people": (["city"], both),
        "turned": ([*map(str, range(ROWS)), "__index_level_0__"], sorted(both)),
        "indexed": (["city"], ["income"]),
        "levels": (["city"], ["('income', 'min')", "('income', 'max')"]),
        "polars": (["city"], both),
        "unpivot": (["variable", "value"], ["name"]),
        "struct": (["city"], ["of"]),
    }
    previews = [json.loads(store.blob(item.sha256).read_text()) for item in store.artifacts("planted")
                if item.type == "preview"]  # fmt: skip
    assert [table["columns"] for table in previews].count(["city"]) == 1
    turned = next(table for table in previews if len(table["columns"]) == ROWS)
    assert turned["index"] == ["city"]
    renamed = next(table for table in previews if "earned" in table["columns"])
    assert renamed["data"][0] == ["<private>", "<private>", PEOPLE["city"][0]]
    labelled = next(table for table in previews if "label" in table["columns"])
    assert labelled["data"][0][-1] == "of <private>"
    (records,) = [item for item in store.artifacts("planted") if item.name == "records.json"]
    assert json.loads(store.blob(records.sha256).read_text())[0] == {"city": PEOPLE["city"][0]}
    assert records.detail == {"hidden": ["income", "name"]}


def test_a_private_column_that_was_left_out_is_said_when_a_table_is_kept(ask) -> None:
    settings('[privacy]\ncolumns = ["name"]')
    ask("%mlops track people --name said")
    said = ask("said = %mlops artifact people\nsaid.sentences[0]")
    assert said.endswith(", without name: private")
    ask("%mlops end")
    told = ask("said = %mlops artifact --run said --name again people\nsaid.sentences[0]")
    assert told.endswith(", without name: private")
