# Every target does its own set-up, once: stamp files inside the environment say what is there.
#
#   make VENV=../elsewhere test       another place for the environment
#   make PYTHON=python3.13 test       another Python (3.11 or later)

VENV   ?= .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
PROOFS := $(wildcard tests/prove/test_*.py)

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test check lint prove docs lock clean browser

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.base ## build a made-up place in demo/ and its report
	$(BIN)/wholeflow demo --dir demo

check: lint ## style, types, order of the house and the quick tests (90 seconds)
	$(BIN)/pytest -q -x -n auto -m "not slow and not browser and not peers"

test: lint docs browser $(VENV)/.peers $(VENV)/.pm4py $(VENV)/.spark ## everything that must hold before a change is kept
	$(BIN)/pytest -q -n auto --dist loadgroup --doctest-modules --ignore tests/prove tests src

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

prove: $(if $(PROOFS),$(VENV)/.dev) ## the statistical proofs, which take long
	@$(if $(PROOFS),$(BIN)/pytest -q -n auto tests/prove,echo "no statistical proofs yet: the first come with the simulation engine")

docs: $(VENV)/.dev ## the manual, in docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header

lock: $(VENV)/.dev ## pin the newest allowed versions in requirements/
	$(COMPILE) --upgrade pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) --upgrade pyproject.toml --group build --constraints requirements/dev.txt --output-file requirements/base.txt
	$(COMPILE) --upgrade --no-deps --group peers --output-file requirements/peers.txt
	$(COMPILE) --upgrade --group pm4py --output-file requirements/pm4py.txt
	$(COMPILE) --upgrade --group spark --output-file requirements/spark.txt

clean: ## remove what the other targets made, the environment included
	rm -rf $(VENV) demo dist build docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up ---

INSTALL := $(PIP) install --quiet --quiet --require-hashes --requirement
PROJECT := $(PIP) install --quiet --quiet --no-deps --no-build-isolation --editable .
APT     := DEBIAN_FRONTEND=noninteractive apt-get -q -y
AS_ROOT := command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "wholeflow needs Python 3.11 or later, and '$(PYTHON)' is not. To do: install it, or name it: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) > /dev/null 2>&1 || { \
	  rm -f $@; \
	  $(AS_ROOT) || { echo "'$(PYTHON) -m venv' failed. To do: as root, apt-get install python3-venv" >&2; exit 1; }; \
	  $(APT) update; $(APT) install python3-venv; \
	  $(PYTHON) -m venv --clear $(VENV); } || { rm -f $@; exit 1; }

$(VENV)/.base: requirements/base.txt pyproject.toml | $(BIN)/python
	$(INSTALL) $<
	$(PROJECT)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(INSTALL) $<
	$(PROJECT)
	@touch $@

# A second version of the engine lives in a folder of its own; tests/peers puts it on the path.
$(VENV)/.peers: requirements/peers.txt | $(VENV)/.dev
	rm -rf $(VENV)/peers
	$(INSTALL) $< --no-deps --target $(VENV)/peers
	@touch $@

# pm4py is AGPL: it has an environment of its own, and tests/peers runs it in a process of its own.
$(VENV)/.pm4py: requirements/pm4py.txt | $(BIN)/python
	rm -rf $(VENV)/pm4py
	$(BIN)/python -m venv --without-pip $(VENV)/pm4py
	$(PIP) --python $(VENV)/pm4py install --quiet --quiet --require-hashes --requirement $<
	@touch $@

# Local Spark too, where Java can run it (half a gigabyte); dev.txt has what builds it.
$(VENV)/.spark: requirements/spark.txt | $(VENV)/.dev
	@command -v java > /dev/null \
	  || echo "java is not here: the tests on Spark will be skipped. To do: as root, apt-get install openjdk-17-jre-headless"
	@! command -v java > /dev/null \
	  || { rm -rf $(VENV)/spark && $(INSTALL) $< --no-deps --no-build-isolation --target $(VENV)/spark && touch $@; }

browser:
	@command -v chromium > /dev/null \
	  || { $(AS_ROOT) && $(APT) update && $(APT) install --no-install-recommends chromium; } \
	  || echo "chromium is not here: the browser tests will be skipped. To do: as root, apt-get install chromium"
