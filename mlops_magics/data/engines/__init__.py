"""Engines that run the plain SQL of a profile. DuckDB is the one on the desk."""
