# `make` alone says what there is. Works with GNU make 3.81 and later; needs Python 3.11 to 3.13 and nothing else.
# Everything goes into .venv and ./data of this directory.

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
DATA := ./data
# More for the command line of the server or the tests: make run ARGS="--port 8080", make test ARGS="-k create"
ARGS ?=
PYTHON ?=
export PYTHON

.PHONY: help
help: ## what this says
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1 \2/p' Makefile | awk '{ printf "  make %-7s", $$2; $$1 = $$2 = ""; print }'

.PHONY: run
run: environment-run ## start a registry to try, with example data, in ./data; Ctrl-C ends it
	@exec $(BIN)/namestead serve --demo --data $(DATA) $(ARGS)

.PHONY: test
test: lint ## every check and every test; the last lines say what was left out, and why
	@echo "tests"
	@$(BIN)/python -m pytest -q -n auto $(ARGS)

.PHONY: lint
lint: environment-dev ## style, formatting, types, and who may import whom
	@echo "ruff check" && $(BIN)/ruff check --quiet
	@echo "ruff format" && $(BIN)/ruff format --check --quiet || { echo "not formatted; run: make format"; exit 1; }
	@echo "mypy" && $(BIN)/mypy --no-error-summary
	@echo "import-linter" && $(BIN)/lint-imports --no-logo > $(VENV)/imports.txt 2>&1 || { cat $(VENV)/imports.txt; exit 1; }

.PHONY: format
format: environment-dev ## put the code into shape
	@$(BIN)/ruff check --quiet --fix --exit-zero
	@$(BIN)/ruff format --quiet

.PHONY: peers
peers: ## install the foreign programs that some tests play against
	@tools/peers

.PHONY: docs
docs: environment-dev ## write the generated documents anew
	@$(BIN)/python -m namestead.cli.documents docs

.PHONY: bench
bench: environment-dev ## measure, and hold the results against their limits
	@$(BIN)/python -m bench $(ARGS)

# UPGRADE=--upgrade takes newer releases within the ranges of pyproject.toml; without it pins that still fit stay.
UPGRADE ?=
COMPILE := $(VENV)-lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: ## write the requirements*.lock files anew from pyproject.toml
	@python="$$(tools/python)" && "$$python" -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@$(VENV)-lock/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' > $(VENV)-lock/build.in
	@$(COMPILE) --extra dev pyproject.toml $(VENV)-lock/build.in --output-file requirements-dev.lock
	@$(COMPILE) --constraint requirements-dev.lock pyproject.toml --output-file requirements.lock
	@$(COMPILE) --constraint requirements-dev.lock $(VENV)-lock/build.in --output-file requirements-build.lock
	@rm -rf $(VENV)-lock
	@grep -c '==' requirements.lock requirements-dev.lock requirements-build.lock

.PHONY: clean
clean: ## take away the environment and the caches; ./data stays
	@rm -rf $(VENV) $(VENV).lock $(VENV)-lock .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: environment-run environment-dev
environment-run environment-dev:
	@python="$$(tools/python)" && "$$python" tools/environment.py $(@:environment-%=%)
