"""What the database holds: numbered migrations, how a journal record becomes a row, and the views people query.

The DDL is kept portable to DuckDB's other catalogs: no keys, constraints, indexes, sequences, enums or generated
columns. Structured values are JSON as VARCHAR. What can change is kept as revisions; a view shows the newest.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, applied in a transaction that also records its number."""

    number: int
    name: str
    statements: tuple[str, ...]


MIGRATIONS = (
    Migration(
        1,
        "the first tables",
        (
            "CREATE TABLE {s}.journals (journal VARCHAR, folded_to BIGINT, corrupt BIGINT, done BOOLEAN)",
            """CREATE TABLE {s}.run_revs (run VARCHAR, time TIMESTAMP, experiment VARCHAR, name VARCHAR,
               status VARCHAR, parent VARCHAR, source VARCHAR, message VARCHAR)""",
            "CREATE TABLE {s}.metrics (run VARCHAR, time TIMESTAMP, key VARCHAR, step BIGINT, value DOUBLE)",
            """CREATE TABLE {s}.metric_sums (run VARCHAR, key VARCHAR, time TIMESTAMP, step BIGINT, value DOUBLE,
               points BIGINT, low DOUBLE, high DOUBLE)""",
            "CREATE TABLE {s}.param_revs (run VARCHAR, time TIMESTAMP, key VARCHAR, value VARCHAR)",
            "CREATE TABLE {s}.tag_revs (run VARCHAR, time TIMESTAMP, key VARCHAR, value VARCHAR)",
            "CREATE TABLE {s}.notes (run VARCHAR, time TIMESTAMP, text VARCHAR)",
            """CREATE TABLE {s}.cells (run VARCHAR, time TIMESTAMP, cell VARCHAR, position BIGINT,
               execution_count BIGINT, source VARCHAR, seconds DOUBLE, status VARCHAR, error VARCHAR)""",
            """CREATE TABLE {s}.artifacts (run VARCHAR, time TIMESTAMP, name VARCHAR, type VARCHAR, sha256 VARCHAR,
               size_bytes BIGINT, detail VARCHAR)""",
            """CREATE TABLE {s}.datasets (run VARCHAR, time TIMESTAMP, name VARCHAR, role VARCHAR,
               fingerprint VARCHAR, rows BIGINT, columns VARCHAR, profile VARCHAR)""",
            """CREATE TABLE {s}.environments (run VARCHAR, time TIMESTAMP, python VARCHAR, platform VARCHAR,
               packages VARCHAR, git_commit VARCHAR, git_branch VARCHAR, git_dirty BOOLEAN, git_patch VARCHAR)""",
            """CREATE TABLE {s}.evaluations (run VARCHAR, time TIMESTAMP, split VARCHAR, task VARCHAR, rows BIGINT,
               fingerprint VARCHAR, metrics VARCHAR, curves VARCHAR, predictions VARCHAR)""",
            """CREATE TABLE {s}.verdicts (run VARCHAR, time TIMESTAMP, question VARCHAR, subject VARCHAR,
               verdict VARCHAR, detail VARCHAR)""",
            "CREATE TABLE {s}.texts (sha256 VARCHAR, text VARCHAR)",
        ),
    ),
    Migration(
        2,
        "what really happened in the notebook",
        (
            "ALTER TABLE {s}.param_revs ADD COLUMN is_default BOOLEAN",
            "ALTER TABLE {s}.cells ADD COLUMN started TIMESTAMP",
            "ALTER TABLE {s}.cells ADD COLUMN is_async BOOLEAN",
            "ALTER TABLE {s}.cells ADD COLUMN is_before BOOLEAN",
            "ALTER TABLE {s}.cells ADD COLUMN facts BIGINT",
            "ALTER TABLE {s}.datasets ADD COLUMN content VARCHAR",
            "ALTER TABLE {s}.datasets ADD COLUMN origins VARCHAR",
            *(
                f"ALTER TABLE {{s}}.environments ADD COLUMN {column}"
                for column in (
                    "git_remote VARCHAR",
                    "folder VARCHAR",
                    "cpu VARCHAR",
                    "cpus BIGINT",
                    "memory_bytes BIGINT",
                    "gpus VARCHAR",
                    "sources VARCHAR",
                    "variables VARCHAR",
                )
            ),
            "ALTER TABLE {s}.evaluations ADD COLUMN model VARCHAR",
            """CREATE TABLE {s}.models (run VARCHAR, time TIMESTAMP, model VARCHAR, class_name VARCHAR, task VARCHAR,
               fit VARCHAR, features VARCHAR, reason VARCHAR, example VARCHAR)""",
            """CREATE TABLE {s}.fits (run VARCHAR, time TIMESTAMP, fit VARCHAR, name VARCHAR, class_name VARCHAR,
               params VARCHAR, defaults VARCHAR, rows BIGINT, columns BIGINT, features VARCHAR, fingerprint VARCHAR,
               seconds DOUBLE, warnings VARCHAR, status VARCHAR, error VARCHAR)""",
            "CREATE TABLE {s}.seeds (run VARCHAR, time TIMESTAMP, call VARCHAR, position BIGINT)",
            """CREATE TABLE {s}.cross_validations (run VARCHAR, time TIMESTAMP, name VARCHAR, class_name VARCHAR,
               folds BIGINT, train_rows BIGINT, test_rows BIGINT, splits VARCHAR, fingerprint VARCHAR,
               target_fingerprint VARCHAR, scores VARCHAR)""",
        ),
    ),
)
SCHEMA = MIGRATIONS[-1].number

