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
FRONT := $(wildcard labextension/src/* labextension/style/* labextension/schema/* labextension/*.json mlops_magics/faces/panels/static/*)
# An environment that another tool made may have neither uv nor pip.
READY = command -v $(UV) >/dev/null 2>&1 || { $(BIN)/python -m ensurepip >/dev/null; $(BIN)/python -m pip install -q uv; }

help: ## what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/notebooks ## run the quickstart notebook on real data and show what came of it
	@$(BIN)/python notebooks/demo.py build/demo

lab: $(VENV)/front ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --notebook-dir notebooks

test: $(VENV)/dev $(VENV)/front $(VENV)/duckdb-1.5 lint ## check the code and run the whole test suite
	@PYTHONPATH="$(CURDIR)/$(VENV)/duckdb-1.5" $(BIN)/python -m pytest -n $(JOBS) -m "not slow" -q tests/store
	@$(BIN)/python -m pytest -n $(JOBS) --ignore=tests/browser
	@$(BIN)/python -m pytest tests/browser

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
	rm -rf $(VENV) build mlops_magics/labextension labextension/lib labextension/node_modules

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "mlops_magics needs Python 3.11 or newer; none was found on the path." >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --python "$(PYTHON)" $(VENV); \
	else "$(PYTHON)" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; fi

# One stamp per set of dependencies, renewed when pyproject.toml changes. Neither builds the front end, which takes Node.
$(VENV)/notebooks: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "setting up $(VENV) (once) …"
	@$(READY)
	@SKIP_JUPYTER_BUILDER=1 $(UV) pip install --quiet --python $(BIN)/python -e . --group notebooks && touch $@

$(VENV)/dev: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "setting up $(VENV) for development (once) …"
	@$(READY)
	@SKIP_JUPYTER_BUILDER=1 $(UV) pip install --quiet --python $(BIN)/python -e . --group dev && touch $@

# The lab extension, built again when its sources have changed; Node comes with the build where the machine has none.
$(VENV)/front: $(VENV)/notebooks $(FRONT)
	@echo "building the lab extension …"
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --reinstall-package mlops_magics --refresh-package mlops_magics -e . \
	&& touch $@

# The oldest DuckDB that is promised, beside the newest: the tests of the store run on both.
$(VENV)/duckdb-1.5: $(VENV)/pyvenv.cfg
	@$(READY)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --target $@ duckdb==1.5.5
