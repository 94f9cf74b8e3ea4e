"""What the server's extension answers, to whom, and from where: asked over HTTP of a real server."""

from pathlib import Path

import pytest
from tornado.web import RequestHandler

from mlops_magics.faces.server.handlers import ROUTES
from mlops_magics.records import Artifact, Judged, Param, Tag

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def in_root(server, path: Path) -> str:
    return path.relative_to(server.root).as_posix()


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in folder.rglob("*") if path.is_file() and "lock" not in path.parts)
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


# -- who may ask ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROUTES)
def test_nobody_without_the_token_gets_an_answer(server, name) -> None:
    for verb in VERBS:
        for token in (None, "wrong"):
            assert server.ask(name, token=token, verb=verb).status == 403, (verb, token)


@pytest.mark.parametrize("name", ROUTES)
def test_every_verb_of_every_handler_asks_who_it_is(name) -> None:
    for verb in RequestHandler.SUPPORTED_METHODS:
        method = getattr(ROUTES[name], verb.lower())
        assert getattr(method, "__wrapped__", None), f"{name} {verb} is not wrapped by authenticated"


def test_verbs_that_answer_nothing_are_refused(server) -> None:
    assert server.ask("overview", verb="PUT").status == 405
    assert server.ask("marks").status == 405


# -- from where -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["../flights.ipynb", "a/../../flights.ipynb", "/etc/flights.ipynb"])
def test_no_path_leads_out_of_the_root(server, path) -> None:
    reply = server.ask("overview", notebook=path)
    assert reply.status == 403, reply.body
    assert server.ask("run", store=path, run="@last").status == 403


def test_a_link_out_of_the_root_is_not_followed(server, folder, tmp_path, notebook) -> None:
    from mlops_magics import track

    with track("secret", "run", store=tmp_path / "elsewhere" / ".mlops"):
        pass
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "own").mkdir()
    (folder / "own" / ".mlops").symlink_to(tmp_path / "elsewhere" / ".mlops")
    assert server.ask("overview", notebook=in_root(server, folder / "linked" / "n.ipynb")).status == 403
    assert server.ask("overview", notebook=in_root(server, folder / "own" / "n.ipynb")).json["store"] is None
    assert server.ask("run", store=in_root(server, folder / "linked" / ".mlops"), run="run").status == 403
    assert server.ask("run", store=in_root(server, folder / "own" / ".mlops"), run="run").status == 403


@pytest.mark.parametrize("part", ["journal", "main.duckdb", "store.json", "lock", "blob", "journal/one", "blob/sha256",
                                  "blob/sha256/ab"])
def test_no_link_in_a_store_leads_out_of_the_root(server, folder, tmp_path, add, store, part) -> None:
    add("own")
    store.fold()
    name = in_root(server, store.path)
    outside, linked = tmp_path / "elsewhere", store.path / part
    if part == "journal/one":
        outside, linked = outside / f"{store.new_run_id()}.1.jsonl", store.path / part.replace("one", "x.jsonl")
    outside.parent.mkdir(exist_ok=True)
    if linked.exists():
        linked.rename(outside)
    linked.parent.mkdir(parents=True, exist_ok=True)
    linked.symlink_to(outside)
    for question in ("board", "overview"):
        reply = server.ask(question, store=name, notebook=in_root(server, folder / "n.ipynb"))
        assert (reply.status, reply.json["error"]) == (403, "OutsideRoot"), reply.body


def test_links_that_stay_in_the_root_or_go_round_harm_nobody(server, folder, add, store) -> None:
    run = add("own")
    (store.path / "journal").rename(folder / "kept")
    (store.path / "journal").symlink_to(folder / "kept")
    assert server.ask("board", store=in_root(server, store.path)).json["ids"] == [run]
    (folder / "round").symlink_to(folder / "round")
    assert server.ask("overview", notebook=in_root(server, folder / "round" / "n.ipynb")).json["store"] is not None


def test_a_store_above_the_root_is_not_found(server, notebook) -> None:
    from mlops_magics import track

    with track("secret", "run", store=server.root.parent / ".mlops"):
        pass
    assert server.ask("overview", notebook=notebook).json == {
        "store": None, "stamp": "", "active": None, "overview": None,
    }  # fmt: skip


# -- what -------------------------------------------------------------------------------------------------------------


