"""Content is kept once, under its own digest, whole or not at all."""

import hashlib
import os
import signal
import threading
import time

import pytest

from mlops_magics.errors import StoreError


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def files(store) -> list:
    return [path for path in (store.path / "blob").rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 10_000])
def test_equal_content_is_kept_once(content, store, tmp_path):
    (tmp_path / "file").write_bytes(content)
    assert {store.keep_blob(content), store.keep_blob(tmp_path / "file"), store.keep_blob(content)} == {digest(content)}
    assert len(files(store)) == 1
    assert store.blob(digest(content)).read_bytes() == content


def test_many_at_once_agree(store):
    content = os.urandom(300_000)
    digests = []
    threads = [threading.Thread(target=lambda: digests.append(store.keep_blob(content))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [digest(content)] * 8
    assert len(files(store)) == 1


@pytest.mark.parametrize("name", ["0" * 64, "", "..", "../../store.json", "/etc/hostname"])
def test_what_is_not_there_is_said(name, store):
    store.keep_blob(b"x")
    store.open_journal().close()
    with pytest.raises(StoreError, match="keeps no file"):
        store.blob(name)


KEEP = """
import sys
from pathlib import Path
from mlops_magics.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
while True:
    store.keep_blob(Path(sys.argv[2]))
    store.blob(__import__("hashlib").sha256(Path(sys.argv[2]).read_bytes()).hexdigest()).unlink()
"""


def test_a_kill_in_the_middle_leaves_no_wrong_name(store, script, tmp_path):
    content = os.urandom(8_000_000)
    (tmp_path / "file").write_bytes(content)
    for delay in (0.0, 0.005, 0.02, 0.05, 0.1):
        process = script(KEEP, store.path, tmp_path / "file")
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in files(store):
            if not path.name.startswith("."):
                assert path.name == digest(path.read_bytes())
    assert store.keep_blob(tmp_path / "file") == digest(content)
    assert store.blob(digest(content)).read_bytes() == content


def test_content_that_changes_meanwhile_gets_the_name_of_what_was_kept(store, tmp_path):
    source = tmp_path / "file"
    source.write_bytes(b"a" * 16_000_000)
    done = threading.Event()

    def change() -> None:
        letter = 0
        with source.open("r+b") as file:
            while not done.is_set():
                letter += 1
                for place in range(0, 16_000_000, 1_000_000):
                    file.seek(place)
                    file.write(bytes([letter % 256]) * 100)
                file.flush()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        kept = [store.keep_blob(source) for _ in range(5)]
    finally:
        done.set()
        thread.join()
    assert all(digest(store.blob(name).read_bytes()) == name for name in kept)


def test_a_source_that_cannot_be_read_leaves_nothing(store, tmp_path):
    with pytest.raises(FileNotFoundError):
        store.keep_blob(tmp_path / "absent")
    assert files(store) == []
