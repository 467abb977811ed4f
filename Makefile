# The tools are those of the virtual environment that is active, or of .venv.
BIN := $(if $(VIRTUAL_ENV),$(VIRTUAL_ENV)/bin/,$(if $(wildcard .venv/bin/python),.venv/bin/,))
PYTHON := $(if $(BIN),$(BIN)python,python3)

.PHONY: test lint audit docs bench

test:
	$(PYTHON) -m pytest -n auto

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(BIN)lint-imports --no-logo
	$(BIN)bandit -q -r continuation_cli -c pyproject.toml

audit:
	$(BIN)pip-audit --local --skip-editable
	$(BIN)bandit -q -r continuation_cli -c pyproject.toml

docs:
	$(PYTHON) docs/refresh.py

bench:
	$(PYTHON) -m benchmarks
