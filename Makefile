# Every target makes its own virtual environment in .venv when it is missing, and brings it up to date when
# pyproject.toml has changed. Variables: EXIT=1, SEED=…, PORT=…, DATA=… and others (see `make help`).

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo serve test check docs bench bench-catalog bench-dispatch bench-campaigns checklist torture fuzz clean lint test-unit test-rooms test-browser test-oldest-postgresql system-packages

VENV := .venv
PYTHON := $(VENV)/bin/python
PYTEST := $(PYTHON) -m pytest -q
# Files of tests are shared out among so many processes, each with a PostgreSQL of its own.
PROCESSES := 2
TOGETHER := --numprocesses $(PROCESSES) --dist loadfile
# Or single tests, where no file fills a large database for all of its own.
ONE_BY_ONE := --numprocesses $(PROCESSES) --dist worksteal
# Tests start hundreds of processes: none of them should compile again what another one has compiled.
export PYTHONDONTWRITEBYTECODE :=

EXTRAS_base :=
EXTRAS_demo := [demo]
EXTRAS_test := [demo,test]
EXTRAS_docs := [demo,docs]

ROOM_TESTS := $(wildcard $(addprefix tests/,unit architecture integration doors property fuzz contract torture))
BROWSER_TESTS := $(wildcard tests/browser tests/journey)
# What another version of PostgreSQL can change: all migrations, whether statements are valid and what they touch, the
# lane, locks and cancelling, and the SQL that is put together while running. Plans are judged on the embedded version.
OLDEST_POSTGRESQL_TESTS := $(wildcard tests/architecture/test_sql.py tests/architecture/test_states.py \
	$(addprefix tests/integration/database/test_,migrate.py notices.py session.py transactions.py) \
	tests/integration/auth/test_store.py tests/integration/auth/test_tokens.py \
	$(addprefix tests/integration/catalog/test_,slices_plans.py growing_tables.py indexed_keys.py lines.py \
		declaring_streams.py query_language.py slices.py) \
	$(addprefix tests/integration/dispatch/test_,lane.py lane_changes.py many_workers.py \
		creating.py selection.py shares.py) \
	$(addprefix tests/integration/campaigns/test_,slicing.py counts.py launching.py) \
	tests/integration/launch/test_launches.py tests/integration/replicas/test_replicas.py)

help: ## list the targets
	@echo "Usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  %-24s %s\n", $$1, $$2 }'

demo: $(VENV)/.installed-demo ## run a small campaign from start to last plot (EXIT=1 stops afterwards; SEED=, PORT=, DATA=)
	@$(PYTHON) -m demo $(if $(EXIT),--exit) $(if $(SEED),--seed $(SEED)) $(if $(PORT),--port $(PORT)) $(if $(DATA),--data-dir $(DATA))

serve: $(VENV)/.installed-base ## start the server with its own database (PORT=, DATA=)
	@$(VENV)/bin/sutler serve $(if $(PORT),--port $(PORT)) $(if $(DATA),--data-dir $(DATA))

# Only here the fuzzers take their time; elsewhere they look for a few seconds.
test: export SUTLER_FUZZ_SECONDS ?= 30
test: system-packages ## install what the tests need and run everything
	@$(MAKE) --no-print-directory --keep-going lint test-rooms test-browser test-oldest-postgresql
	@echo "All parts passed."

check: lint test-unit ## format, lint, types, import contracts and unit tests

lint: $(VENV)/.installed-test ## format, lint, types and import contracts
	@$(PYTHON) -m ruff format --check --quiet . || { echo "Run '$(PYTHON) -m ruff format .'"; exit 1; }
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports

test-unit: $(VENV)/.installed-test ## tests that need neither database nor network
	@$(PYTEST) tests/unit

test-rooms: $(VENV)/.installed-test ## all tests except the browser's and the whole journeys
	@$(PYTEST) $(TOGETHER) $(ROOM_TESTS)

test-browser: $(VENV)/.installed-test ## pages in headless Chromium, and whole campaigns against a server of their own
	@$(if $(BROWSER_TESTS),$(PYTEST) $(TOGETHER) $(BROWSER_TESTS),echo "There are no browser tests in this tree.")

test-oldest-postgresql: $(VENV)/.installed-test ## statements, slices and the lane once more, on the system's PostgreSQL
	@$(PYTHON) scripts/with_postgresql.py -- $(PYTEST) $(ONE_BY_ONE) $(OLDEST_POSTGRESQL_TESTS)

system-packages: $(VENV)/.installed-test ## install Chromium and PostgreSQL with apt when root, else say what is missing
	@$(PYTHON) scripts/install_system_packages.py

docs: $(VENV)/.installed-docs ## write the schema file and the reference pages, and take the screenshots
	@$(PYTHON) scripts/write_schema.py
	@$(PYTHON) scripts/write_reference.py
	@PYTHONPATH=. $(PYTHON) scripts/take_screenshots.py

bench: $(VENV)/.installed-demo ## run every benchmark and print its figures
	@for file in benchmarks/*.py; do echo "== $$file"; $(PYTHON) -m benchmarks.$$(basename "$$file" .py) || exit 1; done

bench-dispatch: $(VENV)/.installed-demo ## cycles per second over HTTP beside pgbench (HANDLES=, CONNECTIONS=1,8, SECONDS=, ROUNDS=, MILLION=1)
	@$(PYTHON) -m benchmarks.dispatch_http $(if $(HANDLES),--handles $(HANDLES)) $(if $(CONNECTIONS),--connections $(CONNECTIONS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MILLION),--drain 1000000)

bench-catalog: $(VENV)/.installed-demo ## queries, streams and declarations beside many files (FILES=1000000, PROFILE=wide, CALLS=)
	@$(PYTHON) -m benchmarks.catalog_queries $(if $(FILES),--files $(FILES)) $(if $(PROFILE),--profile $(PROFILE)) $(if $(CALLS),--calls $(CALLS))

bench-campaigns: $(VENV)/.installed-demo ## slices of a large data set, lists, schedules due at once (FILES=1000000, COUNT=1000)
	@$(PYTHON) -m benchmarks.campaign_slices $(if $(FILES),--files $(FILES))
	@$(PYTHON) -m benchmarks.scheduled_launches $(if $(COUNT),--count $(COUNT))

checklist: $(VENV)/.installed-test ## which tests show each feature of a campaign system
	@$(PYTHON) scripts/checklist.py

torture: $(VENV)/.installed-test ## drain a project through 50 kills of server and database (FILES=, WORKERS=, KILLS=, SEED=)
	@$(PYTHON) -m tests.torture.run $(if $(FILES),--files $(FILES)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

fuzz: $(VENV)/.installed-test ## let both fuzzers of the query language look for long, one after the other (SECONDS=1800 each)
	@SUTLER_FUZZ_SECONDS=$(or $(SECONDS),1800) $(PYTEST) --capture=no -p no:randomly tests/fuzz tests/property/mql/test_fuzzing.py

clean: ## remove the environment, caches and the data of the demo
	rm -rf $(VENV) build dist demo-data .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PYTHON):
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sutler needs Python 3.11 or later as python3; found: $$(python3 --version 2>&1)." >&2; exit 1; }
	@python3 -m venv $(VENV) || \
		{ echo "python3 cannot make virtual environments; on Debian install python3-venv." >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.installed-%: pyproject.toml | $(PYTHON)
	@echo "Installing into $(VENV) …"
	@$(PYTHON) -m pip install -qq --no-compile --disable-pip-version-check --editable ".$(EXTRAS_$*)"
	@touch $@
