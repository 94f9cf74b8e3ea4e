"""How cells stand to a run, said of the notebook as it is now."""

from dataclasses import replace

from mlops_magics.capture.notebook.flow import Execution
from mlops_magics.faces.server.answers import CellSource, RunLine
from mlops_magics.faces.server.marks import marks

RUN = RunLine("r", "baseline", "flights", "running", "2026-01-01T00:00:00Z", "")


def ran(*cells: tuple[str, str, int]) -> list[Execution]:
    return [
        Execution(position, cell, source, facts=facts, execution_count=position)
        for position, (cell, source, facts) in enumerate(cells, 1)
    ]


def states(executions: list[Execution], *cells: tuple[str, str]) -> dict[str, str]:
    answer = marks(RUN, executions, [CellSource(*cell) for cell in cells])
    return {mark.id: mark.state for mark in answer.marks}


def test_what_ran_as_it_is_is_fresh() -> None:
    executions = ran(("a", "x = 1", 0), ("b", "y = x", 1), ("c", "z = 3", 0))
    answer = marks(RUN, executions, [CellSource("a", "x = 1"), CellSource("b", "y = x"), CellSource("c", "z = 3")])
    assert [(mark.id, mark.state, mark.stands) for mark in answer.marks] == [
        ("a", "fresh", True), ("b", "fresh", True), ("c", "fresh", False),
    ]  # fmt: skip


def test_an_edited_cell_is_edited_until_it_is_as_it_ran() -> None:
    executions = ran(("a", "x = 1", 1), ("b", "y = x", 1))
    assert states(executions, ("a", "x = 2"), ("b", "y = x")) == {"a": "edited", "b": "fresh"}
    assert states(executions, ("a", "x = 1"), ("b", "y = x")) == {"a": "fresh", "b": "fresh"}


def test_a_cell_that_never_ran_is_told_and_an_empty_one_is_not() -> None:
    assert states(ran(("b", "y = 1", 1)), ("a", "x = 1"), ("b", "y = 1"), ("c", " \n")) == {
        "a": "outside", "b": "fresh",
    }  # fmt: skip


def test_a_cell_that_raised_is_told_whether_the_run_is_open_or_over() -> None:
    for run in (RUN, replace(RUN, status="finished")):
        executions = [Execution(1, "a", "x = 1"), Execution(2, "b", "x / 0", "error", execution_count=2)]
        cells = [CellSource("a", "x = 1"), CellSource("b", "x / 0")]
        assert [mark.state for mark in marks(run, executions, cells).marks] == ["fresh", "failed"]
        edited = marks(run, executions, [cells[0], CellSource("b", "x / 1")]).marks[1]
        assert edited.state == "edited"
        assert "raised an error" in edited.sentence


def test_what_a_run_that_is_over_says_is_said_of_that_run() -> None:
    over = replace(RUN, status="interrupted")
    cells = [CellSource("a", "x = 1"), CellSource("b", "y = x"), CellSource("c", "z = 1")]
    told = [mark.sentence for mark in marks(over, ran(("a", "x = 1", 1), ("b", "y = 2", 1)), cells).marks]
    assert told[0] == "In [1]: ran so in baseline, which is over; the run stands on it"
    assert told[1].endswith("(in baseline, which is over)")
    assert told[2] == "is not part of baseline, which is over"
    assert marks(RUN, [], cells).marks[0].sentence == "is not part of baseline"


def test_cells_out_of_order_and_stale_ones() -> None:
    executions = ran(("a", "x = 1", 0), ("b", "y = x", 1), ("a", "x = 2", 0))
    found = states(executions, ("a", "x = 2"), ("b", "y = x"))
    assert found["b"] == "stale"
    executions = ran(("b", "print(2)", 1), ("a", "print(1)", 1))
    assert "out_of_order" in states(executions, ("a", "print(1)"), ("b", "print(2)")).values()


def test_a_cell_that_is_busy_is_running_whatever_was_known_of_it() -> None:
    executions = ran(("a", "x = 1", 1), ("b", "y = x", 1))
    cells = [CellSource("a", "x = 2", busy=True), CellSource("b", "y = x"), CellSource("c", "z = 1", busy=True)]
    told = marks(RUN, executions, cells).marks
    assert [mark.state for mark in told] == ["running", "stale" if told[1].state == "stale" else "fresh", "running"]
    assert told[2].sentence == "In [*]: runs, or waits for those before it"
    over = marks(replace(RUN, status="finished"), executions, cells).marks[2]
    assert over.sentence.endswith("; it is not part of baseline, which is over")


def test_a_secret_that_the_run_does_not_keep_is_no_edit() -> None:
    assert states(ran(("a", 'password="***"', 1)), ("a", 'password="hunter2"')) == {"a": "fresh"}
