# Everything runs in .venv, which the first command creates: a new machine needs only Python 3.11 or
# newer, make and git.
PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
PYTEST_JOBS ?= auto
FUZZ_SECONDS ?= 300

HOOKS := hooks/revgate hooks/pre-receive hooks/pre-push hooks/pre-merge-commit
WORKFLOWS := .github/workflows/*.yml docs/workflows/*.yml

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV := $(shell command -v uv)

.PHONY: help gate test lint docs pictures site bench fuzz clean
.DEFAULT_GOAL := help

help:
	@echo 'make gate     run the gate on the reference application'
	@echo 'make test     run every test'
	@echo 'make lint     check style, types, imports, docs, workflows'
	@echo 'make docs     regenerate the documentation that comes from the code'
	@echo 'make pictures redraw docs/pictures from what the program prints'
	@echo 'make site     build the documentation site in build/website/site'
	@echo 'make fuzz     fuzz the parser for FUZZ_SECONDS'
	@echo 'make bench    measure the budgets against the alternatives'
	@echo 'make clean    remove the environment and build output'

gate: $(INSTALLED)
	$(BIN)/revgate gate

# Through the interpreter: a long path, or one with a space, breaks the first line of scripts.
test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses $(PYTEST_JOBS) --dist worksteal $(PYTEST_ARGS)

# The hooks and .ci/run are listed because they have no suffix.
lint: $(INSTALLED)
	$(BIN)/ruff check . $(HOOKS)
	$(BIN)/ruff format --check . $(HOOKS)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/pictures.py --check
	$(BIN)/python docs/website.py
	$(BIN)/shellcheck .ci/run
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci docs/gitlab/*.yml
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck $(WORKFLOWS)
	$(BIN)/zizmor --offline --no-progress --quiet action.yml .github docs/workflows
	$(BIN)/pre-commit validate-manifest .pre-commit-hooks.yaml
	$(BIN)/pre-commit validate-config .pre-commit-config.yaml

docs: $(INSTALLED)
	$(BIN)/python docs/generate.py

pictures: $(INSTALLED)
	$(BIN)/python docs/pictures.py

# A broken link fails the build.
site: $(INSTALLED)
	$(BIN)/python docs/website.py

fuzz: $(INSTALLED)
	$(BIN)/python benchmarks/fuzz.py --seconds $(FUZZ_SECONDS)

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache

# The marker is written last, so that an interrupted installation is resumed. A working environment is
# kept: recreating it in place with another Python would mix the two.
$(INSTALLED): pyproject.toml
ifdef UV
	test -x $(BIN)/python || uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --quiet --python $(BIN)/python --editable '.[live,github,dev]'
else
	test -x $(BIN)/python || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[live,github,dev]'
endif
	@touch $@
