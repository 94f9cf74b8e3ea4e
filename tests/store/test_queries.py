"""Every answer is the same from a journal's tail, from the database, and from both."""

import math
from datetime import datetime

import pandas
import pytest

from mlops_magics.errors import RunNotFound, StoreError
from mlops_magics.records import (
    Artifact,
    Cell,
    Dataset,
    Environment,
    Evaluated,
    Judged,
    Note,
    Param,
    RunRevision,
    Tag,
    Text,
)
from mlops_magics.store import open_store

STATES = ("tail", "folded", "mixed", "closed", "optimized")


@pytest.fixture(params=STATES)
def settle(request, store):
    """Called between and after what a test logs: folds at the first call, at the last, or never."""
    calls = []

    def settle_now() -> None:
        calls.append(None)
        if request.param == "folded" or (request.param == "mixed" and len(calls) == 1):
            assert store.fold().reason is None
        if request.param == "optimized":
            store.optimize()

    settle_now.state = request.param
    return settle_now


FACTS = (
    Note(text="first"),
    Note(text='quotes "\' \\ newline\nunicode é 漢 🜁 NUL \0 end'),
    Tag(key="team", value="ops"),
    Tag(key="team", value="data"),
    Param(key="depth", value=3),
    Cell(cell="c1", position=1, execution_count=4, source="s" * 64, seconds=0.25, status="ok"),
    Cell(position=2, source="s" * 64, status="error", error="ValueError: no"),
    Artifact(name="model", type="model", sha256="a" * 64, size_bytes=2**40, detail={"format": "skops", "n": [1, None]}),
    Artifact(name="plain", type="file", sha256="b" * 64, size_bytes=0),
    Dataset(name="flights", role="fit", fingerprint="f", rows=336_776, columns={"dep": "number", "c": "text"}),
    Environment(python="3.11", platform="linux", packages="q", git_commit="abc", git_dirty=True, git_patch="-a\n+b\n"),
    Evaluated(split="test", task="binary", rows=10, fingerprint="f", metrics={"auc": 0.5, "nan": float("inf")}),
    Judged(question="drift", subject="dep", verdict="unknown", detail={"p": 0.1, "why": "too little data"}),
    Text(sha256="t" * 64, text="a longer text"),
)


def test_every_fact_comes_back_as_it_was(store, begin, settle):
    journal = begin()
    for fact in FACTS[:6]:
        journal.record(fact)
    settle()
    for fact in FACTS[6:]:
        journal.record(fact)
    if settle.state == "closed":
        journal.close()
    settle()
    run = "baseline"
    assert store.notes(run) == list(FACTS[0:2])
    assert store.tags(run) == {"team": "data"}
    assert store.params(run) == {"depth": 3}
    assert store.cells(run) == list(FACTS[5:7])
    assert store.artifacts(run) == list(FACTS[7:9])
    assert store.datasets(run) == [FACTS[9]]
    assert store.environment(run) == FACTS[10]
    assert store.evaluations(run) == [FACTS[11]]
    assert store.verdicts(run) == [FACTS[12]]
    assert store.text("t" * 64) == "a longer text"
    assert store.texts(["t" * 64, "u" * 64]) == {"t" * 64: "a longer text"}
    with pytest.raises(StoreError, match="keeps no text uuuu"):
        store.text("u" * 64)
    found = store.find(run)
    assert (found.id, found.experiment, found.name) == (journal.run, "flights", "baseline")
    assert found.status == ("interrupted" if settle.state == "closed" else "running")
    assert isinstance(found.started, datetime)


def test_facts_of_the_store_belong_to_no_run(store, settle):
    verdict = Judged(question="check", subject="flights", verdict="pass", detail={})
    store.record(None, verdict, Text(sha256="x", text="y"))
    settle()
    assert store.sql("SELECT run, subject FROM verdicts").to_numpy().tolist() == [[None, "flights"]]
    assert store.text("x") == "y"
    assert store.all_runs() == []


def test_a_parameter_logged_again_is_a_new_version(store, begin, settle):
    journal = begin()
    journal.record(Param(key="lr", value=0.1))
    journal.record(Param(key="lr", value=[0.1, float("nan")]))
    settle()
    journal.record(Param(key="lr", value=None))
    journal.record(Param(key="lr", value=True))
    settle()
    assert store.params("baseline") == {"lr": True}
    revisions = store.sql("SELECT value FROM param_revs WHERE key = 'lr' ORDER BY time")["value"].tolist()
    assert revisions == ["0.1", "[0.1,NaN]", "null", "true"]
    assert store.sql("SELECT revisions FROM params")["revisions"].tolist() == [4]


