# Everything a clean clone needs, behind short words. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= auto
UPGRADE ?= --upgrade
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP = $(BIN)/python -m pip install -qq --disable-pip-version-check
TYPED := sdk/dalsegno state/dalsegno_state functions/dalsegno_functions examples bench
PYTEST = $(BIN)/pytest -n $(WORKERS)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Begin

.PHONY: setup
setup: $(STAMP) ## Create .venv with everything in it, the `dalsegno` command included

# Exactly what requirements.lock says, checked by hash; then this tree, importable in place.
# By uv, in a tenth of pip's time; by pip where uv is not to be had, or its index is not pip's.
$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(PIP) --require-hashes -r $(VENV)/uv.txt \
	  && $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: hooks
hooks: $(STAMP) ## Check each commit before it is made: style, types, contracts (pre-commit)
	@$(BIN)/pre-commit install

##@ Check

.PHONY: quick
quick: lint contracts ## Style, types, contracts and the quick tests: seconds, after every change
	@$(MAKE) --no-print-directory types-quick > $(VENV)/types.log 2>&1 & types=$$!; failed=0; \
	$(PYTEST) --dist load --tier quick --maxfail 10 $(ARGS) || failed=1; \
	wait $$types || { cat $(VENV)/types.log; failed=1; }; exit $$failed

.PHONY: test
test: $(STAMP) ## The quick and the deep tests (WORKERS=4 for more processes, ARGS='-k retry' for some)
	@$(PYTEST) --dist worksteal --tier quick --tier deep $(ARGS)

.PHONY: test-system
test-system: $(STAMP) ## Official SDKs, new projects, the wheel, a stack on an AWS emulator
	@$(PYTEST) --dist loadgroup --tier system $(ARGS)

.PHONY: check
check: lint types contracts test test-system ## All of these, as .ci/run does

.PHONY: lint
lint: $(STAMP) ## Style and formatting
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet

.PHONY: format
format: $(STAMP) ## Put imports and formatting in order
	@$(BIN)/ruff check --select I --fix
	@$(BIN)/ruff format

.PHONY: types
types: $(STAMP) ## Types, strictly, of everything
	@$(BIN)/mypy

# A daemon: its first run reads everything, later ones what changed.
.PHONY: types-quick
types-quick: $(STAMP) ## Types of what changed, all but the stack: the CDK's library takes four gigabytes
	@$(BIN)/dmypy run --timeout 3600 -- $(TYPED)

.PHONY: contracts
contracts: $(STAMP) ## Who imports whom
	@$(BIN)/lint-imports --no-logo

##@ See

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

.PHONY: aws-local
aws-local: $(STAMP) ## Deploy to an AWS emulator, run the violin shop there, tear it down
	@$(BIN)/python localstack/aws_local.py $(ARGS)

##@ Keep

.PHONY: lock
lock: $(STAMP) ## Pin the newest allowed versions in requirements.lock (UPGRADE= keeps what still fits)
	@$(BIN)/uv pip compile --quiet pyproject.toml --all-extras --group dev \
	  --universal --generate-hashes --no-emit-index-url --no-header $(UPGRADE) \
	  --output-file requirements.lock

.PHONY: clean
clean: ## Remove .venv and everything that tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist site
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
