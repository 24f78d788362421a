# `make demo` and `make test` do everything on a fresh machine; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test check lint adversary mutants corpus lock clean
help:
	@echo "make demo   the whole system on a sandbox world, no key needed"
	@echo "make test   every test (installs what it needs; browser tests need Chromium)"
	@echo "make check  ruff, mypy, import-linter and the fast tests"
	@echo "make adversary  a compromised model against the gate, with a fresh seed"
	@echo "make corpus     non-interference over every attack text in ../shared (some minutes)"
	@echo "make mutants    each check of the gate switched off alone: a test must turn red (docs/gate-mutants.md)"
	@echo "make lock   resolve the requirements again, with hashes"

setup: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Remit needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked requirements (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	@$(BIN)/remit demo

test: setup
	@$(BIN)/python -m pytest -n 2 -m "not corpus and not browser"
	@# In a process of its own: the browser's driver keeps an event loop running in it.
	@$(BIN)/python -m pytest -m browser

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

check: lint
	@$(BIN)/python -m pytest -n 2 -m "not slow and not browser and not corpus"

adversary: setup
	@$(BIN)/remit evals run adversary --steps 20000

corpus: setup
	@$(BIN)/python -m pytest -n 2 -m corpus

mutants: setup
	@$(BIN)/python tests/gate/run_mutants.py

# Needs uv (pip install uv). The lock names no registry.
lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra dev pyproject.toml -o requirements.txt

clean:
	rm -rf $(VENV) .remit
