# Two commands do everything on a machine with Python 3.11 or newer: make run and make test

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-all interop-all lint bench screenshots reference translations lock audit clean

help: ## Show this help
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/.ready-run ## Set up and serve on 127.0.0.1:8000 (more options: make run ARGS="--workers 4")
	@exec $(BIN)/authserver serve $(ARGS)

# The linters run in parallel with the tests, and their output is printed last.
# The target fails if the tests or the linters fail.
test: .venv/.ready-test ## Set up everything that the tests need, run them, and check style and types
	$(BIN)/python -m tools.external_programs
	@echo "Running the linters in parallel with the tests …"; \
	$(MAKE) --no-print-directory lint > .venv/lint.log 2>&1 & lint=$$!; \
	$(BIN)/python -m pytest $(ARGS); tests=$$?; \
	wait $$lint; lint=$$?; cat .venv/lint.log; exit $$((tests || lint))

test-all: ## Run the tests and linters, with every test on both databases
	$(MAKE) --no-print-directory test ARGS="--full-matrix $(ARGS)"

# The build prints what is missing or fails, and the tests run in any case. The target fails if the build or a test fails.
interop-all: .venv/.ready-test ## Connect all applications of other projects (needs Go, a JDK and Maven)
	$(BIN)/python -m tools.external_programs
	@$(BIN)/python -m tools.toolchains; built=$$?; \
	$(BIN)/python -m pytest -v --toolchains $(ARGS) tests/interop; tests=$$?; exit $$((built || tests))

lint: .venv/.ready-test ## Check style (ruff) and types (mypy)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.ready-test ## Run the benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: .venv/.ready-test ## Take the screenshots in docs/images
	$(BIN)/python -m tools.external_programs
	$(BIN)/python -m tests.support.screenshots

reference: .venv/.ready-test ## Generate docs/reference from the code
	$(BIN)/python -m tools.reference

translations: .venv/.ready-test ## Update and compile the message catalogs (new language: make translations ARGS=fr)
	$(BIN)/python -m tools.translations $(ARGS)

lock: .venv/.ready-test ## Resolve the dependencies of pyproject.toml and write both lock files
	$(BIN)/uv pip compile $(LOCKING) --group build --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile $(LOCKING) --group build --group test --output-file requirements-test.lock pyproject.toml

LOCKING := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock"

audit: .venv/.ready-test ## Check the locked dependencies for known vulnerabilities
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements-test.lock

clean: ## Remove .venv and all generated files, but no keys and no data
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results \
		tests/interop/node/node_modules tests/interop/go/build
	find tests/interop/java -name target -type d -prune -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp files record which lock file .venv was created from. The test lock file includes the runtime packages.
.venv/.ready-run: requirements.lock pyproject.toml tools/environment.py
	$(if $(PYTHON),,$(error authserver needs Python 3.11 or newer on PATH))
	$(PYTHON) tools/environment.py requirements.lock
	@touch $@

.venv/.ready-test: requirements-test.lock pyproject.toml tools/environment.py
	$(if $(PYTHON),,$(error authserver needs Python 3.11 or newer on PATH))
	$(PYTHON) tools/environment.py requirements-test.lock
	@touch $@ .venv/.ready-run
