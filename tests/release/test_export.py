"""A run becomes one movable folder that a fresh process answers from to the last bit, or nothing at all."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline

from mlops_magics.errors import BundleError, RunNotFound
from mlops_magics.records import RunRevision, decode, encode
from mlops_magics.release.bundle import export, load_bundle

FRESH = """
import sys, pandas, numpy
from mlops_magics.release.bundle import load_bundle
for folder in sys.argv[1:]:
    bundle = load_bundle(folder)
    numpy.save(folder + ".npy", bundle.predict_proba(pandas.read_pickle(folder + ".pickle")))
"""


def test_a_fresh_process_answers_the_same_to_the_last_bit(makers, frame, shelf, tmp_path) -> None:
    frames = {"logistic": frame, "boosted": frame.astype({"carrier": "category"})}
    models = {name: make(frame) for name, make in makers.items()}
    written = {}
    for name, rows in frames.items():
        shelf.keep(models[name], rows, name=name)
        written[name] = export(name, tmp_path / "out" / name, shelf.store)
        rows.to_pickle(tmp_path / f"{name}.pickle")
        shutil.move(tmp_path / "out" / name, tmp_path / name)
    shutil.rmtree(shelf.store.path)
    subprocess.run(
        [sys.executable, "-W", "error", "-c", FRESH, *(str(tmp_path / name) for name in frames)],
        check=True, cwd=tmp_path / "out",
    )  # fmt: skip
    for name, rows in frames.items():
        assert np.array_equal(np.load(tmp_path / f"{name}.npy"), models[name].predict_proba(rows))
        assert np.array_equal(written[name].predict(rows), models[name].predict(rows)), "it outlives its folder"


def test_the_manifest_says_what_there_is(bundled, frame) -> None:
    bundle = load_bundle(bundled)
    manifest = bundle.manifest
    assert (manifest.format, manifest.name, manifest.task) == (1, "baseline", "binary")
    assert manifest.model_class == "sklearn.pipeline.Pipeline"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest.created)
    assert manifest.run["experiment"] == "flights"
    assert {"scikit-learn", "numpy", "pandas", "skops", "scipy", "mlops-magics"} <= manifest.packages.keys()
    assert not manifest.pickle
    assert manifest.trusted_by_user == ()
    listed = {path.name for path in bundled.iterdir()}
    assert listed == {*manifest.files, "manifest.json"}
    assert listed == {
        "manifest.json", "model.skops", "profile.json", "example.json", "requirements.txt", "README.md",
    }
    for name, file in manifest.files.items():
        content = (bundled / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size_bytes)
    assert (bundled / "manifest.json").read_text(encoding="utf-8") == manifest.to_text()
    assert [column.name for column in bundle.signature.columns] == list(frame.columns)
    assert bundle.signature.problems(frame) == []
    assert bundle.profile.rows == len(frame)
    assert bundle.differences == ()
    pins = (bundled / "requirements.txt").read_text().splitlines()
    assert f"numpy=={np.__version__}" in pins
    assert pins == [f"{name}=={version}" for name, version in sorted(manifest.packages.items())]


def test_no_absolute_path_is_inside(bundled) -> None:
    here = str(bundled.parent).encode()
    assert not [path.name for path in bundled.iterdir() if here in path.read_bytes()]


def test_a_result_reads_well(bundled) -> None:
    bundle = load_bundle(bundled)
    assert decode(encode(bundle.to_dict())) == bundle.to_dict()
    for text in (repr(bundle), bundle._repr_html_()):
        assert "baseline" in text
        assert bundle.digest[:12] in text
        assert "5 columns" in text
    assert "distance" in bundle._repr_html_()


def run_readme(folder: Path) -> None:
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
    assert len(code.strip().splitlines()) == 3
    with contextlib.chdir(folder):
        exec(code, {})


def test_the_three_lines_of_the_readme_run(bundled) -> None:
    run_readme(bundled)


def test_a_run_without_example_and_profile_exports(shelf, tmp_path) -> None:
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    shelf.keep(model, name="bare")
    bundle = export("bare", tmp_path / "bundle", shelf.store)
    assert bundle.signature is None
    assert bundle.profile is None
    assert bundle.predict(np.array([[0.5]])) == [0.5]
    with pytest.raises(BundleError, match="no example"):
        bundle.example  # noqa: B018
    with pytest.raises(BundleError, match="no predict_proba"):
        bundle.predict_proba(np.array([[0.5]]))
    run_readme(tmp_path / "bundle")


def test_columns_are_found_by_name(bundled, frame, model) -> None:
    import polars as pl

    bundle = load_bundle(bundled)
    expected = model.predict_proba(frame)
    assert np.array_equal(bundle.predict_proba(frame[frame.columns[::-1]].assign(more=1)), expected)
    assert np.array_equal(bundle.predict_proba(pl.from_pandas(frame).to_arrow()), expected)
    with pytest.raises(Exception, match="the rows lack hour"):
        bundle.predict(frame.drop(columns="hour"))


def test_refusals_name_the_next_step(shelf, frame, tmp_path) -> None:
    with pytest.raises(RunNotFound):
        export("nothing", tmp_path / "bundle", shelf.store)
    run = shelf.store.new_run_id()
    shelf.store.record(run, RunRevision(experiment="flights", name="empty", status="finished"))
    with pytest.raises(BundleError, match="no model") as refusal:
        export("empty", tmp_path / "bundle", shelf.store)
    assert "%mlops evaluate MODEL X y" in str(refusal.value)
    shelf.keep_bytes(b"x", None, name="odd")
    with pytest.raises(BundleError, match="kept as None"):
        export("odd", tmp_path / "bundle", shelf.store)
    shelf.keep_bytes(b"no zip", {"format": "skops"}, name="broken")
    with pytest.raises(BundleError, match="zip archive"):
        export("broken", tmp_path / "bundle", shelf.store)
    assert not (tmp_path / "bundle").exists()
    assert not list(tmp_path.glob(".*.part"))


class Offset(Ridge):
    """A type nobody trusts."""


def test_types_are_trusted_by_name_on_both_sides(shelf, tmp_path) -> None:
    shelf.keep(Offset().fit([[0.0], [1.0]], [0.0, 1.0]), name="own")
    name = f"{Offset.__module__}.Offset"
    for words in ({}, {"allow_pickle": True}):
        with pytest.raises(BundleError, match=f"--trust {re.escape(name)}") as refusal:
            export("own", tmp_path / "bundle", shelf.store, **words)
        assert "--allow-pickle is for models that skops cannot write" in str(refusal.value)
    bundle = export("own", tmp_path / "bundle", shelf.store, trust=[name])
    assert bundle.manifest.trusted_by_user == (name,)
    assert isinstance(bundle.model, Offset)
    with pytest.raises(BundleError, match="nobody trusted"):
        load_bundle(tmp_path / "bundle")
    assert load_bundle(tmp_path / "bundle", trust=name).manifest == bundle.manifest
    run_readme(tmp_path / "bundle")


def test_a_pickle_goes_out_only_by_word_and_says_so(shelf, tmp_path) -> None:
    model = make_pipeline(Birch(n_clusters=2), Ridge()).fit([[0.0], [1.0], [9.0]], [0.0, 1.0, 2.0])
    shelf.keep(model, name="birch")
    with pytest.raises(BundleError, match="--allow-pickle"):
        export("birch", tmp_path / "bundle", shelf.store)
    bundle = export("birch", tmp_path / "bundle", shelf.store, allow_pickle=True)
    assert bundle.manifest.pickle
    assert (tmp_path / "bundle" / "model.pkl").is_file()
    with pytest.raises(BundleError, match="allow_pickle=True"):
        load_bundle(tmp_path / "bundle")
    again = load_bundle(tmp_path / "bundle", allow_pickle=True)
    assert np.array_equal(again.predict([[0.5]]), model.predict([[0.5]]))
    run_readme(tmp_path / "bundle")


def test_what_is_there_is_replaced_only_by_word(shelf, model, frame, tmp_path) -> None:
    shelf.keep(model, frame, name="first")
    shelf.keep(model, frame, name="second")
    target = tmp_path / "bundle"
    target.mkdir()
    export("first", target, shelf.store)
    with pytest.raises(BundleError, match="--overwrite"):
        export("second", target, shelf.store)
    assert load_bundle(target).manifest.name == "first"
    export("second", target, shelf.store, overwrite=True)
    assert load_bundle(target).manifest.name == "second"
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years of work")
    with pytest.raises(BundleError, match="other things"):
        export("second", precious, shelf.store, overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="no folder"):
        export("second", tmp_path / "file", shelf.store, overwrite=True)
    (tmp_path / "link").symlink_to(precious, target_is_directory=True)
    with pytest.raises(BundleError, match="no folder"):
        export("second", tmp_path / "link", shelf.store, overwrite=True)
    assert (precious / "thesis.tex").read_text() == "years of work"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_progress_goes_from_nothing_to_all(shelf, model, frame, tmp_path) -> None:
    shelf.keep(model, frame)
    told: list[tuple[float, str]] = []
    export("boosted", tmp_path / "bundle", shelf.store, progress=lambda share, what: told.append((share, what)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("name", [
    "it's `rm -rf`", "Ünïcode ✈ 航班", "a/b/../../c", "```python\nimport os\n```", "[x](javascript:alert(1))",
    "a" * 300,
    "<script>alert(1)</script>", "\x00\x1b[31m",
])  # fmt: skip
def test_hostile_names_stay_text(name, shelf, model, frame, tmp_path) -> None:
    run = shelf.keep(model, frame)
    # Nothing tracks under such a name, but a journal can say anything.
    shelf.store.record(run, RunRevision(name=name))
    bundle = export(run, tmp_path / "bundle", shelf.store)
    assert load_bundle(tmp_path / "bundle").manifest.name == bundle.manifest.name == name
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "store"}
    assert "<script>" not in bundle._repr_html_()
    assert (tmp_path / "bundle" / "README.md").read_text().count("```") == 2


def test_hostile_column_names_and_folder_names(shelf, tmp_path) -> None:
    frame = pd.DataFrame({"a b": [1.0, 2.0, 3.0], 'q"uote': [0.0, 1.0, 0.5], "_é_": [3.0, 1.0, 2.0]})
    shelf.keep(Ridge().fit(frame, [0.0, 1.0, 2.0]), frame, y=[0.0, 1.0, 2.0])
    bundle = export("boosted", tmp_path / "a 'b' ✈ $(c)", shelf.store)
    assert [column.name for column in bundle.signature.columns] == list(frame.columns)
    assert len(bundle.predict(bundle.example)) == 3


EXPORTER = """
# Imports once, then forks a fresh exporter per line read, and kills it that many milliseconds after it began to write.
import os, signal, sys, time
from pathlib import Path
import mlops_magics.release.bundle.pack, mlops_magics.data.engines.duckdb, mlops_magics.store.database, skops.io
from mlops_magics.release.bundle import export
from mlops_magics.store import open_store
for line in sys.stdin:
    target, milliseconds = line.rstrip().rsplit(" ", 1)
    child = os.fork()
    if not child:
        store = open_store(sys.argv[1])
        while True:
            export("boosted", target, store, overwrite=True)
    while not any(Path(target).parent.iterdir()):
        time.sleep(0.0002)
    time.sleep(float(milliseconds) / 1000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_kill_leaves_a_whole_bundle_or_none(kills, shelf, model, frame, tmp_path) -> None:
    shelf.keep(model, frame)
    generator = np.random.default_rng(0)
    exporter = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", EXPORTER, str(shelf.store.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with exporter:
        for attempt in range(kills):
            target = tmp_path / str(attempt) / "bundle"
            target.parent.mkdir()
            milliseconds = generator.choice([0, 2, 5, 20, 300]) * generator.random()
            exporter.stdin.write(f"{target} {milliseconds}\n")
            exporter.stdin.flush()
            assert exporter.stdout.readline()
            check_what_is_left(target)
        exporter.stdin.close()
    export("boosted", target, shelf.store, overwrite=True)
    assert load_bundle(target).verify() == ()


def check_what_is_left(target: Path) -> None:
    left = {path.name for path in target.parent.iterdir()}
    assert all(name == "bundle" or name.endswith((".part", ".old")) for name in left)
    former = [target.parent / name for name in left if name.endswith(".old")]
    if target.exists():
        load_bundle(target)
    elif former:
        load_bundle(former[0])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists() or os.name != "posix", reason="needs a limit on file sizes")
def test_a_full_disk_leaves_nothing(shelf, model, frame, tmp_path) -> None:
    shelf.keep(model, frame)
    code = """
import resource, signal, sys
from mlops_magics.errors import BundleError
from mlops_magics.release.bundle import export
from mlops_magics.store import open_store
store = open_store(sys.argv[1])
store.find("boosted")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
export("boosted", sys.argv[2] + "0", store)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    export("boosted", sys.argv[2], store)
except BundleError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(shelf.store.path), str(tmp_path / "bundle")],
        check=True, capture_output=True, text=True,
    )
    assert "cannot be written" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"store", "bundle0"}


def test_json_of_the_manifest_is_plain(bundled) -> None:
    told = json.loads((bundled / "manifest.json").read_text(encoding="utf-8"))
    assert told["files"]["model.skops"]["size_bytes"] > 0
    assert told["digest"] == load_bundle(bundled).digest
