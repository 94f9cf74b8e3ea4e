"""The one table of verbs. ``%mlops``, the ``mlops`` command line, their help and their completion are all made of it.

Each act takes its words apart, calls one function of the house and returns what came of it, to be shown.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from mlops_magics.errors import CommandError
from mlops_magics.faces.context import Context
from mlops_magics.faces.grammar import Verb, argument
from mlops_magics.faces.words import numbers, pairs
from mlops_magics.records import Note, Param, Tag
from mlops_magics.show import Document, Line, Shown


class Said(Shown):
    """One sentence that confirms what was done."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences

    def document(self) -> Document:
        """The sentences, a line each."""
        return Document(*(Line(sentence, tone="quiet") for sentence in self.sentences))

    def to_dict(self) -> dict[str, Any]:
        """The sentences, JSON-ready."""
        return {"said": list(self.sentences)}


def _track(context: Context, words: Namespace) -> Any:
    session = context.session
    run, former = session.track(words.experiment, words.name, resume=words.resume, this_cell=words.this_cell)
    return run if former is None else Both(Said(f"{former.experiment} / {former.name} was open, and is finished."), run)


class Both(Shown):
    """Two results, one under the other; the second is what the verb is about."""

    def __init__(self, first: Shown, second: Shown) -> None:
        self.first = first
        self.second = second

    def document(self) -> Document:
        """The blocks of both."""
        return Document(*self.first.document().blocks, *self.second.document().blocks)


def _log(context: Context, words: Namespace) -> Any:
    values = numbers(words.pairs, "log")
    if "step" in values and words.step is None:
        raise CommandError("step=… would be a metric called step", hint="The position on the curve is --step N")
    with context.recording(words.run) as run:
        run.log(values, step=words.step)
    shown = ", ".join(f"{name} {_shown(value)}" for name, value in values.items())
    return Said(f"{shown}{'' if words.step is None else f' at step {words.step}'}")


def _shown(value: float) -> str:
    try:
        return f"{value:.6g}"
    except OverflowError:
        return "inf" if value > 0 else "-inf"  # an int greater than any float: this is how it was recorded


def _params(context: Context, words: Namespace) -> Any:
    values = pairs(words.pairs, "params")
    with context.recording(words.run) as run:
        run.record(*(Param(key=name, value=value) for name, value in values.items()))
    return Said(", ".join(f"{name} = {value!r}" for name, value in values.items()))


def _tag(context: Context, words: Namespace) -> Any:
    values = pairs(words.pairs, "tag")
    with context.recording(words.run) as run:
        run.record(*(Tag(key=name, value=str(value)) for name, value in values.items()))
    return Said(", ".join(f"{name}: {value}" for name, value in values.items()))


def _note(context: Context, words: Namespace) -> Any:
    text = " ".join(words.text)
    with context.recording(words.run) as run:
        run.record(Note(text=text))
        return Said(f"noted on {run.name}")


def _artifact(context: Context, words: Namespace) -> Any:
    from mlops_magics.capture.artifacts import keep

    content = context.data(words.content)
    if content is words.content:
        content = Path(content)
    default = words.content if words.content.isidentifier() else None
    with context.recording(words.run) as run:
        artifact = keep(run.store, content, name=words.name or default)
        run.record(artifact)
    return Said(f"kept {artifact.name}: {artifact.size_bytes:,} bytes, sha256 {artifact.sha256[:12]}")


def _evaluate(context: Context, words: Namespace) -> Any:
    run = context.session.run
    model, X, y = context.value(words.model), context.data(words.X), context.value(words.y)
    by = None if words.by is None else _grouping(context, X, words.by)
    return run.evaluate(model, X, y, split=words.split, by=by, name=words.X if words.X.isidentifier() else None)


def _grouping(context: Context, X: Any, word: str) -> Any:
    """A column of the table, or else an object of the notebook with a value per row."""
    from mlops_magics.data.frames import open_table

    return word if word in open_table(X).columns else context.value(word)


def _end(context: Context, words: Namespace) -> Any:  # noqa: ARG001 - every act takes both
    return context.session.end()


def _runs(context: Context, words: Namespace) -> Any:
    from mlops_magics.compare.leaderboard import runs

    with context.progress("reading the store") as bar:
        context.store().fold(progress=bar)
    return runs(words.experiment, words.where, best=words.best, limit=words.limit, store=context.store())


def _show(context: Context, words: Namespace) -> Any:
    from mlops_magics.compare.page import show

    return show(words.run, store=context.store())


def _diff(context: Context, words: Namespace) -> Any:
    from mlops_magics.compare.difference import diff

    return diff(words.left, words.right, store=context.store())


def _drift(context: Context, words: Namespace) -> Any:
    from mlops_magics.data.frames import open_table
    from mlops_magics.monitor.drift import drift

    name = words.data if words.data.isidentifier() else None
    with context.progress("drift") as bar:
        bar(0.0, "reading the data")
        current = open_table(context.data(words.data), name=name)
        against = _reference(context, words.against)
        return drift(current, against, store=context.store(), method=words.method, progress=bar)


def _reference(context: Context, word: str | None) -> Any:
    """What ``--against`` names: a frame of the notebook or a path if there is one so called, else a run."""
    from mlops_magics.faces.context import is_path

    if word is None or word.startswith("@") or is_path(word):
        return word
    try:
        value = context.value(word)
    except CommandError:
        return word
    return value if hasattr(value, "columns") else word


def _export(context: Context, words: Namespace) -> Any:
    from mlops_magics.release.bundle import export

    with context.progress("export") as bar:
        return export(
            words.run,
            words.path,
            store=context.store(),
            trust=tuple(words.trust),
            allow_pickle=words.allow_pickle,
            overwrite=words.overwrite,
            progress=bar,
        )


