"""The one table of verbs. ``%mlops``, the ``mlops`` command line, their help and completion are all made of it."""

from __future__ import annotations

from mlops_magics.faces import acts
from mlops_magics.faces.grammar import Argument, Completes, Verb, argument

_RUN = argument("run", metavar="RUN", completes="run", help="a name, a piece of an id, @last, @best:METRIC, @ALIAS")
_OTHER_RUN = argument(
    "--run", metavar="RUN", completes="run", default=None, help="another run than the open one, ended or not"
)


def _pairs(completes: Completes) -> Argument:
    help_text = "one or more, as Python literals or text"
    return argument("pairs", metavar="NAME=VALUE", nargs="+", completes=completes, help=help_text)



_PANEL = argument("--panel", action="store_true", help="in a notebook: to sort, select, zoom and unfold")

VERBS: tuple[Verb, ...] = (
    Verb(
        "track",
        "record this notebook from here on; as %%mlops track, only this cell",
        acts.track,
        (
            argument(
                "experiment", metavar="EXPERIMENT", completes="experiment", help="what the variants have in common"
            ),
            argument("--name", metavar="NAME", completes="run name", default=None, help="what this variant is called"),
            argument("--resume", action="store_true", help="go on with the newest run of this name"),
            argument("--this-cell", action="store_true", help="end the run with the cell"),
            argument("--private", action="store_true", help="keep no outputs, previews, predictions or example rows"),
            argument("--no-outputs", action="store_true", help="keep no figures and no previews of tables"),
            argument(
                "--system",
                type=float,
                nargs="?",
                const=5.0,
                default=None,
                metavar="SECONDS",
                help="record CPU, memory and GPU (default: each 5 s)",
            ),
        ),
        "track flights --name baseline",
        needs_notebook=True,
    ),
    Verb(
        "log",
        "record metrics",
        acts.log,
        (
            _pairs("metrics="),
            argument("--step", type=int, default=None, metavar="N", help="position on the curve"),
            _OTHER_RUN,
        ),
        "log val_auc={auc} --step 3",
    ),
    Verb(
        "params",
        "record parameters; logged again, a new version",
        acts.params,
        (_pairs("params="), _OTHER_RUN),
        "params depth=6",
    ),
    Verb(
        "tag",
        "record labels for people; by alias=NAME, @NAME means the run",
        acts.tag,
        (_pairs("tags="), _OTHER_RUN),
        "tag team=ops",
    ),
    Verb(
        "note",
        "record a sentence",
        acts.note,
        (argument("text", nargs="+", metavar="TEXT", help="the sentence"), _OTHER_RUN),
        'note "without the weather columns"',
        takes_sentence=True,
    ),
    Verb(
        "artifact",
        "keep a file or an object with the run",
        acts.artifact,
        (
            argument("content", metavar="PATH_OR_NAME", completes="data", help="a file, or an object of the notebook"),
            argument("--name", metavar="NAME", default=None, help="what to call it"),
            _OTHER_RUN,
        ),
        "artifact figure --name calibration.png",
    ),
    Verb(
        "evaluate",
        "how good is a model, in the metrics of its task; keeps predictions, curves and the model",
        acts.evaluate,
        (
            argument("model", metavar="MODEL", completes="name", help="a fitted model"),
            argument("X", metavar="X", completes="data", help="the rows: a frame, a Parquet or CSV path, or a query"),
            argument("y", metavar="y", completes="name", help="their true answers, or their column in the file"),
            argument("--split", default="test", metavar="SPLIT", help="what the rows are (default: test)"),
            argument("--by", default=None, metavar="COLUMN", completes="name", help="per group too"),
        ),
        "evaluate model X_test y_test",
        needs_notebook=True,
    ),
    Verb("end", "the run is over", acts.end, needs_notebook=True),
    Verb(
        "runs",
        "what was tried, and what did best",
        acts.in_panel(acts.runs),
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
            argument(
                "--where",
                metavar="CONDITION",
                default=None,
                completes="column",
                help="""such as "auc > 0.7 and params.depth <= 6 and tag.team = 'ops'", or SQL""",
            ),
            argument(
                "--columns",
                metavar="NAME",
                nargs="+",
                default=None,
                completes="column",
                help="what to show: metrics, parameters, tags; all of these by the word",
            ),
            argument("--by", metavar="NAME", default=None, completes="column", help="the best and mean of each value"),
            argument("--children", action="store_true", help="candidates of searches too, each below its search"),
            argument("--limit", type=int, default=20, metavar="N", help="rows to show (default: 20)"),
            _PANEL,
        ),
        "runs flights --best test/roc_auc",
    ),
    Verb(
        "show",
        "what was this run",
        acts.in_panel(acts.show),
        (
            argument(
                "run", metavar="RUN", nargs="?", default=None, completes="run", help="default: the open one, else @last"
            ),
            argument("--cells", action="store_true", help="the cells it stands on, in the order they ran"),
            _PANEL,
        ),
        "show @last",
    ),
    Verb(
        "live",
        "how do the metrics go: curves of runs over each other, that grow while the runs go on",
        acts.live,
        (
            argument(
                "runs", metavar="RUN", nargs="*", default=[], completes="run", help="default: the open one, else @last"
            ),
            argument(
                "--metric", metavar="NAME", nargs="+", default=None, completes="metric", help="only these metrics"
            ),
        ),
        "live boosted baseline --metric val/loss",
    ),
    Verb(
        "cells",
        "how far can this notebook be trusted: out of order, edited since, deleted, skipped, stale",
        acts.cells,
        needs_notebook=True,
    ),
    Verb(
        "autolog",
        "record fits by themselves, or do not",
        acts.autolog,
        (argument("state", choices=["on", "off"], help="on at the start"),),
        "autolog off",
        needs_notebook=True,
    ),
    Verb(
        "diff",
        "what differs between two runs; among more, side by side",
        acts.in_panel(acts.diff),
        (
            argument("left", metavar="LEFT", completes="run", help="a run"),
            argument("right", metavar="RIGHT", completes="run", help="another"),
            argument("more", metavar="RUN", nargs="*", default=[], completes="run", help="more of them: a column each"),
            argument("--no-tests", action="store_true", help="leave out whether one is really better"),
            _PANEL,
        ),
        "diff baseline boosted",
    ),
    Verb(
        "drift",
        "does new data still look like the reference",
        acts.in_panel(acts.drift),
        (
            argument(
                "data", metavar="DATA", completes="data", help="a frame, a Parquet or CSV path, or a query in quotes"
            ),
            argument(
                "--against",
                metavar="RUN",
                default=None,
                completes="run",
                help="a run, a frame or a path (default: @last)",
            ),
            argument("--method", default=None, choices=["js", "chi2", "psi"], help="how to measure (default: js)"),
            _PANEL,
        ),
        "drift july --against boosted",
    ),
    Verb(
        "export",
        "write a bundle that loads and predicts anywhere",
        acts.export,
        (
            _RUN,
            argument("path", metavar="PATH", completes="path", help="the folder to write"),
            argument(
                "--trust", metavar="TYPE", action="append", default=[], help="a type you trust beside ours; repeatable"
            ),
            argument(
                "--allow-pickle",
                action="store_true",
                help="also a model that only a pickle can hold, recorded in the bundle; types are trusted by --trust",
            ),
            argument("--overwrite", action="store_true", help="replace a bundle that is there"),
        ),
        "export boosted bundles/flights",
    ),
    Verb(
        "replay",
        "run again, in a fresh kernel, exactly what a run stood on, and compare",
        acts.replay,
        (
            _RUN,
            argument(
                "path",
                metavar="PATH",
                nargs="?",
                default=None,
                completes="path",
                help="where to write the notebook (default: RUN.replay.ipynb)",
            ),
            argument("--notebook-only", action="store_true", help="write it and do not run it"),
            argument(
                "--tolerance",
                type=float,
                default=0.0,
                metavar="SHARE",
                help="how much a metric may differ, as a share of it (default: 0)",
            ),
            argument(
                "--ignore",
                metavar="METRIC",
                action="append",
                default=[],
                help="a metric that is not compared, such as fit_seconds or 'time/*'; repeatable",
            ),
            argument("--timeout", type=float, default=None, metavar="SECONDS", help="give a cell no longer than this"),
        ),
        "replay boosted",
    ),
    Verb(
        "sql",
        "ask the store in SQL; without a query, its tables",
        acts.sql,
        (argument("query", nargs="*", default=[], metavar="SQL", help="the query, in quotes"),),
        'sql "SELECT name, status FROM runs"',
        takes_sentence=True,
    ),
    Verb(
        "store",
        "where the store is, how large, and in what state",
        acts.store,
        (
            argument("--fold", action="store_true", help="move journals into the database now"),
            argument("--optimize", action="store_true", help="sort the points, so that long histories read faster"),
        ),
    ),
)
