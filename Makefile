# One virtual environment, .venv, serves every target; it is made when it is missing or older than what it is made from.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test check soak bench clean debian

help:
	@echo "make demo    install, then watch a real shop by an SLA document (ends by itself within two minutes)"
	@echo "make test    check, then every test"
	@echo "make check   ruff, mypy --strict, import contracts"
	@echo "make soak    runtimes killed a hundred times over: lost and duplicated rows are 0 and 0"
	@echo "make bench   what slac reaches on this machine"
	@echo "make clean   remove the virtual environment, caches and var/"

$(STAMP): pyproject.toml constraints.txt tools/make-venv.sh
	@PYTHON="$(PYTHON)" tools/make-venv.sh $(VENV)
	@touch $(STAMP)

.venv: $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m examples.demo

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

debian:
	@tools/install-debian.sh

test: check debian
	$(BIN)/python -m pytest -n 3 --dist worksteal

soak: $(STAMP)
	SLAC_SOAK_ROUNDS=100 $(BIN)/python -m pytest -s -m processes tests/test_killed.py tests/soak

bench: $(STAMP)
	@$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
