"""What each verb does: it takes its words apart, calls one function of the house and returns what came of it."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_magics.errors import CommandError, MlopsError
from mlops_magics.faces.context import Context
from mlops_magics.faces.said import Answer, Both, Said
from mlops_magics.faces.words import numbers, pairs, texts
from mlops_magics.records import Note, Param, Tag

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun


def in_panel(act: Callable[[Context, Namespace], Any]) -> Callable[[Context, Namespace], Any]:
    """The act, whose result becomes a panel where ``--panel`` asks for one and one can live."""

    @wraps(act)
    def acting(context: Context, words: Namespace) -> Any:
        result = act(context, words)
        return context.panel(result, store=context.store()) if words.panel else result

    return acting


def track(context: Context, words: Namespace) -> Any:
    """Start a run."""
    session = context.session
    run, former = session.track(
        words.experiment,
        words.name,
        resume=words.resume,
        this_cell=words.this_cell,
        private=words.private,
        outputs=not words.no_outputs,
        system_seconds=words.system,
    )
    told = [] if former is None else [f"{former.experiment} / {former.name} was open, and is finished."]
    if words.name is not None and not words.resume:
        told += _namesakes(run)
    return Both(Said(*told), run, value=run) if told else run


def _namesakes(run: ActiveRun) -> list[str]:
    """That a name is taken, and how the run that had it is to be called from now on.

    Not asked before anything was read in this kernel: a run begins at once, and loading the database takes a while.
    """
    if "duckdb" not in sys.modules:
        return []
    try:
        others = [other for other in run.store.runs_called(run.experiment, run.name) if other.id != run.id]
    except MlopsError:
        return []  # the run is open all the same, and whoever asks of the store is told
    if not others:
        return []
    count = "An earlier run is" if len(others) == 1 else f"{len(others)} earlier runs are"
    which = "that" if len(others) == 1 else "the newest of them"
    return [f"{count} called {run.name} too: the name now means this one, and {others[-1].short_id} {which}."]


def log(context: Context, words: Namespace) -> Any:
    """Record metrics."""
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


def params(context: Context, words: Namespace) -> Any:
    """Record parameters."""
    values = pairs(words.pairs, "params")
    with context.recording(words.run) as run:
        run.record(*(Param(key=name, value=value) for name, value in values.items()))
    return Said(", ".join(f"{name} = {value!r}" for name, value in values.items()))


def tag(context: Context, words: Namespace) -> Any:
    """Record labels."""
    values = texts(words.pairs, "tag")
    with context.recording(words.run) as run:
        run.record(*(Tag(key=name, value=value) for name, value in values.items()))
    return Said(", ".join(f"{name}: {value}" for name, value in values.items()))


def note(context: Context, words: Namespace) -> Any:
    """Record a sentence."""
    text = " ".join(words.text)
    with context.recording(words.run) as run:
        run.record(Note(text=text))
        return Said(f"noted on {run.name}")


def artifact(context: Context, words: Namespace) -> Any:
    """Keep a file or an object."""
    from mlops_magics.capture.artifacts import keep
    from mlops_magics.capture.run import ActiveRun

    content = context.data(words.content)
    if content is words.content:
        content = Path(content)
    default = words.content if words.content.isidentifier() else None
    name = words.name or default
    with context.recording(words.run) as run:
        if isinstance(run, ActiveRun):
            artifact = run.artifact(content, name)
        else:
            artifact = keep(run.store, content, name=name, private=run.store.settings.private_columns)
            run.record(artifact)
    hidden = (artifact.detail or {}).get("hidden", ())
    told = f", without {', '.join(hidden)}: private" if hidden else ""
    return Said(f"kept {artifact.name}: {artifact.size_bytes:,} bytes, sha256 {artifact.sha256[:12]}{told}")


def evaluate(context: Context, words: Namespace) -> Any:
    """Measure a model."""
    run = context.session.run
    model, X = context.value(words.model), context.data(words.X)
    y = context.answers(words.y, X)
    by = None if words.by is None else _grouping(context, X, words.by)
    name, target = (word if word.isidentifier() else None for word in (words.X, words.y))
    return run.evaluate(
        model, X, y, split=words.split, by=by, name=name, target=target,
        origins=(X,) if isinstance(X, str) else context.session.fits.origins_of(words.X),
        target_origins=(X,) if isinstance(y, str) else context.session.fits.origins_of(words.y),
    )


def _grouping(context: Context, X: Any, word: str) -> Any:
    """A column of the table, or else an object of the notebook with a value per row."""
    from mlops_magics.data.frames import open_table

    return word if word in open_table(X).columns else context.value(word)


def end(context: Context, words: Namespace) -> Any:  # noqa: ARG001 - every act takes both
    """End the open run, and say what makes its notebook doubtful."""
    run = context.session.end()
    seen = context.session.examined
    if seen is None or seen.verdict != "fail":
        return run
    return Both(run, Said(f"{seen.sentence}: %mlops cells tells which"), value=run)


def runs(context: Context, words: Namespace) -> Any:
    """The leaderboard."""
    from mlops_magics.compare.leaderboard import runs

    with context.progress("reading the store") as bar:
        context.store().fold(progress=bar)
    board = runs(
        words.experiment, words.where, best=words.best, columns=words.columns, limit=words.limit,
        children=words.children, store=context.store(),
    )
    return board if words.by is None else board.by(words.by)


def show(context: Context, words: Namespace) -> Any:
    """One run, or the cells it ran."""
    from mlops_magics.compare.executions import executions
    from mlops_magics.compare.page import show

    look = executions if words.cells else show
    return look(words.run or context.newest(), store=context.store())


def live(context: Context, words: Namespace) -> Any:
    """The curves of runs, as they grow."""
    from mlops_magics.compare.curves import curves

    store = context.store()
    found = curves(words.runs or context.newest(), words.metric, store=store)
    return context.panel(found, store=store, keys=words.metric)


def cells(context: Context, words: Namespace) -> Any:  # noqa: ARG001 - every act takes both
    """How far the notebook can be trusted."""
    return context.session.examine()


def autolog(context: Context, words: Namespace) -> Any:
    """Record fits by themselves, or do not."""
    context.session.fits.is_wanted = words.state == "on"
    return Said("fits are recorded by themselves" if words.state == "on" else "fits are no longer recorded")


def replay(context: Context, words: Namespace) -> Any:
    """Run again what a run stood on."""
    from mlops_magics.rerun.again import replay

    with context.progress("replay") as bar:
        return replay(
            words.run,
            store=context.store(),
            path=words.path,
            tolerance=words.tolerance,
            ignore=words.ignore,
            notebook_only=words.notebook_only,
            timeout_seconds=words.timeout,
            progress=bar,
        )


def diff(context: Context, words: Namespace) -> Any:
    """What differs between two runs, or among several."""
    from mlops_magics.compare.difference import diff, diff_matrix

    with context.progress("diff") as bar:
        if words.more:
            runs = [words.left, words.right, *words.more]
            return diff_matrix(runs, context.store(), tests=not words.no_tests, progress=bar)
        return diff(words.left, words.right, store=context.store(), tests=not words.no_tests, progress=bar)


def drift(context: Context, words: Namespace) -> Any:
    """New data against a reference."""
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
    from mlops_magics.data.places import is_place

    if word is None or word.startswith("@") or is_place(word):
        return word
    try:
        value = context.value(word)
    except CommandError:
        return word
    return value if hasattr(value, "columns") else word


def export(context: Context, words: Namespace) -> Any:
    """Write a bundle."""
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


def sql(context: Context, words: Namespace) -> Any:
    """Ask the store."""
    query = " ".join(words.query)
    return Answer(context.store().sql(query) if query else context.store().tables())


def store(context: Context, words: Namespace) -> Any:
    """Where the store is, and in what state."""
    from mlops_magics.compare.holdings import holdings

    store = context.store()
    with context.progress("store") as bar:
        if words.optimize:
            store.optimize(progress=bar)
        elif words.fold:
            store.fold(progress=bar)
    return holdings(store)


