# What a developer does here; README.md says the same with plain pip. `make` alone lists the targets.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
PORT ?= 8000
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python
MIGRATIONS := $(wildcard actions/migrations/*.py example_app/migrations/*.py)

.PHONY: help run test test-airflow lint types format storm bench migrations clean FORCE

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 20

run: $(VENV)/demo.stamp ## the example project on 127.0.0.1:8000 (PORT=8001 for another port)
	@exec $(RUN) manage.py run_demo --port $(PORT)

test: $(VENV)/test.stamp ## all tests, on every database that answers (ARGS="-k archive" for pytest)
	@exec $(RUN) -m tests $(ARGS)

test-airflow: $(VENV)/test.stamp ## the tests with a real Airflow, which it installs and starts
	@PYTHON=$(RUN) exec .ci/airflow.sh $(RUN) -m pytest tests/airflow $(ARGS)

lint: $(VENV)/dev.stamp ## ruff
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/dev.stamp ## mypy
	$(RUN) -m mypy

format: $(VENV)/dev.stamp ## ruff, writing
	$(RUN) -m ruff check --select I --fix .
	$(RUN) -m ruff format .

storm: $(VENV)/test.stamp ## ten thousand deaths of those who carry runs out, at any instant, on every database
	@STORM=full exec $(RUN) -m tests tests/storm tests/integration/processes/test_promises.py \
		tests/integration/processes/test_interventions.py tests/acceptance/test_process_killed.py \
		tests/acceptance/test_deliveries_crash.py \
		tests/integration/processes/test_costs.py $(ARGS)

bench: $(VENV)/test.stamp ## what a call costs, beside the same written by hand
	@exec $(RUN) -m bench $(ARGS)

migrations: $(VENV)/test.stamp ## write what changed models need
	DJANGO_SETTINGS_MODULE=tests.settings $(RUN) manage.py makemigrations

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info demo.sqlite3* .pytest_cache .mypy_cache .ruff_cache

$(RUN):
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found. Say where one is: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is needed (Debian: apt install python3-venv)." >&2; exit 1; }

# One stamp for each set of requirements: made again only when pyproject.toml changes.
$(VENV)/%.stamp: pyproject.toml | $(RUN)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@

# Migrated and filled once; again when a migration is added, the file is gone, or another database is meant.
$(VENV)/demo.stamp: $(VENV)/example.stamp $(MIGRATIONS) $(if $(DATABASE_URL),FORCE) $(if $(wildcard demo.sqlite3),,FORCE)
	$(RUN) manage.py migrate --verbosity 0
	$(RUN) manage.py load_demo
	@touch $@
