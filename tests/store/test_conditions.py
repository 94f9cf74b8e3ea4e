"""Conditions: what is printed is read back, what is asked is answered as Python would, and nothing else is run."""

import math
import operator
import string
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mlops_magics import open_store
from mlops_magics.errors import ConditionError
from mlops_magics.records import Param, RunRevision, Tag
from mlops_magics.store.conditions.meaning import meaning_of
from mlops_magics.store.conditions.names import Names
from mlops_magics.store.conditions.parse import parse_condition
from mlops_magics.store.conditions.tree import (
    UNITS,
    Ago,
    Among,
    And,
    Comparison,
    Like,
    Missing,
    Name,
    Not,
    Or,
    Today,
    Value,
)
from mlops_magics.store.selection import Selection

# -- the printed form -------------------------------------------------------------------------------------------------

SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
keys = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["auc", "val/auc", "precision@10", "in", "AND", "metrics.x", "tag.y", "5xx", "a`b", "inf", "is",
                     "inf/x", "learning-rate", "a--b", "x; DROP TABLE runs", "missing", "run", "état", "a.b.c"]),
)  # fmt: skip
names = st.builds(Name, keys, st.sampled_from([None, "metrics", "params", "tags", "runs"]))
moments = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))
values = st.builds(
    Value,
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False), st.text(max_size=8),
        st.dates(), moments, moments.map(lambda moment: moment.replace(microsecond=0)),
        st.builds(Ago, st.integers(0, 999).map(float), st.sampled_from(UNITS)),
        st.builds(Today, st.sampled_from([0, 1])),
    ),
)  # fmt: skip
texts = st.builds(Value, st.text(max_size=8))
leaves = st.one_of(
    st.builds(Comparison, names, st.sampled_from(list(SIGNS)), st.one_of(names, values)),
    st.builds(Among, names, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Like, names, st.sampled_from(["like", "contains"]), texts, st.booleans()),
    st.builds(Missing, names, st.booleans()),
)


def trees(leaf):
    several = lambda part: st.lists(part, min_size=2, max_size=3).map(tuple)  # noqa: E731
    return st.recursive(
        leaf,
        lambda part: st.one_of(st.builds(Not, part), st.builds(And, several(part)), st.builds(Or, several(part))),
        max_leaves=8,
    )


@given(trees(leaves))
@settings(max_examples=400, deadline=None)
def test_what_is_printed_is_read_back(condition):
    assert parse_condition(str(condition)) == condition


@given(st.text(alphabet=string.printable, max_size=30))
@settings(max_examples=400, deadline=None)
def test_a_text_is_read_or_refused_at_a_place_within(text):
    try:
        condition = parse_condition(text)
    except ConditionError as error:
        assert 0 <= error.at <= len(text)  # noqa: PT017 - either outcome is right
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert parse_condition(str(condition)) == condition


READ = {
    "a = 1 or b = 2 and not c = 3": "a = 1 or (b = 2 and not c = 3)",
    "not a = 1 and b = 2": "(not a = 1) and b = 2",
    "not (a = 1 and b = 2)": "not (a = 1 and b = 2)",
    "((a = 1))": "a = 1",
    "a=1 AND b<>2 Or c==3": "a = 1 and b != 2 or c = 3",
    "5 > auc": "auc < 5",
    "'ops' = tag.team": 'tags.team = "ops"',
    "metric.a >= .5": "metrics.a >= 0.5",
    "metrics.\"val auc\" > 1": "metrics.`val auc` > 1",
    "params.'a\"b' = \"it's\"": "params.`a\"b` = 'it''s'",
    "name not in ('a',\"b\")": "name not in ('a', 'b')",
    "a is null or b IS NOT MISSING": "a is missing or b is not missing",
    "started > 2 Days ago": "started > 2 days ago",
    "started>=2026-11-01T14:00+02:00": "started >= 2026-11-01 12:00",
    "test/roc_auc>precision@10": "test/roc_auc > precision@10",
    "x <= -1e-3": "x <= -0.001",
    "x < -inf": "x < -inf",
}


@pytest.mark.parametrize("text", READ)
def test_how_it_is_read(text):
    assert parse_condition(text) == parse_condition(READ[text])