def _sql(context: Context, words: Namespace) -> Any:
    query = " ".join(words.query)
    return context.store().sql(query) if query else context.store().tables()


def _store(context: Context, words: Namespace) -> Any:
    from mlops_magics.compare.holdings import holdings

    store = context.store()
    with context.progress("store") as bar:
        if words.optimize:
            store.optimize(progress=bar)
        elif words.fold:
            store.fold(progress=bar)
    return holdings(store)


_RUN = argument("run", metavar="RUN", completes="run", help="a name, a piece of an id, @last, @best:METRIC")
_OTHER_RUN = argument(
    "--run", metavar="RUN", completes="run", default=None, help="another run than the open one, ended or not"
)
_PAIRS = argument("pairs", metavar="NAME=VALUE", nargs="+", help="one or more, as Python literals or text")

VERBS: tuple[Verb, ...] = (
    Verb(
        "track",
        "record this notebook from here on; as %%mlops track, only this cell",
        _track,
        (
            argument(
                "experiment", metavar="EXPERIMENT", completes="experiment", help="what the variants have in common"
            ),
            argument("--name", metavar="NAME", completes="run name", default=None, help="what this variant is called"),
            argument("--resume", action="store_true", help="go on with the newest run of this name"),
            argument("--this-cell", action="store_true", help="end the run with the cell"),
        ),
        "track flights --name baseline",
        needs_notebook=True,
    ),
    Verb(
        "log",
        "record metrics",
        _log,
        (_PAIRS, argument("--step", type=int, default=None, metavar="N", help="position on the curve"), _OTHER_RUN),
        "log val_auc={auc} --step 3",
    ),
    Verb("params", "record parameters; logged again, a new version", _params, (_PAIRS, _OTHER_RUN), "params depth=6"),
    Verb("tag", "record labels for people", _tag, (_PAIRS, _OTHER_RUN), "tag team=ops"),
    Verb(
        "note",
        "record a sentence",
        _note,
        (argument("text", nargs="+", metavar="TEXT", help="the sentence"), _OTHER_RUN),
        'note "without the weather columns"',
        takes_sentence=True,
    ),
    Verb(
        "artifact",
        "keep a file or an object with the run",
        _artifact,
        (
            argument("content", metavar="PATH_OR_NAME", completes="name", help="a file, or an object of the notebook"),
            argument("--name", metavar="NAME", default=None, help="what to call it"),
            _OTHER_RUN,
        ),
        "artifact figure --name calibration.png",
    ),
    Verb(
        "evaluate",
        "how good is a model, in the metrics of its task; keeps predictions, curves and the model",
        _evaluate,
        (
            argument("model", metavar="MODEL", completes="name", help="a fitted model"),
            argument("X", metavar="X", completes="name", help="the rows: a frame, or a Parquet or CSV path"),
            argument("y", metavar="y", completes="name", help="their true answers"),
            argument("--split", default="test", metavar="SPLIT", help="what the rows are (default: test)"),
            argument("--by", default=None, metavar="COLUMN", completes="name", help="per group too"),
        ),
        "evaluate model X_test y_test",
        needs_notebook=True,
    ),
    Verb("end", "the run is over", _end, needs_notebook=True),
    Verb(
        "runs",
        "what was tried, and what did best",
        _runs,
        (
            argument(
                "experiment",
                metavar="EXPERIMENT",
                nargs="?",
                default=None,
                completes="experiment",
                help="only its runs",
            ),
            argument("--best", metavar="METRIC", default=None, completes="metric", help="sort by it, the best first"),
            argument("--where", metavar="SQL", default=None, help='such as "metrics.auc > 0.7"'),
            argument("--limit", type=int, default=20, metavar="N", help="rows to show (default: 20)"),
        ),
        "runs flights --best test/roc_auc",
    ),
    Verb("show", "what was this run", _show, (_RUN,), "show @last"),
    Verb(
        "diff",
        "what differs between two runs",
        _diff,
        (
            argument("left", metavar="LEFT", completes="run", help="a run"),
            argument("right", metavar="RIGHT", completes="run", help="another"),
        ),
        "diff baseline boosted",
    ),
    Verb(
        "drift",
        "does new data still look like the reference",
        _drift,
        (
            argument("data", metavar="DATA", completes="name", help="a frame, or a Parquet or CSV path"),
            argument(
                "--against",
                metavar="RUN",
                default=None,
                completes="run",
                help="a run, a frame or a path (default: @last)",
            ),
            argument("--method", default=None, choices=["js", "chi2", "psi"], help="how to measure (default: js)"),
        ),
        "drift july --against boosted",
    ),
    Verb(
        "export",
        "write a bundle that loads and predicts anywhere",
        _export,
        (
            _RUN,
            argument("path", metavar="PATH", completes="path", help="the folder to write"),
            argument(
                "--trust", metavar="TYPE", action="append", default=[], help="a type you trust beside ours; repeatable"
            ),
            argument("--allow-pickle", action="store_true", help="fall back on pickle, recorded in the bundle"),
            argument("--overwrite", action="store_true", help="replace a bundle that is there"),
        ),
        "export boosted bundles/flights",
    ),
    Verb(
        "sql",
        "ask the store in SQL; without a query, its tables",
        _sql,
        (argument("query", nargs="*", metavar="SQL", help="the query, in quotes"),),
        'sql "SELECT name, status FROM runs"',
        takes_sentence=True,
    ),
    Verb(
        "store",
        "where the store is, how large, and in what state",
        _store,
        (
            argument("--fold", action="store_true", help="move journals into the database now"),
            argument("--optimize", action="store_true", help="sort the points, so that long histories read faster"),
        ),
    ),
)