def test_the_last_value_is_the_one_logged_last(store, begin, settle):
    journal = begin()
    journal.metric("loss", 0.1, 100)
    journal.metric("loss", 0.5, 1)
    settle()
    journal.metrics({"loss": 0.3, "auc": 0.9}, 50)
    journal.metric("loss", 0.4, None)
    another = begin(journal.run)
    another.metric("loss", 0.2, 7)
    settle()
    assert store.metrics("baseline") == {"auc": 0.9, "loss": 0.2}
    sums = store.sql("SELECT key, step, points, low, high FROM metric_sums ORDER BY key")
    assert sums.to_numpy().tolist() == [["auc", 50, 1, 0.9, 0.9], ["loss", 7, 5, 0.1, 0.5]]
    history = store.history("baseline", "loss")
    assert history["step"].tolist()[:4] == [1, 7, 50, 100]
    assert history["value"].tolist() == [0.5, 0.2, 0.3, 0.1, 0.4]
    assert list(history.columns) == ["run", "key", "step", "time", "value"]


def test_floats_that_are_not_finite(store, begin, settle):
    journal = begin()
    for step, value in enumerate((1.0, "Infinity", "-Infinity", "NaN")):
        journal.metric("a", value, step)
    settle()
    journal.metrics({"b": "NaN", "c": "-Infinity"}, 0)
    settle()
    values = store.history("baseline", "a")["value"].tolist()
    assert values[:3] == [1.0, math.inf, -math.inf]
    assert math.isnan(values[3])
    last = store.metrics("baseline")
    assert math.isnan(last["a"])
    assert math.isnan(last["b"])
    assert last["c"] == -math.inf
    sums = store.sql("SELECT low, high FROM metric_sums ORDER BY key")
    assert sums.iloc[0].tolist() == [1.0, 1.0]
    assert sums.iloc[1:].isna().all(axis=None)


@pytest.mark.parametrize("value", [0.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 2.0**53 + 1, -1e-300])
def test_a_float_comes_back_to_the_last_bit(value, store, begin):
    journal = begin()
    journal.metric("a", value, 0)
    journal.metrics({"b": value}, -5)
    for _ in range(2):
        found = store.metrics("baseline")
        assert [found[key].hex() for key in "ab"] == [value.hex()] * 2
        store.fold()


def test_names_of_any_kind(store, begin, settle):
    journal = begin()
    names = ["", " ", "a b", "val/auc", "é漢🜁", "nul\0x", 'quo"te', "it's", "t", "w", "n", "A", "a", "%", "new\nline"]
    for name in names:
        journal.metric(name, 1.0, 1)
        journal.record(Param(key=name, value=name))
        journal.record(Tag(key=name, value=name))
    settle()
    journal.metrics(dict.fromkeys(names, 2.0), 2)
    # No UTF-8 can hold this one: it is written so that it can be read.
    journal.metric("half \ud83d", 1.0, 1)
    journal.metrics({"whole": 1.0, "half \ud83d": 3.0}, 2)
    journal.record(Note(text="half \ud83d"))
    settle()
    assert journal.lost == 0
    metrics = store.metrics("baseline")
    assert metrics == dict.fromkeys(names, 2.0) | {"whole": 1.0, "half \\ud83d": 3.0}
    assert store.params("baseline") == {name: name for name in names}
    assert store.tags("baseline") == {name: name for name in names}
    assert store.notes("baseline") == [Note(text="half \\ud83d")]


def test_large_records_and_texts(store, begin, settle):
    journal = begin()
    large = "é" * 2_000_000
    journal.record(Text(sha256="large", text=large))
    journal.record(Text(sha256="large", text=large))
    journal.record(Param(key="large", value=large))
    settle()
    journal.record(Note(text=large))
    values = {f"metric/{number}": float(number) for number in range(3000)}
    journal.metrics(values, 7)
    journal.metrics({"x" * 1200 + str(number): 1.0 for number in range(2000)}, 7)
    settle()
    assert journal.size_bytes() < 5_000_000
    assert store.text("large") == large
    assert store.params("baseline") == {"large": large}
    assert store.notes("baseline") == [Note(text=large)]
    metrics = store.metrics("baseline")
    assert {name: metrics[name] for name in values} == values
    assert len(metrics) == 5000
    assert store.history("baseline", "metric/2999")[["step", "value"]].to_numpy().tolist() == [[7, 2999.0]]


