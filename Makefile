# One word a job. `make` alone says what there is.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test hardening check accept bench screenshots editor clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --editable . --group dev
	touch $(READY)

demo: $(READY) ## build a graph from examples/ and ask which trials combine imatinib with surgery
	$(BIN)/trialkg build examples -o out/examples.ttl
	$(BIN)/trialkg query combine --a imatinib --b surgery -g out/examples.ttl

test: $(READY) ## all checks and tests; installs the other stores and Java where it may
	sh tools/system.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -n auto

hardening: $(READY) ## the long form of the hardening tests: every step, fifty kills, texts of 1 MB, ten thousand requests
	TRIALKG_LONG=1 PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -n auto tests/test_hardening.py tests/test_hostile.py tests/test_linear.py tests/test_serve.py tests/test_serve_limits.py

check: $(READY) ## the quick checks only: lint, types, imports
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

accept: $(READY) ## write the golden files anew; look at the diff before you commit
	$(BIN)/pytest -q tests/test_golden.py --accept

bench: $(READY) ## measure speed: how long each stage takes beside its floor
	$(BIN)/python benchmarks/speed.py

screenshots: $(READY) ## take the pictures of docs/ anew, with Chromium
	$(BIN)/python tools/screenshots.py

editor: ## fetch the SPARQL editor of the pages from npm
	sh tools/editor.sh

clean: ## remove what was built
	rm -rf .venv out dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
