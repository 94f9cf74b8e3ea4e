"""For any sequence of records: what is read from the tail is what is read after a fold, in one piece or in two."""

import json

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_magics.records import Note, Param, RunRevision, Tag
from mlops_magics.store import open_store
from mlops_magics.store.lines import is_record, repair
from mlops_magics.store.locks import FileLock

names = st.sampled_from(["a", "b", "t", 'q"', "", "é\0"]) | st.text(max_size=5)
floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity"])
steps = st.none() | st.integers(-(2**63), 2**63 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
actions = st.one_of(
    st.tuples(st.just("metric"), names, floats, steps),
    st.tuples(st.just("metrics"), st.dictionaries(names, floats, max_size=4), steps),
    st.tuples(st.just("record"), st.builds(Param, key=names, value=json_values)),
    st.tuples(st.just("record"), st.builds(Tag, key=names, value=st.text(max_size=5))),
    st.tuples(st.just("record"), st.builds(Note, text=st.text(max_size=20))),
    st.tuples(st.just("record"), st.builds(RunRevision, name=st.sampled_from("xy"), message=st.text(max_size=3))),
)


def known(store, run: str) -> str:
    """Everything the store tells of a run, as text, since NaN equals nothing."""
    with store.snapshot():
        found = store.find(run)
        queries = (
            "SELECT key, step, epoch_us(time), value FROM metrics WHERE run = ? ORDER BY time, key",
            "SELECT * EXCLUDE time, epoch_us(time) FROM metric_sums WHERE run = ? ORDER BY key",
            "SELECT key, value, epoch_us(time) FROM param_revs WHERE run = ? ORDER BY time",
        )
        told = [
            (found.name, found.status, found.message, str(found.started)),
            *(store.sql(query, [run]).to_numpy().tolist() for query in queries),
            store.params(run), store.tags(run), [note.text for note in store.notes(run)],
        ]
        return json.dumps(told, default=str)


def test_tail_and_fold_and_two_folds_tell_the_same(tmp_path):
    whole, pieces = (open_store(tmp_path / name / ".mlops") for name in ("whole", "pieces"))
    pieces.open_journal().close()

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(actions, max_size=12), st.integers(0, 12))
    def law(done, cut):
        run = whole.new_run_id()
        journal = whole.open_journal(run)
        # The same bytes go under the same name into a store that folds in between.
        copy = pieces.path / "journal" / journal.path.name
        alive = FileLock(copy.with_suffix(".alive"))
        try:
            journal.record(RunRevision(experiment="laws", name="law", status="running"))
            sizes = [journal.size_bytes()]
            for verb, *arguments in done:
                getattr(journal, verb)(*arguments)
                sizes.append(journal.size_bytes())
            tail = known(whole, run)
            content = journal.path.read_bytes()
            whole.fold()
            assert known(whole, run) == tail

            assert alive.acquire()
            copy.write_bytes(content[: sizes[min(cut, len(done))]])
            pieces.fold()
            copy.write_bytes(content)
            assert known(pieces, run) == tail
            pieces.optimize()
            assert known(pieces, run) == tail
        finally:
            journal.close()
            alive.release()

    law()


WRITER = 7
records = st.one_of(
    st.fixed_dictionaries({"t": st.integers(0, 2**50), "w": st.just(WRITER), "n": names, "v": floats, "s": steps}),
    st.fixed_dictionaries(
        {"t": st.integers(0, 2**50), "w": st.just(WRITER), "m": st.dictionaries(names, floats, max_size=3), "s": steps}
    ),
    st.fixed_dictionaries(
        {"t": st.integers(0, 2**50), "w": st.just(WRITER), "k": st.sampled_from(["note", "tag"]),
         "d": st.dictionaries(st.sampled_from(["text", "key"]), st.text() | st.just('{"t":1,"w":7'), max_size=2)}
    ),
).map(lambda record: orjson.dumps({name: record[name] for name in "twnvmkds" if name in record}))
beginnings = [b'{"t":', b'{"t":1,"w":7,', b'{"t":1,"w":7,"n":"', b"\0" * 20, b"\r", b"\n", b"{"]
rubbish = st.binary(max_size=30) | st.sampled_from(beginnings)


@st.composite
def torn(draw) -> bytes:
    line = draw(records)
    return line[: draw(st.integers(0, len(line) - 1))]


@settings(max_examples=250, deadline=None)
@given(st.lists(st.tuples(rubbish | torn(), records), max_size=6), rubbish | torn())
def test_repair_keeps_every_whole_record_whatever_is_before_it(pairs, rest):
    content = b"".join(before + record + b"\n" for before, record in pairs) + rest
    good, bad = repair(content, WRITER)
    kept = [line.strip() for line in good.split(b"\n")[:-1]]
    whole = iter(kept)
    assert all(record in whole for _, record in pairs)  # each of them, in order
    assert all(is_record(line, WRITER) for line in kept)
    # Nothing is made up, and nothing but blanks is thrown away.
    assert all(piece in content for piece in (*kept, *bad))
    blanks = content.translate(None, b" \t\n\r\v\f")
    assert len(b"".join((*kept, *bad)).translate(None, b" \t\n\r\v\f")) == len(blanks)


strange = st.one_of(
    json_values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(
        st.sampled_from("twnvsmkdb"), json_values | st.just(WRITER) | st.dictionaries(names, json_values, max_size=2)
    ).map(lambda value: json.dumps({"t": 1, "w": WRITER} | value).encode()),
    rubbish,
)


def test_no_line_stops_a_read_or_a_fold(tmp_path):
    """Whatever the bytes are, the record behind them is there, and DuckDB takes all that repair lets through."""
    store = open_store(tmp_path / ".mlops")

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(strange, max_size=5))
    def law(lines):
        run = store.new_run_id()
        journal = store.open_journal(run)
        try:
            journal.record(RunRevision(experiment="laws", name="law", status="running"))
            own = b'"w": %d' % WRITER, b'"w": %d' % journal._writer
            with journal.path.open("ab") as file:
                file.writelines(line.replace(*own).replace(b"\n", b" ") + b"\n" for line in lines)
            journal.metric("behind it", 1.0, 1)
            with store.snapshot():
                assert store.metrics(run)["behind it"] == 1.0
                before = len(store.history(run))
        finally:
            journal.close()
        assert store.fold().reason is None
        with store.snapshot():
            assert store.metrics(run)["behind it"] == 1.0
            assert len(store.history(run)) == before

    law()
