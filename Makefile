# Everything a person or a machine does with a checkout. Each command makes the .venv it needs; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON  ?= python3
# Many tests wait for an appliance or a lab: on few cores there is room for two tests at a time on each.
WORKERS ?= $(or $(shell nproc 2>/dev/null | awk '{ print ($$1 < 4 ? 2 * $$1 : $$1) }'),auto)
VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.ready
PIP     := $(BIN)/python -m pip --disable-pip-version-check --no-input

# pip's long tale, told in a few lines.
PROGRESS := awk '/^Collecting/ { if (++n % 10 == 0) { print "    " n " found"; fflush() } } /^Installing/ { print "    installing"; fflush() }'

# Containers often forbid Python to keep what it compiled; every test and every command would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

# What `make lock` uses to resolve; it is no dependency of the project, so it has an environment of its own.
LOCK_ENV   := build/lock-env
LOCK_TOOLS := pip-tools>=7.5,<8

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- the environment ----------------------------------------------------------------------------

.PHONY: venv
venv: $(STAMP) ## Make the environment in .venv, with the locked versions

# The stamp is written last: an interrupted run is taken up again, a finished one is not repeated.
$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "make: Python 3.11 or later is needed as '$(PYTHON)' (or say which: make PYTHON=python3.12 …)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "make: Python's venv module is missing; on Debian and Ubuntu: sudo apt-get install python3-venv" >&2; exit 2; }
	@rm -f $@
	@echo "==> environment: $(VENV)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "==> dependencies: $$(grep -c '^[^ #].*==' requirements.lock) packages from requirements.lock; the first time takes a minute or two"
	@$(PIP) install --progress-bar off --require-hashes -r requirements.lock 2>&1 | tee $(VENV)/install.log | $(PROGRESS) \
	  || { echo "make: pip could not install the dependencies (all it said: $(VENV)/install.log)" >&2; \
	       grep -E '^ *(ERROR|error)' $(VENV)/install.log >&2; exit 1; }
	@echo "==> lisiere itself, editable"
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# ---- the commands -------------------------------------------------------------------------------

.PHONY: demo
demo: $(STAMP) ## Run the main job on 600 simulated appliances
	@$(BIN)/lisiere demo

.PHONY: demo-request
demo-request: $(STAMP) ## Show the way of two requests of a territory: visas, window, worker, time line
	@$(BIN)/lisiere demo --requests --folder .lisiere/demo-requests

.PHONY: test
test: $(STAMP) ## Run the tests (under 10 minutes)
	@$(BIN)/python -m pytest -n $(WORKERS) --durations 15 -m "not soak and not bench and not misreads and not made_policies and not office"

.PHONY: office
office: $(STAMP) ## Read a workbook and a CSV with LibreOffice (Debian: libreoffice-calc-nogui)
	@$(BIN)/python -m pytest -q -m office tests/reports/test_office.py

.PHONY: misreads
misreads: $(STAMP) ## Read 600 appliances whose answers come in pieces, four ways, and compare
	@$(BIN)/python -m pytest -q -m misreads tests/misreads

.PHONY: faults
faults: $(STAMP) ## Run the whole matrix of faults and kills
	@FAULTS=all $(BIN)/python -m pytest -n $(WORKERS) -q tests/faults | tee $(VENV)/faults.log
	@grep 'pushed twice' $(VENV)/faults.log

.PHONY: transactions
transactions: $(STAMP) ## Run the whole matrix of transactions: losses, refusals and kills at every step
	@TRANSACTIONS=all $(BIN)/python -m pytest -n $(WORKERS) -q tests/transactions

# ALL=1 for the whole fleet; ARGS="--help" for all there is. Needs root and the packages of scripts/install-lab-packages.
.PHONY: lab-proof
lab-proof: $(STAMP) ## Prove with real packets that the intent means what it says (TERRITORY=200070951, ALL=1)
	@$(BIN)/python -m tests.proof $(if $(TERRITORY),--territory $(TERRITORY)) $(if $(ALL),--all) $(ARGS)

.PHONY: soak
soak: $(STAMP) ## Run plans and applies with faults for half an hour (SOAK_MINUTES=3 for less)
	@$(BIN)/python -m pytest -q -s -m soak tests/soak

.PHONY: check
check: $(STAMP) ## Check format, lint, types, layers, and the wheel from an empty folder
	@echo "==> format" && $(BIN)/ruff format --check --quiet . || { echo "make: run '$(BIN)/ruff format .'" >&2; exit 1; }
	@echo "==> lint"   && $(BIN)/ruff check --quiet .
	@echo "==> types"  && $(BIN)/mypy
	@echo "==> layers" && $(BIN)/lint-imports
	@echo "==> wheel"  && $(BIN)/python -m tests.house.wheel_smoke

# ARGS="--quick" for one short round, ARGS="--help" for all there is; the machine should have nothing else to do.
.PHONY: bench
bench: $(STAMP) ## Measure Lisière beside other ways (about 30 minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: format
format: $(STAMP) ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: locale
locale: $(STAMP) ## Bring the French catalogues up to date, and compile them
	@$(BIN)/python -m tests.house.catalogues

.PHONY: lock
lock: ## Resolve the dependencies anew into requirements.lock (UPGRADE=1 takes the newest)
	@echo "==> resolving; this takes some minutes"
	@test -x $(LOCK_ENV)/bin/pip-compile \
	  || { $(PYTHON) -m venv --clear $(LOCK_ENV) && $(LOCK_ENV)/bin/python -m pip install --quiet '$(LOCK_TOOLS)'; }
	@PYTHON=$(LOCK_ENV)/bin/python bash .ci/lock $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove the environment and all that was built
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
