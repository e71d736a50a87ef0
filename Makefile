# `make demo` shows what maskwise does, `make test` checks that it does it; both make .venv where it is missing.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo plan test lint clean

# An interrupted demo goes on where it was.
DEMO := runs/demo
PEOPLE := runs/demo-people

demo: plan .venv/installed
	@echo "2/4  Drawing 120 people, 7 photos each, and a contact sheet"
	@$(BIN)/maskwise data people $(PEOPLE) --people 120 --eval-share 0.2
	@echo "3/4  Training the recipe cpu, scored on persons it never saw"
	@$(BIN)/maskwise train cpu --data $(PEOPLE)/train --out $(DEMO) $$(test -f $(DEMO)/recipe.yaml && echo --resume)
	@echo "4/4  Scoring it on other people, and writing the submission"
	@$(BIN)/maskwise evaluate $(DEMO) --data $(PEOPLE)/eval --labels $(PEOPLE)/eval-answers.csv --name eval
	@$(BIN)/maskwise submit $(DEMO) --data $(PEOPLE)/eval --out $(DEMO)/submission.csv
	@echo
	@echo "Open  $(PEOPLE)/contact-sheet.jpg       the people"
	@echo "      $(DEMO)/report.html                  scores with intervals, mistakes, how to rebuild the run"
	@echo "      $(DEMO)/evaluations/eval/report.html the same on people that nothing was chosen on"
	@echo "Next  $(BIN)/maskwise train cpu --data YOUR_DATA --out runs/mine"
	@echo "      $(BIN)/maskwise predict $(DEMO) $(PEOPLE)/eval/images --out predictions.csv"

plan:
	@echo "maskwise demo, on two cores: 1/4 install (2 minutes), 2/4 draw people (4 minutes), 3/4 train (2 minutes),"
	@echo "4/4 score and submit (half a minute). No GPU, no account; nothing is downloaded but packages."

# A file's tests share what is made for them; two processes on two cores, each with one thread, halve the time.
test: .venv/installed-tests lint
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: .venv/installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[people]'
	@touch $@

.venv/installed-tests: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch .venv/installed $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache
