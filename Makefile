# `make serve` runs Toolcrib, `make test` tests it. All they install stays in .venv, .tools and node_modules
# (and, for `make test` and `make bench` on Debian as root, the packages of scripts/apt-packages.txt).

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
DATA_DIR ?= .data
ARGS ?=
BASE ?= main
# Where bytecode is not kept, each of the thousands of processes that the tests start compiles the libraries again.
unexport PYTHONDONTWRITEBYTECODE
# Tests mostly wait for servers: two for every core.
WORKERS ?= $(shell echo $$(( 2 * $$(nproc) )))

.PHONY: serve test hostile fuzz test-all answers lint format bench soak web web-test clean help
.DEFAULT_GOAL := help

help:
	@echo "make serve     install what serving needs, build the web UI, serve on http://$(HOST):$(PORT) (HOST, PORT, DATA_DIR)"
	@echo "make test      install everything and run the tests (ARGS='--db sqlite -k lock', WORKERS=0)"
	@echo "make test-all  the same, each test on every database and on S3: before a release"
	@echo "make hostile   give the converters of models large and hostile files"
	@echo "make answers   compare the API's answers with those of another commit (BASE=main)"
	@echo "make fuzz      send 5,000 requests made up from the API's own description"
	@echo "make lint      ruff, mypy, import-linter"
	@echo "make format    let ruff put the code in order"
	@echo "make web       build the web UI if it is out of date"
	@echo "make web-test  check and test the web UI"
	@echo "make bench     measure, and write benchmarks/results"
	@echo "make soak      work while faults happen, and look for what is lost (ARGS='--db postgresql --minutes 15')"
	@echo "make clean     remove what the others made, except data"

.venv/ready: uv.lock pyproject.toml scripts/install
	PYTHON="$(PYTHON)" scripts/install

.venv/serving: uv.lock pyproject.toml scripts/install
	PYTHON="$(PYTHON)" scripts/install serving

serve: .venv/serving
	@$(PYTHON) scripts/webui.py build --optional
	@exec .venv/bin/toolcrib serve --host "$(HOST)" --port "$(PORT)" --data-dir "$(DATA_DIR)"

test: .venv/ready
	@scripts/install-servers
	@scripts/install-guacd
	@$(PYTHON) scripts/webui.py build --optional
	@$(PYTHON) scripts/webui.py clients || echo "Tests that need Node programs are skipped."
	.venv/bin/pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

test-all:
	@$(MAKE) test ARGS="--matrix full $(ARGS)"

# Large and hostile files, one at a time: their converters take all there is.
hostile: .venv/ready
	.venv/bin/pytest -m hostile tests/parts/models $(ARGS)

# The other commit is installed beside this one, from the same cache, and removed again.
answers: .venv/ready
	scripts/compare-answers "$(BASE)"

fuzz: .venv/ready
	FUZZ_EXAMPLES=40 .venv/bin/pytest -s tests/api/test_fuzz.py $(ARGS)

lint: .venv/ready
	.tools/uv-*/bin/uv lock --check --offline --quiet
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/ready
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

web:
	$(PYTHON) scripts/webui.py build

web-test: .venv/ready
	$(PYTHON) scripts/webui.py npm run check
	$(PYTHON) scripts/webui.py npm run types:check
	$(PYTHON) scripts/webui.py npm run size

bench: .venv/ready
	@scripts/install-servers
	.venv/bin/python -m benchmarks $(ARGS)

soak: .venv/ready
	@scripts/install-servers
	.venv/bin/python -m benchmarks.soak $(ARGS)

clean:
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	rm -rf web/node_modules tests/clients/node_modules src/toolcrib/static
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} +
