# Everything a clean clone needs, behind short words. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= auto
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Create .venv with everything in it, the `dalsegno` command included

# Exactly what requirements.lock says, checked by hash; then this tree, importable in place.
$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: test
test: $(STAMP) ## Run all tests (WORKERS=4 for more processes, ARGS='-k retry' for some)
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: lint
lint: $(STAMP) ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

.PHONY: types
types: $(STAMP) ## Check types, strictly
	@$(BIN)/mypy

.PHONY: contracts
contracts: $(STAMP) ## Check who imports whom
	@$(BIN)/lint-imports --no-logo

.PHONY: check
check: lint types contracts test ## All of the checks above, tests last

.PHONY: demo
demo: $(STAMP) ## The violin shop: orders, workers, a crash, and everything done once
	@$(BIN)/python -m examples.violin_shop.demo $(ARGS)

.PHONY: demo-sdk
demo-sdk: $(STAMP) ## The same shop, written with Dalsegno's own SDK
	@$(BIN)/python -m examples.violin_shop_sdk $(ARGS)

.PHONY: bench
bench: $(STAMP) ## Measure a local server, count what AWS would bill; prints a table, writes JSON to bench/results
	@$(BIN)/python -m bench $(ARGS)

.PHONY: dev
dev: $(STAMP) ## Start a server on 127.0.0.1:8080, its data in .dalsegno
	@$(BIN)/dalsegno dev --data .dalsegno $(ARGS)

.PHONY: docs
docs: $(STAMP) ## Build the documentation to site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

.PHONY: format
format: $(STAMP) ## Put imports and formatting in order
	@$(BIN)/ruff check --select I --fix
	@$(BIN)/ruff format

.PHONY: aws-local
aws-local: $(STAMP) ## Deploy to an AWS emulator, run the violin shop there, tear it down
	@$(BIN)/python localstack/aws_local.py $(ARGS)

.PHONY: lock
lock: $(STAMP) ## Pin the newest allowed versions in requirements.lock
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install -qq --disable-pip-version-check uv
	@$(VENV)/lock/bin/uv pip compile --quiet pyproject.toml --all-extras --group dev \
	  --universal --generate-hashes --no-emit-index-url --no-header --upgrade \
	  --output-file requirements.lock
	@rm -r $(VENV)/lock

.PHONY: clean
clean: ## Remove .venv and everything that tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist site
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