# -- which run --------------------------------------------------------------------------------------------------------


@pytest.fixture
def several(store, begin):
    """Three runs of two experiments, one name twice."""
    journals = [begin(name="a", experiment="one"), begin(name="b", experiment="one"), begin(name="a", experiment="two")]
    for number, journal in enumerate(journals):
        journal.metric("auc", 0.5 + number / 10, 1)
        journal.metric("loss", 0.5 + number / 10, 1)
        journal.metric("x", [1.0, "NaN", 2.0][number], 1)
        journal.record(Param(key="max_depth", value=number))
        journal.record(Param(key="it's \"odd\"", value=[number, "text", None][number]))
    return [journal.run for journal in journals]


@pytest.mark.parametrize("folded", [False, True])
def test_a_run_is_found_by_what_people_call_it(folded, store, several):
    if folded:
        store.fold()
    first, second, third = several
    meant = {
        "a": third, "b": second, "one/a": first, "two/a": third, "@last": third, "@best:auc": third,
        "@best:loss": first,
        "@best:loss:max": third, "@best:auc:min": first, "@best:x:max": third, "@best:x": third, "@best:x:min": first,
        first: first, first[-8:]: first, second[-6:]: second,
    }
    assert {reference: store.find(reference).id for reference in meant} == meant
    assert store.find(store.find("b")).id == second


def test_what_answers_to_no_run_says_what_there_is(store, several):
    with pytest.raises(RunNotFound, match=r"3 runs have an id like '.*'\. There is: a .*, b .*, a .* Give more"):
        store.find(several[0][:4])
    with pytest.raises(RunNotFound, match=r"there is no run 'one/c'"):
        store.find("one/c")
    with pytest.raises(RunNotFound, match=r"no run has a metric 'auk'\. Did you mean 'auc'"):
        store.find("@best:auk")
    with pytest.raises(RunNotFound):
        store.find("abc")
    with pytest.raises(LookupError):
        store.params("")


def test_the_closest_name_is_suggested(store, begin):
    begin(name="baseline")
    with pytest.raises(RunNotFound, match="Did you mean 'baseline'"):
        store.find("basline")


def test_points_of_an_unknown_run_are_nobodys_best(store, begin):
    begin().metric("auc", 0.5, 1)
    begin(store.new_run_id()).metric("auc", 0.9, 1)
    assert store.find("@best:auc").name == "baseline"


# -- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folded", [False, True])
def test_runs_are_rows_and_their_keys_are_columns(folded, store, several):
    if folded:
        store.fold()
    runs = store.runs()
    assert runs["id"].tolist() == several[::-1]
    assert runs.columns.tolist() == [
        "id", "experiment", "name", "status", "started", "ended", "seconds", "parent", "source",
        'params.it\'s "odd"', "params.max_depth", "metrics.auc", "metrics.loss", "metrics.x",
    ]
    assert runs["params.max_depth"].tolist() == [2, 1, 0]
    assert runs["metrics.auc"].tolist() == [0.7, 0.6, 0.5]
    assert runs['params.it\'s "odd"'].tolist()[1:] == ["text", 0]
    assert store.runs("two")["id"].tolist() == [several[2]]


def test_columns_are_those_the_chosen_runs_have(store, several, begin):
    other = begin(name="other", experiment="three")
    other.metric("only here", 1.0, 1)
    other.record(Param(key="only here", value=1))
    assert [column for column in store.runs("one").columns if "only" in column] == []
    assert [column for column in store.runs(where="experiment = 'two'").columns if "only" in column] == []
    bare = begin(name="bare", experiment="four")
    assert store.runs("four")["id"].tolist() == [bare.run]
    assert store.runs("five").empty


WHERE = {
    "metrics.auc > 0.55": [1, 2],
    "metrics.auc > 0.55 AND params.max_depth <= 1": [1],
    "params.\"it's \"\"odd\"\"\" = 'text'": [1],
    "status = 'running' -- all of them": [0, 1, 2],
    "auc < 0.55": [0],
    "seconds IS NULL": [0, 1, 2],
    "isnan(metrics.x)": [1],
    "name = 'a' OR name = 'b'": [0, 1, 2],
    "params.run = 5 OR metrics.run = 6": [],
    "params.LR = 1": [2],
    "params.lr = 1": [1],
    "false": [],
}


