# Two commands do it all: `make demo` and `make test`. `make` alone lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
DATA_DIR ?= .data
WORKERS ?= 3
export UV_NO_CONFIG := 1
# The command `garagist`, pointing at this folder; nothing is downloaded or copied for it.
EDITABLE := $(BIN)/uv pip install --quiet --offline --python $(BIN)/python --no-deps --no-build-isolation --editable .

$(BIN)/uv: requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Garagist needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …"; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (on Debian: apt install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/run.stamp: requirements.lock $(BIN)/uv
	@echo "Installing what Garagist runs on (locked, by hash)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(EDITABLE)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(BIN)/uv
	@echo "Installing what the tests and checks need (locked, by hash)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(EDITABLE)
	@touch $@ $(VENV)/run.stamp

.PHONY: help
help: ## Show these lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: demo
demo: $(VENV)/run.stamp ## Set up and run everything with two demo garages (PORT=8000 DATA_DIR=.data)
	@exec $(BIN)/python -m core demo --port $(PORT) --data-dir $(DATA_DIR)

.PHONY: reset
reset: $(VENV)/run.stamp ## Throw the demo's data away (DATA_DIR=.data)
	@$(BIN)/python -m core reset --data-dir $(DATA_DIR)

.PHONY: test
test: $(VENV)/dev.stamp ## Set up and pass all tests, the browser's included (ARGS=tests/web for some)
	@$(BIN)/python tests/browser.py
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not journey"
	@$(BIN)/python -m pytest -m journey tests/journeys
endif

.PHONY: check
check: $(VENV)/dev.stamp ## Style, types, import contracts, Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint docker/Dockerfile

$(VENV)/bench.stamp: bench/requirements.lock $(BIN)/uv
	@echo "Installing the frameworks that the benchmark compares with, apart from our own (locked, by hash)"
	@test -x $(VENV)/bench/bin/python || $(PYTHON) -m venv --without-pip $(VENV)/bench
	@$(BIN)/uv pip install --quiet --python $(VENV)/bench/bin/python --require-hashes -r bench/requirements.lock
	@touch $@

.PHONY: bench
bench: $(VENV)/dev.stamp $(VENV)/bench.stamp ## Measure, and write docs/benchmarks.md (ARGS=--quick, ARGS="pages --seconds 4")
	@$(BIN)/python -m bench $(ARGS)

.PHONY: lock
lock: $(BIN)/uv ## Resolve the requirement files anew
	@$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header requirements.in -c requirements-dev.lock -o requirements.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header bench/requirements.in -c requirements-dev.lock -o bench/requirements.lock

.PHONY: screenshots
screenshots: $(VENV)/dev.stamp ## Take the README's pictures again
	@SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest -m journey $(ARGS)