def test_the_overview_tells_experiments_live_runs_and_models(server, notebook, add) -> None:
    judged = Judged(question="drift", subject="july", verdict="fail", detail={})
    better = [Judged(question="significance", subject=name, verdict="fail", detail={}) for name in ("x", "baseline")]
    unknown = Judged(question="notebook", subject="n.ipynb", verdict="unknown", detail={})
    kept = Artifact(name="model", type="model", sha256="0" * 64, size_bytes=1)
    champion = Tag(key="alias", value="champion")
    model = add("boosted", kept, champion, *better, unknown, judged, metrics={"auc": 0.75})
    live = add("live", metrics={"loss": 0.25}, ends=False)
    answer = server.ask("overview", notebook=notebook).json
    told = answer["overview"]
    assert told["runs"] == 2
    assert [run["id"] for run in told["live"]] == [live]
    assert told["live"][0]["said"] == "loss 0.25"
    assert answer["active"]["id"] == live
    assert [(one["name"], one["runs"], one["running"]) for one in told["experiments"]] == [("flights", 2, 1)]
    assert [one["run"]["id"] for one in told["models"]] == [model]
    assert told["models"][0]["aliases"] == ["champion"]
    said = [one["said"] for one in told["models"][0]["verdicts"]]
    assert sorted(said) == ["better than baseline: fail", "drift of july: fail"]
    assert told["experiments"][0]["metric"] == "auc"
    assert [run["said"] for run in told["experiments"][0]["newest"]] == ["loss 0.25", "0.7500"]
    assert told["models"][0]["run"]["said"] == "auc 0.7500"


def test_the_metric_that_speaks_for_a_model_is_the_one_a_comparison_speaks_of(server, notebook, add) -> None:
    add("one", metrics={"test/accuracy": 0.8, "test/roc_auc": 0.7, "train/roc_auc": 0.9})
    add("two", metrics={"test/accuracy": 0.81, "test/roc_auc": 0.7185, "train/roc_auc": 0.91})
    add("other", metrics={"loss": 0.5})
    add("nothing")
    (told,) = server.ask("overview", notebook=notebook).json["overview"]["experiments"]
    assert told["metric"] == "test/roc_auc"
    said = [run["said"] for run in told["newest"]]
    assert said[1:] == ["loss 0.5000", "0.7185", "0.7000"]
    assert said[0].startswith("took "), "a duration is no metric"


def test_a_page_and_the_panel_use_the_same_words(server, notebook, add, store) -> None:
    judged = Judged(question="significance", subject="baseline", verdict="pass", detail={})
    run = add("better", judged, Artifact(name="model", type="model", sha256="0" * 64, size_bytes=1))
    page = server.ask("run", store=in_root(server, store.path), run=run).json
    told = server.ask("overview", notebook=notebook).json["overview"]
    assert [one["said"] for one in told["models"][0]["verdicts"]] == ["better than baseline: pass"]
    assert "better than baseline" in page["html"]
    assert "significance" not in page["html"]
    assert f"UTC, {page['run']['said']}" in page["html"]


def test_notebooks_of_one_name_are_told_apart(server, folder, add, store) -> None:
    first = add("first", notebook="aa/train.ipynb", cells=[("a", "x = 1", 1)], ends=False)
    second = add("second", notebook="bb/train.ipynb", ends=False)
    for name, run in (("aa", first), ("bb", second)):
        path = in_root(server, folder / name / "train.ipynb")
        assert server.ask("overview", notebook=path).json["active"]["id"] == run
        body = {"notebook": path, "cells": [{"id": "a", "source": "x = 1"}]}
        answer = server.ask("marks", verb="POST", body=body).json
        assert answer["run"]["id"] == run
        assert [mark["state"] for mark in answer["marks"]] == ["fresh" if name == "aa" else "outside"]
        assert server.ask("run", store=in_root(server, store.path), run=run).json["notebook"] == path
    assert server.ask("overview", notebook=in_root(server, folder / "train.ipynb")).json["active"] is None
    outside = add("outside", notebook="../../../train.ipynb")
    assert server.ask("run", store=in_root(server, store.path), run=outside).json["notebook"] is None


def test_an_overview_that_is_as_it_was_is_not_sent_again(server, notebook, add) -> None:
    add("one")
    first = server.ask("overview", notebook=notebook).json
    second = server.ask("overview", notebook=notebook, stamp=first["stamp"]).json
    assert (second["stamp"], second["overview"]) == (first["stamp"], None)
    add("two")
    third = server.ask("overview", notebook=notebook, stamp=first["stamp"]).json
    assert third["stamp"] != first["stamp"]
    assert third["overview"]["runs"] == 2