REFUSED = {
    "": (0, "the condition is empty"),
    "auc": (3, "a comparison is expected behind auc, not the end"),
    "auc > ": (6, "a value is expected, not the end"),
    "auc >> 1": (5, "a value is expected, not '>'"),
    "auc > 1 adn b > 2": (8, "'and' or 'or' is expected, not 'adn'"),
    "(auc > 1": (8, "')' is expected, not the end"),
    "auc > 1)": (7, "'and' or 'or' is expected, not ')'"),
    "name = 'a": (7, "the quote ' is not closed"),
    "auc in ()": (8, "a value is expected, not ')'"),
    "auc in (0.1, depth)": (13, "a value is expected, not 'depth'"),
    "name like base": (10, "text in quotes is expected, not 'base'"),
    "auc is good": (7, "'missing' is expected, not 'good'"),
    "1 = 2": (4, "one side of a comparison is a name, and '2' is none"),
    "started > 2026-02-30": (10, "no calendar has '2026-02-30'"),
    "auc > 1; DROP TABLE runs": (7, "';' means nothing here"),
    "auc > 1 -- all": (8, "'-' means nothing here"),
    "(" * 200 + "a = 1" + ")" * 200: (100, "more than 100 brackets and nots stand within each other"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_says_where_and_what_was_seen(text):
    with pytest.raises(ConditionError) as caught:
        parse_condition(text)
    assert (caught.value.at, caught.value.reason) == REFUSED[text]


@given(keys, st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_nothing_a_person_wrote_is_in_the_sql(key, text):
    assume(len(key) > 1 and len(text) > 1)
    known = Names({"tags": [key], "params": [key], "metrics": []})
    condition = And((
        Comparison(Name(key, "tags"), "=", Value(text)), Comparison(Name(key, "params"), "<", Value(text)),
        Like(Name(key, "params"), "contains", Value(text)), Among(Name(key, "tags"), (Value(text),)),
    ))  # fmt: skip
    plain = And((
        Comparison(Name("kk", "tags"), "=", Value("vv")), Comparison(Name("kk", "params"), "<", Value("vv")),
        Like(Name("kk", "params"), "contains", Value("vv")), Among(Name("kk", "tags"), (Value("vv"),)),
    ))  # fmt: skip
    meaning = meaning_of(condition, known)
    other = meaning_of(plain, Names({"tags": ["kk"], "params": ["kk"]}))
    assert meaning.joins == other.joins
    if not _is_number(text):
        assert meaning.test == other.test
    assert {key, text} <= set(map(str, meaning.parameters.values())) | {text if _is_number(text) else key}


def _is_number(text):
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


# -- answers ----------------------------------------------------------------------------------------------------------

EVIL = "x' OR 1=1; DROP TABLE run_revs; --"
RUNS = [
    {"auc": 0.5, "depth": 3, "team": "ops", "kind": "gbm", "a b": 1.0, "val/auc": 0.5},
    {"auc": 0.75, "depth": 6, "kind": "rf", "a b": math.nan, "val/auc": 0.8},
    {"auc": math.nan, "depth": "6", "team": "data", "kind": None},
    {"auc": math.inf, "depth": 10.5, "team": "Ops", "kind": True, "val/auc": 0.1},
    {"depth": "deep", "team": "10", "kind": [1, 2]},
    {EVIL: 1.0, "team": EVIL},
]
METRICS, TAGS = {"auc", "a b", "val/auc", EVIL}, {"team"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("conditions") / ".mlops")
    for number, facts in enumerate(RUNS):
        journal = store.open_journal(store.new_run_id())
        experiment = "odd" if number % 2 else "even"
        journal.record(RunRevision(experiment=experiment, name=f"r{number}", status="running"))
        metrics = {key: value if math.isfinite(value) else str(value).replace("inf", "Infinity").replace("nan", "NaN")
                   for key, value in facts.items() if key in METRICS}  # fmt: skip
        if metrics:
            journal.metrics(metrics, 1)
        for key, value in facts.items():
            if key in TAGS:
                journal.record(Tag(key=key, value=value))
            elif key not in METRICS:
                journal.record(Param(key=key, value=value))
        journal.record(RunRevision(status="finished" if number else "failed"))
        journal.close()
    store.fold()
    return store


def answer(store, where):
    chosen = store.survey(Selection(where=where), limit=100)
    return sorted(int(row.name[1:]) for row in chosen.rows)


ANSWERS = {
    "auc > 0.7 and params.depth <= 6": [1],
    "auc >= 0.5": [0, 1, 3],
    "auc != 0.5": [1, 2, 3],
    "not auc > 0.6": [0, 2],
    "auc is missing": [4, 5],
    "auc < inf": [0, 1],
    "AUC = 0.75": [1],
    "val/auc > 0.3 and `a b` = 1": [0],
    "auc < val/auc": [1],
    "depth = 6": [1, 2],
    "depth = '6'": [1, 2],
    "depth > '5'": [1, 2, 3, 4],
    "depth > 5": [1, 2, 3],
    "depth in (3, 'deep')": [0, 4],
    "depth not in (3, 6)": [3],
    "kind is missing": [2, 5],
    "kind = none": [2],
    "kind = true": [3],
    "kind contains 'G'": [0],
    "kind like 'g%'": [0],
    "kind not like 'g%'": [1, 3, 4],
    "tag.team = 'ops'": [0],
    'team = "ops" or team = "data"': [0, 2],
    "team contains 'OPS'": [0, 3],
    "team != 'ops'": [2, 3, 4, 5],
    "team > 9": [4],
    "status = 'failed'": [0],
    "run.name in ('r1', 'r2')": [1, 2],
    "experiment = 'odd' and not (name = 'r1' or name = 'r3')": [5],
    "started > 1 hour ago and seconds >= 0": [0, 1, 2, 3, 4, 5],
    "started < yesterday": [],
    "started > ended": [],
    "name = team": [],
    f"`{EVIL}` = 1": [5],
    f"team = '{EVIL.replace(chr(39), chr(39) * 2)}'": [5],
}


@pytest.mark.parametrize("where", ANSWERS)
def test_answers(filled, where):
    assert answer(filled, where) == ANSWERS[where]
    assert answer(filled, parse_condition(where)) == ANSWERS[where]
    assert sorted(filled.runs(where=where)["name"]) == [f"r{number}" for number in ANSWERS[where]]


def test_times_are_utc(filled):
    today = datetime.now(UTC).date()
    assert answer(filled, f"started = {today}") == answer(filled, "started = today") == list(range(6))
    assert answer(filled, f"started >= '{today}' and ended < {today + timedelta(days=1)}") == list(range(6))
    assert answer(filled, f"started != {today}") == []
    now = datetime(2026, 3, 1, 12)
    for text, moment in {
        "2 days ago": datetime(2026, 2, 27, 12), "today": datetime(2026, 3, 1), "yesterday": datetime(2026, 2, 28),
        "'2026-01-05 08:00'": datetime(2026, 1, 5, 8), "90 minutes ago": datetime(2026, 3, 1, 10, 30),
    }.items():  # fmt: skip
        parameters = meaning_of(parse_condition(f"started > {text}"), Names({}), now=now).parameters
        assert list(parameters.values()) == [moment]
    assert meaning_of(parse_condition("ended = yesterday"), Names({}), now=now).parameters == {"w0": date(2026, 2, 28)}


STILL_SQL = {
    "auc between 0.5 and 0.8": [0, 1],
    "len(name) = 2 and metrics.auc > 0.7": [1, 2, 3],
    "name ilike 'R1'": [1],
    'metrics.auc > metrics."val/auc" + 0.1': [3],
    "metrics.auc/2 > 0.3 and not isinf(metrics.auc) and not isnan(metrics.auc)": [1],
    "status = 'failed' -- and more": [0],
    "name = ANY(['r1', 'r2'])": [1, 2],
    "id IN (SELECT run FROM tags WHERE value = 'ops')": [0],
    "false": [],
    "auc > \"val/auc\" and not isinf(auc)": [],
}


@pytest.mark.parametrize("where", STILL_SQL)
def test_what_is_not_of_the_language_is_sql(filled, where):
    assert answer(filled, where) == STILL_SQL[where]


SAID = {
    "auk > 1": "in 'auk > 1', at character 1: there is no auk. Did you mean 'auc'?",
    "auc > 1 and params.dpeth > 1": "at character 13: there is no params.dpeth. Did you mean 'params.depth'?",
    "tags.taem = 'ops'": "there is no tags.taem. Did you mean 'tags.team'?",
    "tag.team = ops": "at character 12: there is no ops. There is: metrics.`a b`, metrics.auc",
    "auc >> 0.7": "A condition reads like: auc > 0.7 and tag.team = 'ops'.",
    "run.nam = 'a'": "there is no runs.nam.",
    "auc > 'high'": "auc is a number, and 'high' is none",
    "auc like 'x'": "auc is a number, and no text to look into",
    "auc = none": "metrics.auc is a number, and never none",
    "team < true": "nothing is greater or smaller than true. Compare by = or !=.",
    "depth > 2 days ago": "depth is no time, and 2 days ago is one. A run's times: started, ended.",
    "started > 'soon'": "started is a time, and 'soon' is none. Write 2026-11-01, '2026-11-01 14:00' or 2 days ago.",
    "started > 9999999 weeks ago": "no calendar reaches 1e+07 weeks ago",
    "started = auc": "started and metrics.auc cannot be compared: one of them is a time",
    "auc > 1 or": "at character 11: a name is expected, not the end. There is: metrics.`a b`, metrics.auc",
    "len(nam) = 2": 'As SQL: Binder Error: Referenced column "nam" not found',
    "1 = 1; DROP TABLE run_revs": "at character 6: ';' means nothing here",
    "1 = 1) OR (2 = 2": "at character 5: one side of a comparison is a name, and '1' is none",
    "name = 'a') UNION SELECT * FROM runs WHERE (1 = 1": "at character 26: '*' means nothing here",
}


@pytest.mark.parametrize("where", SAID)
def test_an_error_says_where_what_and_what_there_is(filled, where):
    with pytest.raises(ConditionError) as caught:
        answer(filled, where)
    assert SAID[where] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert answer(filled, None) == list(range(6))


def test_a_name_is_a_metric_before_a_column_before_a_parameter():
    known = Names({"metrics": ["name", "x", "lr", "LR"], "params": ["status", "x", "y"], "tags": ["y", "z"]})
    meant = {"name": "metrics.name", "run.name": "name", "status": "status", "params.status": "params.status",
             "x": "metrics.x", "y": "params.y", "z": "tags.z", "LR": "metrics.LR", "lr": "metrics.lr"}  # fmt: skip
    for text, column in meant.items():
        assert known.read(text).column == column
    with pytest.raises(ConditionError, match="there is no lR"):
        known.read("lR")


# -- against Python ---------------------------------------------------------------------------------------------------

numbers = st.sampled_from([0.1, 0.5, 0.6, 0.75, 0.8, 1, 1e9, float("inf")]).map(Value)
metric_names = st.sampled_from([Name("auc"), Name("val/auc", "metrics"), Name("a b")])
words = st.sampled_from(["ops", "Ops", "data", "none", "", "%", EVIL]).map(Value)
asked = st.one_of(
    st.builds(Comparison, metric_names, st.sampled_from(list(SIGNS)), st.one_of(numbers, metric_names)),
    st.builds(Among, metric_names, st.lists(numbers, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Missing, st.one_of(metric_names, st.just(Name("team", "tags"))), st.booleans()),
    st.builds(Comparison, st.just(Name("team")), st.sampled_from(["=", "!=", "<", ">="]), words),
    st.builds(Like, st.just(Name("team", "tags")), st.just("contains"), words, st.booleans()),
)


def holds(condition, facts):
    """True, False, or None where a run lacks what is compared."""
    value = lambda side: side.content if isinstance(side, Value) else facts.get(side.key)  # noqa: E731
    match condition:
        case Not(part):
            inner = holds(part, facts)
            return None if inner is None else not inner
        case And(parts) | Or(parts):
            found = [holds(part, facts) for part in parts]
            deciding = isinstance(condition, Or)
            return deciding if deciding in found else None if None in found else not deciding
        case Missing(name, negated):
            return (value(name) is None) != negated
        case Comparison(left, sign, right):
            sides = value(left), value(right)
            return None if None in sides else SIGNS[sign](*sides)
        case Among(name, among, negated):
            return None if value(name) is None else (value(name) in [item.content for item in among]) != negated
        case Like(name, _, pattern, negated):
            held = value(name)
            return None if held is None else (pattern.content.lower() in held.lower()) != negated


@given(trees(asked))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_are_those_of_python(filled, condition):
    expected = [number for number, facts in enumerate(RUNS) if holds(condition, facts)]
    assert answer(filled, str(condition)) == expected
