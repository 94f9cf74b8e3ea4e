# Everything runs in .venv, which the first target that needs it makes with uv.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo lab test quick lint bench bench-store bench-drift clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
JOBS ?= 2
# An environment that another tool made may have neither uv nor pip.
READY = command -v $(UV) >/dev/null 2>&1 || { $(BIN)/python -m ensurepip >/dev/null; $(BIN)/python -m pip install -q uv; }

help: ## what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/notebooks ## run the quickstart notebook on real data and show what came of it
	@$(BIN)/python notebooks/demo.py build/demo

lab: $(VENV)/notebooks ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir notebooks

test: $(VENV)/dev $(VENV)/duckdb-1.5 lint ## check the code and run the whole test suite
	@PYTHONPATH="$(CURDIR)/$(VENV)/duckdb-1.5" $(BIN)/python -m pytest -n $(JOBS) -m "not slow" -q tests/store
	@$(BIN)/python -m pytest -n $(JOBS)

quick: $(VENV)/dev ## the tests that take seconds
	@$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

lint: $(VENV)/dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(VENV)/dev ## run every benchmark; prints tables, saves build/bench/*.json
	@$(BIN)/python -m tests.bench all

bench-store: $(VENV)/dev ## only the tracking benchmarks
	@$(BIN)/python -m tests.bench store

bench-drift: $(VENV)/dev ## only the drift benchmarks
	@$(BIN)/python -m tests.bench drift

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "mlops_magics needs Python 3.11 or newer; none was found on the path." >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python "$(PYTHON)" $(VENV); \
	else "$(PYTHON)" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; fi

# One stamp per set of dependencies, renewed when pyproject.toml changes.
$(VENV)/notebooks: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "setting up $(VENV) (once) …"
	@$(READY)
	@$(UV) pip install --quiet --python $(BIN)/python -e . --group notebooks && touch $@

$(VENV)/dev: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "setting up $(VENV) for development (once) …"
	@$(READY)
	@$(UV) pip install --quiet --python $(BIN)/python -e . --group dev && touch $@

# The oldest DuckDB that is promised, beside the newest: the tests of the store run on both.
$(VENV)/duckdb-1.5: $(VENV)/pyvenv.cfg
	@$(READY)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --target $@ duckdb==1.5.5
