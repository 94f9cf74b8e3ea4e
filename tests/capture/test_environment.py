"""Where a run happened: packages, and a real git repository."""

import json
import os
import subprocess

import pytest

from mlops_magics import track
from mlops_magics.capture import environment
from mlops_magics.capture.environment import Git, collect, git_state, installed_packages


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


def test_packages() -> None:
    found = installed_packages()
    assert found["duckdb"]
    assert found["scikit-learn"]
    assert list(found) == sorted(found)


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


def test_a_large_patch_is_left_out(git) -> None:
    (git.folder / "train.py").write_text("x = 1\n" * 300_000)
    state = git_state(git.folder)
    assert (state.dirty, state.patch) == (True, None)


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
