"""Track, compare, watch and ship models from inside the notebook, in one local DuckDB store."""

__version__ = "0.1.0"
