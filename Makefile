PY ?= python3
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

install: ## everything a developer needs, into the current environment
	$(PY) -m pip install -e '.[demo,test,dev]'

format: ## rewrite the code in the house format
	$(PY) -m ruff format . && $(PY) -m ruff check --fix .

lint: ## format, lint
	$(PY) -m ruff format --check . && $(PY) -m ruff check .

types: ## mypy, strict
	$(PY) -m mypy

arch: ## import contracts
	lint-imports

test: ## unit, property and command-line tests
	$(PY) -m pytest

docs: ## reference pages are current; every command block runs
	$(PY) docs/generate.py --check
	$(PY) -m pytest docs README.md README.zh.md -n 2 --dist loadfile -m ""

slow: ## wheel, crash and whole-demo tests; properties with more examples
	$(PY) -m pytest -m slow
	$(PY) -m pytest tests/property --hypothesis-profile=long

check-code: lint types arch ## format, lint, types, import contracts

check: check-code test docs ## the whole gate

bench: ## benchmarks, as ratios
	$(PY) -m benchmarks

build: ## sdist and wheel
	$(PY) -m build

.PHONY: check-code help install format lint types arch test docs slow check bench build