def test_looking_writes_nothing(server, notebook, add, store, folder) -> None:
    left = add("left", Param(key="depth", value=3), cells=[("a", "x = 1", 1)], metrics={"auc": 0.7})
    right = add("right", Param(key="depth", value=4), metrics={"auc": 0.8})
    name, before = in_root(server, store.path), files_of(folder)
    asked = [
        server.ask("overview", notebook=notebook),
        server.ask("run", store=name, run=left),
        server.ask("curves", store=name, run=[left, right], key="auc", low=0, high=5),
        server.ask("board", store=name),
        server.ask("meeting", store=name, where="auc > 0.75"),
        server.ask("diff", store=name, left=left, right=right),
        server.ask("marks", verb="POST", body={"notebook": notebook, "cells": [{"id": "a", "source": "x = 1"}]}),
    ]
    assert [reply.status for reply in asked] == [200] * len(asked), [reply.body for reply in asked]
    assert "depth" in asked[5].json["html"]
    by_name = server.ask("diff", store=name, left="left", right="@best:auc").json
    assert [by_name[side]["id"] for side in ("left", "right")] == [left, right]
    assert asked[4].json == {"ids": [right], "columns": ["metrics.auc"], "problem": None}
    assert sorted(asked[3].json["ids"]) == sorted([left, right])
    assert files_of(folder) == before


def test_texts_of_a_run_cannot_become_markup(server, add, store) -> None:
    run = add("<img src=x onerror=alert(1)>", Param(key="<script>", value="</script>"), cells=[("a", "'<b>'", 1)])
    page = server.ask("run", store=in_root(server, store.path), run=run).json
    for document in (page["html"], page["cells"], page["lineage"]):
        assert "<script" not in document
        assert "<img src=x" not in document
        assert "<b>" not in document


def test_what_cannot_be_answered_is_said(server, store, add) -> None:
    run, name = add(), in_root(server, store.path)
    missing = server.ask("run", store=name, run="nobody")
    assert (missing.status, missing.json["error"]) == (404, "RunNotFound")
    unfinished = server.ask("meeting", store=name, where="auc >")
    assert (unfinished.status, unfinished.json["ids"]) == (200, [])
    assert unfinished.json["problem"] == "a value is expected, not the end (at character 6)"
    for words in ({"columns": 9999999}, {"low": "nan"}, {"high": "x"}, {"key": "nothing"}):
        assert server.ask("curves", store=name, run=run, **words).status == 400, words
    for nowhere in ("nowhere/.mlops", "x" * 300, f"{'x' * 300}/.mlops"):
        assert server.ask("run", store=nowhere, run=run).status == 404, nowhere
    assert server.ask("overview", notebook=f"{'x' * 300}/n.ipynb").json["store"] is None
    for body in ({}, {"notebook": 1, "cells": []}, {"notebook": "", "cells": [{"id": "a"}]}, []):
        assert server.ask("marks", verb="POST", body=body).status == 400, body


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_file_is_saved_and_never_shown(server, store, add) -> None:
    content = b"<script>alert(1)</script>"
    page = Artifact(name="page.html", type="file", sha256=store.keep_blob(content), size_bytes=len(content))
    table = Artifact(name="a/b\r\nX: 1.csv", type="file", sha256=store.keep_blob(b"a,b\n"), size_bytes=4)
    run, name = add("files", page, table), in_root(server, store.path)
    reply = server.ask("artifact", store=name, run=run, sha256=page.sha256)
    assert reply.body == content
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in reply.headers["Content-Security-Policy"]
    saved = server.ask("artifact", store=name, run=run, sha256=table.sha256)
    assert saved.headers["Content-Type"] == "text/csv"
    assert saved.headers["X"] is None


def test_only_files_of_the_run_are_given_out(server, store, add, folder) -> None:
    other = store.keep_blob(b"of nobody")
    run, name = add("files"), in_root(server, store.path)
    assert server.ask("artifact", store=name, run=run, sha256=other).status == 404
    assert server.ask("artifact", store=name, run=run, sha256="../../store.json").status == 404
    outside = folder / "outside"
    outside.write_bytes(b"secret")
    kept = store.blob(other)
    kept.unlink()
    kept.symlink_to(outside)
    run = add("linked", Artifact(name="x", type="file", sha256=other, size_bytes=6))
    assert server.ask("artifact", store=name, run=run, sha256=other).status == 503