MIGRATIONS_TABLE = "CREATE TABLE IF NOT EXISTS {s}.migrations (number BIGINT, name VARCHAR, time TIMESTAMP)"

FACT_TABLES = {
    "run": "run_revs",
    "param": "param_revs",
    "tag": "tag_revs",
    "note": "notes",
    "cell": "cells",
    "fit": "fits",
    "seed": "seeds",
    "artifact": "artifacts",
    "model": "models",
    "dataset": "datasets",
    "environment": "environments",
    "evaluation": "evaluations",
    "cross_validation": "cross_validations",
    "verdict": "verdicts",
}
"""The kind of a journal record, and the table it goes to. Metrics and texts have shapes of their own."""

SLICE_COLUMNS = {
    "t": "BIGINT",
    "w": "BIGINT",
    "s": "BIGINT",
    "n": "VARCHAR",
    "v": "DOUBLE",
    "m": "MAP(VARCHAR, DOUBLE)",
    "k": "VARCHAR",
    "d": "JSON",
    "b": "VARCHAR",
}
"""The fields of a journal line, as journal.py writes them."""


def fact_rows(kind: str, columns: Mapping[str, str]) -> str:
    """SELECT that turns the staged lines of one kind into rows of its table."""
    body = {name: type_ for name, type_ in columns.items() if name not in {"run", "time"}}
    fields = ", ".join(
        f"TRY_CAST(json_extract_string(d, '$.\"{name}\"') AS {type_}) AS {name}" for name, type_ in body.items()
    )
    # Facts of the store belong to no run; what a run is must belong to one.
    of_a_run = "AND run IS NOT NULL" if kind == "run" else ""
    return (
        f"SELECT run, make_timestamp(t) AS time, {fields} FROM slice JOIN writers USING (w) "
        f"WHERE k = '{kind}' {of_a_run} ORDER BY t"
    )


STAGED_METRICS = """
    SELECT run, make_timestamp(t) AS time, n AS key, s AS step, v AS value
    FROM slice JOIN writers USING (w) WHERE n IS NOT NULL
    UNION ALL
    SELECT run, make_timestamp(t), unnest(map_keys(m)), s, unnest(map_values(m))
    FROM slice JOIN writers USING (w) WHERE m IS NOT NULL
"""

