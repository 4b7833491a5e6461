# Every target sets up what it needs: python3.11 is all that has to be there.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
WORKERS := -n auto --dist loadfile --no-loadscope-reorder
# Tests start many processes, each of which would compile every module again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install emulators demo test test-all bench lint types ui clean
help: ## Say what the targets do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

install: $(READY) ## Make .venv and install the project into it

$(READY): setup.cfg constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed (set PYTHON=...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

emulators: $(READY) ## Make .emulators, on which the tests of BigQuery and Cloud Storage run
	$(PYTHON) -m venv .emulators
	.emulators/bin/python -m pip install --quiet --disable-pip-version-check -r nba_pipeline_tests/emulators.txt
	.emulators/bin/python -c "import duckdb_extensions; duckdb_extensions.import_extension('spatial')"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,gcp]'

demo: $(READY) ## Simulate a small league and run everything on it
	$(BIN)/nba-pipeline demo

test: $(READY) lint types ## Lint, type check, and run the tests that take seconds
	$(BIN)/python -m pytest $(WORKERS)

test-all: $(READY) lint types ## The same with the tests that take minutes
	$(BIN)/python -m pytest $(WORKERS) -m ''

LANDING ?= ../shared/data/landing
bench: $(READY) ## Measure the pipeline on a landing zone (LANDING=...) beside its floors
	for script in benchmarks/*.py; do $(BIN)/python $$script --landing $(LANDING) || exit 1; done

lint: $(READY) ## Style, and which module may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY) ## Check the types
	$(BIN)/mypy

ui: $(READY) ## Dagster's UI and daemon
	$(BIN)/nba-pipeline ui

clean: ## Remove the environment and everything computed
	rm -rf $(VENV) .emulators .nba_pipeline
