"""Which lines of a cell are not done again."""

from datetime import datetime

import pytest

from mlops_magics.records import Run
from mlops_magics.rerun.lines import has_masked_value, is_empty, kept_lines, sets_store

RUN = Run(id="0", experiment="flights", name="baseline", status="finished", started=datetime(2026, 1, 1))


def kept(source: str, *, is_open: bool = True, may_track: bool = True) -> str:
    return kept_lines(source, RUN, is_open=is_open, may_track=may_track).source


@pytest.mark.parametrize(
    "line",
    [
        "%mlops runs", "%mlops show @last", "%mlops diff a b", "%mlops drift july", "%mlops export baseline out",
        '%mlops sql "SELECT 1"', "%mlops store --fold", "%mlops cells", "%mlops replay baseline", "%mlops",
        "!mlops replay baseline", "! mlops runs", "!!mlops show baseline", "!mlops log x=1 --run baseline",
        "mlops runs", "%mlops tag good=yes --run other", "%mlops log x=1 --run=other",
        "%pip install pandas", "!pip install -q pandas", "!{sys.executable} -m pip install x", "%conda install x",
        "!uv pip install x", "%env MLOPS_STORE=/somewhere", "%set_env MLOPS_STORE=/x",
        'os.environ["MLOPS_STORE"] = "/x"', 'os.environ.setdefault("MLOPS_STORE", "/x")',
        "%mlops log a=1 --run other \\\n b=2",
    ],
)  # fmt: skip
def test_left_out(line) -> None:
    assert kept(f"x = 1\n{line}\ny = 2") == "x = 1\ny = 2"


@pytest.mark.parametrize(
    "line",
    [
        "%mlops log auc={auc}", "%mlops params depth=3", "%mlops evaluate model X y", "%mlops note fine",
        "%mlops artifact figure", "%mlops tag good=yes --run baseline", "%mlops log x=1 --run flights/baseline",
        "mlops log x=1", "%mlops log a=1 \\\n    b=2", "d = %mlops diff a b", "e = %mlops evaluate model X y",
        "%time fit()", "!ls", "files = !ls", "mlops.track('x')", "mlops = 3", 'store = os.environ["MLOPS_STORE"]',
        "runs = !mlops runs", "!mlopsy",
        "for i in range(3):\n    %mlops show baseline", "%mlops end", "pip = 'pip install'",
        'os.environ["MLOPS_STORE"] = "/x"; y = 1', '"""\n%mlops show baseline\n"""', "%mlops autolog off",
    ],
)  # fmt: skip
def test_kept(line) -> None:
    assert kept(f"x = 1\n{line}") == f"x = 1\n{line}"


def test_recording_before_the_run_belongs_to_others() -> None:
    source = "%mlops track trees --name deep\nmodel = fit()\n%mlops log auc=0.7\n%mlops end"
    assert kept(source, is_open=False, may_track=False) == "model = fit()"
    same = "%%mlops track flights --name baseline\nmodel = fit()\n%mlops log auc=0.7"
    assert kept(same, is_open=False, may_track=False) == "model = fit()"


def test_what_records_and_gives_a_name_is_left_out_where_no_run_is_open() -> None:
    source = "model = fit()\nscores = %mlops evaluate model X y\nrows = %mlops runs"
    assert kept(source) == source
    assert kept(source, is_open=False) == "model = fit()\nrows = %mlops runs"
    other = kept_lines("run = %mlops track trees --name deep", RUN, is_open=True)
    assert (other.source, other.has_other) == ("run = %mlops track trees --name deep", True)
    assert kept_lines(source, RUN, is_open=False, has_other=other.has_other).source == source
    own = kept_lines(f"%mlops track flights --name baseline\n%mlops end\n{source}", RUN, is_open=False, has_other=True)
    assert "evaluate" not in own.source


def test_within_a_cell_the_run_begins_and_ends() -> None:
    own = "%mlops track flights --name baseline\n%mlops log b=2\n%mlops end"
    found = kept_lines(f"%mlops log a=1\n%mlops end\n{own}\n%mlops log c=3", RUN, is_open=False)
    assert found.source == own
    assert (found.tracks, found.is_open) == (True, False)
    other = kept_lines("%mlops log a=1\n%mlops track flights --name second\n%mlops log b=2", RUN, is_open=True)
    assert (other.source, other.is_open) == ("%mlops log a=1", False)


@pytest.mark.parametrize(
    ("line", "again"),
    [
        ("%mlops track flights", "%mlops track flights --name baseline"),
        ("%mlops track flights --name {name}", "%mlops track flights --name baseline"),
        ("%mlops track {what} --name=$name", "%mlops track flights --name baseline"),
        ("mlops track flights --name baseline", "%mlops track flights --name baseline"),
        ("run = %mlops track flights", "run = %mlops track flights --name baseline"),
        ("%mlops track --private flights --system 5", "%mlops track flights --name baseline --private --system 5"),
        ("%mlops track flights --name baseline --resume", "%mlops track flights --name baseline"),
        ("%%mlops track flights\nx = 1", "%%mlops track flights --name baseline\nx = 1"),
    ],
)
def test_the_line_that_begins_the_run_says_its_name(line, again) -> None:
    found = kept_lines(line, RUN, is_open=False)
    assert (found.source, found.is_open, found.tracks) == (again, True, True)


def test_a_run_that_is_resumed_in_the_middle_goes_on() -> None:
    line = "%mlops track flights --name baseline --resume"
    assert kept(line, is_open=True) == line


@pytest.mark.parametrize(
    ("source", "is_masked"),
    [
        ('password = "***"', True),
        ("connect(token='***')", True),
        ('engine = create("postgresql://me:***@host/db")', True),
        ('headers = {"Authorization": "Bearer ***"}', True),
        ("%sql postgresql://me:***@host", True),
        ('print("***")', False),
        ('line = "***********"', False),
        ("x = 2 ** 3  # ***", False),
        ("print('*' * 3)", False),
    ],
)
def test_masked_values_are_seen(source, is_masked) -> None:
    assert has_masked_value(source) is is_masked


@pytest.mark.parametrize(
    ("source", "sets"),
    [
        ('os.environ["MLOPS_STORE"] = x; y = 1', True),
        ('if x:\n    os.environ["MLOPS_STORE"] = x', True),
        ('os.environ.update({"MLOPS_STORE": x})', True),
        ("os.environ.update(MLOPS_STORE=x)", True),
        ('place = os.environ["MLOPS_STORE"]', False),
        ('print("MLOPS_STORE")', False),
        ("# MLOPS_STORE", False),
    ],
)
def test_cells_that_choose_the_store_are_seen(source, sets) -> None:
    assert sets_store(source) is sets


def test_empty() -> None:
    assert is_empty("\n  # only a comment\n")
    assert not is_empty("%mlops end")
