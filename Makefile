# `make` lists the targets. Everything happens in the project's own .venv.
PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
DEMO   ?= demo
DEMO_SET := --set elicit.per_passage=2 --set filter.min_accepted=60 --set distill.epochs=2

VERTICALS := $(wildcard verticals/*)
EDITABLE  := -e ".[dev]" $(foreach v,$(VERTICALS),-e ./$(v)) -e ./tests/sample_vertical

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench docs wheel

help: # list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml constraints.txt $(wildcard verticals/*/pyproject.toml) tests/sample_vertical/pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; name yours: make PYTHON=python3.12 …"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(EDITABLE)
	$(BIN)/python -m kdvert doctor --fetch
	@touch $@

setup: $(VENV)/.ready ## make .venv, install kdvert with its verticals, fetch the default models

demo: setup ## a distilled medical student, a before/after table, a report and its dossier, in demo/
	@rm -rf $(DEMO)
	$(BIN)/kdvert new medicine $(DEMO)
	$(BIN)/kdvert run --project $(DEMO) $(DEMO_SET)
	$(BIN)/kdvert report --project $(DEMO) $(DEMO_SET)

test: setup ## the tests (the long ones: make test ARGS="-m slow")
	$(BIN)/python -m pytest -n logical --dist loadgroup --no-loadscope-reorder $(ARGS)

check: setup ## lint, types and layers
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## the claims of the README, measured here
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: setup ## write the generated parts of docs/ anew, and the manifest of the facts
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/manifest.py

wheel: setup ## build the wheels of kdvert and its verticals into dist/
	$(BIN)/python -m build --wheel --outdir dist . >/dev/null
	@for v in $(VERTICALS); do $(BIN)/python -m build --wheel --outdir dist $$v >/dev/null || exit 1; done
	@ls dist
