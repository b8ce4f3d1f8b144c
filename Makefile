# What people say to this repository. `make help` prints the list.
.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types layers generated docs pytest suite fuzz faults leaks bench gallery clean setup

PORT ?= 8000
BIN := .venv/bin
TESTS ?= tests
WORKERS ?= auto

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

demo: ## set up, and serve the example newsroom on http://127.0.0.1:8000 (PORT= changes it)
	@tools/setup run
	@PORT=$(PORT) $(BIN)/python -m examples.newsroom

test: setup check docs pytest suite ## set up, and check everything that must hold

setup:
	@tools/setup develop

check: setup format lint types layers generated ## format, lint, types, layers, generated files

format: setup
	$(BIN)/ruff format --check --quiet .

lint: setup
	$(BIN)/ruff check --quiet .

types: setup
	$(BIN)/mypy
	$(BIN)/mypy -p examples.newsroom

layers: setup
	$(BIN)/lint-imports --no-cache

generated: setup
	$(BIN)/python docs/generate.py --check

docs: setup ## build the documentation into site/
	$(BIN)/mkdocs build --strict

# What waited in vain for a browser is tried once more, and the last line says how often: two cores for two browsers and
# their servers are few. Whatever else fails, fails.
pytest: setup
	$(BIN)/pytest --quiet -n $(WORKERS) --reruns 1 --only-rerun 'playwright\._impl|TimeoutError|never true|never happened' $(TESTS)

suite: setup ## Starlette's own tests, with every app behind our middleware
	$(BIN)/python tools/starlette_suite

FUZZ ?= 5000

fuzz: setup ## hostile pages at length (FUZZ= says how many; a short run is part of test)
	CONSENTKIT_FUZZ=$(FUZZ) $(BIN)/pytest --quiet -n $(WORKERS) tests/fuzz

faults: setup ## kill, stop, fill and unplug the store at length (a short run is part of test)
	CONSENTKIT_FAULTS=1 $(BIN)/pytest --quiet -n $(WORKERS) tests/faults

leaks: setup ## every real page in Chromium: before, after reject, after accept (three pages are part of test)
	CONSENTKIT_LEAKS=all $(BIN)/pytest --quiet -n $(WORKERS) tests/pages/test_leaks_pages.py

bench: setup ## print each figure beside its peer, as a ratio in one run
	$(BIN)/python -m bench

gallery: setup ## take the pictures of the docs anew
	$(BIN)/python docs/gallery.py

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site artefacts
