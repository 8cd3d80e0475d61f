# `make` alone lists the targets. Kept to GNU make 3.81, the one macOS ships.

VENV      := .venv
BIN       := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# More for pytest, e.g. make test PYTEST_ARGS="-k guard".
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo test crash coverage mutants lint format types docs docs-write check bench clean

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED)  ## Install the package and its development tools into .venv

$(INSTALLED): pyproject.toml tools/make-venv
	@tools/make-venv $(VENV)
	@touch $@

demo: $(INSTALLED)  ## Run whole cycles on an example project, without any key or model
	@$(BIN)/python -m factory.demo

test: $(INSTALLED)  ## The test suite
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

crash: $(INSTALLED)  ## Kill cycles at every point, and every misbehaving agent: the matrices, many minutes
	$(BIN)/python -m pytest -n auto -m "crash or matrix or slow" $(PYTEST_ARGS)

coverage: $(INSTALLED)  ## The test suite with the coverage of factory/, which has to stay above 90%
	$(BIN)/python -m pytest -n auto --cov --cov-report=term-missing:skip-covered --cov-fail-under=90 $(PYTEST_ARGS)

mutants: $(INSTALLED)  ## Which changes to guard, precheck, verdict and store no test notices: many minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check mutmut==3.8.1
	$(BIN)/mutmut run
	@$(BIN)/mutmut results

lint: $(INSTALLED)  ## ruff: findings and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)  ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED)  ## mypy, strict, tests included
	$(BIN)/mypy

docs: $(INSTALLED)  ## Are the generated pages up to date, and do the links resolve?
	$(BIN)/python tools/docs.py --check

docs-write: $(INSTALLED)  ## Write the generated pages anew
	$(BIN)/python tools/docs.py --write

check: lint types docs test  ## Everything that CI checks

bench: $(INSTALLED)  ## Measure, and write docs/benchmarks.md and what docs/learning.md says of learning
	$(BIN)/python bench/run.py
	$(BIN)/python bench/agent_tokens.py
	$(BIN)/python bench/learning.py

clean:  ## Remove .venv, caches and build leftovers
	rm -rf $(VENV) .cache .agents build dist mutants *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
