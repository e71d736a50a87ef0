# `make demo` shows what maskwise does, `make test` checks that it does it; both make .venv where it is missing.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint clean

demo: .venv/installed
	@echo "The demo needs people to learn from. Procedural people, drawn and free of anybody's privacy, come with the"
	@echo "next version; until then point maskwise at a folder of your own in the competition's layout"
	@echo "(DATA/train.csv and DATA/images/<path>/, see README.md):"
	@echo
	@echo "  $(BIN)/maskwise data info DATA"
	@echo "  $(BIN)/maskwise train cpu --data DATA --out runs/demo"

test: .venv/installed-tests lint
	$(BIN)/pytest

lint: .venv/installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/installed-tests: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch .venv/installed $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache
