# Everything runs in an environment of its own, made on first use: a fresh machine needs nothing
# but Python 3.11 or newer, make and git.
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
	@echo 'make gate    the gate on the reference application: static rules, then both ways'
	@echo 'make test    every test'
	@echo 'make lint    style, types, workflows, hooks'
	@echo 'make docs    write what the documentation repeats of the code'
	@echo 'make site    the documentation site, in build/website/site'
	@echo 'make fuzz    the parser against any bytes, for FUZZ_SECONDS'
	@echo 'make bench   the budgets, measured against today'"'"'s alternatives'
	@echo 'make clean   remove the environment and what builds leave behind'

gate: $(INSTALLED)
	$(BIN)/revgate gate

# Through the interpreter, for a path with a space or of great length breaks scripts' first lines.
test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses $(PYTEST_JOBS) --dist worksteal $(PYTEST_ARGS)

# The hooks and .ci/run are named, since no suffix gives them away.
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

# A link that leads nowhere ends it.
site: $(INSTALLED)
	$(BIN)/python docs/website.py

fuzz: $(INSTALLED)
	$(BIN)/python benchmarks/fuzz.py --seconds $(FUZZ_SECONDS)

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache

# The mark comes last, so that an installation that was cut short is taken up again. An environment
# that works is kept: made anew over itself by another Python, it would be half of each.
$(INSTALLED): pyproject.toml
ifdef UV
	test -x $(BIN)/python || uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --quiet --python $(BIN)/python --editable '.[live,github,dev]'
else
	test -x $(BIN)/python || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[live,github,dev]'
endif
	@touch $@
