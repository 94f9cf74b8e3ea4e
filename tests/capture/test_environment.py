"""Where a run happened: packages, the machine, and a real git repository."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from mlops_magics import track
from mlops_magics.capture import environment, machine, packages
from mlops_magics.capture.environment import collect
from mlops_magics.capture.git import Git, git_state, without_credentials
from mlops_magics.capture.packages import find_packages, installed_packages, sources_of


@pytest.fixture
def git(tmp_path, monkeypatch):
    """Run git in a repository with one commit; nobody's settings apply."""
    repository = tmp_path / "project"
    (repository / "notebooks").mkdir(parents=True)
    for name in ("GLOBAL", "SYSTEM"):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", "/dev/null")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")

    def ask(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=repository, check=True, capture_output=True, text=True).stdout

    ask("init", "-b", "main")
    (repository / "train.py").write_text("x = 1\n")
    ask("add", ".")
    ask("commit", "-m", "first")
    ask.folder = repository
    return ask


def test_packages_are_what_their_metadata_says() -> None:
    found = installed_packages()
    assert list(found) == sorted(found)
    for name in ("duckdb", "scikit-learn", "jupyter-client"):
        assert found[name] == metadata.version(name)
    named = {one.metadata["Name"] for one in metadata.distributions()}
    assert set(found) == {packages._canonical(name) for name in named if name}


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A folder of packages, the only one there is."""
    folder = tmp_path / "team" / "site"
    folder.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(folder)])
    return folder


def install(site: Path, folder: str, **files: object) -> None:
    (site / folder).mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (site / folder / {"direct": "direct_url.json", "info": "PKG-INFO"}.get(name, name)).write_text(text)


def test_packages_of_every_kind(site, tmp_path, monkeypatch) -> None:
    install(site, "Zope_Interface-7.0.dist-info", METADATA="Name: zope.interface\nVersion: 7.0\n")
    install(site, "old.egg-info", info="Metadata-Version: 1.0\nName: Old.Thing\nVersion: 1.0rc1\n")
    install(site, "odd name.dist-info", METADATA="Name: odd\nVersion: 2\n\nVersion: of the text")
    (site / "single-3.egg-info").write_text("Name: single\nVersion: 3\n")
    install(site, "~alf-1.0.dist-info", METADATA="")
    install(site, "half-1.0.dist-info", RECORD="")
    install(site, "empty-1.0.dist-info")
    second = tmp_path / "second"
    second.mkdir()
    install(second, "old-9.dist-info", METADATA="Name: old\nVersion: 9\n")
    install(second, "single-9.dist-info", METADATA="Name: single\nVersion: 9\n")
    monkeypatch.setattr(sys, "path", ["nowhere", str(site), str(second), __file__])
    expected = {"odd": "2", "old": "9", "old-thing": "1.0rc1", "single": "3", "zope-interface": "7.0"}
    assert installed_packages() == expected


def test_sources_of_packages_name_no_folder_of_the_machine(site) -> None:
    commit = "4f2c" * 10
    secret = "drawn" + "BYlot1234567890abc"
    for name, origin in {
        "repo": {
            "url": f"https://me:{secret}@git.example.org/x.git",
            "vcs_info": {"vcs": "git", "commit_id": commit},
        },
        "local": {"url": "file:///home/somebody/x", "dir_info": {"editable": True}},
        "wheel": {"url": "file:///home/somebody/x-1-py3-none-any.whl", "archive_info": {}},
        "inside": {"url": (site.parent / "my lib").as_uri(), "dir_info": {"editable": True}},
        "web": {"url": f"https://{secret}@example.org/x.whl?sig={secret}", "archive_info": {}},
        "clone": {"url": "file:///home/somebody/x", "vcs_info": {"vcs": "git", "commit_id": commit}},
        "odd": ["no", "object"],
    }.items():
        install(site, f"{name}-1.dist-info", METADATA="", direct=origin)
    install(site, "conda_made-1.dist-info", METADATA="", direct={"url": "file:///feedstock"}, INSTALLER="conda\n")
    install(site, "torn-1.dist-info", METADATA="", direct="{")
    install(site, "index-1.dist-info", METADATA="")
    assert sources_of(find_packages(), site.parent) == {
        "repo": f"git+https://git.example.org/x.git@{commit}",
        "local": "local (editable)",
        "wheel": "local",
        "inside": "my lib (editable)",
        "web": "https://example.org/x.whl?sig=***",
        "clone": f"git+local@{commit}",
    }


def test_what_is_installed_meanwhile_is_found(site, tmp_path) -> None:
    before = json.loads(collect(tmp_path)[1][0].text)
    os.utime(site, (1e9, 1e9))
    install(site, "new-1.dist-info", METADATA="")
    environment._collect.cache_clear()
    assert (before, json.loads(collect(tmp_path)[1][0].text)) == ({}, {"new": "1"})


def test_the_machine() -> None:
    assert machine.cpus() == len(os.sched_getaffinity(0)) or machine.cpus() < os.cpu_count()
    assert 0 < machine.memory_bytes() <= psutil.virtual_memory().total
    assert machine.cpu() is None or machine.cpu().strip() == machine.cpu() != ""


def test_graphics_processors_are_asked_for_two_seconds_at_most(tmp_path, monkeypatch) -> None:
    program = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for script, expected in {
        "echo 'NVIDIA A100'; echo 'NVIDIA L4'": ("NVIDIA A100", "NVIDIA L4"),
        "echo 'no driver'; exit 9": None,
        "exec sleep 60": None,
    }.items():
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(machine, "GPU_SECONDS", 0.3)
        machine.gpus.cache_clear()
        assert machine.gpus() == expected
    machine.gpus.cache_clear()


def test_only_listed_variables_are_recorded_and_no_path() -> None:
    token = "ghp_" + "a1B2" * 9
    found = machine.variables(
        {
            "TZ": "UTC",
            "PYTHONHASHSEED": "0",
            "VIRTUAL_ENV": "/home/somebody/flights/.venv/",
            "CONDA_DEFAULT_ENV": "C:\\Users\\somebody\\envs\\ml",
            "LANG": token,
            "OMP_NUM_THREADS": "4" * 1000,
            "HOME": "/home/somebody",
            "PATH": "/home/somebody/bin",
            "HF_TOKEN": token,
            "AWS_SECRET_ACCESS_KEY": "x",
            "PYTHONPATH": "/home/somebody",
        }
    )
    assert found.pop("OMP_NUM_THREADS") == "4" * 200
    assert found == {
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "VIRTUAL_ENV": ".venv",
        "CONDA_DEFAULT_ENV": "ml",
        "LANG": "***",
    }


def test_a_clean_work_tree(git) -> None:
    state = git_state(git.folder / "notebooks")
    assert state.commit == git("rev-parse", "HEAD").strip()
    assert (state.branch, state.dirty, state.patch) == ("main", False, None)


def test_uncommitted_changes_are_a_patch_that_applies(git) -> None:
    (git.folder / "train.py").write_text("x = 2  # ü\n")
    git("config", "color.ui", "always")
    git("config", "diff.external", "false")
    state = git_state(git.folder / "notebooks")
    assert state.dirty
    assert "-x = 1" in state.patch
    assert "+x = 2  # ü" in state.patch
    git("checkout", "--", "train.py")
    (git.folder / "a.patch").write_text(state.patch)
    git("apply", "a.patch")
    assert (git.folder / "train.py").read_text() == "x = 2  # ü\n"


def test_a_new_file_is_dirty_without_a_patch(git) -> None:
    (git.folder / "new.py").write_text("y = 1\n")
    state = git_state(git.folder)
    assert (state.dirty, state.patch) == (True, None)


def test_of_a_large_patch_only_the_digest_is_kept(git) -> None:
    digests = []
    for line in ("x = 1\n", "x = 3\n"):
        (git.folder / "train.py").write_text(line * 300_000)
        state = git_state(git.folder)
        assert (state.dirty, state.patch) == (True, None)
        digests.append(state.patch_sha256)
        environment._collect.cache_clear()
        found, texts = collect(git.folder)
        assert found.git_patch == state.patch_sha256
        assert len(texts) == 1
    assert digests[0] != digests[1]
    assert all(len(digest) == 64 for digest in digests)


def test_secrets_in_a_patch_are_masked_and_it_still_applies(git) -> None:
    secret = "aZ7" + "b2C4" * 6
    (git.folder / ".env").write_text("DEBUG=1\n")
    git("add", ".")
    git("commit", "-m", "second")
    (git.folder / ".env").write_text(f"DEBUG=1\nDB_PASSWORD={secret}\n")
    (git.folder / "train.py").write_text(f'x = 1\npassword = """{secret}\n{secret}"""\nconnect(password=pw1)\n')
    state = git_state(git.folder)
    assert secret not in state.patch
    git("checkout", "--", ".")
    (git.folder / "a.patch").write_text(state.patch)
    git("apply", "a.patch")
    assert (git.folder / ".env").read_text() == "DEBUG=1\nDB_PASSWORD=***\n"
    assert (git.folder / "train.py").read_text() == 'x = 1\npassword = """***\n"""\nconnect(password=pw1)\n'


def test_a_private_run_keeps_no_patch(git) -> None:
    (git.folder / "train.py").write_text("x = 2\n")
    open_, texts = collect(git.folder)
    private, fewer = collect(git.folder, keeps_patch=False)
    assert private == open_
    assert (len(texts), len(fewer)) == (2, 1)


REMOTES = {
    "https://me:s3cret@git.example.org/me/x.git": "https://git.example.org/me/x.git",
    "https://s3crettoken@git.example.org/me/x.git": "https://git.example.org/me/x.git",
    "HTTPS://me:a@b@git.example.org/x": "HTTPS://git.example.org/x",
    "git@git.example.org:me/x.git": "git@git.example.org:me/x.git",
    "ssh://git@git.example.org:22/me/x.git": "ssh://git@git.example.org:22/me/x.git",
    "ssh://git:s3cret@git.example.org/me/x.git": "ssh://git:***@git.example.org/me/x.git",
    "https://git.example.org/@scope/x": "https://git.example.org/@scope/x",
    "/home/somebody/x.git": "local",
    "file:///home/somebody/x.git": "local",
    "../x.git": "local",
    "C:\\Users\\somebody\\x": "local",
    "x.git": "local",
}


@pytest.mark.parametrize(("url", "expected"), REMOTES.items())
def test_the_remote_without_credentials(git, url, expected) -> None:
    assert without_credentials(url) == expected
    git("remote", "add", "origin", url)
    assert git_state(git.folder).remote == expected


def test_the_remote_is_origin_or_the_only_one(git) -> None:
    assert git_state(git.folder).remote is None
    git("remote", "add", "upstream", "https://git.example.org/up.git")
    assert git_state(git.folder).remote == "https://git.example.org/up.git"
    git("remote", "add", "origin", "https://git.example.org/mine.git")
    assert git_state(git.folder).remote == "https://git.example.org/mine.git"


def test_the_folder_is_told_from_where_the_store_is(git) -> None:
    store_root = git.folder / ".mlops"
    assert collect(git.folder / "notebooks", store_root)[0].folder == "notebooks"
    assert collect(git.folder, store_root)[0].folder == "."
    assert collect(git.folder.parent, store_root)[0].folder == ".."
    assert collect(git.folder)[0].folder is None


def test_git_is_asked_without_its_locks(git) -> None:
    """Somebody's commit at this moment must not find the index taken."""
    index = git.folder / ".git" / "index"
    os.utime(index, (1, 1))
    os.utime(git.folder / "train.py", (1e9, 1e9))  # touched, not changed: git would like to note that
    assert git_state(git.folder) == Git(git("rev-parse", "HEAD").strip(), "main", dirty=False, patch=None)
    assert index.stat().st_mtime == 1


def test_no_repository_no_commit_no_git(git, tmp_path, monkeypatch) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    assert git_state(bare) is None
    subprocess.run(["git", "init"], cwd=bare, check=True, capture_output=True)
    assert git_state(bare) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(git.folder) is None


def test_it_is_recorded_with_the_run(git, store, settle, monkeypatch) -> None:
    (git.folder / "train.py").write_text("x = 2\n")
    monkeypatch.chdir(git.folder / "notebooks")
    with track("flights", "baseline", store=store):
        pass
    settle()
    found = store.environment("baseline")
    assert found.git_commit == git("rev-parse", "HEAD").strip()
    assert (found.git_branch, found.git_dirty) == ("main", True)
    assert "+x = 2" in store.text(found.git_patch)
    assert json.loads(store.text(found.packages))["duckdb"]


def test_runs_in_a_row_share_one_look(tmp_path) -> None:
    environment._collect.cache_clear()
    first = collect(tmp_path)
    looks = environment._collect.cache_info().misses
    for _ in range(20):
        assert collect(tmp_path)[0] == first[0]
    assert environment._collect.cache_info().misses <= looks + 2