@pytest.mark.parametrize("where", WHERE)
def test_runs_under_a_condition(where, store, several, begin):
    for run, odd in zip(several, ("run", "lr", "LR"), strict=True):
        begin(run).record(Param(key=odd, value=1))
        begin(run).metric("run", 1.0, 1)
        begin(run).record(Param(key="", value=1))
    expected = sorted(several[number] for number in WHERE[where])
    for _ in range(2):
        assert sorted(store.runs(where=where)["id"]) == expected
        assert sorted(store.runs("one", where=where)["id"]) == [run for run in expected if run != several[2]]
        store.fold()


@pytest.mark.parametrize("where", ["metrics.auk > 1", "nonsense", "1 = 1; DROP VIEW runs", "name = 'a", ")", ""])
def test_a_wrong_condition_is_one_line(where, store, several):
    with pytest.raises(StoreError) as caught:
        store.runs(where=where)
    assert "\n" not in str(caught.value)
    assert "metrics.auc" in str(caught.value)
    assert len(store.runs()) == 3


def test_history_of_several_runs(store, several):
    # By id: of two that were made in one millisecond, either may be the first.
    points = store.history(["one/a", "b"], "auc")
    assert dict(zip(points["run"], points["value"], strict=True)) == dict(zip(several, [0.5, 0.6], strict=False))
    assert points["run"].is_monotonic_increasing
    assert store.history([]).empty
    assert store.history("b")["key"].tolist() == ["auc", "loss", "x"]
    assert store.history("b", "nothing").empty


@pytest.mark.parametrize(
    "query",
    ["SELEC 1", "SELECT * FROM nowhere", "SELECT nothing FROM runs", "SELECT ?", "SELECT 1 +", "SELECT 'a'::INT"]
)
def test_a_wrong_query_is_one_line(query, store, several):
    with pytest.raises(StoreError, match="DuckDB does not understand: ") as caught:
        store.sql(query)
    assert "\n" not in str(caught.value)
    assert len(store.runs()) == 3


def test_queries_take_parameters_and_may_say_nothing(store, several):
    assert store.sql("SELECT name FROM runs WHERE id = ?", [several[1]])["name"].tolist() == ["b"]
    assert store.sql("SELECT name FROM runs WHERE id = $id", {"id": several[1]})["name"].tolist() == ["b"]
    assert store.sql("").empty
    assert store.sql("-- nothing").empty
    assert set(store.tables()["table"]) >= {"runs", "metrics", "params"}


def test_a_frame_of_the_caller_does_not_answer_for_a_table(store, several):
    metrics = runs = nowhere = pandas.DataFrame({"id": ["mine"]})
    assert len(metrics) == len(runs) == len(nowhere) == 1
    assert store.sql("SELECT id FROM runs ORDER BY id")["id"].tolist() == sorted(several)
    with pytest.raises(StoreError, match="nowhere"):
        store.sql("SELECT * FROM nowhere")


def test_the_database_cannot_be_changed_by_a_question(store, several):
    store.fold()
    with pytest.raises(StoreError):
        store.sql("DELETE FROM s.metrics")
    assert len(store.history("b")) == 3


def test_a_snapshot_is_one_moment(store, begin):
    journal = begin()
    journal.metric("a", 1.0, 1)
    with store.snapshot():
        journal.metric("a", 2.0, 2)
        begin(name="later")
        assert store.metrics("baseline") == {"a": 1.0}
        assert len(store.all_runs()) == 1
        assert open_store(store.path).metrics("baseline") == {"a": 2.0}
        assert len(store.history("baseline")) == 1
    assert store.metrics("baseline") == {"a": 2.0}
    assert len(store.all_runs()) == 2


def test_what_a_run_is_is_its_newest_revision(store, begin, settle):
    journal = begin(name="draft")
    journal.record(RunRevision(name="final", message="better"))
    settle()
    journal.record(RunRevision(status="finished"))
    settle()
    run = store.find("final")
    assert (run.experiment, run.name, run.status, run.message) == ("flights", "final", "finished", "better")
    assert run.ended > run.started
    assert run.seconds == (run.ended - run.started).total_seconds()
