"""What is a metric: every way of saying one number, and nothing else; and that logging is safe."""

import math
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_magics import track
from mlops_magics.capture.numbers import metric_step, metric_value
from mlops_magics.errors import RunEnded, ValueNotRecorded


class Tensor:
    """What a framework's scalar has to offer."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return float(self.value)


NUMBERS = {
    "float": (0.1, 0.1), "int": (3, 3.0), "bool": (True, 1.0), "big": (2**63, float(2**63)),
    "huge": (10**400, math.inf), "low": (-(10**400), -math.inf), "nan": (math.nan, math.nan),
    "inf": (math.inf, math.inf),
    "f16": (np.float16("inf"), math.inf), "f32": (np.float32(0.5), 0.5), "f64": (np.float64(0.1), 0.1),
    "i8": (np.int8(-3), -3.0), "bool_": (np.bool_(False), 0.0), "array0": (np.array(2.5), 2.5),
    "decimal": (Decimal("0.1"), 0.1), "fraction": (Fraction(1, 3), 1 / 3), "tensor": (Tensor(7.25), 7.25),
    "tiny": (5e-324, 5e-324),
}  # fmt: skip


def test_every_way_of_saying_a_number(run, store) -> None:
    run.log({name: value for name, (value, _) in NUMBERS.items()})
    for name, (value, _) in NUMBERS.items():
        run.log({f"one/{name}": value}, step=1)
        run.log({f"one/{name}": value}, step=2)
    found = store.metrics(run.id)
    assert {name: repr(found[name]) for name in NUMBERS} == {name: repr(value) for name, (_, value) in NUMBERS.items()}
    assert {name: repr(found[f"one/{name}"]) for name in NUMBERS} == {name: repr(found[name]) for name in NUMBERS}


@pytest.mark.parametrize(
    "value", ["0.5", b"1", None, [1.0], np.array([1.0, 2.0]), {"a": 1}, 1j, object(), Decimal("sNaN"), float, "x" * 999]
)
def test_what_is_no_number_is_refused_whole(value, run, store) -> None:
    with pytest.raises(ValueNotRecorded, match="'bad' is one number, not") as caught:
        run.log({"good": 1.0, "bad": value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    with pytest.raises(ValueNotRecorded):
        run.log(bad=value)
    assert store.metrics(run.id) == {}


@pytest.mark.parametrize("name", ["", "x" * 501, 7, None, ("a", "b"), b"auc", 1.5])
@pytest.mark.parametrize("step", [None, 3])
def test_names_are_text(name, step, run, store) -> None:
    for values in ({name: 0.5}, {name: 0.5, "other": 1.0}):
        with pytest.raises(ValueNotRecorded, match="a metric's name is text"):
            run.log(values, step=step)
    assert store.metrics(run.id) == {}


@pytest.mark.parametrize("step", [1.5, "3", math.nan, math.inf, 2**63, 2**64, 2**200, -(2**63) - 1, [1], object()])
def test_steps_are_whole_numbers_of_63_bits(step, run, store) -> None:
    for values in ({"auc": 0.5}, {"auc": 1}, {"auc": 0.5, "loss": 0.1}):
        with pytest.raises(ValueNotRecorded, match="a step is a whole number"):
            run.log(values, step=step)
    assert store.metrics(run.id) == {}


def test_steps_that_are_whole(run, store) -> None:
    steps = [0, -1, 3.0, np.int64(4), True, 2**63 - 1, -(2**63), Decimal(7), None]
    for step in steps:
        run.log(auc=0.5, step=step)
    found = store.history(run.id)["step"]
    assert sorted(found.dropna().astype(int)) == sorted(int(step) for step in steps if step is not None)
    assert found.isna().sum() == 1


# A lone surrogate cannot be written: such a name is kept escaped, the same by every way.
NAMES = st.text(st.characters(), min_size=1, max_size=30)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.dictionaries(NAMES, st.floats(), min_size=1, max_size=5), step=st.integers(-(2**63), 2**63 - 1))
def test_fast_and_slow_path_agree(points, step, store) -> None:
    names = {name.encode("utf-8", "backslashreplace").decode() for name in points}
    if len(names) < len(points):
        return
    with track("law", "one", store=store) as one, track("law", "many", store=store) as many:
        for _ in range(2):  # the first time a name is new
            for name, value in points.items():
                one.log({name: value}, step=step)
            many.log({name: (np.float64(value)) for name, value in points.items()}, step=step)
    frames = (store.history(run.id)[["key", "step", "value"]] for run in (one, many))
    first, second = (sorted(map(repr, frame.itertuples(index=False))) for frame in frames)
    assert first == second
    assert len(first) == 2 * len(points)
    assert set(store.metrics(one.id)) == names


def test_one_number_without_a_name_is_explained(run) -> None:
    run.log()
    run.log({})
    with pytest.raises(ValueNotRecorded, match=r"metrics have names, and 0\.5 has none\. Write run\.log\(NAME=VALUE"):
        run.log(0.5)


def test_a_run_that_is_over_refuses(store) -> None:
    run = track("flights", "baseline", store=store)
    run.log(auc=0.5, step=1)
    run.end()
    for call in (
        lambda: run.log(auc=0.5, step=1), lambda: run.log(auc=1), lambda: run.params(a=1), lambda: run.tag(a="b"),
        lambda: run.note("x"), lambda: run.artifact(b"x", "x"), lambda: run.evaluate(None, [[1]], [1]),
    ):  # fmt: skip
        with pytest.raises(RunEnded, match="the run baseline is finished"):
            call()
    assert store.metrics("baseline") == {"auc": 0.5}


def test_threads_lose_nothing(run, store) -> None:
    threads, each = 8, 500

    def work(number: int) -> None:
        for step in range(each):
            run.log({f"loss/{number}": step / 7}, step=step)
            if step % 50 == 0:
                run.log({f"a/{number}": step, f"b/{number}": step}, step=step)
                run.params({f"p{number}": step})

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    counts = store.history(run.id).groupby("key")["step"].agg(["count", "nunique"])
    assert len(counts) == 3 * threads
    for number in range(threads):
        assert counts.loc[f"loss/{number}"].tolist() == [each, each]
        assert counts.loc[f"a/{number}"].tolist() == [each // 50, each // 50]
    assert store.params(run.id) == {f"p{number}": 450 for number in range(threads)}


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_finite_value_is_kept_to_the_last_bit(value) -> None:
    assert metric_value("auc", value) == value
    assert metric_value("auc", np.float64(value)) == value


@given(step=st.integers(-(2**63), 2**63 - 1))
def test_a_step_is_itself(step) -> None:
    assert metric_step(step) == step
