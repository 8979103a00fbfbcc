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
# Two stages: what the gate needs, and what tests, linters and documentation add to it.
GATE := $(VENV)/.gate
INSTALLED := $(VENV)/.installed
UV := $(shell command -v uv)
ifdef UV
CREATE := $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
else
CREATE := $(PYTHON) -m venv --clear $(VENV)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# An environment that uv has created contains no pip.
ADD_PIP := $(BIN)/python -c 'import pip' 2>/dev/null || $(BIN)/python -m ensurepip >/dev/null
endif

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

gate: $(GATE)
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
	$(BIN)/hadolint Dockerfile
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

# The marker of a stage is written last, so that an interrupted installation is resumed. A working
# environment is kept: recreating it in place with another Python would mix the two.
$(GATE): pyproject.toml
	@echo 'Installing what the gate needs in $(VENV)'
	@test -x $(BIN)/python || $(CREATE)
	@$(ADD_PIP)
	@$(INSTALL) --editable '.[live]'
	@touch $@

$(INSTALLED): $(GATE)
	@echo 'Installing what tests and linters need in $(VENV)'
	@$(ADD_PIP)
	@$(INSTALL) --editable '.[live,github,dev]'
	@touch $@