STAGED_TEXTS = """
    SELECT json_extract_string(d, '$."sha256"') AS sha256, any_value(json_extract_string(d, '$."text"')) AS text
    FROM slice WHERE k = 'text' GROUP BY 1
"""

STAGED_RUN_ENDS = """
    SELECT run, time, NULL AS experiment, NULL AS name, 'interrupted' AS status, NULL AS parent, NULL AS source,
           NULL AS message
    FROM interrupted
"""

STAGED_SUMS = """
    SELECT run, key, max(time) AS time, max_by({{'step': step}}, time).step AS step,
           max_by({{'value': value}}, time).value AS value, count(*) AS points,
           min(value) FILTER (isfinite(value)) AS low, max(value) FILTER (isfinite(value)) AS high
    FROM {metrics} GROUP BY run, key
"""

MERGED_SUMS = """
    SELECT run, key, max(time) AS time, max_by({{'step': step}}, time).step AS step,
           max_by({{'value': value}}, time).value AS value, sum(points)::BIGINT AS points,
           min(low) AS low, max(high) AS high
    FROM ({sums}) GROUP BY run, key
"""

VIEWS = {
    "runs": """
        SELECT run AS id, max_by(experiment, time) AS experiment, max_by(name, time) AS name,
               max_by(status, time) AS status, min(time) AS started,
               CASE WHEN max_by(status, time) <> 'running' THEN max(time) FILTER (status IS NOT NULL) END AS ended,
               max_by(parent, time) AS parent, max_by(source, time) AS source, max_by(message, time) AS message
        FROM run_revs GROUP BY run
    """,
    "params": """
        SELECT run, key, arg_max_null(value, time) AS value, arg_max_null(is_default, time) AS is_default,
               max(time) AS time, count(*) AS revisions
        FROM param_revs GROUP BY run, key HAVING arg_max_null(value, time) IS NOT NULL
    """,
    "tags": "SELECT run, key, max_by(value, time) AS value, max(time) AS time FROM tag_revs GROUP BY run, key",
}
"""What people query beside the tables: the newest revision of what can change. A parameter whose newest has no value
was withdrawn.
"""

READABLE = (*VIEWS, *FACT_TABLES.values(), "metrics", "metric_sums", "texts")
"""Every table and view a query can name."""


def stage_views(tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Views ``stage_TABLE`` that turn staged journal lines into rows, given the columns of the tables."""
    views = {f"stage_{table}": fact_rows(kind, tables[table]) for kind, table in FACT_TABLES.items()}
    views["stage_run_revs"] = f"SELECT * FROM ({views['stage_run_revs']}) UNION ALL BY NAME {STAGED_RUN_ENDS}"
    return {**views, "stage_metrics": STAGED_METRICS, "stage_texts": STAGED_TEXTS}


def reading_views(stored: Container[str], *, is_current: bool, with_stage: bool) -> dict[str, str]:
    """The views people query: rows of the attached file, and of the staged lines where there are any.

    A table the file does not have yet is empty, from the schema ``blank``; so are the columns that a file of an older
    schema (not ``is_current``) does not have.
    """
    names = (*FACT_TABLES.values(), "metrics", "texts", "metric_sums")
    bodies = {name: f"SELECT * FROM blank.{name}" for name in names}
    for name in names:
        if name in stored:
            of_file = f"SELECT * FROM s.{name}"
            bodies[name] = of_file if is_current else f"{bodies[name]} UNION ALL BY NAME {of_file}"
    if with_stage:
        sums = f"{bodies.pop('metric_sums')} UNION ALL BY NAME {STAGED_SUMS.format(metrics='stage_metrics')}"
        bodies = {name: f"{body} UNION ALL BY NAME SELECT * FROM stage_{name}" for name, body in bodies.items()}
        bodies["metric_sums"] = MERGED_SUMS.format(sums=sums)
    return {**bodies, **VIEWS}
