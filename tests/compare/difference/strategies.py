"""Variants as hypothesis makes them: small, so that two of them have something in common."""

import math

from hypothesis import strategies as st

from mlops_magics.compare.difference import HeldCurve, Variant

NUMBERS = [0.0, -0.0, 1.0, -1.5, math.nan, math.inf, -math.inf, 5e-324]
TEXTS = ["", "a", "é", "日本", "\ud800", "a.b", "None", "0"]
KEYS = st.sampled_from(["a", "b", "a.b", "", "深さ", "0"])
SCALARS = st.sampled_from([None, True, False, 0, 1, 10**30, *NUMBERS, *TEXTS])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
TREES = st.dictionaries(KEYS, VALUES, max_size=4)

METRICS = st.dictionaries(KEYS, st.sampled_from(NUMBERS), max_size=4)
POINTS = st.tuples(st.none() | st.integers(0, 4) | st.sampled_from([-3, 10**12]), st.sampled_from(NUMBERS))
CURVES = st.dictionaries(KEYS, st.lists(POINTS, min_size=1, max_size=6).map(HeldCurve), max_size=3)

LINES = ["x = 1", "x = 2", "frame = load('é')", "", "model.fit(X, y)", "a b c d e f", "a b c d e g", "\ud800"]
SOURCES = st.lists(st.sampled_from(LINES), max_size=3).map("\n".join)
CELLS = st.lists(st.sampled_from(LINES) | SOURCES, max_size=7).map(tuple)

DIGESTS = st.sampled_from(["e" * 64, "f" * 64, "0" * 64])
TABLE = st.fixed_dictionaries(
    {"rows": st.integers(0, 2), "columns": st.dictionaries(KEYS, st.sampled_from(["number", "text"]), max_size=3)},
    optional={"fingerprint": DIGESTS, "content": DIGESTS, "profile": DIGESTS, "origins": st.just(["a.csv"])},
)
TABLES = st.dictionaries(st.sampled_from(["fit", "test", "test target"]), TABLE, max_size=3)
VERSIONS = st.dictionaries(st.sampled_from(["numpy", "duckdb"]), st.sampled_from(["1", "2"]))
FILES = st.dictionaries(
    st.sampled_from(["model", "plot.png", "é"]),
    st.fixed_dictionaries({"type": st.just("file"), "sha256": DIGESTS, "size_bytes": st.integers(0, 2)}),
)

VARIANTS = st.builds(
    Variant, params=TREES, metrics=METRICS, curves=CURVES, cells=CELLS, data=TABLES, packages=st.none() | VERSIONS,
    code_state=st.none() | TREES, structure=st.none() | TREES, artifacts=FILES,
)  # fmt: skip
